"""The question of a chat beside its row: a click on the row of a chat that asks opens it, the next one the chat."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from gui.bridge.chat import Chat
from gui.settings.live import LiveSettings
from gui.terminal.cell_metrics import default_chat_px
from gui.window.actions.context import WindowContext
from gui.window.widgets.parts import focus_changed
from gui.wording import chat_texts
from session_host.errors import OutliveError
from session_host.protocol.messages import AnswerRequest
from session_host.structured.answers import chosen
from session_host.structured.items import AgentRequest, digest

if TYPE_CHECKING:
    from gui.window.sidebar.question_card import QuestionCard
    from session_host.client.questions import OpenQuestions

PATIENCE_S = 1.0
"""A chat that does not say in this time what it asks is opened."""


class RowQuestions(QObject):
    """Opens the questions of a window's list."""

    def __init__(self, context: WindowContext, settings: LiveSettings) -> None:
        super().__init__(context.window)
        self._context, self._settings = context, settings
        self._tasks, self._sidebar = context.sessions.tasks, context.sidebar
        self.card: QuestionCard | None = None
        self._wanted: Chat | None = None
        """The chat that is being asked for its question."""
        self._previous: QWidget | None = None
        """The widget that had the keyboard before the card."""

    def open_row(self, chat: Chat) -> None:
        """Open what a chat asks beside its row, if no pane shows the chat; else the chat."""
        is_shown = chat.id in self._context.tabs.visible_ids()
        is_open = self._wanted is chat or (self.card is not None and self.card.chat is chat)
        if not chat.needs_you or is_shown or is_open:
            self.open_chat(chat)
        else:
            self._wanted = chat
            self._tasks.start(self._open(chat), "a question for the list")

    def open_chat(self, chat: Chat) -> None:
        """Open a chat in place of its question."""
        self._wanted = None
        self._close(gives_back=False)
        self._context.open_chat(chat)

    async def _open(self, chat: Chat) -> None:
        found = await _asked(chat)
        if self._wanted is not chat:
            return
        self._wanted = None
        if found is None or found.elsewhere or not found.requests or not self._context.window.isVisible():
            self.open_chat(chat)
            return
        self._close(gives_back=False)
        self._previous = self._context.window.focusWidget()
        self.card = self._make_card(chat)
        self._sidebar.hold_keyboard_back(held=True)
        self._show(self.card, found.requests)
        focus_changed().connect(self._on_focus)

    def _make_card(self, chat: Chat) -> QuestionCard:
        from gui.window.sidebar.question_card import QuestionCard  # the window's start does not need it

        preferences, agent = self._settings.preferences, self._context.sessions.machines.agent_of(chat)
        size_px = (preferences.window.font_size or default_chat_px()) + self._context.layout.zoom
        card = QuestionCard(
            self._context.theme,
            self._context.window,
            chat,
            takes_words=agent is not None and agent.hears_refusals,
            font=preferences.terminal_font,
            size_px=size_px,
        )
        card.answered.connect(lambda answer: self._tasks.start(self._answer(card, answer), "an answer from the list"))
        card.chat_requested.connect(lambda: self.open_chat(chat))
        card.closed.connect(self._on_closed)
        chat.changed.connect(partial(self._check, card))
        return card

    def _show(self, card: QuestionCard, requests: list[AgentRequest]) -> None:
        card.ask(requests[0], self._sidebar.area_of(card.chat), len(requests) - 1)

    # ------------------------------------------------------------ answers

    async def _answer(self, card: QuestionCard, answer: AnswerRequest) -> None:
        from session_host.client import questions  # the window's start does not need it

        try:
            option = chosen(card.request, answer) if card.request is not None else None
            done = await questions.answer(card.chat.ask, answer, "window", option=option)
        except OutliveError as error:
            if card is self.card:
                card.refuse(str(error))
            return
        found = await _asked(card.chat)
        if card is not self.card or card.request is None:
            return
        if found is not None and (others := [each for each in found.requests if each.id != answer.agent_request]):
            self._show(card, others)
            return
        card.end(done, closes=True)

    def _check(self, card: QuestionCard) -> None:
        """The chat has changed: look whether its question is still open."""
        if card is self.card and not card.is_answered:
            self._tasks.start(self._look_again(card), "a question for the list")

    async def _look_again(self, card: QuestionCard) -> None:
        found = None if card.chat.has_ended else await _asked(card.chat)
        if card is not self.card or card.is_answered or card.request is None:
            return
        shown = card.request.id, digest(card.request)
        is_gone = found is not None and shown not in {(each.id, digest(each)) for each in found.requests}
        if card.chat.has_ended or is_gone:
            card.end((found.outcome if found is not None else "") or chat_texts.QUESTION_GONE(), closes=False)

    # ------------------------------------------------------------ closing

    def _on_focus(self, _previous: QWidget | None, now: QWidget | None) -> None:
        """Close the card if another part of the window has the keyboard."""
        card = self.card
        if card is None or now is None or now.window() is not card.window():
            return
        if now is not card and not card.isAncestorOf(now):
            self._close(gives_back=False)

    def _close(self, *, gives_back: bool) -> None:
        if self.card is not None:
            self.card.close_card(gives_back=gives_back)

    def _on_closed(self, gives_back: bool) -> None:
        card, self.card = self.card, None
        assert card is not None
        focus_changed().disconnect(self._on_focus)
        self._sidebar.hold_keyboard_back(held=False)
        previous, self._previous = self._previous, None
        card.deleteLater()
        if not gives_back:
            return
        if previous is not None and isValid(previous) and previous.isVisible():
            previous.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._context.focus_page()


async def _asked(chat: Chat) -> OpenQuestions | None:
    """The open questions of a chat; None if it does not answer in time."""
    from session_host.client.questions import asked_by

    try:
        async with asyncio.timeout(PATIENCE_S):
            return await asked_by(chat.ask)
    except (OutliveError, TimeoutError):
        return None
