"""The terminal view: the widget, with a part for each thing that it does. Key path, 1 of 16.

Qt's events arrive here; the InputSink receives their meaning as typed values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QAccessible,
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QHideEvent,
    QInputMethodEvent,
    QKeyEvent,
    QMouseEvent,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from gui.input.dragging import accept_as_copy
from gui.theme.terminal import TerminalTheme
from gui.wording import page_texts

from .accessibility import TerminalText, TextReporter, TextWidgetInterface
from .context_menu import ContextMenu
from .display import TerminalDisplay
from .finder import TerminalFinder
from .input.clipboard import Pasting
from .input.editing import Editing
from .input.input_method import InputMethod
from .input.keyboard import Keyboard
from .input.pointer import Pointer, Wheel
from .input.recipients import Recipients
from .input.selection import Selection
from .links.link_pointer import LinkPointer
from .prompts.prompts import TerminalPrompts
from .scrolling import Scroller
from .sizing import Sizing

if TYPE_CHECKING:
    from .by_keyboard.modes import KeyboardModes

_SHORTCUT_OVERRIDE = QEvent.Type.ShortcutOverride  # A key's path reads no attribute of an enum.
_RATIO_CHANGE = QEvent.Type.DevicePixelRatioChange
_CONTROL = Qt.Key.Key_Control.value


class TerminalView(QWidget):
    """A terminal for interactive use: it passes Qt's events on to its parts.

    Attributes:
        display: what is shown: a session or a read-only emulator, frame by frame.
        sizing: the sizes of text and grid.
        scroller: the position in the history.
        recipients: who gets what is typed and pasted.
        keyboard: the keys that go to the program, and those that do not.
        input_method: composes text.
        pasting: pastes texts, files and images.
        editing: copies, pastes and selects all.
        pointer: the mouse's buttons.
        selection: the user's selection.
        links: the links in the text, and which click opens them.
        finder: finds text in the history and on the screen.
        prompts: navigation to a shell's prompts, and their output.
        context_menu: the menu of a right click.
        modes: the keyboard's modes, which replace the mouse.
        accessible_text: the text in view, as screen readers get it.

    Signals:
        notice(str): one line for the user.
        typed(): the user typed or pasted something.
        findRequested(): the user pressed the selecting mode's key that opens the find bar.
    """

    notice = Signal(str)
    typed = Signal()
    findRequested = Signal()

    def __init__(self, theme: TerminalTheme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._modes: KeyboardModes | None = None
        self.display = display = TerminalDisplay(self, theme, self._before_frame, self._after_frame)
        self.sizing = Sizing(display)
        self.scroller = Scroller(display, self.sizing)
        self.scroller.set_theme(theme)
        self.recipients = Recipients(display, self.sizing, self._on_typed)
        self.links = LinkPointer(display, self.notice.emit)
        self.selection = Selection(display)
        self.pasting = Pasting(self, self.recipients, self.notice.emit)
        self.editing = Editing(display, self.selection, self.pasting)
        self.prompts = TerminalPrompts(display, self.scroller, self.typed, self.pasting.paste, self._needs_first_row)
        self.pointer = Pointer(
            display, self.links, self.selection, self.editing.paste_primary, self.prompts.move_cursor_to
        )
        self._wheel = Wheel(display, self.pointer)
        self.input_method = InputMethod(
            display, self.recipients, self.links, lambda: display.sink is not None and not self._is_mode_on
        )
        self.finder = TerminalFinder(display, self.scroller, self.selection, self.typed)
        self._reporter = TextReporter(display)
        self.accessible_text = TerminalText(display, self._reporter, self.selection)
        self.keyboard = Keyboard(
            {
                "copy": self.editing.copy,
                "deselect": self.selection.deselect,
                "paste": self.editing.paste,
                "paste_selection": self.editing.paste_primary_or_clipboard,
                "select_all": self.editing.select_all,
                "zoom_in": lambda: self.sizing.zoom(1),
                "zoom_out": lambda: self.sizing.zoom(-1),
                "reset_zoom": self.sizing.reset_zoom,
                "line_up": lambda: self.scroller.scroll_lines(-1),
                "line_down": lambda: self.scroller.scroll_lines(1),
                "page_up": lambda: self.scroller.scroll_pages(-1),
                "page_down": lambda: self.scroller.scroll_pages(1),
                "to_start": self.scroller.scroll_to_start,
                "to_end": self.scroller.scroll_to_end,
            }
        )
        self.context_menu = ContextMenu(display, self.links, self.prompts, self.editing)
        display.sink_changed.connect(self.input_method.cancel)
        display.replacing.connect(self._on_replacing)
        display.replaced.connect(self._on_replaced)
        self.sizing.laid_out.connect(display.on_laid_out)
        self.sizing.laid_out.connect(self.prompts.show_marks)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
        self.setAttribute(Qt.WidgetAttribute.WA_KeyCompression, on=False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.setAccessibleName(page_texts.TERMINAL())

    def accessible_interface(self) -> TextWidgetInterface:
        """The view's accessible interface."""
        return TextWidgetInterface(self, QAccessible.Role.Terminal, lambda: getattr(self, "accessible_text", None))

    # -- what is shown

    def set_theme(self, theme: TerminalTheme) -> None:
        """Use other colours."""
        self.scroller.set_theme(theme)
        self.display.set_theme(theme)

    @Slot()
    def _on_replacing(self) -> None:
        """Forget what belongs to the previous emulator, such as pressed buttons, drags and matches."""
        self.pointer.reset()
        self.selection.forget()
        self._leave_mode()
        self.finder.on_replaced()
        self.scroller.go_to_pending()

    @Slot()
    def _on_replaced(self) -> None:
        self.scroller.show_viewport()
        self._reporter.restart()

    def _before_frame(self) -> None:
        """Let a mode of the keyboard, or else the search, keep its place in view."""
        if self._is_mode_on:
            self.modes.before_frame()
        elif self.finder.is_finding:
            self.finder.before_frame()

    def _after_frame(self) -> None:
        self.scroller.after_frame()
        if self._modes is not None:
            self._modes.after_frame()
        self.selection.after_frame()
        self.links.update_hover()
        self._reporter.on_frame()
        self.prompts.after_frame()
        if self.finder.is_finding:
            self.finder.after_frame()

    def sizeHint(self) -> QSize:
        return self.sizing.hint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.sizing.on_resized()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.sizing.on_shown()
        self.display.on_shown()
        self.scroller.show_viewport()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.display.on_hidden()
        self.sizing.on_hidden()

    def paintEvent(self, event: QPaintEvent) -> None:
        self.display.paint(event.region())

    # -- keyboard

    @property
    def modes(self) -> KeyboardModes:
        """The keyboard's modes, created when one is first entered."""
        if self._modes is None:
            from .by_keyboard.modes import KeyboardModes

            self._modes = KeyboardModes(
                self.display,
                self.scroller,
                self.links,
                self.selection,
                self.prompts.finder.prompts,
                self.notice.emit,
                is_covered=lambda: self.finder.is_covering,
                on_change=self._on_mode,
                request_find=self.findRequested.emit,
            )
        return self._modes

    @property
    def _is_mode_on(self) -> bool:
        return self._modes is not None and self._modes.active is not None

    def _leave_mode(self) -> None:
        if self._modes is not None:
            self._modes.leave_in_place()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is _SHORTCUT_OVERRIDE:
            # An accepted key is delivered here, not to a shortcut: Tab, Escape, Ctrl and Alt with letters.
            takes_keys = self.display.sink is not None or self._is_mode_on
            if takes_keys and not self.keyboard.is_window_key(event):
                event.accept()
                return True
            return False
        if event.type() is _RATIO_CHANGE:
            self.sizing.measure()
        return super().event(event)

    def focusNextPrevChild(self, _next: bool) -> bool:
        """Keep Tab for the program."""
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        emulator, sink = self.display.emulator, self.recipients.input
        if self._is_mode_on and not self.keyboard.is_window_key(event):
            self.modes.press(event)
            return
        if self.keyboard.act_locally(event, emulator):
            return
        if self.keyboard.is_window_key(event):
            return  # A key of the window that does nothing at the moment.
        typed = self.keyboard.press(event, sink) if sink is not None else None
        QToolTip.hideText()  # Qt leaves it over the text that the user types.
        if typed is None:
            event.ignore()
        elif typed:
            self.links.hide_cursor()
            self.recipients.note_typed()
        if event.key() == _CONTROL:
            self.links.hover_soon(Qt.KeyboardModifier.ControlModifier)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        sink = self.recipients.input
        if sink is None or not self.keyboard.release(event, sink):
            event.ignore()
        if event.key() == _CONTROL:
            self.links.hover_soon(Qt.KeyboardModifier.NoModifier)

    def _on_typed(self) -> None:
        """Scroll to the bottom and clear the selection: text was typed here, or into this view from another one."""
        self._leave_mode()
        self.typed.emit()
        self._reporter.on_typed()
        self.scroller.pending = None
        self.display.blink.touch()
        self.pointer.on_typed()
        self.selection.deselect()
        if self.display.scrolled_back:
            self.scroller.scroll_to_end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.pointer.note_focus()
        self._on_focus(focused=True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.keyboard.forget_held()
        self.links.show_cursor(QPointF(-1, -1), Qt.KeyboardModifier.NoModifier)
        self._on_focus(focused=False)

    def _on_focus(self, *, focused: bool) -> None:
        self.display.set_focused(focused=focused)
        self._reporter.restart()
        if self.display.sink is not None:
            self.display.sink.focus(focused)
            if focused:
                self.sizing.claim()

    def _needs_first_row(self) -> bool:
        return self.finder.is_covering or self._is_mode_on

    # -- input methods

    def _on_mode(self) -> None:
        """A mode was entered or left; text can be composed for the program only while no mode is on."""
        self.input_method.cancel()
        self.prompts.show_marks()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self.input_method.apply(event)

    def inputMethodQuery(self, query: Qt.InputMethodQuery) -> Any:
        if query == Qt.InputMethodQuery.ImCursorRectangle:
            return self.display.logical_rect(self.display.surface.cursor_rect())
        answer = self.input_method.answer(query)
        return super().inputMethodQuery(query) if answer is None else answer

    # -- the mouse

    def acts_on_press(self, _point: QPointF, _button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a press at a point goes to the program."""
        return self.display.program_takes_mouse(modifiers)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.links.show_cursor(event.position(), event.modifiers())
        self._leave_mode()  # The user has changed to the mouse.
        self.pointer.press(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer.move(event)
        self.links.move(event.position(), event.modifiers(), is_dragging=bool(event.buttons()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.links.move(QPointF(-1, -1), Qt.KeyboardModifier.NoModifier)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.pointer.release(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.links.show_cursor(event.position(), event.modifiers())
        self._wheel.measure()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.sizing.zoom(self._wheel.zoom_steps(event))
        else:
            self.pointer.scroll(self._wheel.turn(event), event.position(), self.scroller.scroll_lines)
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the context menu at a right click, or paste, unless the program uses the mouse.

        The Menu key is the program's.
        """
        event.accept()
        if event.reason() != QContextMenuEvent.Reason.Mouse or self.display.program_takes_mouse(event.modifiers()):
            return
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if self.pointer.rules.right_click_pastes and self.display.sink is not None and not shift:
            self.editing.paste()
            return
        self.context_menu.open(QPointF(event.pos()), event.globalPos())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.pasting.takes(event.mimeData()):
            accept_as_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.pasting.paste_data(event.mimeData())
        accept_as_copy(event)
        self.activateWindow()
        self.setFocus()
