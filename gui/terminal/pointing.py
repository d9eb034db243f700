"""The terminal screen with the mouse: selects, scrolls, opens links, and sends mouse events to the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QRegion, QWheelEvent
from PySide6.QtWidgets import QMenu, QWidget

from gui.theme.terminal import TerminalTheme
from gui.wording import notice_texts

from .drawing.regions import Span
from .input.pointer import CURSORS, MouseRules, Pointer, Wheel
from .links import links
from .links.link_pointer import Link, LinkPointer
from .links.links import LinkRules, OpensBy
from .screen import TerminalScreen

_SHIFT = Qt.KeyboardModifier.ShiftModifier


class PointingScreen(TerminalScreen):
    """A terminal that is used with the mouse.

    Signals (and those of TerminalScreen):
        linkActivated(str): the user opens an address of the text, with an allowed scheme.
        markedLinkActivated(str): the same of a link that the program set; its text may be another one.
        fileActivated(FileLocation): the user opens a file named in the text.
        notice(str): one line for the user.
    """

    linkActivated = Signal(str)
    markedLinkActivated = Signal(str)
    fileActivated = Signal(object)
    notice = Signal(str)

    def __init__(self, theme: TerminalTheme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._pointer = Pointer(self, self)
        self._wheel = Wheel(self, self._pointer)
        self._links = LinkPointer(self, self._surface, self)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.IBeamCursor)

    # ------------------------------------------------------------ implemented by the subclass

    def paste(self) -> None:
        """Paste the clipboard."""
        raise NotImplementedError

    def paste_primary(self) -> None:
        """Paste the primary selection."""
        raise NotImplementedError

    def move_cursor_to(self, cell: tuple[int, int]) -> None:
        """Move the cursor of a shell's command line to a cell, if that is in it."""
        raise NotImplementedError

    def context_menu(self, position: QPointF) -> QMenu:
        """The menu for a point; closing it deletes it."""
        raise NotImplementedError

    def before_click(self) -> None:
        """Called when a button is pressed, before the press has an effect."""

    # ------------------------------------------------------------ cells and links

    def cell_at(self, position: QPointF) -> tuple[int, int]:
        """The cell nearest to a point of the widget."""
        return self._surface.cell_at(self.device_point(position))

    def rows_beyond(self, position: QPointF) -> int:
        """The distance of a point above (negative) or below the grid, in rows; 0 inside."""
        return self._surface.rows_beyond(self.device_point(position))

    def find_files_in(self, find_directories: Callable[[], Sequence[str]], directory: Callable[[], str] = str) -> None:
        """Set the functions that return the base directories of relative file names; see ``FileLookup``."""
        self._links.files.find_directories, self._links.files.directory = find_directories, directory

    def set_links(self, rules: LinkRules) -> None:
        """Set which click opens a link, and what counts as a link."""
        self._links.rules = rules

    def set_mouse(self, rules: MouseRules) -> None:
        """Set what the mouse does."""
        self._pointer.rules = rules

    @property
    def links_open_by(self) -> OpensBy:
        """Which click opens a link."""
        return self._links.rules.opens_by

    def link_at(self, position: QPointF) -> Link | None:
        """The link under a point: one that the program set, an address, or a file, which may still be looked up."""
        return self._links.link_at(position)

    def linked_cells(self, cell: tuple[int, int]) -> tuple[Span, ...]:
        """The visible cells of the address or path at a cell; () for an ordinary word."""
        return self._links.linked_cells(cell)

    def open_at(self, position: QPointF) -> bool:
        """Open the link under a point; returns whether there is a link, or a file that is still looked up."""
        return self._links.open_at(position)

    def open_link(self, link: Link) -> None:
        """Emit the signal for a link that the user opens, or a notice that says why it is not opened."""
        if link.file is not None:
            self.fileActivated.emit(link.file)
        elif links.may_open(link.uri):
            (self.markedLinkActivated if link.is_marked else self.linkActivated).emit(link.uri)
        else:
            self.notice.emit(notice_texts.NOT_A_LINK(address=link.tip))

    def repaint_device(self, region: QRegion) -> None:
        """Repaint a region given in device pixels."""
        self.update(self._logical(region))

    def program_takes(self, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a press with these modifiers goes to the program."""
        return self._pointer.program_takes(modifiers)

    def acts_on_press(self, _point: QPointF, _button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a press at a point goes to the program."""
        return self.program_takes(modifiers)

    def shape_without_link(self, modifiers: Qt.KeyboardModifier) -> Qt.CursorShape:
        """The mouse cursor outside of links: the program's (OSC 22), unless the view is scrolled back."""
        emulator = self.emulator
        if emulator is not None and self.sink is not None and not self.scrolled_back:
            shape = CURSORS.get(emulator.modes.pointer_shape)
            if shape is not None:
                return shape
        return Qt.CursorShape.ArrowCursor if self.program_takes(modifiers) else Qt.CursorShape.IBeamCursor

    # ------------------------------------------------------------ events

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._links.show_cursor(event.position(), event.modifiers())
        self.before_click()
        self._pointer.press(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer.move(event)
        self._links.move(event.position(), event.modifiers(), is_dragging=bool(event.buttons()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._links.move(QPointF(-1, -1), Qt.KeyboardModifier.NoModifier)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pointer.release(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._links.show_cursor(event.position(), event.modifiers())
        self._wheel.set_metrics(self._surface.metrics)
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(self._wheel.zoom_steps(event))
        else:
            self._pointer.scroll(self._wheel.turn(event), event.position(), self.scroll_lines)
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the context menu at a right click, or paste, unless the program uses the mouse.

        The Menu key is the program's.
        """
        event.accept()
        pointer = self._pointer
        if event.reason() != QContextMenuEvent.Reason.Mouse or pointer.program_takes(event.modifiers()):
            return
        if pointer.rules.right_click_pastes and self.sink is not None and not event.modifiers() & _SHIFT:
            self.paste()
            return
        position, menu_point = QPointF(event.pos()), event.globalPos()
        self._links.when_known(position, lambda: self.context_menu(position).popup(menu_point))
