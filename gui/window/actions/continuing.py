"""Continues conversations that were begun outside of Outlive, from the sheet for a new chat."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from gui.bridge.earlier_conversations import EarlierConversations, can_list
from gui.bridge.new_chat_request import NewChatRequest
from gui.input.draft import NO_DRAFT, Draft
from gui.window.actions.context import WindowContext
from gui.window.actions.resuming import EndedChatActions
from gui.window.new_chat.conversation_picker import Row
from gui.window.new_chat.request import suggested_name
from gui.window.new_chat.sheet import NewChatSheet
from gui.window.sheets.sheet import Sheet
from gui.window.widgets.keys_ahead import HeldKeys
from gui.wording import conversation_texts, phrases
from session_host.agents.agent import PROMPT, Agent
from session_host.errors import ConversationOpen, OutliveError
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import GridSize

if TYPE_CHECKING:
    from session_host.client.chats.earlier_conversations import ConversationList


class ConversationActions(QObject):
    """Lists an agent's conversations, and continues the chosen one.

    A conversation that a running chat is in is shown there; that of an ended chat resumes as that chat.
    """

    def __init__(self, context: WindowContext, resuming: EndedChatActions, new_chat: Callable[[], object]) -> None:
        super().__init__(context.window)
        self._sessions, self._agents, self._layout = context.sessions, context.agents, context.layout
        self._sheets, self._open_chat, self._keys_ahead = context.sheets, context.open_chat, context.keys_ahead
        self._resuming = resuming
        self._new_chat = new_chat
        self._conversations = EarlierConversations(context.sessions, context.agents)
        self._request: NewChatRequest | None = None
        self._cancelled = threading.Event()
        context.sheets.sheet_created.connect(self._on_sheet)

    def _on_sheet(self, sheet: Sheet) -> None:
        if isinstance(sheet, NewChatSheet):
            sheet.conversation_requested.connect(self._list)
            sheet.conversations.chosen.connect(self._continue)
            sheet.conversations.closed.connect(self._on_closed)

    def open(self) -> None:
        """Open the sheet for a new chat, with the conversations of its agent."""
        self._new_chat()
        sheet = self._sheets.new_chat
        agent = self._agents.get(sheet.tiles.current())
        if agent is None or not can_list(agent) or not sheet.tiles.is_installed(agent.name):
            able = [name for name, each in self._agents.items() if sheet.tiles.is_installed(name) and can_list(each)]
            if not able:
                sheet.failed(conversation_texts.no_agent())
                return
            sheet.tiles.choose(able[0])
        sheet.choose_conversation()

    # ------------------------------------------------------------ listing

    def _list(self, request: NewChatRequest) -> None:
        agent = self._agents[request.agent]
        if request.prompt and request.runtime == "terminal" and not _takes_prompt(agent):
            self._sheets.new_chat.failed(conversation_texts.takes_no_prompt(agent.title))
            return
        self._request = request
        self._cancelled = threading.Event()
        self._sheets.new_chat.conversations.begin(agent.title, request.directory)
        self._sessions.tasks.start(self._load(agent, request, self._cancelled), "conversations")

    def _on_closed(self) -> None:
        self._cancelled.set()

    async def _load(self, agent: Agent, request: NewChatRequest, cancelled: threading.Event) -> None:
        picker = self._sheets.new_chat.conversations
        try:
            found = await self._conversations.list_for(agent, request.directory, request.overrides, cancelled)
        except (OutliveError, OSError) as error:
            if not cancelled.is_set():
                picker.refuse(conversation_texts.cannot_list(agent.title, error))
            return
        if not cancelled.is_set():
            picker.show_rows(self._rows(agent, found), has_older=found.has_older)

    def _rows(self, agent: Agent, found: ConversationList) -> list[Row]:
        chat_of = self._conversations.chats_of(agent)
        here = [Row(each, "", chat_of(each.conversation)) for each in found.here]
        return here + [
            Row(each, one_line(phrases.short_directory(each.directory)), chat_of(each.conversation))
            for each in found.elsewhere
        ]  # fmt: skip

    # ------------------------------------------------------------ continuing

    def _continue(self, row: Row, anyway: bool) -> None:
        request, sheet = self._request, self._sheets.new_chat
        if request is None:
            return
        found = self._conversations.chats_of(self._agents[request.agent])(row.stored.conversation)
        chat = found.chat if found is not None else None
        if chat is None:
            sheet.conversations.set_busy()
            typed = self._keys_ahead.hold(passes=frozenset({Qt.Key.Key_Escape}))
            self._sessions.tasks.start(self._start(request, row, typed, anyway=anyway), "continue")
            return
        sheet.conversations.dismiss()
        sheet.done()
        if not chat.has_ended:
            self._open_chat(chat)
        else:
            self._resuming.resume(chat, prompt=Draft(request.prompt) if request.prompt else NO_DRAFT)

    async def _start(self, request: NewChatRequest, row: Row, typed: HeldKeys, *, anyway: bool) -> None:
        with typed:
            await self._start_and_open(request, row, typed, anyway=anyway)

    async def _start_and_open(self, request: NewChatRequest, row: Row, typed: HeldKeys, *, anyway: bool) -> None:
        sheet = self._sheets.new_chat
        directory = row.stored.directory if row.directory else request.directory
        name = request.name if request.is_named else one_line(suggested_name(directory, request.agent))
        request = dataclasses.replace(request, name=name, directory=directory, worktree=None)
        size = GridSize(*self._layout.grid).clamped()
        try:
            chat = await self._sessions.launch(
                request, self._agents[request.agent], size, conversation=row.stored.conversation, anyway=anyway
            )
        except OutliveError as error:
            sheet.conversations.refuse(str(error), row if isinstance(error, ConversationOpen) else None)
            return
        self._layout.last_agent, self._layout.last_directory = request.agent, directory
        sheet.conversations.dismiss()
        sheet.done()
        typed.deliver(self._open_chat(chat).content)


def _takes_prompt(agent: Agent) -> bool:
    """Whether the agent takes a first prompt with an earlier conversation, in its own terminal."""
    words = [word for part in agent.conversation.resume for word in ((part,) if isinstance(part, str) else part)]
    return any(PROMPT in word for word in words)
