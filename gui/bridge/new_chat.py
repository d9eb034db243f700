"""The start of a chat: the user's request, the setup of its worktree, an earlier conversation to continue."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gui.settings.layout import Start
from gui.settings.writing import write_values
from session_host.agents.agent import Agent
from session_host.errors import ConfigError, WorktreeError
from session_host.paths import config_dir
from session_host.protocol.values import RUNNING_STATES, Runtime
from session_host.storage.store import SessionRecord

from .chat import Chat

if TYPE_CHECKING:
    from session_host.client.chats.earlier_conversations import ConversationList

    from .sessions import Sessions


class SetupEntry(NamedTuple):
    """An entry of ``worktree_setup`` in ``chats.toml``.

    Attributes:
        repository: the repository's directory as written in the file, or as a new entry would be written.
        command: the command; "" for none.
    """

    repository: str
    command: str


def setup_of(directory: str) -> SetupEntry | None:
    """The entry for the repository of a directory; None outside of one, or if the settings cannot be read. Blocks."""
    try:
        return entry_of(directory)
    except (WorktreeError, ConfigError):
        return None  # The start says why.


def entry_of(directory: str) -> SetupEntry:
    """The entry for the repository of a directory; one with an empty command if the file has none. Blocks.

    Raises:
        WorktreeError: the directory is in no repository.
        ConfigError: the settings cannot be read.
    """
    from session_host.client.chats.settings import load_chat_settings
    from session_host.client.worktrees import find
    from session_host.storage.store.session_record import directory_of

    repository = str(find(Path(directory)).common)
    found = load_chat_settings(config_dir()).setup_of(repository)
    return SetupEntry(*found) if found is not None else SetupEntry(directory_of(repository), "")


def write_setup(entry: SetupEntry) -> None:
    """Write an entry, and keep everything else in the file; one without a command is removed.

    Raises:
        ConfigError: the file cannot be read or written; nothing was changed.
    """
    write_values(config_dir() / "chats.toml", {("worktree_setup", entry.repository): entry.command or None})


@dataclass(frozen=True)
class NewChatRequest:
    """The user's request for a new chat.

    Attributes:
        is_named: whether the user chose the name.
        worktree: as in ``LaunchRequest``: the branch of a new git worktree, "" for a new branch, None for no worktree.
        setup: the command that sets up the repository's worktrees, if the user changed it; None for no change.
        runtime: whether the agent shows its own terminal, or a chat view.
        remembered: the suggestion for this agent's next start.
    """

    agent: str
    directory: str
    name: str
    arguments: list[str]
    overrides: dict[str, str] = field(default_factory=dict)
    prompt: str = ""
    worktree: str | None = None
    runtime: Runtime = "terminal"
    remembered: Start | None = None
    setup: SetupEntry | None = None
    is_named: bool = True


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

    def __init__(self, sessions: Sessions, record: SessionRecord) -> None:
        self._sessions, self._id = sessions, record.id
        self.name, self.has_ended = record.name, record.state not in RUNNING_STATES

    @property
    def chat(self) -> Chat | None:
        """The chat itself; None if it was removed since."""
        return self._sessions.get(self._id)


class EarlierConversations:
    """Lists conversations, and the chats that are in them."""

    def __init__(self, sessions: Sessions, agents: Mapping[str, Agent]) -> None:
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

    async def command(self, agent: Agent, conversation: str, request: NewChatRequest) -> str:
        """The shell command that continues a conversation in any terminal, as the request says."""
        from session_host.client.chats.earlier_conversations import command_to_continue

        environment = await self._sessions.login_path.environment()
        return command_to_continue(
            agent, conversation, request.directory, request.arguments, environment, request.overrides
        )

    def chats_of(self, agent: Agent) -> Callable[[str], ChatOfConversation | None]:
        """A function from a conversation of the agent to its chat: the running one, else the one that ended last."""
        store = agent.conversation.store
        names = {name for name, each in self._agents.items() if each.conversation.store == store}
        found: dict[str, SessionRecord] = {}
        for record in self._sessions.listed_records():
            if record.agent in names and record.provider_session_id:
                found.setdefault(record.provider_session_id, record)

        def chat_of(conversation: str) -> ChatOfConversation | None:
            record = found.get(conversation)
            return ChatOfConversation(self._sessions, record) if record is not None else None

        return chat_of
