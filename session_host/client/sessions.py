"""One session, and how it is: the record merged with what its host says. All of them: ``quick``."""

from __future__ import annotations

import asyncio

from session_host.errors import HostUnavailable
from session_host.protocol.messages import Describe, Description
from session_host.protocol.values import RUNNING_STATES
from session_host.store import SessionRecord, Store

from .control import request
from .records import DESCRIBE_TIMEOUT_S, Fate, SessionInfo, fate_of, info_of, open_store, settle

__all__ = ["Fate", "SessionInfo", "fate_of", "find_session", "open_store"]


async def find_session(store: Store, text: str) -> SessionInfo:
    """The session that ``text`` names: a name, an id, or a unique prefix of one.

    Raises:
        NoSuchSession, AmbiguousSession: as their names say.
    """
    record = store.find(text)
    if record.state not in RUNNING_STATES:
        return info_of(record)
    description = await _describe(record)
    return info_of(record, description) if description is not None else info_of(settle(store, record))


async def _describe(record: SessionRecord) -> Description | None:
    """What the session's host says, None if it does not answer in time."""
    try:
        async with asyncio.timeout(DESCRIBE_TIMEOUT_S):
            answer: Description = await request(record.id, Describe(0))
    except (HostUnavailable, TimeoutError):
        return None
    return answer
