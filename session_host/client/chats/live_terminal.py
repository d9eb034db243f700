"""Shows a running structured chat in the agent's own terminal, too: both are clients of one server.

The terminal is a chat of its own. Blocks on the disk, the host and the agent's socket.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from session_host.agents.agent import Agent
from session_host.agents.catalog import find_agent
from session_host.agents.conversations.base import Availability
from session_host.agents.conversations.registry import find_conversation
from session_host.client.permission import check_may_answer
from session_host.client.sessions.listing import describe
from session_host.client.sessions.session_info import resolve_stale_row
from session_host.client.sessions.store_access import open_store
from session_host.errors import NotResumable
from session_host.paths import agent_socket, config_dir
from session_host.protocol.values import RUNNING_STATES
from session_host.storage.store import SessionRecord, Store, free_name
from session_host.system.unix_sockets import is_foreign

from .launch_request import DEFAULT_SIZE, LaunchRequest
from .resumability import query_for, record_of

CONNECT_TIMEOUT_S = 2.0


def live_terminal(
    session_id: str, environment: Mapping[str, str] | None, *, again: bool
) -> LaunchRequest | SessionRecord | None:
    """The request that starts the terminal, or the terminal's record if it runs already.

    Args:
        session_id: the running structured chat, or an ended terminal of one.
        environment: the caller's whole environment; this process's own if None.
        again: only for an ended terminal.

    Returns:
        None if the session is none of these, or its agent cannot do that.

    Raises:
        NotResumable: the chat cannot be shown in a terminal yet, or any more.
        NotAllowed: this process belongs to the chat's agent, or to one that may not control the chat.
    """
    with open_store() as store:
        record = record_of(store, session_id)
        agent = find_agent(config_dir(), record.agent)
        chat = _chat_of(store, record)
        if agent is None or chat is None or (again and record is chat):
            return None
        if not agent.serves_terminal(chat.argv, str(agent_socket(chat.id))):
            return None
        check_may_answer(chat)
        for other in _running(store):
            if other.runtime == "terminal" and str(agent_socket(chat.id)) in other.argv:
                return other
        _check(chat, agent, environment)
        return LaunchRequest(
            agent=agent,
            live_chat=chat,
            resume=None if record is chat else record,
            name=free_name(
                f"{chat.name}-terminal" if record is chat else record.name, store.running_names(), store.names()
            ),
            directory=chat.cwd,
            environment=dict(os.environ if environment is None else environment),
            overrides=chat.env,
            located_by=chat.located_by,
            size=DEFAULT_SIZE,
        )


def _chat_of(store: Store, record: SessionRecord) -> SessionRecord | None:
    """The running structured chat that a session is, or was the terminal of."""
    if record.state in RUNNING_STATES:
        return record if record.runtime == "structured" else None
    if record.runtime == "structured":
        return None
    chats = (each for each in _running(store) if each.runtime == "structured")
    return next((each for each in chats if str(agent_socket(each.id)) in record.argv), None)


def _running(store: Store) -> list[SessionRecord]:
    return [each for each in (resolve_stale_row(store, row) for row in store.running()) if each.state in RUNNING_STATES]


def _check(chat: SessionRecord, agent: Agent, environment: Mapping[str, str] | None) -> None:
    """Note the chat's conversation.

    Raises:
        NotResumable: a terminal would not find it.
    """
    if not _listens(chat):
        raise NotResumable(f"{chat.name}: its agent takes no connections; try again")
    if (description := describe(chat.id)) is not None and description.conversation:
        chat.provider_session_id = description.conversation
    availability = Availability.LOST
    if chat.provider_session_id:
        availability = find_conversation(agent.conversation.store, query_for(chat, agent, environment)).availability
    if availability is Availability.LOST:
        raise NotResumable(f"{chat.name}: the conversation is empty; send a prompt first")


def _listens(chat: SessionRecord) -> bool:
    """Whether the chat's agent is a server that takes clients."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(CONNECT_TIMEOUT_S)
        try:
            connection.connect(str(agent_socket(chat.id)))
        except OSError:
            return False
        return not is_foreign(connection)
