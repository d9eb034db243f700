"""The terminal view: the screen with keyboard, mouse, input methods and clipboard. Key path, 1 of 14.

Qt's events arrive here; the InputSink receives their meaning as typed values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QMimeData, QPointF, QRect, Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFocusEvent, QImage, QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import QMenu, QToolTip, QWidget

from gui.clipboard import reading
from gui.input.dropping import accept_as_copy
from gui.input.shortcuts import KeyOf, no_key
from gui.theme.terminal import TerminalTheme
from gui.wording import page_texts
from session_host.terminal.base import Emulator

from .accessibility import TerminalText, TextReporter
from .by_keyboard.modes import KeyboardModes
from .context_menu import context_menu
from .finder import TerminalFinder
from .finding import line_search
from .input import clipboard
from .input.clipboard import Pasting
from .input.input_method import InputMethod
from .input.input_sink import Broadcast, InputSink, Receivers, TypedInput
from .input.keyboard import Keyboard
from .pointing import PointingScreen
from .prompts.clicking import move_cursor_to
from .prompts.prompt_finder import PromptFinder
from .prompts.prompts import TerminalPrompts

_SHORTCUT_OVERRIDE = QEvent.Type.ShortcutOverride  # A key's path reads no attribute of an enum.
_CONTROL = Qt.Key.Key_Control.value


class TerminalView(PointingScreen):
    """A terminal for interactive use.

    Attributes:
        finder: finds text in the history and on the screen.
        modes: the keyboard's modes, which replace the mouse.
        accessible_text: the text in view, as screen readers get it.
        prompts: navigation to a shell's prompts, and their output.

    Signals (and those of PointingScreen):
        pasteNeedsConfirmation(str): the text is not pasted yet; `confirm_paste` pastes it.
        imagePasted(QImage): the user pasted or dropped an image, of which the window pastes a file's name.
        typed(): the user typed or pasted something.
        contextMenuBuilt(QMenu): the context menu was built; the window adds actions of its own.
        findRequested(): the user pressed the selecting mode's key that opens the find bar.
    """

    pasteNeedsConfirmation = Signal(str)
    imagePasted = Signal(QImage)
    typed = Signal()
    contextMenuBuilt = Signal(QMenu)
    findRequested = Signal()

    def __init__(self, theme: TerminalTheme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._key_of: KeyOf = no_key
        self._receivers: Receivers | None = None
        self._input_method = InputMethod(self, self._surface)
        self._pasting = Pasting(self, self.pasteNeedsConfirmation, self.notice, self.imagePasted, self._on_typed)
        self.finder = TerminalFinder(self, self._surface, (self.scrolled, self.typed), self)
        prompt_finder = PromptFinder()
        self.modes = KeyboardModes(
            self, self._surface, prompt_finder.prompts, self._links.files, self,
            scrolled=self.scrolled, notice=self.notice, find_requested=self.findRequested,
        )  # fmt: skip
        self._reporter = TextReporter(self, self._surface)
        self.accessible_text = TerminalText(self, self._surface, self._reporter)
        self.prompts = TerminalPrompts(self, self._surface, prompt_finder, self)
        self._keyboard = Keyboard({
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
        })  # fmt: skip
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
        self.modes.leave_in_place()
        self.finder.on_replaced()
        super().on_replaced()
        self._reporter.restart()

    def _lay_out(self) -> None:
        super()._lay_out()
        self.prompts.show_marks()

    # -- keyboard

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
            takes_keys = self._sink is not None or self.modes.active is not None
            if takes_keys and not self._keyboard.is_window_key(event):
                event.accept()
                return True
            return False
        return super().event(event)

    def focusNextPrevChild(self, _next: bool) -> bool:
        """Keep Tab for the program."""
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        emulator, sink = self.emulator, self.typed_input
        if self.modes.active is not None and not self._keyboard.is_window_key(event):
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
            self._links.hide_cursor()
            self._on_typed()
        if event.key() == _CONTROL:
            self._links.hover_soon(Qt.KeyboardModifier.ControlModifier)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        sink = self.typed_input
        if sink is None or not self._keyboard.release(event, sink):
            event.ignore()
        if event.key() == _CONTROL:
            self._links.hover_soon(Qt.KeyboardModifier.NoModifier)

    def set_receivers(self, receivers: Receivers | None) -> None:
        """Set the other views that also get what is typed and pasted here; None for no others."""
        self._receivers = receivers

    @property
    def typed_input(self) -> TypedInput | None:
        """The receiver of what is typed and pasted; None if the screen is read-only."""
        if self._receivers is None or self._sink is None:
            return self._sink
        return Broadcast(self._sink, self._receivers())

    @property
    def is_paste_bracketed(self) -> bool:
        """Whether all receiving programs can distinguish a paste from typing."""
        others = self._receivers() if self._receivers is not None else ()
        emulators = [self.emulator, *(other.emulator for other in others)]
        return all(emulator is not None and emulator.modes.bracketed_paste for emulator in emulators)

    @property
    def receiver_count(self) -> int:
        """The number of views that get what is typed here, with this one."""
        return 1 + (len(self._receivers()) if self._receivers is not None else 0)

    def _on_typed(self) -> None:
        """Typing scrolls to the bottom and clears the selection; the chat gets the size of this view."""
        self.on_broadcast()
        self._size_reporter.claim()

    def on_broadcast(self) -> None:
        """Scroll to the bottom and clear the selection: text was typed here, or into this view from another one."""
        self.modes.leave_in_place()
        self.typed.emit()
        self._reporter.on_typed()
        self._scrolling.pending = None
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
        self._links.show_cursor(QPointF(-1, -1), Qt.KeyboardModifier.NoModifier)
        self._on_focus(focused=False)

    def _on_focus(self, *, focused: bool) -> None:
        self.set_focused(focused=focused)
        self._reporter.restart()
        if self._sink is not None:
            self._sink.focus(focused)
            if focused:
                self._size_reporter.claim()

    def needs_first_row(self) -> bool:
        """Whether nothing may cover the first row: the find bar is open, or the keyboard has a mode."""
        return self.finder.is_covering or self.modes.active is not None

    def typed_areas(self) -> list[QRect]:
        """The rows that the user types into."""
        typed = self._logical_rect(self._surface.typed_rect())
        return [] if typed.isEmpty() else [typed]

    # -- input methods

    @property
    def takes_text(self) -> bool:
        """Whether composed text goes to the program."""
        return self._sink is not None and self.modes.active is None

    def commit(self, text: str) -> None:
        """Send a composed text to the program."""
        if (receiver := self.typed_input) is not None:
            receiver.text(text)
            self._links.hide_cursor()
            self._on_typed()

    @Slot()
    def mode_changed(self) -> None:
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
            return self._logical_rect(self._surface.cursor_rect())
        answer = self._input_method.answer(query)
        return super().inputMethodQuery(query) if answer is None else answer

    def _paint_frame(self, *, at_once: bool = False) -> None:
        self.modes.before_frame()
        if self.finder.is_finding and self.modes.active is None:
            self.finder.before_frame()
        super()._paint_frame(at_once=at_once)
        self.modes.after_frame()
        self._pointer.after_frame()
        self._links.update_hover()
        self._reporter.on_frame()
        self.prompts.after_frame()
        if self.finder.is_finding:
            self.finder.after_frame()

    def set_theme(self, theme: TerminalTheme) -> None:
        """Use other colours."""
        super().set_theme(theme)
        self.finder.redraw()

    @property
    def is_covered(self) -> bool:
        """Whether the find bar covers a part of the view."""
        return self.finder.is_covering

    def scroll_to_row(self, row: int) -> None:
        """Scroll so that a row, counted from the oldest, is the first one, or the screen is shown."""
        super().scroll_to_row(row)
        self.modes.on_scrolled()

    # -- the mouse, see ``PointingScreen``

    def before_click(self) -> None:
        """End the keyboard's mode: the user has changed to the mouse."""
        self.modes.leave_in_place()

    def context_menu(self, position: QPointF) -> QMenu:
        """The menu for a point; closing it deletes it."""
        menu = context_menu(self, self.link_at(position), self._key_of, self)
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

    def move_cursor_to(self, cell: tuple[int, int]) -> None:
        """Move the cursor of a shell's command line to a cell, if that is in it."""
        if self.emulator is not None and self._sink is not None and not self.scrolled_back:
            move_cursor_to(self.emulator, self._sink, *cell)

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
        self._scrolling.pending = None
        self._pointer.note_selection()
        self.request_frame()
        return True

    def select_cells(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Select between two cells of the viewport."""
        if self.emulator is not None:
            self.emulator.select(first, last, "cell")
            self._pointer.note_selection()
            self.modes.selecting.go_to(*first)

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
