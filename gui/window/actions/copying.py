"""Copies answers of agents that do not mark them in their terminals, from the agents' own records."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gui.bridge.chat import Chat
from gui.terminal.input import clipboard
from gui.window.actions.context import WindowContext
from gui.wording import page_texts
from gui.wording.text import Text
from session_host.agents.agent import Agent
from session_host.errors import OutliveError
from session_host.protocol.values import Activity
from session_host.terminal.prompts import TurnPosition

if TYPE_CHECKING:
    from session_host.client.chats.agent_record import FoundAnswer

READ_TIMEOUT_S = 10.0
"""Timeout for reading a record, which may be on a network disk."""

_COPIED: Mapping[str, Text] = {
    "last": page_texts.COPIED_LAST_ANSWER,
    "unfinished": page_texts.COPIED_UNFINISHED_ANSWER,
    "before": page_texts.COPIED_ANSWER_BEFORE,
    "chosen": page_texts.COPIED_ANSWER,
}


class ChatAnswers:
    """The answers of one chat; an ``AnswerSource``."""

    def __init__(self, chat: Chat, context: WindowContext) -> None:
        self._chat = chat
        self._tasks = context.sessions.tasks
        self._agents = context.agents
        self._banners = context.banners

    @property
    def _agent(self) -> Agent | None:
        return self._agents.get(self._chat.record.agent)

    def has_answers(self) -> bool:
        """Whether the chat's agent keeps a record that Outlive can read."""
        return self._agent is not None and bool(self._agent.conversation.store)

    def prompt_pattern(self) -> str:
        """The pattern of the rows that begin a user's prompt to the chat's agent."""
        return self._agent.signals.user_prompt if self._agent is not None else ""

    def copy_answer(self, position: TurnPosition | None) -> bool:
        """Put the answer at a position on the clipboard, None for the last one, and say so; False without an agent."""
        if self._chat.is_shell_or_command:
            return False
        self._tasks.start(self._copy(position), "copy an answer")
        return True

    async def _copy(self, position: TurnPosition | None) -> None:
        try:
            found = await self._read(position)
        except TimeoutError:
            title = self._chat.agent_title
            self._banners.inform(page_texts.RECORD_IS_SLOW(agent=title), kind="failed", key="answer")
        except OutliveError as error:
            self._banners.inform(str(error), key="answer")
        else:
            clipboard.copy_text(found.text)
            self._banners.inform(_COPIED[found.which](n=found.text.count("\n") + 1), key="answer")

    async def _read(self, position: TurnPosition | None) -> FoundAnswer:
        """Read an answer from the agent's own record; raises ``NoAnswer``, with the reason, if there is none."""
        from session_host.client.chats.agent_record import find_answer  # the window's start does not need it

        is_working = not self._chat.has_ended and self._chat.activity is Activity.WORKING
        async with asyncio.timeout(READ_TIMEOUT_S):
            return await asyncio.to_thread(find_answer, self._chat.id, position, is_working=is_working)
