"""Clicks at the same point: one selects nothing, two a word, three a line."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from gui.chat.drawing.segment_layout import LINE_SEPARATOR, SegmentLayout, utf16_length

Unit = Literal["character", "word", "line"]
_UNITS: tuple[Unit, ...] = ("character", "word", "line")


class Clicks:
    """Counts quick clicks at the same point; more than three count as three."""

    def __init__(self) -> None:
        self._count = 0
        self._at = QPointF()
        self._at_ms = 0

    def add(self, event: QMouseEvent) -> Unit:
        """A button was pressed; returns what the clicks so far select."""
        quick = event.timestamp() - self._at_ms <= QApplication.doubleClickInterval()
        near = (event.position() - self._at).manhattanLength() < QApplication.startDragDistance()
        self._count = min(self._count + 1, len(_UNITS)) if quick and near else 1
        self._at, self._at_ms = event.position(), event.timestamp()
        return _UNITS[self._count - 1]


def unit_around(laid: SegmentLayout, offset: int, unit: Unit) -> tuple[int, int]:
    """The first and last offset of the word or line around an offset in a segment's text.

    A line ends where the text has a line break, not where it is wrapped. Offsets are in UTF-16 code units.
    """
    box = next((box for box in laid.boxes if 0 <= offset - box.start <= box.length), None)
    if unit == "character" or box is None:
        return offset, offset
    text = box.layout.text()
    inside = len(text.encode("utf-16-le", "surrogatepass")[: 2 * (offset - box.start)].decode("utf-16-le", "ignore"))
    first, last = _word(text, inside) if unit == "word" else _line(text, inside)
    return box.start + utf16_length(text[:first]), box.start + utf16_length(text[:last])


def _word(text: str, inside: int) -> tuple[int, int]:
    """The word around a character, or the character itself if it is not part of a word."""
    first = last = min(inside, max(len(text) - 1, 0))
    while first > 0 and _is_in_word(text[first - 1]):
        first -= 1
    while last < len(text) and _is_in_word(text[last]):
        last += 1
    return first, min(max(last, first + 1), len(text))


def _is_in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _line(text: str, inside: int) -> tuple[int, int]:
    end = text.find(LINE_SEPARATOR, inside)
    return text.rfind(LINE_SEPARATOR, 0, inside) + 1, end if end >= 0 else len(text)
