"""The mode that shows letters on the links, paths and hashes in view; typing them opens or copies one."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from PySide6.QtCore import QObject, QTimer, SignalInstance
from PySide6.QtGui import QKeyEvent

from gui.terminal.drawing.regions import Span
from gui.terminal.drawing.surface import Surface
from gui.terminal.finding.marked_rows import FrameChanger, Mark, found_colors, marked, overwritten
from gui.terminal.input import clipboard
from gui.terminal.links.file_lookup import FileLookup
from gui.terminal.links.headings import heading_above
from gui.terminal.links.hovering import ROWS_OF_A_LINE, Link
from gui.wording import notice_texts
from session_host.terminal.base import Attribute, Emulator, Frame, Row, Style
from session_host.terminal.lines import lines_around

from .grid_text import cells_of
from .held_view import HeldView, ModeHost
from .key_names import key_name, typed
from .labels import labels
from .targets import Target, listed_targets, marked_targets, overlap, targets_in

PATIENCE_MS = 250
"""How long the letters wait for the lookup of files; a file that is known only later gets none."""


class HintHost(ModeHost, Protocol):
    """The mode's view of its widget."""

    def open_link(self, link: Link) -> None:
        """Open a link at the user's request."""


class _Seen(NamedTuple):
    """A target, and the text of its cells in its first row."""

    target: Target
    cells: list[str]


class _Shown(NamedTuple):
    """A target with its label, and the text of its cells in its first row."""

    target: Target
    label: str
    cells: list[str]


class Hints(QObject):
    """Letters on what can be opened or copied in one view.

    Attributes:
        typed_letters: the first letters of a label.
    """

    def __init__(
        self, host: HintHost, surface: Surface, files: FileLookup, notice: SignalInstance, parent: QObject
    ) -> None:
        """Set up the mode.

        Args:
            host: the view.
            surface: its picture.
            files: looks up which names in the text are files.
            notice: gets one line for the user.
            parent: owns the object.
        """
        super().__init__(parent)
        self._host = host
        self._surface = surface
        self._files = files
        self._notice = notice
        self._view: HeldView | None = None
        self._seen: list[_Seen] = []
        self._paths: dict[str, str | None] = {}
        """The path of each named file; "" for none, None while the lookup runs."""
        self._shown: list[_Shown] = []
        self._changer = FrameChanger()
        self.typed_letters = ""
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._show_labels)
        files.answered.connect(self._look_up)

    @property
    def is_on(self) -> bool:
        """Whether the mode is on."""
        return self._view is not None

    @property
    def is_looking(self) -> bool:
        """Whether the letters still wait for the lookup of files."""
        return self._patience.isActive()

    @property
    def labels(self) -> dict[str, str]:
        """The text that each label copies."""
        return {shown.label: self._link_of(shown.target).text or shown.target.text for shown in self._shown}

    def spans(self) -> list[Span]:
        """The cells of the labels, in the viewport."""
        top = self._view.top if self._view is not None else 0
        places = [(shown.target.cells[0], len(shown.label)) for shown in self._shown]
        return [(row - top, first, first + length - 1) for (row, first, _last), length in places]

    # ------------------------------------------------------------ entering and leaving

    def enter(self) -> None:
        """Find what can be opened or copied, and show letters on it once its files are looked up."""
        emulator = self._host.emulator
        if emulator is None or self.is_on:
            return
        self._view = view = HeldView(emulator)
        self._seen = _visible_targets(view)
        self._paths = {target.file.path: None for target, _cells in self._seen if target.file is not None}
        self._shown, self.typed_letters = [], ""
        self._surface.change_frames(self._change_frame)
        self._patience.start()
        self._host.on_mode()
        self._look_up()

    def leave(self) -> None:
        """End the mode."""
        view = self._view
        if view is None:
            return
        self.forget()
        if view.was_at_end and self._host.emulator is view.emulator:
            view.emulator.scroll_to_bottom()

    def forget(self) -> None:
        """End the mode where the view is."""
        if self._view is not None:
            self._view = None
            self._patience.stop()
            self._seen, self._shown = [], []
            self._surface.stop_changing(self._change_frame)
            self._repaint()
            self._host.on_mode()

    def _repaint(self) -> None:
        emulator = self._host.emulator
        if emulator is not None:
            emulator.damage_all()
            self._host.emulator_touched()

    # ------------------------------------------------------------ labels

    def _look_up(self) -> None:
        """Look up the files that are not known yet, some at a time; show the letters after the last."""
        if self._view is None or self._shown:
            return
        for name, path in self._paths.items():
            if path is None:
                self._paths[name] = self._files.path_of(name)
        if all(path is not None for path in self._paths.values()):
            self._show_labels()

    def _show_labels(self) -> None:
        view = self._view
        if view is None or self._shown:
            return
        self._patience.stop()
        seen = [each for each in self._seen if (file := each.target.file) is None or self._paths[file.path]]
        links = [each.target for each in seen if not each.target.text]
        # A name of a file that exists is no hash.
        seen = [each for each in seen if not each.target.text or not any(overlap(each.target, link) for link in links)]
        # The lowest, which are the newest, get the shortest labels; equal targets share one.
        seen.sort(key=lambda each: each.target.cells[0], reverse=True)
        keys = list(dict.fromkeys(each.target._replace(cells=()) for each in seen))
        given = dict(zip(keys, labels(len(keys)), strict=False))
        for target, cells in seen:
            if label := given.get(target._replace(cells=())):
                self._shown.append(_Shown(target, label, cells))
        if self._shown:
            self._repaint()
            self._host.on_mode()
        else:
            self.leave()
            self._notice.emit(notice_texts.nothing_to_open())

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
            self._repaint()
        elif letter:
            begun = self.typed_letters + letter.lower()
            fitting = [shown for shown in self._shown if shown.label.startswith(begun)]
            if fitting and fitting[0].label == begun:
                self._choose(fitting[0].target, copies=letter.isupper())
            elif fitting:
                self.typed_letters = begun
                self._repaint()

    def _choose(self, target: Target, *, copies: bool) -> None:
        link = self._link_of(target)
        self.leave()
        if copies or target.text:
            text = target.text or link.text
            clipboard.copy_text(text)
            self._notice.emit(notice_texts.copied(text))
        else:
            self._host.open_link(link)

    # ------------------------------------------------------------ the view's side

    def before_frame(self) -> None:
        """Keep the view at its place."""
        if self._view is not None and not self._view.follow():
            self.leave()

    def let_go(self) -> None:
        """The view was scrolled: the letters stand on what is in view no more."""
        self.forget()

    def _change_frame(self, emulator: Emulator, frame: Frame) -> Frame:
        """A frame with the labels; a target that the program has overwritten has none any more."""
        view = self._view
        if view is None or emulator is not view.emulator:
            return frame
        view.note(frame)
        self._changer.take(frame)
        plain, columns = self._changer.plain, frame.size.columns
        begun, _current = found_colors(self._surface.theme)
        grounds: dict[int, list[Mark]] = {}
        marks: dict[int, list[tuple[int, str]]] = {}
        for shown in list(self._shown):
            number, first, last = shown.target.cells[0]
            row = number - view.top
            if not 0 <= row < len(plain) or cells_of(plain[row], columns)[first : last + 1] != shown.cells:
                self._shown.remove(shown)
            elif shown.label.startswith(self.typed_letters):
                marks.setdefault(row, []).append((min(first, max(columns - len(shown.label), 0)), shown.label))
                for number, begin, end in shown.target.cells:
                    grounds.setdefault(number - view.top, []).append(Mark(begin, end, begun))
        return self._changer.changed(
            frame,
            lambda number, row: self._labelled(marked(row, sorted(grounds.get(number, []))), marks.get(number, [])),
        )

    def _labelled(self, row: Row, marks: list[tuple[int, str]]) -> Row:
        begun, current = found_colors(self._surface.theme)
        for column, label in marks:
            for place, letter in enumerate(label):
                colors = begun if place < len(self.typed_letters) else current
                style = Style(colors.foreground, colors.background, int(Attribute.BOLD))
                row = overwritten(row, column + place, letter, style)
        return row


def _visible_rows(view: HeldView) -> list[Row]:
    emulator, count = view.emulator, view.rows
    first = view.top - view.dropped
    rows = emulator.history(first, count)
    return rows + emulator.rows()[: count - len(rows)]


def _visible_targets(view: HeldView) -> list[_Seen]:
    """All targets with cells in view, cut to these; a link that the program set comes before what its text says."""
    rows = _visible_rows(view)
    columns, first = view.emulator.size.columns, view.top - view.dropped
    marked = marked_targets(rows, view.top)
    lines = lines_around(view.emulator, first, rows, most_rows=ROWS_OF_A_LINE, dropped=view.dropped)
    found = list(marked)
    listed = listed_targets(lines, lambda row: heading_above(view.emulator, row - view.dropped))
    for target in targets_in(lines) + listed:
        cells = tuple(span for span in target.cells if view.top <= span[0] < view.top + view.rows)
        cut = target._replace(cells=cells)
        if cells and not any(overlap(cut, link) for link in marked):
            found.append(cut)
    seen = []
    for target in found:
        row, begin, last = target.cells[0]
        seen.append(_Seen(target, cells_of(rows[row - view.top], columns)[begin : last + 1]))
    return seen
