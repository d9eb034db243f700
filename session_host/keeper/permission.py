"""Whether a command may have a chat ended or replaced by the keeper: it may come from an agent in another chat."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.keeper import EndSession, NotReplaced, ReplaceHost, ReplaceKeeper
from session_host.system.peer_credentials import peer_pid
from session_host.system.processes.permission import refusal_of

from .kept_session import KeptSession

log = logging.getLogger(__name__)


def refusal(client: MessageChannel, message: Any, wards: Mapping[str, KeptSession]) -> NotReplaced | None:
    """The answer to a command that is not carried out; None if it is.

    Args:
        client: the command.
        message: the command's; to replace the keeper is to control all chats.
        wards: the chats by their ids.
    """
    match message:
        case EndSession(session_id=session_id) | ReplaceHost(session_id=session_id):
            controlled = [wards[session_id]] if session_id in wards else []
        case ReplaceKeeper():
            controlled = list(wards.values())
        case _:
            return None
    pid = peer_pid(client.socket)
    for ward in controlled:
        if why := refusal_of(pid, ward.spec, ward.spec.name):
            log.warning("refused: %s", why)
            return NotReplaced(why, refused=True)
    return None
