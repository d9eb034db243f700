"""Finds a text in all items of a transcript, those included that are folded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from gui.chat.content import items as item_content
from gui.chat.content.items import Asked, Mode
from gui.chat.content.markdown import MarkdownText
from gui.chat.drawing.laid import utf16_length
from session_host.structured.items import Item
from session_host.structured.transcript import Transcript

_ITEMS_AT_ONCE = 200
_MARKUP = str.maketrans("", "", "*_`~\\")
WHOLE = Mode(unfolded=True, whole=True)


class Hit(NamedTuple):
    """One place of the searched text: the item, the segment of the unfolded item, and the offsets in its text."""

    item: str
    segment: int
    begin: int
    end: int


def occurrences(text: str, needle: str) -> Iterator[tuple[int, int]]:
    """The places of a text in another, as Qt counts; capital and small letters are alike."""
    if not needle or not text:
        return
    folded, searched = text.lower(), needle.lower()
    if len(folded) != len(text):
        folded, searched = text, needle  # Some letters have another length in small: compare as they are.
    place = folded.find(searched)
    while place >= 0:
        begin = utf16_length(text[:place])
        yield begin, begin + utf16_length(text[place : place + len(searched)])
        place = folded.find(searched, place + len(searched))


def may_contain(item: Item, searched: str) -> bool:
    """Whether an item may show a text in small letters: a quick look at what the agent sent."""
    parts = [item.text, item.title, item.command, item.output, item.directory]
    parts += [entry.text for entry in item.plan]
    parts += [f"{change.path}\n{change.patch}" for change in item.changes]
    plain = searched.translate(_MARKUP)
    for part in parts:
        small = part.lower()
        if searched in small or (plain and plain in small.translate(_MARKUP)):
            return True
    return False


def hits_in(item: Item, needle: str) -> list[Hit]:
    """The places of a text in an item."""
    if not may_contain(item, needle.lower()):
        return []
    found = item_content.segments(item, WHOLE, MarkdownText(), Asked())
    return [
        Hit(item.id, number, begin, end)
        for number, segment in enumerate(found)
        for begin, end in occurrences(segment.text, needle)
    ]


class Finder(QObject):
    """Searches a transcript from its end, some items at a time.

    Signals:
        progressed: more places are known, or all are.
    """

    progressed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.hits: list[Hit] = []
        self.is_done = True
        self._needle = ""
        self._transcript: Transcript | None = None
        self._rest = 0
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)

    def start(self, transcript: Transcript, needle: str) -> None:
        """Search a transcript; "" finds nothing."""
        self._transcript, self._needle, self.hits = transcript, needle, []
        self._rest = len(transcript) if needle else 0
        self.is_done = not needle
        if needle:
            self._timer.start()
            self._go_on()
        else:
            self._timer.stop()
            self.progressed.emit()

    def stop(self) -> None:
        """Search no more."""
        self._timer.stop()
        self.hits, self.is_done = [], True

    def _go_on(self) -> None:
        transcript = self._transcript
        if transcript is None:
            return
        begin = max(self._rest - _ITEMS_AT_ONCE, 0)
        found: list[Hit] = []
        for position in range(begin, min(self._rest, len(transcript))):
            found += hits_in(transcript[position], self._needle)
        self.hits = found + self.hits
        self._rest = begin
        if begin == 0:
            self._timer.stop()
            self.is_done = True
        self.progressed.emit()
