"""The terminal view: the screen with keyboard, mouse, input methods and clipboard. Key path, 1 of 16.

Qt's events arrive here; the InputSink receives their meaning as typed values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QImage,
    QInputMethodEvent,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QToolTip, QWidget

from gui.clipboard import reading
from gui.input.dragging import accept_as_copy
from gui.input.shortcuts import KeyOf, no_key, show_key
from gui.theme.menu import Menu
from gui.theme.terminal import TerminalTheme
from gui.theme.tooltips import set_tooltip
from gui.wording import common_texts, notice_texts, page_texts
from session_host.protocol.values import MODIFIER_KEYS, KeyAction
from session_host.terminal.base import Emulator

from .accessibility import TerminalText, TextReporter
from .finder import TerminalFinder
from .finding import line_search
from .input import clipboard
from .input.clipboard import Pasting
from .input.input_method import InputMethod
from .input.keyboard import Keyboard
from .input.pointer import MouseRules, Pointer, Wheel
from .input_sink import InputSink, TypedInput
from .links.link_pointer import FindFile, Link, LinkPointer
from .links.links import LinkRules, may_open
from .prompts.clicking import move_cursor_to
from .prompts.prompts import PromptFinder, TerminalPrompts
from .screen import TerminalScreen

if TYPE_CHECKING:
    from .by_keyboard.modes import KeyboardModes

_SHORTCUT_OVERRIDE = QEvent.Type.ShortcutOverride  # A key's path reads no attribute of an enum.
_CONTROL = Qt.Key.Key_Control.value


Receivers = Callable[[], "Sequence[TerminalView]"]
"""Returns the other views that get what is typed now."""


class TerminalView(TerminalScreen):
    """A terminal for interactive use: the screen with keyboard, mouse, input methods and clipboard.

    Attributes:
        machine: the name of the machine on which the program runs; "" for this one.
        finder: finds text in the history and on the screen.
        links: the links in the text, and which click opens them.
        modes: the keyboard's modes, which replace the mouse.
        accessible_text: the text in view, as screen readers get it.
        prompts: navigation to a shell's prompts, and their output.

    Signals (and those of TerminalScreen):
        linkActivated(str): the user opens an address of the text, with an allowed scheme.
        markedLinkActivated(str): the same of a link that the program set; its text may be another one.
        fileActivated(FileLocation): the user opens a file named in the text.
        notice(str): one line for the user.
        pasteNeedsConfirmation(str): the text is not pasted yet; `confirm_paste` pastes it.
        imagePasted(QImage): the user pasted or dropped an image, of which the window pastes a file's name.
        typed(): the user typed or pasted something.
        contextMenuBuilt(QMenu): the context menu was built; the window adds actions of its own.
        findRequested(): the user pressed the selecting mode's key that opens the find bar.
    """

    linkActivated = Signal(str)
    markedLinkActivated = Signal(str)
    fileActivated = Signal(object)
    notice = Signal(str)
    pasteNeedsConfirmation = Signal(str)
    imagePasted = Signal(QImage)
    typed = Signal()
    contextMenuBuilt = Signal(QMenu)
    findRequested = Signal()

    def __init__(self, theme: TerminalTheme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._key_of: KeyOf = no_key
        self.machine = ""
        self._receivers: Receivers | None = None
        self.links = LinkPointer(self, self.open_link)
        self._pointer = Pointer(self, self.links, self.paste_primary, self._move_cursor_to)
        self._wheel = Wheel(self, self._pointer)
        self._input_method = InputMethod(self, self._takes_text, self.commit)
        self._pasting = Pasting(
            self._receiver,
            self.is_paste_bracketed,
            self._takes_paths,
            self.pasteNeedsConfirmation,
            self.notice,
            self.imagePasted,
            self._on_typed,
        )
        self.finder = TerminalFinder(self, (self.scrolled, self.typed), self.select_cells)
        self._prompt_finder = PromptFinder()
        self._modes: KeyboardModes | None = None
        self._reporter = TextReporter(self)
        self.accessible_text = TerminalText(self, self._reporter, self.select_cells, self.deselect)
        self.prompts = TerminalPrompts(self, self._prompt_finder, self.typed, self.paste_text, self._needs_first_row)
        self._keyboard = Keyboard(
            {
                "copy": self.copy,
                "deselect": self.deselect,
                "paste": self.paste,
                "paste_selection": self.paste_primary_or_clipboard,
                "select_all": self.select_all,
                "zoom_in": lambda: self.zoom(1),
                "zoom_out": lambda: self.zoom(-1),
                "reset_zoom": self.reset_zoom,
                "line_up": lambda: self.scroll_lines(-1),
                "line_down": lambda: self.scroll_lines(1),
                "page_up": lambda: self.scroll_pages(-1),
                "page_down": lambda: self.scroll_pages(1),
                "to_start": self.scroll_to_start,
                "to_end": self.scroll_to_end,
            }
        )
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
        self.setAttribute(Qt.WidgetAttribute.WA_KeyCompression, on=False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.setAccessibleName(page_texts.TERMINAL())

    def set_viewer(self, viewer: InputSink | None) -> None:
        """Show a session and accept input for it; None for an empty page."""
        super().set_viewer(viewer)
        self._input_method.cancel()

    def show_emulator(self, emulator: Emulator | None) -> None:
        """Show a read-only screen, such as an ended session's."""
        super().show_emulator(emulator)
        self._input_method.cancel()

    @Slot()
    def on_replaced(self) -> None:
        """The emulator was replaced: repaint everything, and forget pressed buttons and drags."""
        self._pointer.reset()
        self._leave_mode()
        self.finder.on_replaced()
        super().on_replaced()
        self._reporter.restart()

    def _lay_out(self) -> None:
        super()._lay_out()
        self.prompts.show_marks()

    # -- keyboard

    @property
    def modes(self) -> KeyboardModes:
        """The keyboard's modes, created when one is first entered."""
        if self._modes is None:
            from .by_keyboard.modes import KeyboardModes

            self._modes = KeyboardModes(
                self,
                self.links,
                self._prompt_finder.prompts,
                self.notice.emit,
                is_covered=self._is_covered,
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

    def set_window_keys(self, texts: tuple[str, ...]) -> None:
        """Set the combinations that belong to the window, in QKeySequence's portable form."""
        self._keyboard.set_window_keys(texts)

    def set_ctrl_c_copies(self, *, enabled: bool) -> None:
        """Set whether Ctrl+C copies if text is selected."""
        self._keyboard.ctrl_c_copies = enabled

    def set_menu_keys(self, key_of: KeyOf) -> None:
        """Set the function that returns the keys for the context menu."""
        self._key_of = key_of

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is _SHORTCUT_OVERRIDE:
            # An accepted key is delivered here, not to a shortcut: Tab, Escape, Ctrl and Alt with letters.
            takes_keys = self.sink is not None or self._is_mode_on
            if takes_keys and not self._keyboard.is_window_key(event):
                event.accept()
                return True
            return False
        return super().event(event)

    def focusNextPrevChild(self, _next: bool) -> bool:
        """Keep Tab for the program."""
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        emulator, sink = self.emulator, self._receiver()
        if self._is_mode_on and not self._keyboard.is_window_key(event):
            self.modes.press(event)
            return
        if self._keyboard.act_locally(event, emulator):
            return
        if self._keyboard.is_window_key(event):
            return  # A key of the window that does nothing at the moment.
        typed = self._keyboard.press(event, sink) if sink is not None else None
        QToolTip.hideText()  # Qt leaves it over the text that the user types.
        if typed is None:
            event.ignore()
        elif typed:
            self.links.hide_cursor()
            self._on_typed()
        if event.key() == _CONTROL:
            self.links.hover_soon(Qt.KeyboardModifier.ControlModifier)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        sink = self._receiver()
        if sink is None or not self._keyboard.release(event, sink):
            event.ignore()
        if event.key() == _CONTROL:
            self.links.hover_soon(Qt.KeyboardModifier.NoModifier)

    def set_receivers(self, receivers: Receivers | None) -> None:
        """Set the other views that also get what is typed and pasted here; None for no others."""
        self._receivers = receivers

    def _receiver(self) -> TypedInput | None:
        """The receiver of what is typed and pasted; None if the screen is read-only."""
        sink = self.sink
        if self._receivers is None or sink is None:
            return sink
        return _Broadcast(sink, self._receivers())

    def is_paste_bracketed(self) -> bool:
        """Whether all receiving programs can distinguish a paste from typing."""
        others = self._receivers() if self._receivers is not None else ()
        emulators = [self.emulator, *(other.emulator for other in others)]
        return all(emulator is not None and emulator.modes.bracketed_paste for emulator in emulators)

    def _takes_paths(self) -> bool:
        """Whether all receiving programs run on this view's machine."""
        others = self._receivers() if self._receivers is not None else ()
        return all(other.machine == self.machine for other in others)

    @property
    def receiver_count(self) -> int:
        """The number of views that get what is typed here, with this one."""
        return 1 + (len(self._receivers()) if self._receivers is not None else 0)

    def _on_typed(self) -> None:
        """Typing scrolls to the bottom and clears the selection; the chat gets the size of this view."""
        self.on_broadcast()
        self.claim_size()

    def on_broadcast(self) -> None:
        """Scroll to the bottom and clear the selection: text was typed here, or into this view from another one."""
        self._leave_mode()
        self.typed.emit()
        self._reporter.on_typed()
        self.pending = None
        self._blink.touch()
        self._pointer.deselect()
        if self.scrolled_back:
            self.scroll_to_end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._pointer.note_focus()
        self._on_focus(focused=True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._keyboard.forget_held()
        self.links.show_cursor(QPointF(-1, -1), Qt.KeyboardModifier.NoModifier)
        self._on_focus(focused=False)

    def _on_focus(self, *, focused: bool) -> None:
        self.set_focused(focused=focused)
        self._reporter.restart()
        if self.sink is not None:
            self.sink.focus(focused)
            if focused:
                self.claim_size()

    def _needs_first_row(self) -> bool:
        return self.finder.is_covering or self._is_mode_on

    # -- input methods

    def _takes_text(self) -> bool:
        return self.sink is not None and not self._is_mode_on

    def commit(self, text: str) -> None:
        """Send a composed text to the program."""
        if (receiver := self._receiver()) is not None:
            receiver.text(text)
            self.links.hide_cursor()
            self._on_typed()

    def _on_mode(self) -> None:
        """A mode was entered or left; text can be composed for the program only while no mode is on."""
        self._input_method.cancel()
        self.prompts.show_marks()

    @property
    def composed_text(self) -> str:
        """The text that an input method composes at the cursor, "" for none."""
        return self._input_method.composed_text

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self._input_method.apply(event)

    def inputMethodQuery(self, query: Qt.InputMethodQuery) -> Any:
        if query == Qt.InputMethodQuery.ImCursorRectangle:
            return self.logical_rect(self.surface.cursor_rect())
        answer = self._input_method.answer(query)
        return super().inputMethodQuery(query) if answer is None else answer

    def _paint_frame(self, *, at_once: bool = False) -> bool:
        if self._modes is not None:
            self._modes.before_frame()
        if self.finder.is_finding and not self._is_mode_on:
            self.finder.before_frame()
        is_painted = super()._paint_frame(at_once=at_once)
        if self._modes is not None:
            self._modes.after_frame()
        self._pointer.after_frame()
        self.links.update_hover()
        self._reporter.on_frame()
        self.prompts.after_frame()
        if self.finder.is_finding:
            self.finder.after_frame()
        return is_painted

    def set_theme(self, theme: TerminalTheme) -> None:
        """Use other colours."""
        super().set_theme(theme)
        self.repaint_all()

    def _is_covered(self) -> bool:
        return self.finder.is_covering

    def scroll_to_row(self, row: int) -> None:
        """Scroll so that a row, counted from the oldest, is the first one, or the screen is shown."""
        super().scroll_to_row(row)
        if self._modes is not None:
            self._modes.on_scrolled()

    # -- the mouse

    def find_files_by(self, find: FindFile) -> None:
        """Set what finds the files that names in the text refer to."""
        self.links.files.find = find

    def set_links(self, rules: LinkRules) -> None:
        """Set which click opens a link, and what counts as a link."""
        self.links.rules = rules

    def set_mouse(self, rules: MouseRules) -> None:
        """Set what the mouse does."""
        self._pointer.rules = rules

    def open_link(self, link: Link) -> None:
        """Emit the signal for a link that the user opens, or a notice that says why it is not opened."""
        if link.file is not None:
            self.fileActivated.emit(link.file)
        elif may_open(link.uri):
            (self.markedLinkActivated if link.is_marked else self.linkActivated).emit(link.uri)
        else:
            self.notice.emit(notice_texts.NOT_A_LINK(address=link.tip))

    def acts_on_press(self, _point: QPointF, _button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a press at a point goes to the program."""
        return self.program_takes_mouse(modifiers)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.links.show_cursor(event.position(), event.modifiers())
        self._leave_mode()  # The user has changed to the mouse.
        self._pointer.press(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer.move(event)
        self.links.move(event.position(), event.modifiers(), is_dragging=bool(event.buttons()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.links.move(QPointF(-1, -1), Qt.KeyboardModifier.NoModifier)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pointer.release(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.links.show_cursor(event.position(), event.modifiers())
        self._wheel.measure()
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
        if event.reason() != QContextMenuEvent.Reason.Mouse or self.program_takes_mouse(event.modifiers()):
            return
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if self._pointer.rules.right_click_pastes and self.sink is not None and not shift:
            self.paste()
            return
        position, menu_point = QPointF(event.pos()), event.globalPos()
        self.links.when_known(position, lambda: self.context_menu(position).popup(menu_point))

    def context_menu(self, position: QPointF) -> QMenu:
        """The menu for a point; closing it deletes it."""
        menu = Menu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        emulator, link = self.emulator, self.links.link_at(position)
        if link is not None and link.is_known:
            is_file = link.file is not None
            title = page_texts.OPEN_FILE() if is_file else page_texts.OPEN_LINK()
            set_tooltip(menu.addAction(title, lambda: self.open_link(link)), link.tip)
            copy_title = page_texts.COPY_PATH() if is_file else page_texts.COPY_LINK()
            menu.addAction(copy_title, lambda: clipboard.copy_text(link.text))
            menu.addSeparator()
        copy = menu.addAction(common_texts.COPY(), self.copy)
        copy.setEnabled(emulator is not None and bool(emulator.selected_text()))
        paste = menu.addAction(common_texts.PASTE(), self.paste)
        # Whether there is a text on the clipboard is not asked: its owner may be busy, or the text be large.
        paste.setEnabled(self.sink is not None)
        select_all = menu.addAction(common_texts.SELECT_ALL(), self.select_all)
        select_all.setEnabled(emulator is not None)
        for action, name in ((copy, "copy"), (paste, "paste"), (select_all, "select_all")):
            show_key(action, self._key_of(name))
        self.prompts.extend_menu(menu, self.cell_at(position)[1], self._key_of)
        self.contextMenuBuilt.emit(menu)
        return menu

    # -- clipboard

    @Slot()
    def copy(self) -> None:
        """Put the selected text on the clipboard; the selection stays. Output may just have cleared it."""
        if self.emulator is not None:
            clipboard.copy_text(self.emulator.selected_text() or self._pointer.offered)

    @Slot()
    def paste(self) -> None:
        """Paste the clipboard: a text, the names of files, or the name of a file with the image."""
        reading.read(self, "clipboard", self._pasting.paste_data)

    def paste_primary(self) -> None:
        """Paste the primary selection."""
        reading.read(self, "selection", lambda data: self.paste_text(data.text()))

    def _move_cursor_to(self, cell: tuple[int, int]) -> None:
        if self.emulator is not None and self.sink is not None and not self.scrolled_back:
            move_cursor_to(self.emulator, self.sink, *cell)

    def paste_primary_or_clipboard(self) -> None:
        """Paste the primary selection; the clipboard, if nothing is selected or the window system has no selection."""

        def paste(selected: QMimeData) -> None:
            if text := selected.text():
                self.paste_text(text)
            else:
                self.paste()

        reading.read(self, "selection", paste)

    def paste_text(self, text: str) -> None:
        """Paste a text, ask for confirmation, or say why it cannot be pasted."""
        self._pasting.paste(text)

    def files_go_by(self, handle: Callable[[list[str]], object]) -> None:
        """Set what gets the files that the user pastes or drops, in place of typing their names."""
        self._pasting.on_files = handle

    def paste_files(self, files: Sequence[str]) -> None:
        """Paste the names of files, quoted for a shell."""
        self._pasting.paste_files(files)

    @Slot(str)
    def confirm_paste(self, text: str) -> None:
        """Paste a text as it is, after the user's confirmation."""
        self._pasting.paste_confirmed(text)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._pasting.takes(event.mimeData()):
            accept_as_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._pasting.paste_data(event.mimeData())
        accept_as_copy(event)
        self.activateWindow()
        self.setFocus()

    def show_line(self, text: str, spans: line_search.Spans) -> bool:
        """Scroll to the newest line with this text, and select what ``spans`` marks in it; False if there is none."""
        emulator = self.emulator
        if emulator is None or not line_search.show_line(emulator, text, spans):
            return False
        self.pending = None
        self._pointer.note_selection()
        self.request_frame()
        return True

    def select_cells(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Select between two cells of the viewport."""
        if self.emulator is not None:
            self.emulator.select(first, last, "cell")
            self._pointer.note_selection()
            if self._modes is not None:
                self._modes.selecting.go_to(*first)

    def deselect(self) -> None:
        """Clear the selection."""
        self._pointer.deselect()

    @Slot()
    def select_all(self) -> None:
        """Select the history and the screen."""
        if self.emulator is not None:
            self.emulator.select_all()
            self._pointer.offer_selection()
            self.request_frame()


class _Broadcast:
    """Keys, texts and pastes for several views. Each host encodes a key for its own program."""

    def __init__(self, own: TypedInput, receivers: Sequence[TerminalView]) -> None:
        """Set up the input; ``own`` is the sink of the view in which the user types."""
        self._own = own
        self._receivers = receivers

    def key(self, key: str, text: str, modifiers: int, action: KeyAction) -> None:
        """See ``TypedInput``."""
        self._own.key(key, text, modifiers, action)
        is_typed = action != KeyAction.RELEASE and key not in MODIFIER_KEYS
        self._give(lambda sink: sink.key(key, text, modifiers, action), is_typed=is_typed)

    def text(self, text: str) -> None:
        """See ``TypedInput``."""
        self._own.text(text)
        self._give(lambda sink: sink.text(text))

    def paste(self, text: str) -> None:
        """See ``TypedInput``."""
        self._own.paste(text)
        self._give(lambda sink: sink.paste(text))

    def _give(self, send: Callable[[InputSink], None], *, is_typed: bool = True) -> None:
        for receiver in self._receivers:
            if (sink := receiver.sink) is not None:
                send(sink)
                if is_typed:
                    receiver.on_broadcast()
