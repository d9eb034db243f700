"""The names of files on the page: which of them are files, and where they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from PySide6.QtCore import QObject, Qt, Signal

from gui.chat.content.segments import Action, Code, DiffHead, FoldLine, Paragraph, Run, Segment, Table, utf16_length
from gui.chat.drawing.segment_layout import Control, SegmentLayout
from gui.terminal.links.link_pointer import FileLookup, FindFile, no_file
from gui.terminal.links.links import LONGEST, LinkMatch, LinkRules, links_in
from gui.wording import notice_texts
from session_host.protocol.values import FileLocation

_MAX_KNOWN = 1000


class FileNames(QObject):
    """Finds the names of files in the text, and looks them up without blocking.

    Attributes:
        rules: which click opens a file, and whether names are links at all.

    Signals:
        answered(): it is known of another name whether it is a file.
    """

    answered = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rules = LinkRules()
        self._lookup = FileLookup()
        self._lookup.answered.connect(self._on_answered)
        self._paths: dict[str, str] = {}
        """The latest answers: absolute paths, "" for what is no file."""
        self._wanted: frozenset[str] = frozenset()

    def find_by(self, find: FindFile) -> None:
        """Set what finds the files; before, no name is a link."""
        self._lookup.find = find

    def of(self, segment: Segment, laid: SegmentLayout) -> list[FileName]:
        """The names in a segment that is laid out; those in a part of its text that is not shown are left out."""
        return _names(segment, laid) if self.rules.files and self._lookup.find is not no_file else []

    def path_of(self, name: str) -> str | None:
        """The path of the file that a name refers to; "" for none, None while that is not known yet.

        The latest answer holds while a newer one is looked up.
        """
        path = self._lookup.path_of(name)
        if path is None:
            return self._paths.get(name)
        if len(self._paths) >= _MAX_KNOWN:
            self._paths.clear()
        self._paths[name] = path
        return path

    def look_up(self, names: Iterable[str]) -> None:
        """Look up these names, some at a time, instead of those of the last call."""
        self._wanted = frozenset(names)
        self._look_up_more()

    def _look_up_more(self) -> None:
        for name in self._wanted - self._paths.keys():
            self.path_of(name)

    def _on_answered(self) -> None:
        self._look_up_more()
        self.answered.emit()

    def opens(self, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a click with these modifiers opens a file."""
        if self.rules.opens_by == "never":
            return False
        is_plain = modifiers == Qt.KeyboardModifier.NoModifier
        return modifiers == Qt.KeyboardModifier.ControlModifier or (self.rules.opens_by == "click" and is_plain)


class FileName(NamedTuple):
    """A name in a segment's text: from the offset ``start`` up to ``end``, as Qt counts, and the control that opens it.

    Attributes:
        is_stop: whether the Tab key stops at it, if it is a file. The names in code are too many for that.
    """

    start: int
    end: int
    file: FileLocation
    control: Control
    is_stop: bool


def _names(segment: Segment, laid: SegmentLayout) -> list[FileName]:
    found: list[FileName] = []
    text, is_ascii = segment.text, segment.text.isascii()
    for name in file_names(segment):
        assert name.file is not None
        start, end = (offset if is_ascii else utf16_length(text[:offset]) for offset in (name.first, name.end))
        area = laid.area_of(start, end)
        if area is not None:
            title = notice_texts.OPENS_FILE(name=text[name.first : name.end])
            control = Control(area, Action("file", file=name.file), title)
            # The head of a diff has a button, too.
            found.append(FileName(start, end, name.file, control, not isinstance(segment, Code | DiffHead)))
    return found


def file_names(segment: Segment) -> list[LinkMatch]:
    """The names in a segment's text that may be those of files, from the left; the files need not exist."""
    if isinstance(segment, DiffHead):
        return [LinkMatch(0, len(segment.text), file=segment.file)] if segment.file is not None else []
    return [
        found._replace(first=found.first + start, end=found.end + start)
        for start, text in _texts(segment)
        for found in links_in(text[:LONGEST])
        if found.file is not None
    ]


def _texts(segment: Segment) -> Iterator[tuple[int, str]]:
    """The parts of a segment's text that may have names, with their offsets; links are left out."""
    match segment:
        case FoldLine():
            yield 0, segment.text
        case Paragraph():
            yield from _without_links(0, segment.runs)
        case Table():
            start = 0
            for row in segment.rows:
                for cell in row:
                    yield from _without_links(start, cell)
                    start += sum(len(run.text) for run in cell) + 1
        case Code():
            start = 0
            for line in segment.text.split("\n"):
                yield start, line
                start += len(line) + 1
        case _:
            pass


def _without_links(start: int, runs: tuple[Run, ...]) -> Iterator[tuple[int, str]]:
    for run in runs:
        if not run.link:
            yield start, run.text
        start += len(run.text)
