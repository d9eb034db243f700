"""Forks a structured chat: starts a chat with a copy of its conversation, or of the part before a prompt.

The forked chat may be running or ended; forking does not change it. Blocks on the disk, except ``fork`` itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping

import msgspec
from msgspec.structs import replace

from session_host.agents.agent import Agent
from session_host.agents.catalog import find_agent
from session_host.agents.conversations.base import Availability, ConversationQuery
from session_host.agents.conversations.earlier_items import saved_message_before, turn_before
from session_host.agents.conversations.stores import find_conversation
from session_host.client.permission import check_may_answer
from session_host.client.sessions.stale_rows import record_of
from session_host.client.sessions.store_access import open_store
from session_host.client.viewer.transcript_watch import watch_transcript
from session_host.errors import NotResumable
from session_host.paths import config_dir
from session_host.protocol.facts import ChatFacts
from session_host.protocol.untrusted_text import as_name, one_line
from session_host.protocol.values import GridSize
from session_host.storage.last_transcript import last_transcript
from session_host.structured.copied_items import changes_before, copied_items, encode_items, items_before
from session_host.structured.items import IN_QUEUE, Item, Put
from session_host.structured.transcript import Transcript
from session_host.system.clock import now_ms

from .launch import launch
from .launch_spec import Fork, LaunchRequest, can_fork, can_fork_before
from .removal import wait_until_exit_saved
from .resumability import query_for
from .resume import request_of

NAMED_CHARACTERS = 60
"""The part of a prompt that names it."""

_FORKED = re.compile(r" \(fork(?: \d+)?\)$")


async def fork(
    session_id: str,
    *,
    before: str = "",
    environment: Mapping[str, str] | None = None,
    size: GridSize | None = None,
) -> ChatFacts:
    """Start a chat that continues from another one's present state, or from before a prompt.

    Returns when the program is exec'd.

    Args:
        session_id: the other chat.
        before: the id of the prompt's item; "" for the present state.
        environment: the caller's whole environment; this process's own if None.
        size: the terminal's size, for programs that ask; the other chat's if None.

    Raises:
        NotAllowed: this process belongs to an agent that may not continue the chat.
        NotResumable: the agent cannot fork, a turn runs, there is no conversation yet, or the agent's record of it
        lacks the prompt. HostUnavailable, AgentNotFound, LaunchFailed, StoreError, UnsafeDirectory, WorktreeError: as
        ``launch.launch``.
    """
    await wait_until_exit_saved(session_id)
    record = await asyncio.to_thread(_record, session_id)
    check_may_answer(record)
    if not record.outcome.is_over:
        transcript = await watch_transcript(session_id, lambda _: True)
    else:
        transcript = await asyncio.to_thread(last_transcript, session_id)
    request = await asyncio.to_thread(_request, record, transcript, environment, before)
    return await launch(msgspec.structs.replace(request, size=size or request.size))


def fork_name(name: str, taken: Collection[str]) -> str:
    """The name of a fork that no chat has: "api (fork)", then "api (fork 2)"."""
    base = _FORKED.sub("", name)
    wanted, number = f"{base} (fork)", 1
    while wanted in taken:
        number += 1
        wanted = f"{base} (fork {number})"
    return wanted


def _record(session_id: str) -> ChatFacts:
    with open_store() as store:
        return record_of(store, session_id)


def _request(
    record: ChatFacts, transcript: Transcript | None, environment: Mapping[str, str] | None, before: str
) -> LaunchRequest:
    agent = find_agent(config_dir(), record.origin.agent)
    if agent is None or not can_fork(agent, record):
        raise NotResumable(f"{record.entry.name}: its agent cannot fork a conversation")
    if transcript is not None:
        if not before and (transcript.status.state == "starting" or transcript.status.is_running):
            raise NotResumable(f"{record.entry.name} is busy; fork it when its turn has ended")
        conversation = transcript.status.conversation or record.program.conversation
        record = replace(record, program=replace(record.program, conversation=conversation))
    query = query_for(record, agent, environment)
    availability = Availability.LOST
    if query.conversation:
        availability = find_conversation(agent.conversation.store, query).availability
    if not before and availability in {Availability.LOST, Availability.NOTHING}:
        raise NotResumable(f"{record.entry.name}: the conversation is empty; send a prompt first")
    with open_store() as store:
        request = request_of(store, record, agent, environment)
        name = fork_name(as_name(record.entry.name.lstrip("- ")) or agent.name, store.names())
    if before:
        forked = _fork_before(record, agent, query, transcript, before)
    else:
        forked = Fork(record, _items(record, transcript))
    return msgspec.structs.replace(request, resume=None, fork=forked, name=name, is_named=True)


def _fork_before(
    record: ChatFacts, agent: Agent, query: ConversationQuery, transcript: Transcript | None, before: str
) -> Fork:
    """The fork that begins before a prompt."""
    prompt = transcript.get(before) if transcript is not None else None
    if transcript is None or prompt is None:
        raise NotResumable(f"{record.entry.name}: the chat does not have this prompt any more")
    if not can_fork_before(agent, record):
        raise NotResumable(f"{agent.title} cannot fork a conversation before a prompt")
    changes = changes_before(transcript, before)
    try:
        through = turn_before(items_before(transcript, before), prompt)
        if agent.structured is not None and agent.structured.fork_through == "message":
            through = saved_message_before(query, prompt)
    except (OSError, NotResumable) as error:
        raise NotResumable(f"{record.entry.name}: {error}") from error
    line = _notice(record, f"Forked from {record.entry.name}, before “{_beginning(prompt.text)}”.")
    return Fork(record, encode_items([*changes, Put(line)]), through, is_empty=not through)


def _items(record: ChatFacts, transcript: Transcript | None) -> bytes:
    """The items for the copy, with a line that says where it begins."""
    if transcript is None or not len(transcript):
        return b""
    # Prompts in the queue were not sent: they stay with the other chat.
    copied = [each for each in copied_items(transcript) if not (isinstance(each, Put) and each.item.status in IN_QUEUE)]
    return encode_items([*copied, Put(_notice(record, f"Forked from {record.entry.name}."))])


def _beginning(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= NAMED_CHARACTERS else f"{line[: NAMED_CHARACTERS - 1]}…"


def _notice(record: ChatFacts, text: str) -> Item:
    at_ms = now_ms()
    return Item(f"fork-{record.id[:8]}-{at_ms}", "notice", at_ms, text=text)
