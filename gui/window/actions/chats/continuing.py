"""Continues conversations: that of a chat, and others of its agent, also those that began outside of Outlive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from PySide6.QtCore import QObject, Qt

from gui.bridge.chat import Chat
from gui.bridge.earlier_conversations import ChatOfConversation, EarlierConversations, can_list
from gui.bridge.new_chat import NewChatRequest
from gui.input.draft import NO_DRAFT, Draft
from gui.window.actions.chats.chat_actions import ChatActions
from gui.window.actions.chats.resuming import EndedChatActions
from gui.window.actions.chats.starting import StartActions, request_like
from gui.window.actions.context import WindowContext
from gui.window.new_chat.request import suggested_name
from gui.window.widgets.keys_ahead import HeldKeys
from gui.wording import common_texts, new_chat_texts, notice_texts, phrases
from session_host.agents.agent import PROMPT, Agent
from session_host.client.chats.ended_chat import inspect_ended_chat
from session_host.errors import ConversationOpen, OutliveError
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import GridSize, Runtime

if TYPE_CHECKING:
    from gui.window.new_chat.conversation_picker import ConversationPicker, ConversationRow, Section
    from gui.window.sheets.sheet import Sheet
    from session_host.agents.conversations.base import StoredConversation
    from session_host.client.chats.earlier_conversations import ConversationList


class _Opening(Struct):
    """An open list.

    Attributes:
        picker: the sheet.
        agent: the agent with the conversations.
        request: how the chosen conversation is continued; the user may choose another view in the sheet.
        chat: the chat from which the list was opened; None if the sheet for a new chat has opened it.
    """

    picker: ConversationPicker
    agent: Agent
    request: NewChatRequest
    chat: Chat | None = None


class ConversationActions(QObject):
    """Lists conversations, and continues the chosen one.

    A conversation that a running chat is in is shown there; that of an ended chat resumes as that chat.
    """

    def __init__(
        self, context: WindowContext, starting: StartActions, chat_actions: ChatActions, resuming: EndedChatActions
    ) -> None:
        super().__init__(context.window)
        self._sessions, self._layout = context.sessions, context.layout
        self._sheets, self._open_chat, self._keys_ahead = context.sheets, context.open_chat, context.keys_ahead
        self._open_started = context.open_started
        self._banners = context.banners
        self._starting, self._chat_actions, self._resuming = starting, chat_actions, resuming
        self._conversations = EarlierConversations(context.sessions)
        self._loading: asyncio.Task[None] | None = None
        """Reads the open list."""
        context.sheets.sheet_created.connect(self._on_sheet)

    def _on_sheet(self, sheet: Sheet) -> None:
        from gui.window.new_chat.conversation_picker import ConversationPicker
        from gui.window.new_chat.sheet import NewChatSheet

        if isinstance(sheet, NewChatSheet):
            sheet.conversation_requested.connect(self._open_below_fields)
            sheet.conversations.closed.connect(self._on_closed)
        elif isinstance(sheet, ConversationPicker):
            sheet.another_requested.connect(self.choose_agent)
            sheet.closed.connect(self._on_closed)

    # ------------------------------------------------------------ opening

    def open(self, chat: Chat | None) -> None:
        """List what can be continued from a chat; from none, or from a running shell, an agent's conversations."""
        if chat is None or (chat.record.origin.is_shell and not chat.has_ended):
            self.choose_agent()
            return
        agent = self._sessions.machines.agent_of(chat)
        if agent is None:
            self._banners.inform(notice_texts.NO_SUCH_AGENT(agent=chat.record.origin.agent), kind="failed")
            return
        picker, has_both = self._sheets.conversations, self._chat_actions.other_runtime(chat) is not None
        request = replace(request_like(agent, chat), is_named=False)
        title = agent.title if can_list(agent) else ""
        directory = chat.workplace.short_directory(request.directory)
        picker.begin(title, directory, request.runtime if has_both else None, is_alone=True)
        self._begin(_Opening(picker, agent, request, chat))

    def choose_agent(self) -> None:
        """Open the sheet for a new chat, with the conversations of its agent."""
        self._starting.new_chat()
        sheet = self._sheets.new_chat
        agents = self._sessions.machines.named(sheet.machine).agents
        agent = agents.get(sheet.tiles.current())
        if agent is None or not can_list(agent) or not sheet.tiles.is_installed(agent.name):
            able = [name for name, each in agents.items() if sheet.tiles.is_installed(name) and can_list(each)]
            if not able:
                sheet.failed(new_chat_texts.NO_AGENT_WITH_CONVERSATIONS())
                return
            sheet.tiles.choose(able[0])
        sheet.choose_conversation()

    def _open_below_fields(self, request: NewChatRequest) -> None:
        agent, sheet = self._sessions.machines.named(request.machine).agents[request.agent], self._sheets.new_chat
        if request.prompt and request.runtime == "terminal" and not _takes_prompt(agent):
            sheet.failed(new_chat_texts.TAKES_NO_PROMPT(agent=agent.title))
            return
        sheet.conversations.begin(agent.title, sheet.directory.directories.short(request.directory))
        self._begin(_Opening(sheet.conversations, agent, request))

    def _begin(self, opening: _Opening) -> None:
        self._on_closed()  # Of the list that was open in the same sheet.
        self._loading = self._sessions.tasks.start(self._load(opening), "conversations")

    def _on_closed(self) -> None:
        if self._loading is not None:
            self._loading.cancel()

    # ------------------------------------------------------------ listing

    async def _load(self, opening: _Opening) -> None:
        agent, picker = opening.agent, opening.picker
        own = await self._own_rows(opening, opening.chat) if opening.chat is not None else []
        if not can_list(agent):
            picker.show_rows(own)
            return
        if not any(row.comes_last for row in own):
            picker.show_rows(own, is_whole=False)
        try:
            found = await self._conversations.list_for(agent, opening.request)
        except (OutliveError, OSError) as error:
            picker.show_rows(own)
            picker.refuse(new_chat_texts.CANNOT_LIST_CONVERSATIONS(agent=agent.title, error=error))
            return
        picker.show_rows(self._rows(opening, own, found), has_older=found.has_older)

    async def _own_rows(self, opening: _Opening, chat: Chat) -> list[ConversationRow]:
        """The rows of the chat at hand: its conversation, and a new one."""
        from gui.window.new_chat.conversation_picker import ConversationRow

        shown = self._sessions.chats.latest_continuation(chat.id) or chat
        is_shell, is_current = shown.record.origin.is_shell, not shown.is_over
        like = ConversationRow(
            "chat",
            common_texts.NEW_CHAT_LIKE_THIS(),
            new_chat_texts.SAME_OPTIONS(
                agent=opening.agent.title, directory=chat.workplace.short_directory(chat.record.origin.cwd)
            ),
            lambda _anyway: self._finish(opening, lambda: self._starting.new_like(chat, self._runtime(opening))),
            comes_last=is_current,
        )
        if not self._chat_actions.can_resume(shown) or (shown.is_over and not await _is_resumable(shown)):
            return [like]
        if is_current:
            here = new_chat_texts.SLEEPS_HERE() if shown.is_asleep else new_chat_texts.RUNS_HERE()
            details = here if shown is chat else new_chat_texts.RUNNING_IN(chat=shown.name)
        else:
            details = new_chat_texts.STARTS_AGAIN() if is_shell else new_chat_texts.RESUMES_HERE()
        has_command = not is_shell and "terminal" in opening.agent.runtimes
        copy = partial(self._resuming.copy_command, shown) if has_command else None
        of_chat = ChatOfConversation(self._sessions, shown.record)
        title, run = one_line(shown.record.entry.topic) or shown.name, self._run_of_chat(opening, shown)
        return [
            ConversationRow("chat", title, details, run, copy, also=shown.name, chat=of_chat, comes_last=is_current),
            like,
        ]

    def _rows(self, opening: _Opening, own: list[ConversationRow], found: ConversationList) -> list[ConversationRow]:
        """All rows; ``own``: those of the chat at hand, of which the first gets its conversation's title and age."""
        from gui.window.new_chat.conversation_picker import ConversationRow, details_of, title_of

        chat_of = self._conversations.chats_of(opening.agent, opening.request.machine)
        current = opening.chat.record.program.conversation if opening.chat is not None else ""
        home = self._sessions.machines.named(opening.request.machine).machine.home

        def row(section: Section, stored: StoredConversation) -> ConversationRow:
            chat = chat_of(stored.conversation)
            directory = one_line(phrases.short_directory(stored.directory, home)) if section == "elsewhere" else ""
            where = stored.directory if section == "elsewhere" else opening.request.directory
            continued = replace(opening.request, directory=where)
            return ConversationRow(
                section,
                title_of(stored),
                details_of(stored, directory, chat),
                partial(self._continue, opening, stored, continued),
                partial(self._copy, opening, stored, continued),
                stored.changed_s,
                stored.last_prompt,
                chat,
            )

        if own and own[0].chat is not None:
            for each in (*found.here, *found.elsewhere):
                if each.conversation == current:
                    own = [own[0]._replace(title=title_of(each), changed_s=each.changed_s), *own[1:]]
        here = [row("here", each) for each in found.here if each.conversation != current]
        return own + here + [row("elsewhere", each) for each in found.elsewhere if each.conversation != current]

    # ------------------------------------------------------------ continuing

    def _runtime(self, opening: _Opening) -> Runtime:
        """The view that the user has chosen."""
        return opening.request.runtime if opening.picker.runtime.isHidden() else opening.picker.runtime.value()

    def _finish(self, opening: _Opening, then: Callable[[], object]) -> None:
        """Close the sheets, and do what the user has chosen."""
        opening.picker.dismiss()
        if opening.chat is None:
            self._sheets.new_chat.done()
        then()

    def _run_of_chat(self, opening: _Opening, chat: Chat) -> Callable[[bool], None]:
        def run(_anyway: bool) -> None:
            if not chat.is_over:
                self._finish(opening, lambda: self._open_chat(chat))
                return
            prompt = Draft(opening.request.prompt) if opening.request.prompt else NO_DRAFT
            runtime = self._runtime(opening) if opening.chat is not None else chat.record.origin.runtime
            other = runtime if runtime != chat.record.origin.runtime else None
            self._finish(opening, lambda: self._resuming.resume(chat, runtime=other, prompt=prompt))

        return run

    def _continue(self, opening: _Opening, stored: StoredConversation, request: NewChatRequest, anyway: bool) -> None:
        found = self._conversations.chats_of(opening.agent, opening.request.machine)(stored.conversation)
        if found is not None and (chat := found.chat) is not None:
            self._run_of_chat(opening, chat)(anyway)
            return
        opening.picker.set_busy()
        typed = self._keys_ahead.hold(passes=frozenset({Qt.Key.Key_Escape}))
        request = replace(request, runtime=self._runtime(opening))
        start = self._start(opening, stored.conversation, request, typed, anyway=anyway)
        self._sessions.tasks.start(start, "continue")

    async def _start(
        self, opening: _Opening, conversation: str, request: NewChatRequest, typed: HeldKeys, *, anyway: bool
    ) -> None:
        shown = phrases.short_directory(request.directory, self._sessions.machines.named(request.machine).machine.home)
        name = request.name if request.is_named else one_line(suggested_name(shown, request.agent))
        request, size = replace(request, name=name, worktree=None), GridSize(*self._layout.grid).clamped()
        with typed:
            try:
                chat = await self._sessions.lifecycle.launch(
                    request, opening.agent, size, conversation=conversation, anyway=anyway
                )
            except OutliveError as error:
                opening.picker.refuse(str(error), can_force=isinstance(error, ConversationOpen))
                return
            self._starting.note_start(request)
            self._finish(opening, lambda: self._open_started(chat, typed))

    def _copy(self, opening: _Opening, stored: StoredConversation, request: NewChatRequest) -> None:
        """Copy the command that continues a conversation in any terminal."""
        found = self._conversations.chats_of(opening.agent, opening.request.machine)(stored.conversation)
        if found is not None and (chat := found.chat) is not None:
            self._resuming.copy_command(chat)
        else:
            self._sessions.tasks.start(self._copy_command(opening, stored, request), "resume command")

    async def _copy_command(self, opening: _Opening, stored: StoredConversation, request: NewChatRequest) -> None:
        self._resuming.put_on_clipboard(await self._conversations.command(opening.agent, stored.conversation, request))


async def _is_resumable(chat: Chat) -> bool:
    try:
        return (await chat.machine.call(inspect_ended_chat, chat.session_id)).can_resume is True
    except OutliveError:
        return False  # The store is missing or unreadable; its next reader reports this.


def _takes_prompt(agent: Agent) -> bool:
    """Whether the agent takes a first prompt with an earlier conversation, in its own terminal."""
    words = [word for part in agent.conversation.resume for word in ((part,) if isinstance(part, str) else part)]
    return any(PROMPT in word for word in words)
