"""Links under the mouse: underlines them with Ctrl held, and opens them. A file counts once it is known to exist."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QCursor, QGuiApplication, QRegion
from PySide6.QtWidgets import QToolTip, QWidget

from gui.terminal.drawing.regions import Span
from gui.terminal.drawing.surface import Surface
from gui.theme.tooltips import as_tooltip
from session_host.terminal.base import Emulator

from . import hovering
from .file_lookup import FileLookup
from .hovering import Link
from .links import FilePlace, LinkRules

OPENS_WITHIN_S = 2.0
"""A click on a file that is known only later opens nothing: the user has moved on."""
MENU_WAITS_MS = 150
"""How long the context menu waits for the lookup of a file."""


class LinkHost(Protocol):
    """The links' view of their widget."""

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
        rules: how the user wants links to be.
        files: looks up which names in the text are files.
    """

    def __init__(self, host: LinkHost, surface: Surface, widget: QWidget) -> None:
        super().__init__(widget)
        self._host = host
        self._surface = surface
        self._widget = widget
        self._hovered: Link | None = None
        self._clicked: tuple[FilePlace, float] | None = None
        """The clicked file while its lookup runs, and the time of the click."""
        self._menu: Callable[[], None] | None = None
        """Shows the waiting context menu."""
        self._menu_patience = QTimer(self, singleShot=True, interval=MENU_WAITS_MS)
        self._menu_patience.timeout.connect(self._show_menu)
        self._modifiers = Qt.KeyboardModifier.NoModifier
        self._look_soon = QTimer(self, singleShot=True, interval=0)
        self._look_soon.timeout.connect(self._look)
        self.rules = LinkRules()
        self.files = FileLookup()
        self.files.told_directory = self._told_directory
        self.files.answered.connect(self._on_answered)

    # -- links

    def _told_directory(self) -> str:
        emulator = self._host.emulator
        return emulator.directory if emulator is not None else ""

    def link_at(self, position: QPointF) -> Link | None:
        """The link under a point: one that the program set, an address, or a file, which may still be looked up."""
        surface, point, emulator = self._surface, self._host.device_point(position), self._host.emulator
        if emulator is None or not surface.holds(point):
            return None
        cell = surface.cell_at(point)
        link = hovering.marked_link(surface.rows, cell)
        path_of = self.files.path_of if self.rules.files else _no_file
        return link or hovering.link_in_text(emulator, self._top_row, cell, path_of)

    def linked_cells(self, cell: tuple[int, int]) -> tuple[Span, ...]:
        """The visible cells of the address or path at a cell; () for an ordinary word."""
        emulator = self._host.emulator
        spans = hovering.word_at(emulator, self._top_row, cell, self.files.path_of) if emulator is not None else ()
        return tuple(span for span in spans if 0 <= span[0] < self._surface.size.rows)

    @property
    def _top_row(self) -> int:
        place = self._surface.place
        return place.history_rows - place.offset

    # -- the user's actions

    def _may_open(self, modifiers: Qt.KeyboardModifier, *, is_dragging: bool) -> bool:
        """Whether a click with these modifiers would open a link."""
        control, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
        if self.rules.opens_by == "never":
            return False
        if modifiers & (control | alt) == control:
            return True
        is_plain = modifiers == Qt.KeyboardModifier.NoModifier and not is_dragging
        return self.rules.opens_by == "click" and is_plain and not self._host.program_takes(modifiers)

    def hover(self, position: QPointF, modifiers: Qt.KeyboardModifier, *, is_dragging: bool = False) -> None:
        """Underline the link that a click would open, and show its target."""
        link = self.link_at(position) if self._may_open(modifiers, is_dragging=is_dragging) else None
        if link is not None and not link.is_known:
            link = None
        if link != self._hovered:
            self._hovered = link
            self._host.repaint_device(self._surface.underline(link.spans if link else ()))
        widget = self._widget
        if link:
            widget.setCursor(Qt.CursorShape.PointingHandCursor)
            QToolTip.showText(widget.mapToGlobal(position).toPoint(), as_tooltip(link.tip), widget)
            return
        shape = self._host.shape_without_link(modifiers)
        if widget.cursor().shape() == Qt.CursorShape.PointingHandCursor:
            QToolTip.hideText()
        if widget.cursor().shape() != shape:
            widget.setCursor(shape)

    def hover_soon(self, modifiers: Qt.KeyboardModifier) -> None:
        """Look for a link after Ctrl was pressed or released, once the waiting events are handled.

        The waiting events may include a shortcut's key. Reading the text and asking the X server for the mouse's
        position take a millisecond.
        """
        self._modifiers = modifiers
        self._look_soon.start()

    def _look(self) -> None:
        if self._widget.isVisible():
            self.hover(self.mouse_position(), self._modifiers)

    def look_again(self) -> None:
        """Look again, since the text under the mouse may have changed."""
        if self._hovered is not None:
            self.hover(self.mouse_position(), QGuiApplication.queryKeyboardModifiers())

    def mouse_position(self) -> QPointF:
        """The mouse's position in the view."""
        return self._widget.mapFromGlobal(QCursor.pos()).toPointF()

    def open_at(self, position: QPointF) -> bool:
        """Open the link under a point, now or once its file is known; returns whether there is one, or may be."""
        link = self.link_at(position)
        self._clicked = None
        if link is not None and link.is_known:
            self._host.open_link(link)
        elif link is not None and link.file is not None:
            self._clicked = link.file, time.monotonic()
        return link is not None

    def when_known(self, position: QPointF, show_menu: Callable[[], None]) -> None:
        """Show a menu for a point once its link is known, or after a moment."""
        self._menu = show_menu
        link = self.link_at(position)
        if link is None or link.is_known:
            self._show_menu()
        else:
            self._menu_patience.start()

    def _show_menu(self) -> None:
        self._menu_patience.stop()
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
                self._host.open_link(Link((), file=file._replace(path=path)))
        if self._widget.underMouse():
            self.hover(self.mouse_position(), QGuiApplication.queryKeyboardModifiers())


def _no_file(_name: str) -> str:
    return ""
