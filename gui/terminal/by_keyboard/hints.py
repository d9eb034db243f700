"""The mode that shows letters on the links, paths and hashes in view; typing them opens or copies one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from PySide6.QtGui import QKeyEvent

from gui.terminal.display import TerminalDisplay
from gui.terminal.drawing.canvas import Span
from gui.terminal.finding.marked_rows import FrameChanger, Mark, found_colors, marked, overwritten
from gui.terminal.input import clipboard
from gui.terminal.links.link_pointer import ROWS_OF_A_LINE, Link, LinkPointer
from gui.terminal.links.links import heading_above, links_in, listed_location
from gui.timers import single_shot
from gui.wording import notice_texts
from session_host.protocol.values import FileLocation
from session_host.terminal.base import Emulator, Frame
from session_host.terminal.lines import TextLine, lines_around
from session_host.terminal.rows import Attribute, Row, Style

from .mode import HeldView, Mode
from .motions import cells_of
from .selecting import key_name, typed

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
_HOME_ROW = 9


def labels(count: int) -> list[str]:
    """The labels for ``count`` targets, at most 676; the shortest come first.

    Up to nine targets have single letters of the home row. For more targets, some letters begin labels of two letters.
    """
    letters = LETTERS if count > _HOME_ROW * _HOME_ROW else LETTERS[:_HOME_ROW]
    size = len(letters)
    beginnings = 0
    while beginnings < size and size - beginnings + beginnings * size < count:
        beginnings += 1
    singles = letters[: size - beginnings]
    # Second letters in the outer loop: the first keys of neighbouring labels alternate between fingers.
    pairs = [first + second for second in letters for first in letters[size - beginnings :]]
    return [*singles, *pairs][:count]


Cells = tuple[tuple[int, int, int], ...]
"""Cells of a text: (row, first column, last column), from the top; rows are numbered as in the lines."""

_HASH = re.compile(
    r"(?<![\w/-])(?<!\w\.)"
    r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}"
    r"|[0-9a-f]{64}|[0-9a-f]{7,40})"
    r"(?![\w/-]|\.\w)"
)
"""UUIDs, SHA-256 sums, and names of git objects."""
_ALWAYS_A_HASH = 36
"""A match of at least this length is a hash; a shorter one must have digits and letters: it may be a number or word."""


class Target(NamedTuple):
    """A text that can be opened or copied.

    Attributes:
        cells: its cells.
        text: the text of a hash.
        uri: the address of a link.
        file: the named file, which need not exist.
        is_marked: whether the program set the address (OSC 8).
    """

    cells: Cells
    text: str = ""
    uri: str = ""
    file: FileLocation | None = None
    is_marked: bool = False


def marked_targets(rows: Sequence[Row], first: int) -> list[Target]:
    """The links that the program set (OSC 8) in successive rows; ``first`` is the number of the first row.

    A link that continues in the next row counts once.
    """
    found: list[Target] = []
    for number, row in enumerate(rows, first):
        for run in row.runs:
            uri = run.style.link
            if not uri:
                continue
            span = (number, run.column, run.column + run.cells - 1)
            before = next((index for index in reversed(range(len(found))) if found[index].uri == uri), None)
            last = found[before].cells[-1] if before is not None else (-2, 0, 0)
            if before is not None and last[0] == number and last[2] + 1 == run.column:
                joined = (*found[before].cells[:-1], (number, last[1], span[2]))
                found[before] = found[before]._replace(cells=joined)
            elif before is not None and last[0] == number - 1:
                found[before] = found[before]._replace(cells=(*found[before].cells, span))
            else:
                found.append(Target((span,), uri=uri, is_marked=True))
    return found


def targets_in(lines: Iterable[TextLine]) -> list[Target]:
    """The addresses, names of files and hashes in lines; a name and a hash may overlap."""
    found: list[Target] = []
    for line in lines:
        found += [
            Target(_cells(line, link.first, link.end), uri=link.uri, file=link.file) for link in links_in(line.text)
        ]
        hashes = (match for match in _HASH.finditer(line.text) if _is_hash(match.group()))
        found += [Target(_cells(line, *match.span()), text=match.group()) for match in hashes]
    return found


def listed_targets(lines: Iterable[TextLine], heading_of: Callable[[int], str]) -> list[Target]:
    """The lines' locations in files; the file's name is in a heading above (``links.headings``).

    Args:
        lines: successive lines.
        heading_of: returns the file's name for the line that begins in a row; "" for none.
    """
    found: list[Target] = []
    name: str | None = None
    for line in lines:
        listed = listed_location(line.text)
        if listed is None or listed.file is None:
            name = None
            continue
        if name is None:
            name = heading_of(line.row)
        if name:
            file = listed.file._replace(path=name)
            found.append(Target(_cells(line, listed.first, listed.end), file=file))
    return found


def _is_hash(text: str) -> bool:
    if len(text) >= _ALWAYS_A_HASH:
        return True
    return any(character.isdigit() for character in text) and any(character.isalpha() for character in text)


def _cells(line: TextLine, first: int, end: int) -> Cells:
    rows: dict[int, tuple[int, int]] = {}
    for character in range(first, end):
        row, column = line.cell_of(character)
        rows[row] = (rows.get(row, (column, column))[0], column)
    return tuple((row, begin, last) for row, (begin, last) in rows.items())


def overlaps_any(target: Target, others: Iterable[Target]) -> bool:
    """Whether a target shares a cell with one of the others."""
    return any(
        row == row_2 and first <= last_2 and first_2 <= last
        for row, first, last in target.cells
        for other in others
        for row_2, first_2, last_2 in other.cells
    )


LOOKUP_TIMEOUT_MS = 250
"""How long the lookup of files may delay the letters; a file that is found later gets no letters."""

LONGEST_LOOKUP_MS = 5000
"""How long it may take in addition if there is nothing else to open."""


class _Candidate(NamedTuple):
    """A target without a label, and the text of its cells in its first row."""

    target: Target
    cells: list[str]


class _Labelled(NamedTuple):
    """A target with its label, and the text of its cells in its first row."""

    target: Target
    label: str
    cells: list[str]


class Hints(Mode):
    """Labels of letters on the targets in one view: links, paths and hashes.

    Attributes:
        typed_letters: the letters of a label that the user has typed, also before the labels are shown.
    """

    def __init__(
        self,
        display: TerminalDisplay,
        on_change: Callable[[], None],
        links: LinkPointer,
        notify: Callable[[str], object],
    ) -> None:
        """Set up the mode; ``notify`` gets one line for the user."""
        super().__init__(display, on_change)
        self._links = links
        self._notify = notify
        self._candidates: list[_Candidate] = []
        self._paths: dict[str, str | None] = {}
        """The path of each named file; "" for none, None while the lookup runs."""
        self._labelled: list[_Labelled] = []
        self._changer = FrameChanger()
        self.typed_letters = ""
        self._lookup_timeout = single_shot(display)
        self._lookup_timeout.timeout.connect(self._show_labels)
        links.files.answered.connect(self._look_up)

    @property
    def is_looking(self) -> bool:
        """Whether files are still looked up, and no labels are shown yet."""
        return self._lookup_timeout.isActive()

    @property
    def labels(self) -> dict[str, str]:
        """The text that each label copies."""
        return {item.label: self._link_of(item.target).text or item.target.text for item in self._labelled}

    def spans(self) -> list[Span]:
        """The cells of the labels, in the viewport."""
        top = self._view.top if self._view is not None else 0
        labels = [(item.target.cells[0], len(item.label)) for item in self._labelled]
        return [(row - top, first, first + length - 1) for (row, first, _last), length in labels]

    # ------------------------------------------------------------ entering and leaving

    def enter(self) -> None:
        """Find the targets in view, and show their labels once their files are looked up."""
        emulator = self._display.emulator
        if emulator is None or self.is_on:
            return
        view = self._hold(emulator)
        self._candidates = _visible_targets(view)
        self._paths = {target.file.path: None for target, _cells in self._candidates if target.file is not None}
        self._labelled, self.typed_letters = [], ""
        self._lookup_timeout.start(LOOKUP_TIMEOUT_MS)
        self._on_change()
        self._look_up()

    def _forget(self, _view: HeldView) -> None:
        self._lookup_timeout.stop()
        self._candidates, self._labelled = [], []

    # ------------------------------------------------------------ labels

    def _look_up(self) -> None:
        """Look up the files that are not known yet, some at a time; show the labels after the last one."""
        if self._view is None or self._labelled:
            return
        for name, path in self._paths.items():
            if path is None:
                self._paths[name] = self._links.files.path_of(name)
        if all(path is not None for path in self._paths.values()):
            self._show_labels()

    def _show_labels(self) -> None:
        view = self._view
        if view is None or self._labelled:
            return
        self._lookup_timeout.stop()
        known = [item for item in self._candidates if (file := item.target.file) is None or self._paths[file.path]]
        links = [item.target for item in known if not item.target.text]
        # A hash inside a link or an existing file's name gets no separate label.
        known = [item for item in known if not item.target.text or not overlaps_any(item.target, links)]
        # The lowest targets, which are the newest, get the shortest labels; equal targets share a label.
        known.sort(key=lambda item: item.target.cells[0], reverse=True)
        keys = list(dict.fromkeys(item.target._replace(cells=()) for item in known))
        label_of = dict(zip(keys, labels(len(keys)), strict=False))
        for target, cells in known:
            if label := label_of.get(target._replace(cells=())):
                self._labelled.append(_Labelled(target, label, cells))
        if self._labelled:
            ahead, self.typed_letters = self.typed_letters, ""
            self._display.repaint_all()
            self._on_change()
            for letter in ahead:
                self._take(letter)
        elif None in self._paths.values() and self._lookup_timeout.interval() != LONGEST_LOOKUP_MS:
            self._lookup_timeout.start(LONGEST_LOOKUP_MS)
        else:
            self.leave()
            self._notify(notice_texts.NOTHING_TO_OPEN())

    def _link_of(self, target: Target) -> Link:
        file = target.file
        found = file and file._replace(path=self._paths.get(file.path) or file.path)
        return Link((), target.uri, found, is_marked=target.is_marked)

    # ------------------------------------------------------------ keys

    def press(self, event: QKeyEvent) -> None:
        """Handle a key of the mode."""
        name, letter = key_name(event), typed(event)
        if name in {"Esc", "Ctrl+[", "Ctrl+c"}:
            self.leave()
        elif name == "Backspace":
            self.typed_letters = self.typed_letters[:-1]
            self._display.repaint_all()
        elif letter and self.is_looking:
            self.typed_letters += letter
        elif letter:
            self._take(letter)

    def _take(self, letter: str) -> None:
        letters = self.typed_letters + letter.lower()
        matching = [item for item in self._labelled if item.label.startswith(letters)]
        if matching and matching[0].label == letters:
            self._choose(matching[0].target, copies=letter.isupper())
        elif matching:
            self.typed_letters = letters
            self._display.repaint_all()

    def _choose(self, target: Target, *, copies: bool) -> None:
        link = self._link_of(target)
        self.leave()
        if copies or target.text:
            text = target.text or link.text
            clipboard.copy_text(text)
            self._notify(notice_texts.copied(text))
        else:
            self._links.open(link)

    # ------------------------------------------------------------ the view's side

    def before_frame(self) -> None:
        """Keep the view's scroll position."""
        if self._view is not None and not self._view.follow():
            self.leave()

    def on_scrolled(self) -> None:
        """End the mode: the labelled targets may be out of view."""
        self.leave_in_place()

    def _change_frame(self, emulator: Emulator, frame: Frame) -> Frame:
        """A frame with the labels; a target that the program has overwritten loses its label."""
        view = self._view
        if view is None or emulator is not view.emulator:
            return frame
        view.update(frame)
        self._changer.take(frame)
        plain, columns = self._changer.plain, frame.size.columns
        target_colors, _ = found_colors(self._display.surface.theme)
        targets: dict[int, list[Mark]] = {}
        texts: dict[int, list[tuple[int, str]]] = {}
        for item in list(self._labelled):
            number, first, last = item.target.cells[0]
            row = number - view.top
            if not 0 <= row < len(plain) or cells_of(plain[row], columns)[first : last + 1] != item.cells:
                self._labelled.remove(item)
            elif item.label.startswith(self.typed_letters):
                texts.setdefault(row, []).append((min(first, max(columns - len(item.label), 0)), item.label))
                for number, begin, end in item.target.cells:
                    targets.setdefault(number - view.top, []).append(Mark(begin, end, target_colors))
        return self._changer.changed(
            frame,
            lambda number, row: self._with_labels(marked(row, sorted(targets.get(number, []))), texts.get(number, [])),
        )

    def _with_labels(self, row: Row, texts: list[tuple[int, str]]) -> Row:
        """A row with labels, each given with its column; letters that are typed already have the target's colours."""
        typed_colors, label_colors = found_colors(self._display.surface.theme)
        for column, label in texts:
            for index, letter in enumerate(label):
                colors = typed_colors if index < len(self.typed_letters) else label_colors
                style = Style(colors.foreground, colors.background, int(Attribute.BOLD))
                row = overwritten(row, column + index, letter, style)
        return row


def _visible_rows(view: HeldView) -> list[Row]:
    emulator, count = view.emulator, view.rows
    first = view.top - view.dropped
    rows = emulator.history(first, count)
    return rows + emulator.rows()[: count - len(rows)]


def _visible_targets(view: HeldView) -> list[_Candidate]:
    """All targets in view, each with its visible cells; the program's link (OSC 8) replaces targets in its text."""
    rows = _visible_rows(view)
    columns, first = view.emulator.size.columns, view.top - view.dropped
    marked = marked_targets(rows, view.top)
    lines = lines_around(view.emulator, first, rows, max_rows=ROWS_OF_A_LINE, dropped=view.dropped)
    found = list(marked)
    listed = listed_targets(lines, lambda row: heading_above(view.emulator, row - view.dropped))
    for target in targets_in(lines) + listed:
        cells = tuple(span for span in target.cells if view.top <= span[0] < view.top + view.rows)
        visible = target._replace(cells=cells)
        if cells and not overlaps_any(visible, marked):
            found.append(visible)
    candidates = []
    for target in found:
        row, begin, last = target.cells[0]
        candidates.append(_Candidate(target, cells_of(rows[row - view.top], columns)[begin : last + 1]))
    return candidates
