"""Colours of code by Pygments, as names of ``gui.theme.code``."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, Operator, String
from pygments.util import ClassNotFound

_LONGEST = 40_000
"""Longer code stays plain: colours never delay a frame for long."""

_COLORS = (
    (Comment, "comment"), (Keyword.Type, "type"), (Keyword, "keyword"), (Operator.Word, "keyword"),
    (String, "string"), (Number, "number"), (Literal, "string"), (Name.Function, "function"),
    (Name.Class, "type"), (Name.Builtin, "function"), (Name.Decorator, "function"), (Name.Tag, "keyword"),
    (Name.Attribute, "type"), (Name.Constant, "number"), (Name.Exception, "type"),
    (Generic.Inserted, "string"), (Generic.Deleted, "deleted"), (Generic.Heading, "function"),
    (Generic.Subheading, "function"), (Generic.Prompt, "comment"),
)  # fmt: skip


class Span(NamedTuple):
    """A coloured part of a code."""

    start: int
    length: int
    color: str


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    if not language:
        return None
    for find in (get_lexer_by_name, lambda name: get_lexer_for_filename(f"x.{name}")):
        try:
            found: Lexer = find(language.lower())
        except ClassNotFound:
            continue
        return found
    return None


@lru_cache(maxsize=256)
def spans(code: str, language: str) -> tuple[Span, ...]:
    """The coloured parts of a code, in order; () if the language is unknown."""
    lexer = _lexer(language)
    if lexer is None or len(code) > _LONGEST:
        return ()
    found: list[Span] = []
    for start, kind, value in lexer.get_tokens_unprocessed(code):
        color = next((color for known, color in _COLORS if kind in known), "")
        if color and value:
            if found and found[-1].color == color and found[-1].start + found[-1].length == start:
                found[-1] = found[-1]._replace(length=found[-1].length + len(value))
            else:
                found.append(Span(start, len(value), color))
    return tuple(found)
