"""Forks a structured chat: starts a chat with a copy of its conversation.

The forked chat may run or have ended, and stays as it is. Blocks on the disk, except ``fork`` itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping

import msgspec

from session_host.agents.catalog import load_agents
from session_host.agents.conversations.base import Availability
from session_host.agents.conversations.registry import find_conversation
from session_host.client.sessions.last_screen import last_transcript
from session_host.client.sessions.store_access import open_store
from session_host.client.viewer.transcript_watch import watch_transcript
from session_host.errors import NotResumable
from session_host.paths import config_dir
from session_host.protocol.values import RUNNING_STATES, GridSize
from session_host.storage.store import SessionRecord
from session_host.structured.former_items import encode_items, former_items
from session_host.structured.items import Item, Put
from session_host.structured.transcript import Transcript
from session_host.system.clock import now_ms

from .launch import launch
from .launch_request import LaunchRequest
from .pending_end import wait_until_exit_saved
from .resumability import query_for, record_of
from .resume import request_of
from .structured_launch import Fork, can_fork

_FORKED = re.compile(r" \(fork(?: \d+)?\)$")


async def fork(
    session_id: str, *, environment: Mapping[str, str] | None = None, size: GridSize | None = None
) -> SessionRecord:
    """Start a chat that continues from the present state of another one; returns when its program is exec'd.

    Args:
        session_id: the other chat.
        environment: the caller's whole environment; this process's own if None.
        size: the terminal's size, for programs that ask; the other chat's if None.

    Raises:
        NotResumable: the agent cannot do that, a turn runs, or there is nothing to go on from.
        HostUnavailable, AgentNotFound, LaunchFailed, StoreError, UnsafeDirectory, WorktreeError: as ``launch.launch``.
    """
    await wait_until_exit_saved(session_id)
    record = await asyncio.to_thread(_record, session_id)
    if record.state in RUNNING_STATES:
        transcript = await watch_transcript(session_id, lambda _: True)
    else:
        transcript = await asyncio.to_thread(last_transcript, session_id)
    request = await asyncio.to_thread(_request, record, transcript, environment)
    return await launch(msgspec.structs.replace(request, size=size or request.size))


def fork_name(name: str, taken: Collection[str]) -> str:
    """The name of a fork that no running chat has: "api (fork)", then "api (fork 2)"."""
    base = _FORKED.sub("", name)
    wanted, number = f"{base} (fork)", 1
    while wanted in taken:
        number += 1
        wanted = f"{base} (fork {number})"
    return wanted


def _record(session_id: str) -> SessionRecord:
    with open_store() as store:
        return record_of(store, session_id)


def _request(
    record: SessionRecord, transcript: Transcript | None, environment: Mapping[str, str] | None
) -> LaunchRequest:
    agent = load_agents(config_dir(), [record.agent]).get(record.agent)
    if agent is None or not can_fork(agent, record):
        raise NotResumable(f"{record.name}: its agent cannot fork a conversation")
    if transcript is not None:
        if transcript.status.state in {"starting", "running", "requires_action"}:
            raise NotResumable(f"{record.name} is busy; fork it when its turn has ended")
        record.provider_session_id = transcript.status.conversation or record.provider_session_id
    query = query_for(record, agent, environment)
    place = agent.conversation.place
    kept = find_conversation(place, query).kept if query.conversation else Availability.LOST
    if kept in {Availability.LOST, Availability.NOTHING}:
        raise NotResumable(f"{record.name}: the conversation is empty; send a prompt first")
    with open_store() as store:
        request = request_of(store, record, agent, environment)
        name = fork_name(record.name, store.running_names())
    return msgspec.structs.replace(request, resume=None, fork=Fork(record, _items(record, transcript)), name=name)


def _items(record: SessionRecord, transcript: Transcript | None) -> bytes:
    """The items for the copy, with a line that says where it begins."""
    if transcript is None or not len(transcript):
        return b""
    at_ms = now_ms()
    line = Item(f"fork-{record.id[:8]}-{at_ms}", "notice", at_ms, text=f"Forked from {record.name}.")
    return encode_items([*former_items(transcript), Put(line)])
