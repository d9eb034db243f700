"""One open chat: its view, and the parts around it in each state."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QPointF, QRect, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.bridge.chat import PageViewer
from gui.bridge.search import Query
from gui.finding.query import Finder, FindQuery
from gui.garbage import delete
from gui.input.shortcuts import KeyOf
from gui.terminal.links.links import LinkRules
from gui.theme.terminal import TerminalFont
from gui.theme.theme import Theme
from gui.window.sheets.question import Question, QuestionSheet
from gui.window.widgets.parts import Area, LazyWidget
from gui.wording import page_texts
from session_host.protocol.messages import InputRefused

from .end_bar import EndBar
from .find_bar import FindBar, query_on_line
from .state_bars import ProblemLine, Waiting


class PageEdit(Protocol):
    """A part of a page with text."""

    def copy(self) -> None:
        """Put the selected text on the clipboard."""

    def paste(self) -> None:
        """Paste the clipboard."""

    def select_all(self) -> None:
        """Select everything."""


class PagePrompts(Protocol):
    """The prompts of a page: a shell's, or the user's to an agent."""

    def go(self, by: int) -> None:
        """Go to the prompt before (-1) or after (1)."""

    def has_listed(self) -> bool:
        """Whether there are commands, or prompts to an agent, for a list."""

    def copy_output(self) -> None:
        """Put the output of a command, or an answer, on the clipboard."""


class PageView(PageEdit, Protocol):
    """The view of a page."""

    def set_menu_keys(self, key_of: KeyOf) -> None:
        """Set the function that returns the keys of the window's actions, for context menus."""

    def set_links(self, rules: LinkRules) -> None:
        """Set which click opens a link, and whether names of files are links."""

    def scroll_lines(self, lines: int) -> None:
        """Scroll down, or back with negative lines."""

    def scroll_pages(self, pages: int) -> None:
        """Scroll by whole pages."""

    def scroll_to_start(self) -> None:
        """Scroll to the beginning."""

    def scroll_to_end(self) -> None:
        """Scroll to the newest."""

    def typed_areas(self) -> list[QRect]:
        """The parts of the page that the user types into; notices do not cover them."""

    @property
    def prompts(self) -> PagePrompts:
        """The prompts and their outputs."""


class ChatPage(Area):
    """A tab's content: a chat's view, which a subclass makes, and the parts around it.

    Attributes:
        chat: the chat; ``source``: the viewer that this page shows.
        content: the view as a widget; ``handle``: the same view, as the window's actions use it.
        waiting: the bar or notice while the chat is not live.

    Signals:
        end_shown: the end of the chat became visible.
        link_requested: the user opens an address in the text.
        marked_link_requested: the user opens an address that the program attached to a text (OSC 8).
        file_requested: the user opens a file named in the view (a FileLocation; its path is absolute, or relative
            to the chat's directory).
        changes_requested: the user opens the window with the changes of the chat's directory.
        notice_given: one line from the view for the user.
        zoomed: the user made the text larger or smaller (steps from the configured size).
        settled: the page shows the live chat, or the saved end of an ended one.
        end_bar_made: the end bar was created; the receiver connects its signals.
        refused: the host refused an input (its message).
        resume_requested: the user sent a prompt to the ended chat (a Draft).
        find_used: the user searched for something else in the chat.
        bars_moved: bars or a question cover another part of the page, or no part.
    """

    end_shown = Signal()
    link_requested = Signal(str)
    marked_link_requested = Signal(str)
    file_requested = Signal(object)
    changes_requested = Signal()
    notice_given = Signal(str)
    zoomed = Signal(int)
    settled = Signal()
    end_bar_made = Signal(EndBar)
    refused = Signal(str)
    resume_requested = Signal(object)
    find_used = Signal()
    bars_moved = Signal()

    def __init__(self, theme: Theme, source: PageViewer) -> None:
        super().__init__("page")
        self._theme = theme
        self.source = source
        self.chat = chat = source.chat
        self._settled = False
        self._is_in_front = False
        self._reported_end: tuple[str | None, bool] | None = None
        """Last reported continuation and whether the exit was saved."""

        self.setAccessibleName(chat.name)
        self._end_bar = LazyWidget(self._make_end_bar)
        self._problem_line = LazyWidget(lambda: ProblemLine(theme, self, self.handle.typed_areas, self._act_on_problem))
        self._question = LazyWidget(self._make_question)
        self._find_bar = LazyWidget(self._make_find_bar)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._column = layout

    def set_content(self, view: QWidget, handle: PageView, finder: Finder) -> None:
        """Show this view, and follow the chat; a subclass calls this once, at the end of its constructor."""
        self.content = view
        self.handle = handle
        self._finder = finder
        self.waiting = Waiting(
            self._theme, self, self.source,
            is_empty=lambda: not (self._has_old_content or self._has_replica), bottom_px=self._bottom_px,
            typed_areas=handle.typed_areas,
        )  # fmt: skip
        self.waiting.bar_moved.connect(self.bars_moved)
        self._column.addWidget(view, 1)
        self.setFocusProxy(view)
        source = self.source
        source.connection_changed.connect(self.refresh)
        self.chat.changed.connect(self._on_changed)
        source.replaced.connect(self._on_replaced)
        source.detaching.connect(self._on_detaching)
        source.refused.connect(self._on_refused)

    # ------------------------------------------------------------ implemented by subclasses

    @property
    def _has_replica(self) -> bool:
        """Whether the chat's viewer has a replica."""
        raise NotImplementedError

    @property
    def _has_old_content(self) -> bool:
        """Whether the view still shows old content although there is no replica."""
        return False

    def _attach(self) -> None:
        """Show the running chat's viewer, which may have changed."""
        raise NotImplementedError

    def _show_last_replica(self) -> None:
        """Show the replica of a chat that has ended, for reading only."""
        raise NotImplementedError

    def _fetch_saved(self) -> bool:
        """Load the saved screen or transcript of an ended chat, unless done before; returns whether loading started."""
        raise NotImplementedError

    def _release(self) -> None:
        """Release the view's content, because the tab is closed."""
        raise NotImplementedError

    def _on_detaching(self) -> None:
        """Handle that the replica is about to be freed."""
        raise NotImplementedError

    def paint_now(self) -> None:
        """Repaint the view at once, before the event loop does other work."""

    def suspend(self) -> bool:
        """Free the memory of a view that was hidden for a while; returns whether memory was freed."""
        return False

    def set_font(self, font: TerminalFont, base_px: int, steps: int) -> None:
        """Set the terminal's font, and the zoom in steps from the configured size."""
        raise NotImplementedError

    def set_zoom(self, steps: int) -> None:
        """Set the zoom in steps from the configured size."""
        raise NotImplementedError

    def type_text(self, text: str) -> None:
        """Type a text: into the terminal as it is, with control characters; into the prompt without them."""
        raise NotImplementedError

    def _problem(self) -> tuple[str, str]:
        """The problem of the chat, "" for none, and the text of the button beside it, "" for none."""
        return self.chat.notice, ""

    def _act_on_problem(self) -> None:
        """Act on a click on that button."""

    @property
    def can_insert(self) -> bool:
        """Whether a prompt can be inserted now."""
        raise NotImplementedError

    def insert_prompt(self, text: str) -> None:
        """Insert a prompt where the user writes, without sending it."""
        raise NotImplementedError

    def append_prompt(self, text: str) -> None:
        """Insert a prompt behind what is written, without sending it, with the keyboard there."""
        self.insert_prompt(text)

    def _show_line(self, text: str, query: Query) -> bool:
        """Show a line that a search found; returns whether the line exists."""
        raise NotImplementedError

    # ------------------------------------------------------------ parts that most pages never show

    @property
    def end_bar(self) -> EndBar:
        """The bar under the last screen of an ended chat."""
        return self._end_bar.get()

    @property
    def problem_line(self) -> ProblemLine:
        """The line that shows a problem of the chat."""
        return self._problem_line.get()

    @property
    def question(self) -> QuestionSheet:
        """The question over the page."""
        return self._question.get()

    @property
    def find_bar(self) -> FindBar:
        """The bar that finds text in the chat."""
        return self._find_bar.get()

    def _make_find_bar(self) -> FindBar:
        bar = FindBar(self._theme, self, self._finder)
        bar.resized.connect(self._place_overlays)
        bar.used.connect(self.find_used)
        bar.moved.connect(self.bars_moved)
        bar.closed.connect(lambda: self.content.setFocus(Qt.FocusReason.OtherFocusReason))
        return bar

    def _make_end_bar(self) -> EndBar:
        bar = EndBar(self._theme)
        bar.setMaximumHeight(self.height())
        self._column.addWidget(bar)
        bar.hide()
        self.end_bar_made.emit(bar)
        return bar

    def _make_question(self) -> QuestionSheet:
        question = QuestionSheet(self._theme, self)
        question.closed.connect(self._on_question_closed)
        for signal in (question.opened, question.placed, question.closed):
            signal.connect(self.bars_moved)
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
        if not self.chat.has_ended:
            self._attach()
        self._reported_end = None
        self.refresh()

    def leave_front(self) -> None:
        """Stop following the output, because another page is in front."""
        self.waiting.stop()
        self._is_in_front = False
        self.source.set_shown(False)
        if self.source is not self.chat:
            self.suspend()  # The chat's other page sets the size again.

    def dispose(self) -> None:
        """Release everything after the tab was closed. The chat keeps running; its output is not followed."""
        self.waiting.stop()
        self._withdraw_question()
        self._release()
        self.chat.disconnect(self)
        self.source.disconnect(self)
        self.source.release()
        self.hide()
        delete(self)

    def refresh(self) -> None:
        """Show the chat's current state."""
        self._show_problem()
        state = "" if self.source.connection is None else self.source.connection.value
        over = self.chat.has_ended or state == "failed"
        if over:
            self.end_bar.show()
            self._withdraw_question()
            self._show_end()
            return
        self._end_bar.hide()
        if state == "live" and self._has_replica:
            self.waiting.end()
            self._set_settled(settled=True)
        else:
            self._set_settled(settled=False)
            if self._is_in_front:
                self.waiting.wait()

    def _show_end(self) -> None:
        self.waiting.end(keep_notice=not self._has_replica)
        self.end_bar.describe(self.chat)
        self._report_end()
        if self._has_replica:
            self._show_last_replica()
            self._set_settled(settled=True)
        elif self._fetch_saved():
            self._set_settled(settled=False)

    def _on_saved_shown(self, *, found: bool) -> None:
        """Called by a subclass when the saved end of a chat is shown; ``found``: whether one was saved."""
        self.waiting.end()
        if not found:
            self.waiting.show_notice(page_texts.NO_SCREEN(), "")
        self._set_settled(settled=True)

    def _set_settled(self, *, settled: bool) -> None:
        self._settled = settled
        if settled:
            self.settled.emit()

    def _on_replaced(self) -> None:
        self.refresh()

    def _on_refused(self, refusal: InputRefused) -> None:
        self.refused.emit(refusal.message)

    def _on_changed(self) -> None:
        self.setAccessibleName(self.chat.name)
        self._show_problem()
        if self._end_bar.is_open and self.isVisible():
            self.end_bar.describe(self.chat)
            self._report_end()

    def _show_problem(self) -> None:
        text, action = self._problem()
        if text or self._problem_line.widget is not None:
            self.problem_line.show_text(text, action)

    def _report_end(self) -> None:
        now = self.chat.record.continued_by, self.chat.is_recorded
        if self._is_in_front and self.chat.has_ended and now != self._reported_end:
            self._reported_end = now
            self.end_shown.emit()

    # ------------------------------------------------------------ find, questions and the keyboard

    def show_line(self, text: str, query: Query) -> bool:
        """Show a line that a search found, and find its words in the page; returns whether the line exists."""
        is_found = self._show_line(text, query)
        if is_found:
            self.open_find(query_on_line(query, text), text)
        return is_found

    def open_find(self, query: FindQuery | None = None, line: str = "") -> None:
        """Open the find bar; see ``FindBar.open_find``."""
        if not self.is_question_open:
            self.find_bar.open_find(query, line)

    @property
    def edited(self) -> PageEdit:
        """The target of copy and paste: the find bar while it has the keyboard focus, else the view."""
        bar = self._find_bar.widget
        return bar if bar is not None and bar.has_keyboard else self.handle

    def ask(self, question: Question) -> None:
        """Ask the user about this chat; the question closes with the page, or when the chat ends."""
        self.question.ask(question)

    @property
    def is_question_open(self) -> bool:
        """Whether the page shows a question."""
        return self._question.is_open

    def _withdraw_question(self) -> None:
        if self.is_question_open:
            self.question.dismiss()

    def _on_question_closed(self) -> None:
        if self._is_in_front and self.isVisible() and self.has_keyboard:  # Hidden, the question still has it.
            self.content.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def has_keyboard(self) -> bool:
        """Whether a part of the page has the window's keyboard focus."""
        return self.isAncestorOf(self.window().focusWidget())  # Its own ``focusWidget()`` may have lost the focus.

    def acts_on_press(self, _point: QPointF, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a press on the page's bars, questions or prompt box may answer."""
        return button == Qt.MouseButton.LeftButton

    def focus_content(self) -> None:
        """Give the keyboard focus to the question, if one is open, else to the view."""
        if self.is_question_open:
            self.question.take_focus()
        else:
            self.content.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_overlays()

    @property
    def _bars(self) -> list[QWidget]:
        """The shown bars below the view."""
        return [self.end_bar] if self._end_bar.is_open else []

    def _bottom_px(self) -> int:
        """The upper edge of the bars below the view; the page's lower edge without them. In pixels of the page."""
        return max(self.height() - sum(bar.sizeHint().height() for bar in self._bars), 0)

    def _place_overlays(self) -> None:
        if self._end_bar.widget is not None:
            self._end_bar.widget.setMaximumHeight(self.height())
        self.waiting.place()
        if self._problem_line.widget is not None:
            self.problem_line.place(self._bottom_px())
        if self._find_bar.is_open:
            self.find_bar.place(self.width(), self._bottom_px())
