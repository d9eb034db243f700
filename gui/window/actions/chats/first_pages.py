"""Fills the first page of a chat view: where the chat works, earlier chats there, saved prompts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import ref

from gui.bridge.chat import Chat
from gui.window.actions.context import WindowContext
from gui.window.page.chat_page import ChatPage
from gui.wording import chat_texts, phrases
from session_host.agents.agent import Agent
from session_host.client.chats.saved_prompts import prompts_directory, read_prompts
from session_host.protocol.untrusted_text import one_line
from session_host.standing.groups import Mark
from session_host.standing.row_line import project_hue
from session_host.structured.items import Setting

if TYPE_CHECKING:
    from gui.chat.page.first_page import FirstPage, FirstPageRow
    from gui.window.page.structured_content import StructuredContent

_LISTED = 3
_LINE_CHARACTERS = 200
_LONG_AGO = datetime.fromtimestamp(0, UTC)
_CATEGORIES = ("model", "mode")


class FirstPages:
    """The first pages of a window's chat views."""

    def __init__(self, context: WindowContext, config: Path) -> None:
        """Set up; ``config`` is the configuration directory."""
        self._directory = prompts_directory(config)
        self._sessions, self._open_chat = context.sessions, context.open_chat
        self._agents = context.sessions.machines.here.agents
        context.tabs.panes.structured_made.connect(self._on_made)

    def _on_made(self, page: ChatPage, content: StructuredContent) -> None:
        content.view.first_page.wanted.connect(partial(self._fill, page, content))
        page.chat.changed.connect(content.view.first_page.refresh)

    def _fill(self, page: ChatPage, content: StructuredContent) -> None:
        """Show what is known at once; saved prompts are read in a thread."""
        first = content.view.first_page
        self._show(page.chat, first, content.view.transcript.status.settings, first.prompts)
        self._sessions.tasks.start(self._read_prompts(page, ref(content)), "saved prompts")

    def _show(
        self, chat: Chat, first: FirstPage, settings: tuple[Setting, ...], prompts: tuple[FirstPageRow, ...]
    ) -> None:
        from gui.chat.page.first_page import FirstPageFacts

        status, record = chat.workplace.git_status, chat.record
        project = one_line(chat.workplace.directory_name(record.origin.project or record.origin.cwd))
        where = status.words_without_repository if status is not None else ""
        chosen = [
            next((choice.name for choice in setting.choices if choice.id == setting.value), setting.value)
            for setting in settings
            if setting.category in _CATEGORIES
        ]
        directory = chat.workplace.short_directory(record.origin.cwd)
        lines = (chat_texts.joined(directory, where), chat_texts.joined(chat.agent_and_account, *map(one_line, chosen)))
        hint = chat_texts.ASK_ABOUT(agent=chat.agent_title, project=project)
        hue = project_hue(record.origin.real_project)
        first.show_facts(FirstPageFacts(project, lines, self._earlier(chat), prompts, hue, hint))

    def _earlier(self, chat: Chat) -> tuple[FirstPageRow, ...]:
        """The last chats with agents in the same project."""
        from gui.chat.page.first_page import FirstPageRow

        origin, now = chat.record.origin, datetime.now(UTC)
        others = [
            other
            for other in chain.from_iterable(self._sessions.listed.groups().values())
            if other is not chat
            and other.machine is chat.machine
            and other.record.origin.project == origin.project
            and other.record.program.conversation
        ]
        others.sort(key=lambda other: other.since or _LONG_AGO, reverse=True)
        return tuple(
            FirstPageRow(
                other.full_name,
                chat_texts.WORKS_NOW() if other.mark is Mark.WORKING else phrases.ago_or_day(other.since, now),
                partial(self._open_chat, other),
                other.record.status.edited_lines,
            )
            for other in others[:_LISTED]
        )

    async def _read_prompts(self, page: ChatPage, made: ref[StructuredContent]) -> None:
        """Show the saved prompts, unless the page has been closed meanwhile, which frees its content."""
        agents: dict[str, Agent] = dict(self._agents)
        prompts, _broken = await asyncio.to_thread(read_prompts, self._directory, agents)
        content = made()
        if content is None or page.is_disposed or not prompts:
            return
        from gui.chat.page.first_page import FirstPageRow

        origin = page.chat.record.origin
        rows = tuple(
            FirstPageRow(
                prompt.name, one_line(prompt.text[:_LINE_CHARACTERS]), partial(content.insert_prompt, prompt.text)
            )
            for prompt in prompts
            if prompt.fits(origin.agent, [origin.cwd, origin.project])
        )
        view = content.view
        self._show(page.chat, view.first_page, view.transcript.status.settings, rows[:_LISTED])
        view.refresh_first_page()
