"""The bar under the last screen of an ended chat."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.bridge.chat import Chat
from gui.theme.controls import FlowLayout, fit_buttons, flow, set_look
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.window.widgets.parts import Area, ElidedLabel, Hairline, MarkLabel, Scrolled, button, label, sentence
from gui.wording import common_texts, page_texts, phrases
from session_host.client.chats.ended_chat import EndedChat
from session_host.protocol.values import State
from session_host.standing.endings import end_of
from session_host.standing.groups import Mark
from session_host.system.clock import parse_time

ANY_HEIGHT_PX = 10_000
MARGINS_PX = 72
WORDS_PX = 280
"""Minimum width for the text; with less, the buttons go below it."""
WRAPPED_FROM_PX = 200
"""In a narrower bar, an explanation in several lines would leave no room for the buttons."""


class EndBar(Area):
    """Shows how and when a chat ended, and offers actions, the likeliest first. It scrolls in a page that is too low.

    Attributes:
        started: how many starts from this bar were shown as begun.
        has_conversations: whether the chat's agent has conversations that can be resumed; set before the bar is shown.

    Signals:
        resume_requested: the user resumes the conversation; True: even if it is open elsewhere.
        continue_requested: the user opens the list of conversations to continue.
        continued_requested: the user opens the chat that continues this one.
        again_requested: the user starts a chat like this one.
        end_left_requested: the user ends the processes that the chat's program left behind.
        errors_requested: the user opens the chat's error output.
        export_requested: the user exports the chat's whole recording to a file.
        close_requested: the user closes the tab.
    """

    resume_requested = Signal(bool)
    continue_requested = Signal()
    continued_requested = Signal()
    again_requested = Signal()
    end_left_requested = Signal()
    errors_requested = Signal()
    export_requested = Signal()
    close_requested = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__("sidebar")
        self.started = 0
        self.has_conversations = False
        self._is_resumable = self._is_narrow = False
        self._explains = False
        """Whether the detail is an explanation, which has to be seen whole."""
        self.setAccessibleName(page_texts.HOW_IT_ENDED())
        self._mark = MarkLabel(theme, Mark.ENDED)
        self.title = ElidedLabel("", "title")
        self.whole_title = label("", "title")
        """The title in several lines, in place of one that would be cut."""
        self.whole_title.setWordWrap(True)
        self.detail = ElidedLabel("", "secondary")
        self.explanation = label("", "secondary")
        """The detail in several lines, in place of one that would be cut."""
        self.explanation.setWordWrap(True)
        self.refusal = label("", "needs_you")
        self.refusal.setWordWrap(True)
        self.resume = button(common_texts.RESUME(), "primary", lambda: self.resume_requested.emit(False))
        self.continued = button(page_texts.OPEN_CONTINUED(), "primary", self.continued_requested.emit)
        self.continue_ = button(common_texts.CONTINUE(), "", self.continue_requested.emit)
        self.anyway = button(page_texts.RESUME_ANYWAY(), "", lambda: self.resume_requested.emit(True))
        self.again = button(common_texts.NEW_CHAT_LIKE_THIS(), "primary", self.again_requested.emit)
        self.end_left = button(page_texts.END_LEFT(), "", self.end_left_requested.emit)
        self.errors = button(common_texts.ERROR_OUTPUT(), "", self.errors_requested.emit)
        self.export = button(common_texts.EXPORT(), "", self.export_requested.emit)
        self.close_button = button(common_texts.CLOSE(), "", self.close_requested.emit)
        texts = QVBoxLayout()
        texts.setSpacing(0)
        for part in (self.title, self.whole_title, self.detail, self.explanation, self.refusal):
            texts.addWidget(part)
        heading = QHBoxLayout()
        heading.setSpacing(GAP_M_PX)
        heading.addWidget(self._mark)
        heading.addLayout(texts, 1)
        self._ways = (self.resume, self.continued, self.anyway, self.continue_, self.again, self.end_left, self.errors)
        controls = (*self._ways, self.export, self.close_button)
        for control in controls:
            control.setAccessibleName(control.text())
        self._buttons = flow(*controls)
        self._buttons.setMinimumWidth(1)  # Else Qt gives it the height that it has with its widest button.
        inner = QWidget()
        inner.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # It is as wide as the bar.
        row = QHBoxLayout(inner)
        row.setContentsMargins(GAP_L_PX, GAP_S_PX, GAP_M_PX, GAP_S_PX)
        row.setSpacing(GAP_S_PX)
        row.addLayout(heading, 1)
        row.addWidget(self._buttons)
        self._row = row
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(Hairline(theme))
        layout.addWidget(Scrolled(inner, ANY_HEIGHT_PX, page_texts.HOW_IT_ENDED()))
        self.offer_nothing()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        self._fit_width()
        longer = self.detail if self._explains else self.title
        words_px = max(WORDS_PX, longer.sizeHint().width() + MARGINS_PX)
        is_narrow = self.width() < self._buttons.sizeHint().width() + words_px
        direction = QHBoxLayout.Direction.TopToBottom if is_narrow else QHBoxLayout.Direction.LeftToRight
        if self._row.direction() != direction:
            self._row.setDirection(direction)
        is_title_cut = self.title.sizeHint().width() + MARGINS_PX > self.width()
        self.whole_title.setText(self.title.accessibleName() if is_title_cut else "")
        self.whole_title.setVisible(is_title_cut)
        self.title.setVisible(not is_title_cut)
        is_cut = self._explains and self.detail.sizeHint().width() + MARGINS_PX > self.width() >= WRAPPED_FROM_PX
        self.explanation.setText(self.detail.accessibleName() if is_cut else "")
        self.explanation.setVisible(is_cut)
        self.detail.setVisible(not is_cut)

    def _fit_width(self) -> None:
        """Leave the width of a narrow bar to its texts and buttons; wrap the names of buttons that are wider."""
        is_narrow = self.width() < WRAPPED_FROM_PX
        left_px, right_px = (GAP_S_PX, 2) if is_narrow else (GAP_L_PX, GAP_M_PX)
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            self._row.setContentsMargins(left_px, GAP_S_PX, right_px, GAP_S_PX)
            self._mark.setHidden(is_narrow)
        layout = self._buttons.layout()
        if isinstance(layout, FlowLayout):
            fit_buttons(layout, self.width() - left_px - right_px, is_narrow=is_narrow)

    def offer_nothing(self) -> None:
        """Offer no way to go on while the possible ones are not known yet."""
        for control in self._ways:
            control.hide()
        self._show_message("")

    def offer(self, found: EndedChat | None) -> None:
        """Offer the possible actions; None if they cannot be determined."""
        self._is_resumable = found is not None and found.can_resume is True
        self.resume.setVisible(self._is_resumable)
        self.set_busy("")
        self.continue_.setVisible(self._is_resumable or self.has_conversations)
        self.again.setVisible(self.continue_.isHidden())  # The only way on.
        set_look(self.continue_, "kind", "" if self._is_resumable else "primary")
        self.errors.setVisible(found is not None and found.has_errors)
        left = found.left_behind if found is not None else ""
        self.end_left.setVisible(bool(left))
        self.continued.hide()
        self.anyway.hide()
        message = found.reason if found is not None else ""
        if self.has_conversations and found is not None and found.can_resume is None:
            message = phrases.without_remedy(message)
        if found is not None and found.can_resume is False and message:
            message = page_texts.CANNOT_RESUME(reason=message)
        if left:
            message = " ".join(filter(None, (sentence(message), sentence(page_texts.LEFT_BEHIND(processes=left)))))
        self._show_message(message, quiet=True)
        self._arrange()

    def refuse(self, line: str, *, can_force: bool) -> None:
        """Show why the chat cannot be resumed, and offer the other actions."""
        self.set_busy("")
        self.anyway.setVisible(can_force)
        self._show_message(line)
        self._arrange()

    def show_continued(self, name: str) -> None:
        """Show that another chat continues this one."""
        self.offer(None)
        set_look(self.continue_, "kind", "")
        self.continued.show()
        self._show_message(page_texts.CONTINUED_IN(name=name), quiet=True)
        self._arrange()

    def set_busy(self, text: str) -> None:
        """Show the running action on the Resume button; "" when it is done."""
        for control in (self.resume, self.continue_, self.anyway):
            control.setEnabled(not text)
        self.resume.setText(text or common_texts.RESUME())
        self.resume.setAccessibleName(self.resume.text())
        if text:
            self.started += 1
            self._show_message("")

    def _show_message(self, line: str, *, quiet: bool = False) -> None:
        set_look(self.refusal, "kind", "secondary" if quiet else "needs_you")
        self.refusal.setText(sentence(line))
        self.refusal.setAccessibleName(self.refusal.text())
        self.refusal.setVisible(bool(line))

    def describe(self, chat: Chat) -> None:
        """Show how this chat ended, or why its host refuses this window."""
        record = chat.record
        now = datetime.now(UTC)
        command = chat.command
        self._mark.set_mark(chat.mark)
        how, is_interrupted = end_of(record.outcome).phrase, record.outcome.reason == "interrupted"
        self._explains = record.outcome.state is not State.EXITED and not is_interrupted
        if is_interrupted:
            self.title.set_whole(how)
            when = phrases.at_time(parse_time(record.outcome.ended_at), now)
            where = chat.workplace.short_directory(record.origin.cwd)
            self.detail.set_whole(
                page_texts.LAST_ACTIVE(when=when, command=command, directory=where)
                if when
                else page_texts.COMMAND_IN(command=command, directory=where)
            )
        elif record.outcome.state is State.LOST:
            when = phrases.at_time(parse_time(record.outcome.ended_at), now)
            self.title.set_whole(page_texts.ENDED_AT(how=how, when=when).rstrip())
            known = record.outcome.error or chat.looks.first.connection_message or page_texts.PROCESS_GONE()
            self.detail.set_whole(sentence(known))
        elif record.outcome.state is State.EXITED:
            when = phrases.at_time(parse_time(record.outcome.ended_at), now)
            self.title.set_whole(page_texts.ENDED_AT(how=how, when=when).rstrip())
            self.detail.set_whole(
                page_texts.COMMAND_IN(command=command, directory=chat.workplace.short_directory(record.origin.cwd))
            )
        else:
            self.title.set_whole(page_texts.CANNOT_SHOW_CHAT())
            self.detail.set_whole(sentence(chat.looks.first.connection_message))
        self._arrange()
