"""One open chat: the terminal, and what stands around it in each of the chat's states."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.sessions import words
from gui.sessions.chat import PATIENCE_MS, Chat
from gui.terminal.view import TerminalView
from gui.theme.follow import Theme
from gui.window.end_bar import EndBar
from gui.window.opening import directories_of
from gui.window.parts import Area
from gui.window.question import Question, QuestionSheet
from gui.window.state_bars import Notice, ReconnectingBar, TroubleLine
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import Emulator


class ChatPage(Area):
    """A tab's content.

    Signals:
        over_shown: the page of a chat that is over came to the front, or its chat ended in front.
        paste_asks: a paste needs the user's word (the text).
        link_wanted: an address in the terminal is to be opened.
        file_wanted: a file that the terminal names is to be opened (a FilePlace).
        notice_given: one line from the terminal for the user.
        zoomed: the user made the text larger or smaller (steps from the size that was set).
        settled: what the page shows is final for now: live, or the last screen of what is over.
        grid_changed: the terminal has room for another grid.
        refused, clipboard_offered: as the chat's.
    """

    over_shown = Signal()
    paste_asks = Signal(str)
    link_wanted = Signal(str)
    file_wanted = Signal(object)
    notice_given = Signal(str)
    zoomed = Signal(int)
    settled = Signal()
    grid_changed = Signal()
    refused = Signal(str)
    clipboard_offered = Signal(str)

    def __init__(self, theme: Theme, chat: Chat, load_screen: Callable[[Chat, ChatPage], None]) -> None:
        super().__init__("page")
        self._base_px = 0
        self._steps = 0
        self._theme = theme
        self.chat = chat
        self._load_screen = load_screen
        self._screen: Emulator | None = None
        self._screen_asked = False
        self._settled = False
        self._is_in_front = False
        self._told_over: tuple[str | None, bool] | None = None
        """By whom it was continued and whether its end was recorded, when that was last told."""
        self.grid = GridSize(0, 0)

        self.view = TerminalView(theme.terminal, self)
        self.setAccessibleName(chat.name)
        self.view.setAccessibleName(f"Terminal of {chat.name}")
        self.view.find_files_in(lambda: directories_of(chat.record.cwd))
        self.notice = Notice(self)
        self.end_bar = EndBar(theme)
        self.reconnecting = ReconnectingBar(theme, self)
        self.trouble = TroubleLine(theme, self)
        self.question = QuestionSheet(theme, self)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._say_what_is_waited_for)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.end_bar)
        self.notice.hide()
        self.end_bar.hide()
        self.setFocusProxy(self.view)

        self.view.pasteNeedsConfirmation.connect(self.paste_asks)
        self.view.linkActivated.connect(self.link_wanted)
        self.view.fileActivated.connect(self.file_wanted)
        self.view.notice.connect(self.notice_given)
        self.view.zoomChanged.connect(self._on_zoomed)
        self.view.gridResized.connect(self._on_grid)
        chat.damaged.connect(self.view.on_damage)
        chat.replaced.connect(self._on_replaced)
        chat.detaching.connect(self._on_detaching)
        chat.connection_changed.connect(self.refresh)
        chat.changed.connect(self._on_changed)
        chat.refused.connect(self.refused)
        chat.clipboard_offered.connect(self.clipboard_offered)
        self.question.closed.connect(self._on_question_closed)
        theme.changed.connect(self._dress)

    def _dress(self) -> None:
        self.view.set_theme(self._theme.terminal)

    # ------------------------------------------------------------ showing

    @property
    def is_settled(self) -> bool:
        """Live, or the last screen of what is over is there."""
        return self._settled

    def come_to_front(self) -> None:
        """The page is shown now: follow the output, or fetch the last screen."""
        self.chat.set_shown(True)
        self._is_in_front = True
        if not self.chat.is_over and (self.view.sink is None or self.view.sink is not self.chat.viewer):
            self.view.set_viewer(self.chat.viewer)
        self._told_over = None
        self.refresh()

    def paint_now(self) -> None:
        """Bring what the terminal shows to the screen before anything else is done, its host's work for it included."""
        if self.isVisible() and (self.view.emulator is not None or self.view.has_still):
            self.view.repaint()

    def leave_front(self) -> None:
        """Another page is shown."""
        self._patience.stop()
        self._is_in_front = False
        self.chat.set_shown(False)

    def rest(self) -> bool:
        """Nobody has looked for a while: give the memory of the terminal back, but for what was to be seen of it.

        Returns:
            Whether there was something to give back.
        """
        emulator = self.view.emulator
        if self._is_in_front or emulator is None or emulator.selected_text():
            return False
        self.view.keep_still()
        if self._screen is not None:
            self.view.set_viewer(None)
            self._screen.close()
            self._screen, self._screen_asked = None, False
        self.chat.rest()
        return self.view.emulator is None

    def dispose(self) -> None:
        """The tab is closed. The chat goes on without its output being followed."""
        self._patience.stop()
        self.question.put_away()
        self.view.set_viewer(None)
        self.chat.set_shown(False)
        self.chat.rest()
        if self._screen is not None:
            self._screen.close()
            self._screen = None
        self.chat.disconnect(self)
        self.hide()
        self.deleteLater()

    def refresh(self) -> None:
        """Show the chat's state as it is now."""
        self.trouble.say(self.chat.notice)
        state = "" if self.chat.connection is None else self.chat.connection.value
        over = self.chat.is_over or state == "failed"
        self.end_bar.setVisible(over)
        if over:
            self.question.put_away()
            self._show_end()
        elif state == "live" and self.chat.viewer is not None and self.chat.viewer.emulator is not None:
            self._patience.stop()
            self.reconnecting.hide()
            self.notice.hide()
            self._set_settled(settled=True)
        else:
            self._set_settled(settled=False)
            is_silent = self.reconnecting.isHidden() and self.notice.isHidden()
            if self._is_in_front and is_silent and not self._patience.isActive():
                self._patience.start()

    def _say_what_is_waited_for(self) -> None:
        """It takes long enough to be worth a word."""
        viewer = self.chat.viewer
        if self.chat.is_over or (self.chat.is_live and viewer is not None and viewer.emulator is not None):
            return
        if self.view.has_still or (viewer is not None and viewer.emulator is not None):
            self._lay_over(self.reconnecting)
            return
        record = self.chat.record
        again = self.chat.connection is not None and self.chat.connection == "reconnecting"
        self.notice.say(
            "Reconnecting…" if again else "Starting…",
            f"{self.chat.command} in {words.short_directory(record.cwd)}",
        )
        # It lies over the terminal, which keeps the keyboard: what is typed meanwhile is kept in order.
        self._lay_over(self.notice)

    def _show_end(self) -> None:
        self._patience.stop()
        self.reconnecting.hide()
        self.end_bar.describe(self.chat)
        self._tell_over()
        viewer = self.chat.viewer
        if viewer is not None and viewer.emulator is not None:
            # To be read, not typed into.
            if self.view.sink is not None or self.view.emulator is not viewer.emulator:
                self.view.show_emulator(viewer.emulator)
            self.notice.hide()
            self._set_settled(settled=True)
        elif self._screen is None and not self._screen_asked:
            self._screen_asked = True
            self._set_settled(settled=False)
            self.view.set_viewer(None)
            self._load_screen(self.chat, self)

    def show_screen(self, emulator: Emulator | None) -> None:
        """The last screen of an ended chat, None if none was kept."""
        self._screen = emulator
        if emulator is not None:
            self.view.show_emulator(emulator)
            self.notice.hide()
        else:
            self.notice.say("Nothing was kept of its last screen", "")
            self._lay_over(self.notice)
        self._set_settled(settled=True)

    def _on_detaching(self) -> None:
        """The replica goes; a screen of the page's own stays."""
        if self._screen is None:
            self.view.set_viewer(None)

    def _set_settled(self, *, settled: bool) -> None:
        self._settled = settled
        if settled:
            self.settled.emit()

    def _on_replaced(self) -> None:
        # Not connected to the view itself: PySide calls a slot that overrides another one after its object is deleted.
        self.view.on_replaced()
        self.refresh()

    def _on_changed(self) -> None:
        self.setAccessibleName(self.chat.name)
        self.view.setAccessibleName(f"Terminal of {self.chat.name}")
        self.trouble.say(self.chat.notice)
        if self.end_bar.isVisible():
            self.end_bar.describe(self.chat)
            self._tell_over()

    def _tell_over(self) -> None:
        now = self.chat.record.continued_by, self.chat.is_recorded
        if self._is_in_front and self.chat.is_over and now != self._told_over:
            self._told_over = now
            self.over_shown.emit()

    # ------------------------------------------------------------ size

    def set_font(self, family: str, base_px: int, steps: int) -> None:
        """The terminal's font, and by how many steps it is larger than set."""
        self._base_px, self._steps = base_px, 0
        self.view.set_font_family(family)
        self.view.set_font_size(base_px)
        self.set_zoom(steps)

    def set_zoom(self, steps: int) -> None:
        """Make the text this many steps larger than set."""
        by, self._steps = steps - self._steps, steps
        if by:
            self.view.zoom(by)

    def _on_zoomed(self, percent: int) -> None:
        steps = round(percent * self._base_px / 100) - self._base_px
        if steps != self._steps:
            self._steps = steps
            self.zoomed.emit(steps)

    def _on_grid(self, size: GridSize, _cell: CellSize) -> None:
        if not self.end_bar.isHidden():
            return  # The bar's room is that of a screen to be read; the next chat's grid is not so small.
        self.grid = size
        self.grid_changed.emit()

    @property
    def terminal_size(self) -> GridSize:
        """The size of the chat's terminal, which another viewer may have set; the page's own while none is known."""
        if self.chat.size_set is not None:
            return self.chat.size_set.size
        return self.grid if self.view.emulator is None else self.view.emulator.size

    def take_over_size(self) -> None:
        """Give the chat's terminal the size of this page."""
        self.focus_terminal()
        self.view.take_over_size()

    def ask(self, question: Question) -> None:
        """Ask the user about this chat; the question goes with the page, or when the chat ends."""
        self.question.ask(question)

    def _on_question_closed(self) -> None:
        if self._is_in_front and self.isVisible():
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def has_keyboard(self) -> bool:
        """Whether the keyboard is in its terminal, or in a question over it."""
        return self.view.hasFocus() or (self.question.is_open and self.question.isAncestorOf(self.focusWidget()))

    def focus_terminal(self) -> None:
        """Give the terminal the keyboard, or the question over it."""
        if self.question.is_open:
            self.question.take_keyboard()
        else:
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_overlays()

    def _lay_over(self, overlay: QWidget) -> None:
        self._place_overlays()
        overlay.show()
        overlay.raise_()

    def _place_overlays(self) -> None:
        self.reconnecting.setGeometry(0, 0, self.width(), self.reconnecting.HEIGHT_PX)
        bar = self.end_bar.sizeHint().height() if not self.end_bar.isHidden() else 0
        self.notice.setGeometry(0, 0, self.width(), max(self.height() - bar, 0))
        self.trouble.place(self.height() - bar)
