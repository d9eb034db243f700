"""Decides whether a command may start, end or replace a chat, since an agent in another chat may have sent it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.keeper import EndSession, Launch, Launched, NotReplaced, ReplaceHost, ReplaceKeeper
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.system.processes.permission import agent_chats, belongs_to, is_controlled_by, refusal_of
from session_host.system.unix_sockets import peer_pid

from .kept_session import KeptSession

log = logging.getLogger(__name__)


def refusal(client: MessageChannel, message: Any, sessions: Mapping[str, KeptSession]) -> NotReplaced | Launched | None:
    """The answer to a refused command; None if the command is allowed.

    Args:
        client: the command's connection.
        message: the command's message; replacing the keeper means controlling all chats, and starting a chat means
            controlling those that it will control.
        sessions: the chats by their ids.
    """
    match message:
        case Launch(spec=spec):
            controlled = [each.spec for each in sessions.values() if is_controlled_by(each.spec, spec)]
        case EndSession(session_id=session_id) | ReplaceHost(session_id=session_id):
            controlled = [sessions[session_id].spec] if session_id in sessions else []
        case ReplaceKeeper():
            controlled = [each.spec for each in sessions.values()]
        case _:
            return None
    origin = agent_chats(peer_pid(client.socket))  # Reads /proc: once for all chats.
    if isinstance(message, Launch) and not belongs_to(message.spec, origin):
        log.warning("refused a launch: the chat would not belong to the agent that starts it")
        return Launched(LaunchReport(ok=False, error="an agent's chat belongs to the agent"))
    if not (reason := next(_refusals(origin, controlled), "")):
        return None
    log.warning("refused: %s", reason)
    if isinstance(message, Launch):
        return Launched(LaunchReport(ok=False, error=reason))
    return NotReplaced(reason, refused=True)


def _refusals(origin: tuple[str, ...], specs: Iterable[LaunchSpec]) -> Iterator[str]:
    return filter(None, (refusal_of(origin, spec, spec.name) for spec in specs))
