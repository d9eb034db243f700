"""Whether a command may have a chat ended or replaced by the keeper: it may come from an agent in another chat."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.keeper import EndSession, NotReplaced, ReplaceHost, ReplaceKeeper
from session_host.system.peer_credentials import peer_pid
from session_host.system.processes.permission import agent_chats, refusal_of

from .kept_session import KeptSession

log = logging.getLogger(__name__)


def refusal(client: MessageChannel, message: Any, kept: Mapping[str, KeptSession]) -> NotReplaced | None:
    """The answer to a command that is not carried out; None if it is.

    Args:
        client: the command.
        message: the command's; to replace the keeper is to control all chats.
        kept: the chats by their ids.
    """
    match message:
        case EndSession(session_id=session_id) | ReplaceHost(session_id=session_id):
            controlled = [kept[session_id]] if session_id in kept else []
        case ReplaceKeeper():
            controlled = list(kept.values())
        case _:
            return None
    origin = agent_chats(peer_pid(client.socket))  # Reads /proc: once for all chats.
    for session in controlled:
        if why := refusal_of(origin, session.spec, session.spec.name):
            log.warning("refused: %s", why)
            return NotReplaced(why, refused=True)
    return None
