"""The earlier conversations of agents, and the chats that are in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from session_host.agents.agent import Agent
from session_host.git import Stop, stopped_by
from session_host.protocol.facts import ChatFacts

from .chat import Chat, machine_of
from .new_chat import NewChatRequest
from .sessions import Sessions

if TYPE_CHECKING:
    from session_host.client.chats.earlier_conversations import ConversationList


def can_list(agent: Agent) -> bool:
    """Whether an agent's conversations can be listed and continued."""
    from session_host.client.chats import earlier_conversations

    return earlier_conversations.can_list(agent)


class ChatOfConversation:
    """The chat that is or was in a conversation. There may be thousands: its object is made when it is asked for.

    Attributes:
        name: the chat's name.
        has_ended: whether it has ended.
    """

    def __init__(self, sessions: Sessions, record: ChatFacts) -> None:
        self._sessions, self._id = sessions, record.id
        self.name, self.has_ended = record.entry.name, record.outcome.is_over

    @property
    def chat(self) -> Chat | None:
        """The chat itself; None if it was removed since."""
        return self._sessions.chats.get(self._id)


class EarlierConversations:
    """Lists conversations, and the chats that are in them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def list_for(self, agent: Agent, request: NewChatRequest) -> ConversationList:
        """List an agent's conversations on the request's machine; the disk is read until this is cancelled.

        Raises:
            OSError, OutliveError: as ``list_conversations``, or the machine cannot be reached.
        """
        from session_host.client.chats.earlier_conversations import list_conversations

        chats = self._sessions.machines.named(request.machine)
        environment, stop = await chats.environment(), Stop()
        try:
            with stopped_by(stop):
                return await chats.machine.call(
                    list_conversations, agent, request.directory, environment, request.overrides, request.account
                )
        except asyncio.CancelledError:
            stop.set()  # The thread would read on.
            raise

    async def command(self, agent: Agent, conversation: str, request: NewChatRequest) -> str:
        """The shell command that continues a conversation in any terminal, as the request says."""
        from session_host.client.chats.earlier_conversations import command_to_continue

        chats = self._sessions.machines.named(request.machine)
        return await chats.machine.call(
            command_to_continue,
            agent,
            conversation,
            request.directory,
            request.arguments,
            await chats.environment(),
            request.overrides,
            request.account,
        )

    def chats_of(self, agent: Agent, machine: str) -> Callable[[str], ChatOfConversation | None]:
        """A function from a conversation of a machine's agent to its chat: the running one, else the last."""
        store, agents = agent.conversation.store, self._sessions.machines.named(machine).agents
        names = {name for name, each in agents.items() if each.conversation.store == store}
        found: dict[str, ChatFacts] = {}
        for record in self._sessions.listed.records():
            if record.origin.agent in names and record.program.conversation and machine_of(record.id) == machine:
                found.setdefault(record.program.conversation, record)

        def chat_of(conversation: str) -> ChatOfConversation | None:
            record = found.get(conversation)
            return ChatOfConversation(self._sessions, record) if record is not None else None

        return chat_of
