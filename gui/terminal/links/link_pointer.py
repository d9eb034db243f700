"""Links under the mouse, and the mouse cursor: underlines and opens links, and hides the cursor during typing.

A file's name becomes a link once the file is found.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QCursor, QGuiApplication, QRegion
from PySide6.QtWidgets import QToolTip, QWidget

from gui.terminal.drawing.regions import Span
from gui.terminal.drawing.surface import Surface
from gui.theme.tooltips import show_at
from session_host.terminal.base import Emulator

from . import hovering
from .file_lookup import OPENS_WITHIN_S, FileLookup
from .hovering import Link
from .links import FileLocation, LinkRules

MENU_TIMEOUT_MS = 150
"""How long the lookup of a file may delay the context menu."""


class LinkOwner(Protocol):
    """The widget, as links use it."""

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""

    def device_point(self, position: QPointF) -> QPoint:
        """A point of the widget in device pixels."""

    def repaint_device(self, region: QRegion) -> None:
        """Repaint a region given in device pixels."""

    def shape_without_link(self, modifiers: Qt.KeyboardModifier) -> Qt.CursorShape:
        """The mouse cursor outside of links."""

    def program_takes(self, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a press with these modifiers goes to the program."""

    def open_link(self, link: Link) -> None:
        """Open a link at the user's request."""


class LinkPointer(QObject):
    """The link under the mouse in one view.

    Attributes:
        rules: the user's settings for links.
        files: looks up which names in the text are files.
    """

    def __init__(self, owner: LinkOwner, surface: Surface, widget: QWidget) -> None:
        super().__init__(widget)
        self._owner = owner
        self._surface = surface
        self._widget = widget
        self._hovered: Link | None = None
        self._clicked: tuple[FileLocation, float] | None = None
        """The clicked file while its lookup runs, and the time of the click."""
        self._menu: Callable[[], None] | None = None
        """Shows the context menu that waits for a lookup; None if no menu waits."""
        self._menu_timeout = QTimer(self, singleShot=True, interval=MENU_TIMEOUT_MS)
        self._menu_timeout.timeout.connect(self._show_menu)
        self._modifiers = Qt.KeyboardModifier.NoModifier
        self._is_hidden = False
        self._program_shape = ""
        self._last_at = QPointF()
        self._hover_timer = QTimer(self, singleShot=True, interval=0)
        self._hover_timer.timeout.connect(self._hover_at_mouse)
        self.rules = LinkRules()
        self.files = FileLookup()
        self.files.answered.connect(self._on_answered)

    # -- links

    def link_at(self, position: QPointF) -> Link | None:
        """The link under a point: one that the program set, an address, or a file, which may still be looked up."""
        surface, point, emulator = self._surface, self._owner.device_point(position), self._owner.emulator
        if emulator is None or not surface.holds(point):
            return None
        cell = surface.cell_at(point)
        link = hovering.marked_link(surface.rows, cell)
        path_of = self.files.path_of if self.rules.files else _no_file
        return link or hovering.link_in_text(emulator, self._top_row, cell, path_of)

    def linked_cells(self, cell: tuple[int, int]) -> tuple[Span, ...]:
        """The visible cells of the address or path at a cell; () for an ordinary word."""
        emulator = self._owner.emulator
        spans = hovering.word_at(emulator, self._top_row, cell, self.files.path_of) if emulator is not None else ()
        return tuple(span for span in spans if 0 <= span[0] < self._surface.size.rows)

    @property
    def _top_row(self) -> int:
        return self._surface.viewport.top

    # -- the user's actions

    def _may_open(self, modifiers: Qt.KeyboardModifier, *, is_dragging: bool) -> bool:
        """Whether a click with these modifiers would open a link."""
        control, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
        if self.rules.opens_by == "never":
            return False
        if modifiers & (control | alt) == control:
            return True
        is_plain = modifiers == Qt.KeyboardModifier.NoModifier and not is_dragging
        return self.rules.opens_by == "click" and is_plain and not self._owner.program_takes(modifiers)

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
            self._owner.repaint_device(self._surface.underline(link.spans if link else ()))
        widget = self._widget
        if link:
            widget.setCursor(Qt.CursorShape.PointingHandCursor)
            show_at(widget.mapToGlobal(position).toPoint(), link.tip, widget)
            return
        shape = Qt.CursorShape.BlankCursor if self._is_hidden else self._owner.shape_without_link(modifiers)
        if widget.cursor().shape() == Qt.CursorShape.PointingHandCursor:
            QToolTip.hideText()
        if widget.cursor().shape() != shape:
            widget.setCursor(shape)

    def hover_soon(self, modifiers: Qt.KeyboardModifier) -> None:
        """Call ``hover`` after Ctrl was pressed or released, once the pending events are handled.

        Reading the text and asking the X server for the mouse's position take a millisecond, and the next event may be
        a shortcut's key.
        """
        self._modifiers = modifiers
        self._hover_timer.start()

    def _hover_at_mouse(self) -> None:
        if self._widget.isVisible():
            self.hover(self.mouse_position(), self._modifiers)

    def update_hover(self) -> None:
        """Update the hovered link and the mouse cursor: the text under the mouse or the program's shape may be new."""
        emulator = self._owner.emulator
        shape = emulator.modes.pointer_shape if emulator is not None else ""
        if self._hovered is not None or shape != self._program_shape:
            self._program_shape = shape
            self.hover(self.mouse_position(), QGuiApplication.queryKeyboardModifiers())

    def mouse_position(self) -> QPointF:
        """The mouse's position in the view."""
        return self._widget.mapFromGlobal(QCursor.pos()).toPointF()

    def open_at(self, position: QPointF) -> bool:
        """Open the link under a point, now or once its file is found.

        Returns:
            Whether there is a link, or a file that is still looked up.
        """
        link = self.link_at(position)
        self._clicked = None
        if link is not None and link.is_known:
            self._owner.open_link(link)
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

    def _show_menu(self) -> None:
        self._menu_timeout.stop()
        menu, self._menu = self._menu, None
        if menu is not None:
            menu()

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
                self._owner.open_link(Link((), file=file._replace(path=path)))
        if self._widget.underMouse():
            self.hover(self.mouse_position(), QGuiApplication.queryKeyboardModifiers())


def _no_file(_name: str) -> str:
    return ""
