"""Facts of another machine's chats, made harmless before they are kept."""

from __future__ import annotations

from itertools import islice
from math import isfinite
from typing import Any, TypeVar

import msgspec

from .facts import ChatFacts, Outcome
from .untrusted_text import plain

FIELD_CHARACTERS = 4096
"""The longest text of one fact."""

_FIELD_ITEMS = 1000
_Facts = TypeVar("_Facts", ChatFacts, Outcome)


def harmless_facts(facts: _Facts) -> _Facts:
    """Facts without what could mislead the user, or is too long."""
    return msgspec.convert(_harmless(msgspec.to_builtins(facts)), type(facts))


def _harmless(value: Any, no_number: float | None = None) -> Any:
    """The value of a fact without what could mislead the user, or is too long; ``no_number`` for what is not finite."""
    if type(value) is str and not (value.isprintable() and len(value) <= FIELD_CHARACTERS):
        return plain(value[: 2 * FIELD_CHARACTERS].encode(errors="replace").decode(), FIELD_CHARACTERS)
    if isinstance(value, list):
        return [_harmless(each) for each in value[:_FIELD_ITEMS]]
    if isinstance(value, dict):
        return {_harmless(key): _harmless(value[key], 0.0) for key in islice(value, _FIELD_ITEMS)}
    if isinstance(value, float) and not isfinite(value):
        return no_number
    return value
