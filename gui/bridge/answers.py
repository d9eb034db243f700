"""The answers of a chat's agent, from the agent's own record."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from session_host.protocol.values import Activity

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from session_host.client.chats.agent_record import FoundAnswer
    from session_host.terminal.prompts import TurnPosition

READ_TIMEOUT_S = 10.0
"""Timeout for reading a record, which may be on a network disk."""


async def read_answer(chat: Chat, position: TurnPosition | None) -> FoundAnswer:
    """Read the answer at a position of a chat's terminal, or the last answer if ``position`` is None.

    Raises:
        NoAnswer: there is none; the message says why.
        OutliveError: the store or the catalog cannot be read.
        TimeoutError: the agent's record could not be read in time.
    """
    from session_host.client.chats.agent_record import find_answer

    is_working = not chat.has_ended and chat.activity is Activity.WORKING
    async with asyncio.timeout(READ_TIMEOUT_S):
        return await asyncio.to_thread(find_answer, chat.id, position, is_working=is_working)
