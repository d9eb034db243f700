"""Decides whether a command may end or replace a chat, since an agent in another chat may have sent it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.keeper import EndSession, Launch, Launched, NotReplaced, ReplaceHost, ReplaceKeeper
from session_host.protocol.launch import LaunchReport
from session_host.system.peer_credentials import peer_pid
from session_host.system.processes.permission import agent_chats, belongs_to, refusal_of

from .kept_session import KeptSession

log = logging.getLogger(__name__)


def refusal(client: MessageChannel, message: Any, sessions: Mapping[str, KeptSession]) -> NotReplaced | Launched | None:
    """The answer to a refused command; None if the command is allowed.

    Args:
        client: the command's connection.
        message: the command's message; replacing the keeper means controlling all chats.
        sessions: the chats by their ids.
    """
    match message:
        case Launch(spec=spec) if not belongs_to(spec, agent_chats(peer_pid(client.socket))):
            log.warning("refused a launch: the chat would not belong to the agent that starts it")
            return Launched(LaunchReport(ok=False, error="an agent's chat belongs to the agent"))
        case EndSession(session_id=session_id) | ReplaceHost(session_id=session_id):
            controlled = [sessions[session_id]] if session_id in sessions else []
        case ReplaceKeeper():
            controlled = list(sessions.values())
        case _:
            return None
    origin = agent_chats(peer_pid(client.socket))  # Reads /proc: once for all chats.
    for session in controlled:
        if reason := refusal_of(origin, session.spec, session.spec.name):
            log.warning("refused: %s", reason)
            return NotReplaced(reason, refused=True)
    return None
