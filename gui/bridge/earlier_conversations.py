"""The earlier conversations of agents, and the chats that are in them."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gui.bridge.chat import Chat
from gui.bridge.sessions_model import SessionsModel
from session_host.agents.agent import Agent
from session_host.storage.store import free_name

if TYPE_CHECKING:
    from session_host.client.chats.earlier_conversations import ConversationList
    from session_host.protocol.values import GridSize, Runtime


def can_list(agent: Agent) -> bool:
    """Whether an agent's conversations can be listed and continued."""
    from session_host.client.chats import earlier_conversations

    return earlier_conversations.can_list(agent)


class EarlierConversations:
    """Lists conversations, and starts chats in them."""

    def __init__(self, sessions: SessionsModel, agents: Mapping[str, Agent]) -> None:
        self._sessions = sessions
        self._agents = agents

    async def list_for(
        self, agent: Agent, directory: str, overrides: Mapping[str, str], cancelled: threading.Event
    ) -> ConversationList:
        """List an agent's conversations; the disk is read in a thread, until ``cancelled`` is set.

        Raises:
            OSError, StoreError: as ``list_conversations``.
        """
        from session_host.client.chats.earlier_conversations import list_conversations

        environment = await self._sessions.login_path.environment()
        try:
            return await asyncio.to_thread(
                list_conversations, agent, directory, environment, overrides, cancelled.is_set
            )
        except asyncio.CancelledError:
            cancelled.set()  # The window is closed; the thread would read on.
            raise

    def chats_by_conversation(self, agent: Agent) -> dict[str, Chat]:
        """The chats of the agent's conversations: the running one, else the newest that no other one continues."""
        place = agent.conversation.place
        names = {name for name, each in self._agents.items() if each.conversation.place == place}
        chats = [chat for chat in self._sessions.listed() if chat.record.agent in names]
        chats.sort(key=lambda chat: not chat.has_ended)
        return {chat.record.provider_session_id: chat for chat in chats if chat.record.provider_session_id}

    async def start(
        self,
        agent: Agent,
        conversation: str,
        arguments: list[str],
        *,
        name: str,
        directory: str,
        prompt: str,
        overrides: dict[str, str],
        size: GridSize,
        runtime: Runtime,
        anyway: bool,
    ) -> Chat:
        """Start a chat in a conversation that is no chat's; the arguments are as in ``LaunchRequest``.

        Raises:
            NotResumable: it cannot be resumed; with ``ConversationOpen``, only if ``anyway`` is true.
            OutliveError: it could not be started; nothing is left of it.
        """
        from session_host.client.chats.earlier_conversations import continue_conversation
        from session_host.client.chats.launch_request import LaunchRequest

        sessions = self._sessions
        free = free_name(name, {chat.name for chat in sessions.running()})
        request = LaunchRequest(
            agent=agent, conversation=conversation, arguments=arguments, name=free or None,
            directory=directory, prompt=prompt, environment=dict(os.environ), overrides=overrides, size=size,
            colors=sessions.colors, runtime=runtime,
        )  # fmt: skip
        record = await continue_conversation(await sessions.login_path.with_login_path(request), anyway=anyway)
        return sessions.chat_of(record)
