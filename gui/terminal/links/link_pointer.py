"""Links under the mouse, and the mouse cursor: underlines and opens links, and hides the cursor during typing.

A file's name becomes a link once the file is found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from PySide6.QtCore import QObject, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtWidgets import QToolTip

from gui.terminal.display import TerminalDisplay
from gui.terminal.drawing.canvas import Span
from gui.terminal.drawing.cursor import cell_under
from gui.theme.tooltips import show_at
from gui.timers import single_shot
from gui.wording import notice_texts
from session_host.protocol.values import FileLocation
from session_host.terminal.base import Emulator
from session_host.terminal.lines import TextLine, line_at
from session_host.terminal.rows import Row

from .links import LinkMatch, LinkRules, heading_above, link_in, listed_location, may_open, shown

KNOWN_FOR_S = 2.0
"""How long an answer is reused; a new or removed file is noticed after this time."""
OPENS_WITHIN_S = 2.0
"""How long after a click its file may be found and opened; later, the user does something else."""
_MAX_ANSWERS = 200


class _Answer(NamedTuple):
    path: str
    at_s: float


FindFile = Callable[[str, Callable[[str], object]], bool]
"""Finds the file of a name, and gives its absolute path to a function, "" for none, in any thread.

It returns False if it is too busy."""


def no_file(_name: str, found: Callable[[str], object]) -> bool:
    """Find no file; a ``FindFile``."""
    found("")
    return True


class FileLookup(QObject):
    """Finds the files that names refer to, and remembers the answers for a moment.

    Attributes:
        find: finds one.

    Signals:
        answered(): a lookup has ended.
    """

    answered = Signal()

    def __init__(self, find: FindFile = no_file) -> None:
        super().__init__()  # Without a parent: a thread may use this object after its view is deleted.
        self.find = find
        self._answers: dict[str, _Answer] = {}
        self._running: set[str] = set()

    def path_of(self, name: str) -> str | None:
        """The absolute path of the existing file that a name refers to; "" for none, None while the lookup runs."""
        answer = self._answers.get(name)
        if answer is not None and time.monotonic() - answer.at_s < KNOWN_FOR_S:
            return answer.path
        if name not in self._running:
            self._running.add(name)
            if not self.find(name, partial(self._on_found, name)):
                self._running.discard(name)
        return None

    def _on_found(self, name: str, path: str) -> None:
        """Note the answer; may be called in a thread."""
        if len(self._answers) >= _MAX_ANSWERS:
            self._answers.clear()
        self._answers[name] = _Answer(path, time.monotonic())
        self._running.discard(name)
        self.answered.emit()


ROWS_OF_A_LINE = 40
"""The maximum number of rows of the line that are read above the cell, and below it."""

PathOf = Callable[[str], str | None]
"""Returns the absolute path of the existing file that a name refers to; "" for none, None while the lookup runs."""


class Link(NamedTuple):
    """The target of a click on a cell: an address or a file; a known file has an absolute path."""

    spans: tuple[Span, ...]
    uri: str = ""
    file: FileLocation | None = None
    is_known: bool = True
    """Whether the target exists; False while the file is looked up."""
    is_marked: bool = False
    """Whether the program set the address (OSC 8); the text may then show another address."""

    @property
    def text(self) -> str:
        """The target as text."""
        return self.uri if self.file is None else self.file.text

    @property
    def tip(self) -> str:
        """The target as a tooltip shows it before the click."""
        return shown(self.text)


def marked_link(rows: Sequence[Row | None], cell: tuple[int, int]) -> Link | None:
    """The link that the program set at a cell of the rows, with its parts in the rows above and below."""
    column, number = cell
    row = rows[number] if 0 <= number < len(rows) else None
    uri = cell_under(row, column).style.link
    if row is None or not uri:
        return None
    spans = [(number, *span) for span in _marked_spans(row, uri) if span[0] <= column <= span[1]]
    for next_row, part in ((-1, -1), (1, 0)):
        at = number + next_row
        while 0 <= at < len(rows) and (found := _marked_spans(rows[at], uri)):
            spans.append((at, *found[part]))
            at += next_row
    return Link(tuple(sorted(spans)), uri, is_marked=True)


def _marked_spans(row: Row | None, uri: str) -> list[tuple[int, int]]:
    """The first and last columns of the cells with a link that the program set."""
    spans: list[tuple[int, int]] = []
    for run in row.runs if row is not None else ():
        if run.style.link == uri:
            joins = bool(spans) and spans[-1][1] + 1 == run.column
            first = spans.pop()[0] if joins else run.column
            spans.append((first, run.column + run.cells - 1))
    return spans


def link_in_text(emulator: Emulator, top: int, cell: tuple[int, int], path_of: PathOf) -> Link | None:
    """The address or file named by the text at a cell, also over soft wraps.

    Args:
        emulator: the displayed emulator.
        top: the viewport's first row, counted from the oldest of the history.
        cell: the column and row in the viewport.
        path_of: finds files.
    """
    found = _found(emulator, top, cell)
    if found is None:
        return None
    uri, file, spans = found
    if file is None:
        return Link(spans, uri)
    path = path_of(file.path)
    if path is None:
        return Link(spans, file=file, is_known=False)
    return Link(spans, file=file._replace(path=path)) if path else None


def word_at(emulator: Emulator, top: int, cell: tuple[int, int], path_of: PathOf) -> tuple[Span, ...]:
    """The cells of the whole address or path at a cell; () for an ordinary word."""
    found = _found(emulator, top, cell)
    if found is None:
        return ()
    _uri, file, spans = found
    if file is not None and "/" not in file.path and not path_of(file.path):
        return ()
    return spans


def _found(
    emulator: Emulator, top: int, cell: tuple[int, int]
) -> tuple[str, FileLocation | None, tuple[Span, ...]] | None:
    line = line_at(emulator, top + cell[1], max_rows=ROWS_OF_A_LINE)
    if line is None:
        return None
    index = line.character_at(top + cell[1], cell[0])
    if index is None:
        return None
    found = _listed(emulator, line, index) or link_in(line.text, index)
    if found is None:
        return None
    spans: dict[int, tuple[int, int]] = {}
    for character in range(found.first, found.end):
        row, column = line.cell_of(character)
        first, _last = spans.setdefault(row - top, (column, column))
        spans[row - top] = (first, column)
    return found.uri, found.file, tuple((row, first, last) for row, (first, last) in spans.items())


def _listed(emulator: Emulator, line: TextLine, index: int) -> LinkMatch | None:
    """The location in the file that is named above the line, at a character of the line's number."""
    listed = listed_location(line.text)
    if listed is None or listed.file is None or not listed.first <= index < listed.end:
        return None
    path = heading_above(emulator, line.row)
    return listed._replace(file=listed.file._replace(path=path)) if path else None


MENU_TIMEOUT_MS = 150
"""How long the lookup of a file may delay the context menu."""


_Shape = Qt.CursorShape

CURSORS: Final = {
    "alias": _Shape.DragLinkCursor,
    "all-scroll": _Shape.SizeAllCursor,
    "cell": _Shape.CrossCursor,
    "col-resize": _Shape.SplitHCursor,
    "context-menu": _Shape.ArrowCursor,
    "copy": _Shape.DragCopyCursor,
    "crosshair": _Shape.CrossCursor,
    "default": _Shape.ArrowCursor,
    "e-resize": _Shape.SizeHorCursor,
    "ew-resize": _Shape.SizeHorCursor,
    "grab": _Shape.OpenHandCursor,
    "grabbing": _Shape.ClosedHandCursor,
    "help": _Shape.WhatsThisCursor,
    "move": _Shape.SizeAllCursor,
    "n-resize": _Shape.SizeVerCursor,
    "ne-resize": _Shape.SizeBDiagCursor,
    "nesw-resize": _Shape.SizeBDiagCursor,
    "no-drop": _Shape.ForbiddenCursor,
    "not-allowed": _Shape.ForbiddenCursor,
    "ns-resize": _Shape.SizeVerCursor,
    "nw-resize": _Shape.SizeFDiagCursor,
    "nwse-resize": _Shape.SizeFDiagCursor,
    "pointer": _Shape.PointingHandCursor,
    "progress": _Shape.BusyCursor,
    "row-resize": _Shape.SplitVCursor,
    "s-resize": _Shape.SizeVerCursor,
    "se-resize": _Shape.SizeFDiagCursor,
    "sw-resize": _Shape.SizeBDiagCursor,
    "text": _Shape.IBeamCursor,
    "vertical-text": _Shape.IBeamCursor,
    "w-resize": _Shape.SizeHorCursor,
    "wait": _Shape.WaitCursor,
    "zoom-in": _Shape.CrossCursor,
    "zoom-out": _Shape.CrossCursor,
}
"""By the names of CSS. Qt has no cursor for a menu or for zooming: an arrow and a cross take their place."""


class LinkPointer(QObject):
    """The link under the mouse in one view.

    Attributes:
        rules: the user's settings for links.
        files: looks up which names in the text are files.

    Signals:
        address_opened(str): the user opens an address of the text, with an allowed scheme.
        marked_opened(str): the same of a link that the program set; its text may be another one.
        file_opened(FileLocation): the user opens a file named in the text.
    """

    address_opened = Signal(str)
    marked_opened = Signal(str)
    file_opened = Signal(object)

    def __init__(self, display: TerminalDisplay, notify: Callable[[str], object]) -> None:
        """``notify`` gets one line for the user."""
        super().__init__(display)
        self._display = display
        self._notify = notify
        self._hovered: Link | None = None
        self._clicked: tuple[FileLocation, float] | None = None
        """The clicked file while its lookup runs, and the time of the click."""
        self._menu: Callable[[], None] | None = None
        """Shows the context menu that waits for a lookup; None if no menu waits."""
        self._menu_timeout = single_shot(self, MENU_TIMEOUT_MS)
        self._menu_timeout.timeout.connect(self._show_menu)
        self._modifiers = Qt.KeyboardModifier.NoModifier
        self._is_hidden = False
        self._program_shape = ""
        self._last_at = QPointF()
        self._hover_timer = single_shot(self)
        self._hover_timer.timeout.connect(self._hover_at_mouse)
        self.rules = LinkRules()
        self.files = FileLookup()
        self.files.answered.connect(self._on_answered)

    # -- links

    def link_at(self, position: QPointF) -> Link | None:
        """The link under a point: one that the program set, an address, or a file, which may still be looked up."""
        surface, point, emulator = self._display.surface, self._display.device_point(position), self._display.emulator
        if emulator is None or not surface.holds(point):
            return None
        cell = surface.cell_at(point)
        link = marked_link(surface.rows, cell)
        path_of = self.files.path_of if self.rules.files else lambda _name: ""
        return link or link_in_text(emulator, self._top_row, cell, path_of)

    def linked_cells(self, cell: tuple[int, int]) -> tuple[Span, ...]:
        """The visible cells of the address or path at a cell; () for an ordinary word."""
        emulator = self._display.emulator
        spans = word_at(emulator, self._top_row, cell, self.files.path_of) if emulator is not None else ()
        return tuple(span for span in spans if 0 <= span[0] < self._display.surface.size.rows)

    @property
    def _top_row(self) -> int:
        return self._display.surface.viewport.top

    # -- the user's actions

    def _may_open(self, modifiers: Qt.KeyboardModifier, *, is_dragging: bool) -> bool:
        """Whether a click with these modifiers would open a link."""
        control, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
        if self.rules.opens_by == "never":
            return False
        if modifiers & (control | alt) == control:
            return True
        is_plain = modifiers == Qt.KeyboardModifier.NoModifier and not is_dragging
        return self.rules.opens_by == "click" and is_plain and not self._display.program_takes_mouse(modifiers)

    def move(self, position: QPointF, modifiers: Qt.KeyboardModifier, *, is_dragging: bool = False) -> None:
        """The mouse moved; an event at the same point, as Qt sends it after a change of widgets, shows no cursor."""
        if position != self._last_at:
            self._last_at, self._is_hidden = position, False
        self.hover(position, modifiers, is_dragging=is_dragging)

    def hide_cursor(self) -> None:
        """Hide the mouse cursor, since the user types; no link is under it until the mouse is used."""
        if not self._is_hidden:
            self._is_hidden = True
            self.hover(QPointF(-1, -1), Qt.KeyboardModifier.NoModifier)

    def show_cursor(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Show a hidden mouse cursor."""
        if self._is_hidden:
            self._is_hidden = False
            self.hover(position, modifiers)

    def hover(self, position: QPointF, modifiers: Qt.KeyboardModifier, *, is_dragging: bool = False) -> None:
        """Underline the link that a click would open, and show its target."""
        may_open = not self._is_hidden and self._may_open(modifiers, is_dragging=is_dragging)
        link = self.link_at(position) if may_open else None
        if link is not None and not link.is_known:
            link = None
        if link != self._hovered:
            self._hovered = link
            self._display.repaint_device(self._display.surface.underline(link.spans if link else ()))
        widget = self._display.widget
        if link:
            widget.setCursor(Qt.CursorShape.PointingHandCursor)
            show_at(widget.mapToGlobal(position).toPoint(), link.tip, widget)
            return
        shape = Qt.CursorShape.BlankCursor if self._is_hidden else self._shape_without_link(modifiers)
        if widget.cursor().shape() == Qt.CursorShape.PointingHandCursor:
            QToolTip.hideText()
        if widget.cursor().shape() != shape:
            widget.setCursor(shape)

    def _shape_without_link(self, modifiers: Qt.KeyboardModifier) -> Qt.CursorShape:
        """The mouse cursor outside of links: the program's (OSC 22), unless the view is scrolled back."""
        display, emulator = self._display, self._display.emulator
        if emulator is not None and display.sink is not None and not display.scrolled_back:
            shape = CURSORS.get(emulator.modes.pointer_shape)
            if shape is not None:
                return shape
        return Qt.CursorShape.ArrowCursor if display.program_takes_mouse(modifiers) else Qt.CursorShape.IBeamCursor

    def hover_soon(self, modifiers: Qt.KeyboardModifier) -> None:
        """Call ``hover`` after Ctrl was pressed or released, once the pending events are handled.

        Reading the text and asking the X server for the mouse's position take a millisecond, and the next event may be
        a shortcut's key.
        """
        self._modifiers = modifiers
        self._hover_timer.start()

    @Slot()
    def _hover_at_mouse(self) -> None:
        if self._display.widget.isVisible():
            self.hover(self.mouse_position(), self._modifiers)

    def update_hover(self) -> None:
        """Update the hovered link and the mouse cursor: the text under the mouse or the program's shape may be new."""
        emulator = self._display.emulator
        shape = emulator.modes.pointer_shape if emulator is not None else ""
        if self._hovered is not None or shape != self._program_shape:
            self._program_shape = shape
            self.hover(self.mouse_position(), QGuiApplication.queryKeyboardModifiers())

    def mouse_position(self) -> QPointF:
        """The mouse's position in the view."""
        return self._display.widget.mapFromGlobal(QCursor.pos()).toPointF()

    def open(self, link: Link) -> None:
        """Open a link at the user's request, or say why it is not opened."""
        if link.file is not None:
            self.file_opened.emit(link.file)
        elif may_open(link.uri):
            (self.marked_opened if link.is_marked else self.address_opened).emit(link.uri)
        else:
            self._notify(notice_texts.NOT_A_LINK(address=link.tip))

    def open_at(self, position: QPointF) -> bool:
        """Open the link under a point, now or once its file is found.

        Returns:
            Whether there is a link, or a file that is still looked up.
        """
        link = self.link_at(position)
        self._clicked = None
        if link is not None and link.is_known:
            self.open(link)
        elif link is not None and link.file is not None:
            self._clicked = link.file, time.monotonic()
        return link is not None

    def when_known(self, position: QPointF, show_menu: Callable[[], None]) -> None:
        """Call ``show_menu`` once the link under a point is known, at the latest after ``MENU_TIMEOUT_MS``."""
        self._menu = show_menu
        link = self.link_at(position)
        if link is None or link.is_known:
            self._show_menu()
        else:
            self._menu_timeout.start()

    @Slot()
    def _show_menu(self) -> None:
        self._menu_timeout.stop()
        menu, self._menu = self._menu, None
        if menu is not None:
            menu()

    @Slot()
    def _on_answered(self) -> None:
        if self._menu is not None:
            self._show_menu()
        if self._clicked is not None:
            file, at_s = self._clicked
            is_late = time.monotonic() - at_s > OPENS_WITHIN_S
            path = "" if is_late else self.files.path_of(file.path)
            if path is not None:
                self._clicked = None
            if path:
                self.open(Link((), file=file._replace(path=path)))
        if self._display.widget.underMouse():
            self.hover(self.mouse_position(), QGuiApplication.queryKeyboardModifiers())
