"""One open chat: its terminal, and the parts around it in each state."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.bridge.chat import PATIENCE_MS, Chat
from gui.terminal.links.file_lookup import directories_of
from gui.terminal.view import TerminalView
from gui.theme.follow import Theme
from gui.window.page.end_bar import EndBar
from gui.window.page.state_bars import Notice, ReconnectingBar, TroubleLine
from gui.window.sheets.question import Question, QuestionSheet
from gui.window.widgets.parts import Area, Late
from gui.wording import common_texts, page_texts, phrases
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import Emulator


class ChatPage(Area):
    """A tab's content.

    Signals:
        over_shown: the page of an ended chat came to the front, or its chat ended in front.
        paste_asks: a paste needs the user's confirmation (the text).
        link_wanted: the user opens an address in the terminal.
        file_wanted: the user opens a file named in the terminal (a FilePlace).
        notice_given: one line from the terminal for the user.
        zoomed: the user made the text larger or smaller (steps from the configured size).
        settled: the page shows the live terminal, or the last screen of an ended chat.
        grid_changed: the terminal has room for another grid size.
        end_bar_made: the end bar exists now; the receiver connects its signals.
        refused, clipboard_offered: the chat's signals, passed on.
    """

    over_shown = Signal()
    paste_asks = Signal(str)
    link_wanted = Signal(str)
    file_wanted = Signal(object)
    notice_given = Signal(str)
    zoomed = Signal(int)
    settled = Signal()
    grid_changed = Signal()
    end_bar_made = Signal(EndBar)
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
        """Last reported continuation and whether the exit was saved."""
        self.grid = GridSize(0, 0)

        self.view = TerminalView(theme.terminal, self)
        self.setAccessibleName(chat.name)
        self.view.setAccessibleName(page_texts.terminal_of(chat.name))
        self.view.find_files_in(lambda: directories_of(chat.record.cwd))
        self._notice = Late(lambda: Notice(self))
        self._end_bar = Late(self._make_end_bar)
        self._reconnecting = Late(lambda: ReconnectingBar(theme, self))
        self._trouble = Late(lambda: TroubleLine(theme, self))
        self._question = Late(self._make_question)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._say_what_is_waited_for)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.view, 1)
        self._column = layout
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
        theme.changed.connect(self._dress)

    def _dress(self) -> None:
        self.view.set_theme(self._theme.terminal)

    # ------------------------------------------------------------ parts that most pages never show

    @property
    def notice(self) -> Notice:
        """The text over an empty terminal."""
        return self._notice.get()

    @property
    def end_bar(self) -> EndBar:
        """The bar under the last screen of an ended chat."""
        return self._end_bar.get()

    @property
    def reconnecting(self) -> ReconnectingBar:
        """The line over a screen without a live connection."""
        return self._reconnecting.get()

    @property
    def trouble(self) -> TroubleLine:
        """The line that shows a problem of the chat."""
        return self._trouble.get()

    @property
    def question(self) -> QuestionSheet:
        """The question over the page."""
        return self._question.get()

    def _make_end_bar(self) -> EndBar:
        bar = EndBar(self._theme)
        self._column.addWidget(bar)
        bar.hide()
        self.end_bar_made.emit(bar)
        return bar

    def _make_question(self) -> QuestionSheet:
        question = QuestionSheet(self._theme, self)
        question.closed.connect(self._on_question_closed)
        return question

    # ------------------------------------------------------------ showing

    @property
    def is_settled(self) -> bool:
        """Whether the page shows the live terminal, or the last screen of an ended chat."""
        return self._settled

    def come_to_front(self) -> None:
        """Follow the output or fetch the last screen, since the page is shown now."""
        self.chat.set_shown(True)
        self._is_in_front = True
        if not self.chat.is_over and (self.view.sink is None or self.view.sink is not self.chat.viewer):
            self.view.set_viewer(self.chat.viewer)
        self._told_over = None
        self.refresh()

    def paint_now(self) -> None:
        """Repaint the terminal at once, before the event loop does other work."""
        if self.isVisible() and (self.view.emulator is not None or self.view.has_still):
            self.view.repaint()

    def leave_front(self) -> None:
        """Stop following the output, since another page is shown."""
        self._patience.stop()
        self._is_in_front = False
        self.chat.set_shown(False)

    def suspend(self) -> bool:
        """Free the memory of a terminal that was hidden for a while, except a picture of its visible part.

        Returns:
            Whether memory was freed.
        """
        emulator = self.view.emulator
        if self._is_in_front or emulator is None or emulator.selected_text():
            return False
        self.view.keep_still()
        if self._screen is not None:
            self.view.set_viewer(None)
            self._screen.close()
            self._screen, self._screen_asked = None, False
        self.chat.free_replica()
        return self.view.emulator is None

    def dispose(self) -> None:
        """Release everything after the tab was closed. The chat keeps running; its output is not followed."""
        self._patience.stop()
        self._withdraw_question()
        self.view.set_viewer(None)
        self.chat.set_shown(False)
        self.chat.free_replica()
        if self._screen is not None:
            self._screen.close()
            self._screen = None
        self.chat.disconnect(self)
        self.hide()
        self.deleteLater()

    def refresh(self) -> None:
        """Show the chat's current state."""
        self._tell_trouble()
        state = "" if self.chat.connection is None else self.chat.connection.value
        over = self.chat.is_over or state == "failed"
        if over:
            self.end_bar.show()
            self._withdraw_question()
            self._show_end()
            return
        self._end_bar.hide()
        if state == "live" and self.chat.viewer is not None and self.chat.viewer.emulator is not None:
            self._patience.stop()
            self._reconnecting.hide()
            self._notice.hide()
            self._set_settled(settled=True)
        else:
            self._set_settled(settled=False)
            is_silent = not (self._reconnecting.is_open or self._notice.is_open)
            if self._is_in_front and is_silent and not self._patience.isActive():
                self._patience.start()

    def _say_what_is_waited_for(self) -> None:
        """Show that the chat is starting or reconnecting, once that takes a while."""
        viewer = self.chat.viewer
        if self.chat.is_over or (self.chat.is_live and viewer is not None and viewer.emulator is not None):
            return
        if self.view.has_still or (viewer is not None and viewer.emulator is not None):
            self._lay_over(self.reconnecting)
            return
        record = self.chat.record
        again = self.chat.connection is not None and self.chat.connection == "reconnecting"
        self.notice.show_text(
            page_texts.reconnecting() if again else common_texts.starting(),
            page_texts.command_in(self.chat.command, phrases.short_directory(record.cwd)),
        )
        # The notice covers the terminal, which keeps the keyboard focus: typed text is kept in order.
        self._lay_over(self.notice)

    def _show_end(self) -> None:
        self._patience.stop()
        self._reconnecting.hide()
        self.end_bar.describe(self.chat)
        self._tell_over()
        viewer = self.chat.viewer
        if viewer is not None and viewer.emulator is not None:
            # Read-only.
            if self.view.sink is not None or self.view.emulator is not viewer.emulator:
                self.view.show_emulator(viewer.emulator)
            self._notice.hide()
            self._set_settled(settled=True)
        elif self._screen is None and not self._screen_asked:
            self._screen_asked = True
            self._set_settled(settled=False)
            self.view.set_viewer(None)
            self._load_screen(self.chat, self)

    def show_screen(self, emulator: Emulator | None) -> None:
        """Show the last screen of an ended chat; None if no screen was saved."""
        self._screen = emulator
        if emulator is not None:
            self.view.show_emulator(emulator)
            self._notice.hide()
        else:
            self.notice.show_text(page_texts.no_screen(), "")
            self._lay_over(self.notice)
        self._set_settled(settled=True)

    def _on_detaching(self) -> None:
        """Stop showing the replica; a loaded last screen stays."""
        if self._screen is None:
            self.view.set_viewer(None)

    def _set_settled(self, *, settled: bool) -> None:
        self._settled = settled
        if settled:
            self.settled.emit()

    def _on_replaced(self) -> None:
        # Not connected to the view directly: PySide calls an overriding slot even after its object is deleted.
        self.view.on_replaced()
        self.refresh()

    def _on_changed(self) -> None:
        self.setAccessibleName(self.chat.name)
        self.view.setAccessibleName(page_texts.terminal_of(self.chat.name))
        self._tell_trouble()
        if self._end_bar.is_open and self.isVisible():
            self.end_bar.describe(self.chat)
            self._tell_over()

    def _tell_trouble(self) -> None:
        if self.chat.notice or self._trouble.made is not None:
            self.trouble.show_text(self.chat.notice)

    def _tell_over(self) -> None:
        now = self.chat.record.continued_by, self.chat.is_recorded
        if self._is_in_front and self.chat.is_over and now != self._told_over:
            self._told_over = now
            self.over_shown.emit()

    # ------------------------------------------------------------ size

    def set_font(self, family: str, base_px: int, steps: int) -> None:
        """Set the terminal's font, and the zoom in steps from the configured size."""
        self._base_px, self._steps = base_px, 0
        self.view.set_font_family(family)
        self.view.set_font_size(base_px)
        self.set_zoom(steps)

    def set_zoom(self, steps: int) -> None:
        """Set the zoom in steps from the configured size."""
        by, self._steps = steps - self._steps, steps
        if by:
            self.view.zoom(by)

    def _on_zoomed(self, percent: int) -> None:
        steps = round(percent * self._base_px / 100) - self._base_px
        if steps != self._steps:
            self._steps = steps
            self.zoomed.emit(steps)

    def _on_grid(self, size: GridSize, _cell: CellSize) -> None:
        if self._end_bar.is_open:
            return  # The end bar makes the terminal smaller; the grid for the next chat has no such bar.
        self.grid = size
        self.grid_changed.emit()

    @property
    def terminal_size(self) -> GridSize:
        """The size of the chat's terminal, which another viewer may have set; the page's own size if unknown."""
        if self.chat.size_set is not None:
            return self.chat.size_set.size
        return self.grid if self.view.emulator is None else self.view.emulator.size

    def take_over_size(self) -> None:
        """Give the chat's terminal the size of this page."""
        self.focus_terminal()
        self.view.take_over_size()

    def ask(self, question: Question) -> None:
        """Ask the user about this chat; the question closes with the page, or when the chat ends."""
        self.question.ask(question)

    @property
    def is_question_open(self) -> bool:
        """Whether the page shows a question."""
        return self._question.is_open

    def _withdraw_question(self) -> None:
        if self.is_question_open:
            self.question.put_away()

    def _on_question_closed(self) -> None:
        if self._is_in_front and self.isVisible():
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def has_keyboard(self) -> bool:
        """Whether the terminal, or the question over it, has the keyboard focus."""
        return self.view.hasFocus() or (self.is_question_open and self.question.isAncestorOf(self.focusWidget()))

    def focus_terminal(self) -> None:
        """Give the keyboard focus to the question, if one is open, else to the terminal."""
        if self.is_question_open:
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
        bar_px = self.end_bar.sizeHint().height() if self._end_bar.is_open else 0
        if self._reconnecting.made is not None:
            self.reconnecting.setGeometry(0, 0, self.width(), ReconnectingBar.HEIGHT_PX)
        if self._notice.made is not None:
            self.notice.setGeometry(0, 0, self.width(), max(self.height() - bar_px, 0))
        if self._trouble.made is not None:
            self.trouble.place(self.height() - bar_px)
