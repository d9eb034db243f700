"""Puts a chat to sleep, and wakes it by a text.

A chat that sleeps has ended, and keeps its place (``standing.sleep``). Waking it is resuming it: one transaction adds
the new chat, which has the text as ``Entry.later`` and gives it to its agent once, and marks the other one as
continued. Of two that wake it at once, one transaction is the first; the other's text goes to the chat that this one
names. If the chat cannot be started, the one that sleeps has the text as one that was missed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Mapping
from typing import Final

from session_host.agents.catalog import load_agents
from session_host.agents.conversations.base import Availability
from session_host.agents.conversations.stores import find_conversation
from session_host.client.control import request
from session_host.client.permission import check_may_answer
from session_host.client.sessions.session_info import describe, find_session, list_sessions
from session_host.client.sessions.stale_rows import record_of, resolve_stale_row
from session_host.client.sessions.store_access import open_store
from session_host.errors import (
    HostUnavailable,
    NotAllowed,
    NotResumable,
    OutliveError,
    SessionEnded,
    StaysAwake,
    StoreError,
    UsageError,
)
from session_host.paths import config_dir, state_dir
from session_host.protocol.facts import ChatFacts, LaterPrompt
from session_host.protocol.messages import (
    MAX_PASTE_CHARACTERS,
    Done,
    Prompt,
    Send,
    SendChatInput,
    Sleep,
    WhyAwake,
)
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import GridSize
from session_host.standing.endings import how_ended
from session_host.standing.sleep import why_never
from session_host.standing.traits import traits_of
from session_host.storage.store import Store
from session_host.storage.store.database import lack_of_space
from session_host.system.clock import now
from session_host.system.processes.permission import split
from session_host.terminal.base import DefaultColors

from .removal import wait_until_exit_saved
from .resumability import check_agent, query_for, with_use
from .resume import opened_elsewhere, resume

TRIES: Final = 5
"""How often a text looks for the chat that it belongs to, which others wake, end and put to sleep."""

STARTS_WITHIN_S: Final = 60.0
"""How long a text waits for the host of a chat that another one has just woken."""

_LOOK_S: Final = 0.1
MAX_IN_CHAIN: Final = 1000


async def why_awake_of(session_id: str) -> str:
    """Why a chat is not to be put to sleep, clauses after its name; "" if nothing hinders it.

    Raises:
        NoSuchSession: there is no such chat.
        HostUnavailable: its host does not answer.
    """
    never, reasons = await asyncio.to_thread(_look, session_id)
    if never:
        return never
    done: Done = await request(session_id, WhyAwake(0))
    return "; ".join(filter(None, (done.note, *reasons)))


async def put_to_sleep(session_id: str, *, anyway: bool = False) -> str:
    """End a chat's agent so that a text wakes the chat; returns once that is saved.

    Args:
        session_id: the chat.
        anyway: whatever ends with its agent.

    Returns:
        What ended with its agent, clauses after its name; "" for nothing.

    Raises:
        StaysAwake: something would, or nothing could wake the chat; the message says what.
        NotAllowed: this process belongs to an agent that may not do that.
        NoSuchSession, HostUnavailable, SessionEnded: as for any request.
    """
    record = await asyncio.to_thread(_record, session_id)
    check_may_answer(record)  # Its host does so, too, after it was looked at.
    name = record.entry.name
    never, reasons = await asyncio.to_thread(_look, session_id)
    if never or (reasons and not anyway):
        raise StaysAwake(f"{name} {never or '; '.join(reasons)}")
    try:
        done: Done = await request(session_id, Sleep(0, anyway))
    except StaysAwake as error:
        raise StaysAwake(f"{name} {'; '.join((str(error), *reasons))}") from None
    unsaved = ""
    try:
        await wait_until_exit_saved(session_id)
        record = await asyncio.to_thread(_record, session_id)
    except NotResumable:
        # Its host knows it, and saves it once there is space.
        lack, described = lack_of_space(state_dir()), await asyncio.to_thread(describe, session_id)
        if not lack or described is None:
            raise
        record, unsaved = described.facts, f"is not saved as asleep yet: {lack}"
    if not record.outcome.was_put_to_sleep:
        raise SessionEnded(f"{name} {how_ended(record).predicate}")
    return "; ".join(filter(None, (done.note, *reasons, unsaved)))


def stop_asleep(session_id: str) -> bool:
    """Make a chat that is asleep an ended one; returns whether it was asleep. Blocks.

    Raises:
        NotAllowed: this process belongs to an agent that may not do that.
        NoSuchSession, StoreError: as for any change.
    """
    with open_store() as store:
        check_may_answer(record_of(store, session_id))
        return store.end_sleep(session_id)


async def wake(
    session_id: str,
    text: str,
    *,
    token: str = "",
    by: str = "command",
    environment: Mapping[str, str] | None = None,
    size: GridSize | None = None,
    colors: DefaultColors | None = None,
) -> ChatFacts:
    """Wake a chat by a text, or give the text to the chat that continues it already.

    Args:
        session_id: the chat that sleeps.
        text: the prompt.
        token: 32 hexadecimal digits that identify this text, so that an agent gets it once; "" for new ones.
        by: the kind of client, as in Attach.
        environment: as for ``resume``.
        size: as for ``resume``.
        colors: as for ``resume``.

    Returns:
        The chat that gets the text.

    Raises:
        NotAllowed: this process belongs to an agent that may not do that.
        SessionEnded: the chat does not sleep, and no running one continues it.
        OutliveError: as ``resume``: the chat sleeps on, and has the text in ``Entry.later``, as missed.
    """
    if not text.strip() or len(text) > MAX_PASTE_CHARACTERS:
        raise UsageError(f"a chat that is asleep is woken by a text, of at most {MAX_PASTE_CHARACTERS:,} characters")
    token, until_s = token or uuid.uuid4().hex, time.monotonic() + STARTS_WITHIN_S
    for tries in range(1, TRIES + 1):
        await wait_until_exit_saved(session_id)
        record = await asyncio.to_thread(_newest, session_id)
        check_may_answer(record)
        if record.is_asleep:
            prompt = LaterPrompt(now(), text, by, token=token, stage="sending", wakes=True)
            try:
                return await resume(record.id, environment=environment, size=size, colors=colors, first=prompt)
            except NotAllowed:
                raise
            except OutliveError as error:
                # Another one may have woken it meanwhile.
                if tries == TRIES or not await asyncio.to_thread(_is_continued, record.id):
                    await asyncio.to_thread(_keep, record.id, prompt, one_line(str(error)))
                    raise
                continue
        if record.outcome.is_over:
            raise SessionEnded(f"{record.entry.name} {how_ended(record).predicate}")
        if await _give(record, text, token, by, until_s):
            return record
    raise HostUnavailable(f"the chat {session_id[:8]} is woken and ends again and again; try again")


async def _give(record: ChatFacts, text: str, token: str, by: str, until_s: float) -> bool:
    """Give a running chat the text, once it has a host; False if it has ended, or its start was undone."""
    if traits_of(record).takes_prompts:
        message: Send | SendChatInput = SendChatInput(0, Prompt(text), token, by)
    else:
        message = Send(0, text, enter=True, token=token, by=by)
    while True:
        try:
            await request(record.id, message)
        except SessionEnded:
            return False
        except HostUnavailable:
            if not await asyncio.to_thread(_may_start, record.id) or time.monotonic() > until_s:
                return False
            await asyncio.sleep(_LOOK_S)  # No event tells that a chat that starts has its socket.
        else:
            return True


# ---------------------------------------------------------------- what the disk and other chats say


def _look(session_id: str) -> tuple[str, list[str]]:
    """Why a chat can never sleep, and why it is not to now, as far as other chats and the disk say. Blocks."""
    with open_store() as store:
        record = find_session(store, session_id).facts
        if never := why_never(record):
            return never, []
        stored = store.get(record.id) or record  # With the variables that led to the agent's files.
        stored = ChatFacts(stored.origin, stored.entry, record.outcome, record.program)
        agents = load_agents(config_dir(), [record.origin.agent])
        can, reason, agent = check_agent(agents, stored)
        if not can or agent is None:
            return f"could not be woken: {reason}", []
        query = query_for(stored, agent, None)
        found = find_conversation(agent.conversation.store, query)
        if found.availability is Availability.NOTHING:
            found = find_conversation(agent.conversation.store, with_use(store, stored, agent, query))
        if found.availability is Availability.LOST:
            return f"could not be woken: {found.reason}", []
        if found.availability is Availability.NOTHING:
            return "has a conversation that its agent has not saved yet", []
        others = opened_elsewhere(store, "", agent, query, but=record.id)
        reasons = [f"has its conversation open elsewhere: {'; '.join(others)}"] if others else []
        if reports := _reporting(store, record):
            reasons.append(f"gets reports from {', '.join(reports)}")
        return "", reasons


def _reporting(store: Store, record: ChatFacts) -> list[str]:
    """The names of the running chats that report back to a chat's agent."""
    own = split(record.origin.agent_chats)[:1]
    running = list_sessions(store, ended=False)
    return [each.name for each in running if each.host is not None and own == (each.host.reports_to,)]


# ---------------------------------------------------------------- records


def _record(session_id: str) -> ChatFacts:
    with open_store() as store:
        return record_of(store, session_id)


def _newest(session_id: str) -> ChatFacts:
    """The record at the end of the chain of resumes that begins with this session."""
    with open_store() as store:
        record = record_of(store, session_id)
        for _ in range(MAX_IN_CHAIN):
            following = store.get(record.entry.continued_by) if record.entry.continued_by else None
            if following is None:
                break
            resolved = resolve_stale_row(store, following)
            # One that was never started is gone now, and the one before sleeps again.
            record = resolved if store.get(resolved.id) is not None else store.get(record.id) or record
        return record


def _is_continued(session_id: str) -> bool:
    with open_store() as store:
        record = store.get(session_id)
        return record is not None and record.entry.continued_by is not None


def _may_start(session_id: str) -> bool:
    """Whether a session runs, as far as is known, so that its host may be there soon."""
    with open_store() as store:
        record = store.get(session_id)
        return record is not None and not resolve_stale_row(store, record).outcome.is_over


def _keep(session_id: str, prompt: LaterPrompt, why: str) -> None:
    """Keep the text of a chat that could not be woken."""
    with contextlib.suppress(StoreError), open_store() as store:
        store.keep_text(session_id, prompt, why)
