"""What a question takes for an answer: in words, and whether an answer is such a one. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date
from typing import Final
from urllib.parse import urlsplit

from .items import Question

_KINDS: Final = {
    "integer": "a whole number",
    "number": "a number",
    "email": "an e-mail address",
    "uri": "an address such as https://example.com",
    "date": "a date",
}
_NUMBERS: Final = frozenset({"integer", "number"})


def takes_text(question: Question) -> bool:
    """Whether an answer can be typed."""
    return question.free or question.secret or not question.options


def is_limited(question: Question) -> bool:
    """Whether an answer can be a wrong one: a single choice of a list cannot."""
    return question.several or takes_text(question)


def taken_words(question: Question) -> str:
    """What a question takes, as ``a whole number, 1 to 10, may stay empty``; "" for any text."""
    takes = question.takes
    unit = " answers" if question.several else "" if takes.kind in _NUMBERS else " characters"
    if takes.least is not None and takes.most is not None:
        limits = f"{takes.least:g} to {takes.most:g}{unit}"
    elif takes.least is not None:
        limits = f"{takes.least:g}{unit} or more"
    else:
        limits = f"{takes.most:g}{unit} at most" if takes.most is not None else ""
    return ", ".join(filter(None, (_KINDS.get(takes.kind, ""), limits, "may stay empty" if takes.optional else "")))


def is_taken(question: Question, answers: Sequence[str]) -> bool:
    """Whether a question takes these answers, one or none unless it takes several."""
    takes = question.takes
    if not answers:
        return takes.optional
    if not is_limited(question):
        return True
    if question.several:
        return _is_within(len(answers), question)
    (text,) = answers
    if takes.kind in _NUMBERS:
        number = _number(text)
        return number is not None and _is_within(number, question) and (takes.kind == "number" or number.is_integer())
    return _is_within(len(text), question) and _is_of_kind(takes.kind, text)


def _is_within(measure: float, question: Question) -> bool:
    least, most = question.takes.least, question.takes.most
    return (least is None or measure >= least) and (most is None or measure <= most)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _is_of_kind(kind: str, text: str) -> bool:
    match kind:
        case "email":
            return re.fullmatch(r"[^\s@,]+@[^\s@,]+", text.strip()) is not None
        case "uri":
            try:
                return bool(urlsplit(text.strip()).scheme) and ":" in text
            except ValueError:
                return False
        case "date":
            try:
                date.fromisoformat(text.strip())
            except ValueError:
                return False
    return True
