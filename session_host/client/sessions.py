"""What sessions there are, and how they are: the record merged with what the running hosts say."""

from __future__ import annotations

import asyncio

from session_host.errors import HostUnavailable
from session_host.protocol.messages import Describe, Description
from session_host.store import SessionRecord, Store

from .control import request
from .records import (
    DESCRIBE_TIMEOUT_S,
    RUNNING,
    Fate,
    SessionInfo,
    fate_of,
    info_of,
    merge,
    now,
    open_store,
    settle,
)

__all__ = ["Fate", "SessionInfo", "describe", "fate_of", "find_session", "list_sessions", "now", "open_store"]


async def describe(record: SessionRecord) -> Description | None:
    """What the session's host says, None if it does not answer in time."""
    try:
        async with asyncio.timeout(DESCRIBE_TIMEOUT_S):
            answer: Description = await request(record.id, Describe(0))
    except (HostUnavailable, TimeoutError):
        return None
    return answer


async def list_sessions(store: Store, *, ended: bool) -> list[SessionInfo]:
    """All running sessions, oldest first; with ``ended`` those that ended, too."""
    records = store.all() if ended else store.running()
    running = [record for record in records if record.state in RUNNING]
    descriptions = await asyncio.gather(*(describe(record) for record in running))
    pairs = zip(running, descriptions, strict=True)
    described = {record.id: description for record, description in pairs if description is not None}
    return merge(store, records, described, ended=ended)


async def find_session(store: Store, text: str) -> SessionInfo:
    """The session that ``text`` names: a name, an id, or a unique prefix of one.

    Raises:
        NoSuchSession, AmbiguousSession: as their names say.
    """
    record = settle(store, store.find(text))
    description = await describe(record) if record.state in RUNNING else None
    return info_of(record if description is not None else settle(store, record), description)
