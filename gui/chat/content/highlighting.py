"""Colours of code by Pygments, as names of ``gui.theme.tokens``."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_MAX_CODE_CHARACTERS = 40_000
"""Longer code is not coloured, so that colouring never delays a frame for long."""


@lru_cache(maxsize=1)
def _colors() -> list[tuple[Any, str]]:
    """The colours of Pygments' kinds of tokens, from special to general; the first match is used."""
    from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, Operator, String

    # fmt: off
    return [
        (Comment, "comment"), (Keyword.Type, "type"), (Keyword, "keyword"), (Operator.Word, "keyword"),
        (String, "string"), (Number, "number"), (Literal, "string"), (Name.Function, "function"),
        (Name.Class, "type"), (Name.Builtin, "function"), (Name.Decorator, "function"), (Name.Tag, "keyword"),
        (Name.Attribute, "type"), (Name.Constant, "number"), (Name.Exception, "type"),
        (Generic.Inserted, "string"), (Generic.Deleted, "deleted"), (Generic.Heading, "function"),
        (Generic.Subheading, "function"), (Generic.Prompt, "comment"),
    ]
    # fmt: on


class Span(NamedTuple):
    """A coloured part of some code."""

    start: int
    length: int
    color: str


class Lexers(QObject):
    """The lexers of languages; each is created in a thread, since the first one takes up to a second.

    Signals:
        loaded(): the lexer of one more language is ready.
    """

    loaded = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Lexer | None] = {}

    def get(self, language: str) -> Lexer | None:
        """The lexer of a language; None if there is none, or it is still being created."""
        if language and language not in self._known:
            self._known[language] = None
            threading.Thread(target=self._load, args=(language,), name="lexer", daemon=True).start()
        return self._known.get(language)

    def _load(self, language: str) -> None:
        """Create the lexer of a language; runs in a thread."""
        found = _make(language)
        if found is not None:
            self._known[language] = found
            try:
                self.loaded.emit()
            except RuntimeError:
                pass  # The window was closed, and this object deleted.


def _make(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
    from pygments.util import ClassNotFound

    for find in (get_lexer_by_name, lambda name: get_lexer_for_filename(f"x.{name}")):
        try:
            found: Lexer = find(language.lower())
        except ClassNotFound:
            continue
        return found
    return None


@lru_cache(maxsize=1)
def lexers() -> Lexers:
    """The lexers of this process."""
    return Lexers()


def spans(code: str, language: str) -> tuple[Span, ...]:
    """The coloured parts of some code, in order; () if the language is unknown, or its lexer is not ready."""
    if len(code) > _MAX_CODE_CHARACTERS or lexers().get(language) is None:
        return ()
    return _spans(code, language)


@lru_cache(maxsize=256)
def _spans(code: str, language: str) -> tuple[Span, ...]:
    lexer = lexers().get(language)
    assert lexer is not None
    found: list[Span] = []
    # Some lexers, such as the one of diffs, know a line only with its end.
    for start, kind, text in lexer.get_tokens_unprocessed(f"{code}\n"):
        value = text[: len(code) - start]
        color = next((color for known, color in _colors() if kind in known), "")
        if color and value:
            if found and found[-1].color == color and found[-1].start + found[-1].length == start:
                found[-1] = found[-1]._replace(length=found[-1].length + len(value))
            else:
                found.append(Span(start, len(value), color))
    return tuple(found)
