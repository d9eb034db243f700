"""The page of an open chat: its content, and the parts around it in each state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout

from gui.bridge.chat import Look
from gui.finding.query import FindQuery
from gui.garbage import delete
from gui.input.keys import is_text
from gui.theme.theme import Theme
from gui.window.sheets.question import QuestionSheet
from gui.window.widgets.parts import Area, LazyWidget
from gui.wording import page_texts
from session_host.standing.status import is_suspended

from .bars import PageBars
from .find_bar import FindBar, query_on_line
from .terminal_content import TerminalContent

if TYPE_CHECKING:
    from gui.bridge.search import Query
    from gui.chat.view import ChatView
    from gui.terminal.input.editing import Editing

    from .sleep_bar import SleepBar
    from .structured_content import StructuredContent


class ChatPage(Area):
    """A tab's page: the chat's content, and the parts around it in each state of the chat.

    Attributes:
        chat: the chat; ``source``: the viewer that this page shows.
        content: the terminal or the transcript.
        bars: the bars around the content.
        is_disposed: whether everything was released.

    Signals:
        end_shown: the end of the chat became visible.
        settled: the page shows the live chat, or the saved end of an ended one.
        refused: the host refused an input (an InputRefused).
        rename_requested: the user renames the chat by F2, which no program gets.
    """

    end_shown = Signal()
    settled = Signal()
    refused = Signal(object)
    rename_requested = Signal()

    is_disposed = True
    """Of a page whose attributes were cleared with its widget: a task that waited for something may still ask."""

    def __init__(self, theme: Theme, source: Look) -> None:
        super().__init__("page")
        self._theme = theme
        self.source = source
        self.chat = chat = source.chat
        self._settled = False
        self._is_in_front = self.is_disposed = False
        self._reported_end: tuple[str | None, bool] | None = None
        """Last reported continuation and whether the exit was saved."""

        self.setAccessibleName(chat.full_name)
        self._question = LazyWidget(self._make_question)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._column = layout

    def set_content(self, content: TerminalContent | StructuredContent) -> None:
        """Show this content, and follow the chat; called once, before the page is shown."""
        self.content: TerminalContent | StructuredContent = content
        self._column.addWidget(content.view, 1)
        self.bars = PageBars(self._theme, self, self._column, content, self._is_starting)
        if self.terminal is not None:
            self.bars.continue_requested.connect(self.terminal.continue_program)
        self.setFocusProxy(content.view)
        source = self.source
        source.connection_changed.connect(self.refresh)
        self.chat.changed.connect(self._on_changed)
        source.replaced.connect(self._on_replaced)
        source.damaged.connect(self._end_start)
        source.detaching.connect(content.on_detaching)
        source.refused.connect(self.refused)

    @property
    def terminal(self) -> TerminalContent | None:
        """The content of a chat in a terminal; None for a structured chat."""
        return self.content if isinstance(self.content, TerminalContent) else None

    @property
    def structured(self) -> StructuredContent | None:
        """The content of a structured chat; None for a chat in a terminal."""
        return None if isinstance(self.content, TerminalContent) else self.content

    @property
    def question(self) -> QuestionSheet:
        """The question over the page."""
        return self._question.get()

    def _make_question(self) -> QuestionSheet:
        question = QuestionSheet(self._theme, self)
        question.closed.connect(self._on_question_closed)
        for signal in (question.opened, question.placed, question.closed):
            signal.connect(self.bars.moved)
        return question

    # ------------------------------------------------------------ showing

    @property
    def is_settled(self) -> bool:
        """Whether the page shows the live terminal, or the last screen of an ended chat."""
        return self._settled

    def come_to_front(self) -> None:
        """Follow the output, or load the last screen, because the page is now in front."""
        self.source.set_shown(True)
        self._is_in_front = True
        self.content.set_in_front(is_in_front=True)
        if not self.chat.has_ended:
            self.content.attach()
        self._reported_end = None
        self.refresh()

    def leave_front(self) -> None:
        """Stop following the output, because another page is in front."""
        self.bars.waiting.stop()
        self._is_in_front = False
        self.content.set_in_front(is_in_front=False)
        self.source.set_shown(False)
        if self.source is not self.chat.looks.first:
            self.content.suspend()  # The chat's other page sets the size again.

    def dispose(self) -> None:
        """Release everything after the tab was closed. The chat keeps running; its output is not followed."""
        self.is_disposed = True
        self.bars.waiting.stop()
        self._withdraw_question()
        self.content.release()
        if self.bars.sleep.widget is not None:
            self.bars.sleep.widget.release()
        self.chat.disconnect(self)
        for receiver in (self, self.content):
            self.source.disconnect(receiver)
        self.source.release()
        self.hide()
        delete(self, self.bars)

    def refresh(self) -> None:
        """Show the chat's current state."""
        self._show_problem()
        state = "" if self.source.connection is None else self.source.connection.value
        over = self.chat.has_ended or state == "failed"
        if over:
            self._withdraw_question()
            self._show_end()
            return
        self.bars.end.hide()
        self.bars.sleep.hide()
        self._place_keyboard()
        if state == "live" and self.content.has_replica:
            if self.bars.waiting.is_needed:
                self.bars.waiting.wait()
            else:
                self.bars.waiting.end()
            self._set_settled(settled=True)
        else:
            self._set_settled(settled=False)
            if self._is_in_front:
                self.bars.waiting.wait()

    def _show_end(self) -> None:
        self.bars.waiting.end(keep_notice=not self.content.has_replica)
        self._describe_end()
        self._report_end()
        if self.content.has_replica:
            self.content.show_last_replica()
            self._set_settled(settled=True)
        elif self.content.fetch_saved():
            self._set_settled(settled=False)

    def _describe_end(self) -> None:
        """Show how the chat ended, or that it is asleep."""
        sleeps = self.chat.record.outcome.was_put_to_sleep
        (self.bars.end if sleeps else self.bars.sleep).hide()
        bar = self.bars.sleep.get() if sleeps else self.bars.end.get()
        bar.describe(self.chat)
        bar.show()
        self._place_keyboard()

    def _place_keyboard(self) -> None:
        """Let what is typed into the page go into the text that wakes the chat, if it is asleep in a terminal."""
        bar = self.bars.sleep.get() if self.bars.sleep.is_open else None
        self.content.set_writer(bar)
        place = bar.field if bar is not None and bar.field is not None else self.content.view
        if self.focusProxy() is not place:
            had_keyboard = self.has_keyboard and not (self.bars.find.is_open and self.bars.find.get().has_keyboard)
            self.setFocusProxy(place)
            if had_keyboard and not self.is_question_open:
                place.setFocus(Qt.FocusReason.OtherFocusReason)

    def on_saved_shown(self, *, found: bool) -> None:
        """The saved end of the chat is shown; ``found``: whether one was saved."""
        self.bars.waiting.end()
        if not found:
            self.bars.waiting.show_notice(page_texts.NO_SCREEN(), "")
        self._set_settled(settled=True)

    def on_saved_waited_for(self) -> None:
        """The saved end of the chat is on a machine that cannot be reached."""
        name = self.chat.machine.name
        self.bars.waiting.show_notice(
            page_texts.UNREACHABLE(machine=name), page_texts.LAST_SHOWN_WHEN_BACK(machine=name)
        )

    def _set_settled(self, *, settled: bool) -> None:
        self._settled = settled
        if settled:
            self.settled.emit()

    def _on_replaced(self) -> None:
        self.content.on_replaced()
        self.refresh()

    def _is_starting(self) -> bool:
        """Whether the agent starts in an empty terminal."""
        return self.chat.is_starting and self.content.is_blank

    def _end_start(self) -> None:
        """Say no more that the agent starts once it has written or reported something."""
        if self.bars.waiting.is_for_start and not self._is_starting():
            self.refresh()

    def _on_changed(self) -> None:
        self.setAccessibleName(self.chat.full_name)
        self.content.on_changed()
        self._show_problem()
        self._end_start()
        self.bars.waiting.update()
        if (self.bars.end.is_open or self.bars.sleep.is_open) and self.isVisible():
            self._describe_end()
            self._report_end()

    def _show_problem(self) -> None:
        text, action = self.chat.notice, ""
        if self.terminal is not None and is_suspended(self.chat.record):
            text, action = page_texts.SUSPENDED(), page_texts.CONTINUE_SUSPENDED()
        self.bars.show_problem(text, action)

    def _report_end(self) -> None:
        now = self.chat.record.entry.continued_by, self.chat.is_recorded
        if self._is_in_front and self.chat.has_ended and now != self._reported_end:
            self._reported_end = now
            self.end_shown.emit()

    # ------------------------------------------------------------ find, questions and the keyboard

    def show_line(self, text: str, query: Query) -> bool:
        """Show a line that a search found, and find its words in the page; returns whether the line exists."""
        is_found = self.content.show_line(text, query)
        if is_found:
            self.open_find(query_on_line(query, text), text)
        return is_found

    def open_find(self, query: FindQuery | None = None, line: str = "") -> None:
        """Open the find bar; see ``FindBar.open_find``."""
        if not self.is_question_open:
            self.bars.find.get().open_find(query, line)

    @property
    def edited(self) -> FindBar | SleepBar | Editing | ChatView:
        """The target of copy and paste: the find bar while it has the keyboard focus, else the view.

        Of a chat that is asleep in a terminal it is the text that wakes it, with the last screen.
        """
        bar = self.bars.find.widget
        if bar is not None and bar.has_keyboard:
            return bar
        sleep = self.bars.sleep.get() if self.bars.sleep.is_open else None
        return sleep if sleep is not None and sleep.field is not None else self.content.edited

    @property
    def is_question_open(self) -> bool:
        """Whether the page shows a question."""
        return self._question.is_open

    def _withdraw_question(self) -> None:
        if self.is_question_open:
            self.question.dismiss()

    def _on_question_closed(self) -> None:
        if self._is_in_front and self.isVisible() and self.has_keyboard:  # Hidden, the question still has it.
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def has_keyboard(self) -> bool:
        """Whether a part of the page has the window's keyboard focus."""
        return self.isAncestorOf(self.window().focusWidget())  # Its own ``focusWidget()`` may have lost the focus.

    def acts_on_press(self, _point: QPointF, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a press on the page's bars, questions or prompt box may answer."""
        return button == Qt.MouseButton.LeftButton

    def focus_content(self) -> None:
        """Give the keyboard focus to the question, if one is open, else to where the user types."""
        if self.is_question_open:
            self.question.take_focus()
        else:
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.bars.place()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F2 and not event.modifiers():
            self.rename_requested.emit()
        elif not (self._write_instead(event) or self.content.press(event)):
            super().keyPressEvent(event)

    def _write_instead(self, event: QKeyEvent) -> bool:
        """Type a key that the last screen has left into the text that wakes the chat; returns whether it was typed."""
        place = self.focusProxy()
        has_modifiers = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier)
        if place is None or place is self.content.view or place.hasFocus() or has_modifiers:
            return False
        if not event.text() or not is_text(event.text()):
            return False
        place.setFocus(Qt.FocusReason.OtherFocusReason)
        return QCoreApplication.sendEvent(place, event.clone())
