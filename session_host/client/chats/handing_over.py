"""Hands a chat's task over to another agent, or to another account: a new chat in the same directory.

The user reads and edits its first prompt before anything is sent. The conversation so far is a private file of the new
chat, which the prompt names. The new chat has its agent's usual arguments, and none of the other's rights. The other
chat stays; a prompt that was to continue it is taken back, since two would then do the same. If this process is killed
before, the other chat's host does so when the prompt is due, or what resumes it (``standing.later_prompt.taker_of``).
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from session_host.agents.agent import Agent
from session_host.agents.conversations.turns import RecordedTurn
from session_host.agents.session_files import write_prompt
from session_host.client.control import request as ask
from session_host.client.permission import check_may_answer
from session_host.client.sessions.session_info import SessionInfo, find_session
from session_host.client.sessions.stale_rows import record_of
from session_host.client.sessions.store_access import open_store
from session_host.client.viewer.transcript_watch import watch_transcript
from session_host.client.worktrees.changes import read_changes
from session_host.errors import HostUnavailable, NoAnswer, NoRecord, NotAllowed, OutliveError, UsageError, WorktreeError
from session_host.paths import session_files
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import SendLater
from session_host.standing.hand_over import Told, conversation_of, file_name, first_prompt
from session_host.standing.traits import traits_of
from session_host.storage.last_transcript import last_transcript
from session_host.structured.markdown import markdown_of
from session_host.structured.transcript import Transcript

from .agent_record import recorded_turns
from .launch import launch
from .launch_spec import LaunchRequest


class HandOverOffer(msgspec.Struct, frozen=True):
    """What the user sees before a chat is handed over.

    Attributes:
        token: identifies the new chat, as in ``LaunchRequest``.
        prompt: its first prompt, as Outlive would write it.
        branch: the branch that is checked out in the chat's directory; "" for none.
    """

    token: str
    prompt: str
    branch: str = ""


class HandedOver(NamedTuple):
    """The chat that took over.

    Attributes:
        record: its record.
        note: what could not be done, one line; "" for nothing.
    """

    record: ChatFacts
    note: str = ""


class _Conversation(NamedTuple):
    """A conversation as a document, and what it says of the task; see ``Told``."""

    document: str = ""
    prompts: Sequence[str] = ()
    open_steps: Sequence[str] = ()


def can_take_over(agent: Agent) -> bool:
    """Whether an agent can take over a task: it gets a first prompt at its start."""
    takes = agent.accepts_prompt or agent.structured is not None
    return bool(agent.executable) and agent.signals.ends_all and takes


async def offer_hand_over(session_id: str) -> HandOverOffer:
    """What a chat would be handed over with; nothing is written or sent.

    Raises:
        StoreError, NoSuchSession: there is no such chat.
    """
    token = uuid.uuid4().hex
    record = await asyncio.to_thread(_record, session_id)
    found = await _conversation(record)
    return await asyncio.to_thread(_offer, record, found, token)


async def hand_over(session_id: str, request: LaunchRequest) -> HandedOver:
    """Start the chat that takes over; returns when its program is exec'd.

    Args:
        session_id: the chat that hands over.
        request: the new chat: agent, account, prompt and token; directory, name and arguments follow from the other.

    Raises:
        NotAllowed: this process belongs to an agent that may not continue the chat, or start another one.
        AgentNotFound, LaunchFailed, StoreError, UnsafeDirectory, WorktreeError: as ``launch.launch``.
    """
    record = await asyncio.to_thread(_record, session_id)
    check_may_answer(record)
    found = await _conversation(record)
    path = _file(record, request.wanted_id)
    if found.document:
        await asyncio.to_thread(write_prompt, path, found.document)
    name = f"{record.entry.name} ({request.agent.title})" if record.entry.is_named else None
    try:
        started = await launch(
            replace(
                request,
                directory=record.origin.cwd,
                name=await asyncio.to_thread(_free, name),
                arguments=list(request.agent.default_arguments),
                runtime=request.agent.nearest_runtime(record.origin.runtime),
                handed_from=record,
            )
        )
    except OutliveError:
        await asyncio.to_thread(_remove, path, request.wanted_id)
        raise
    return HandedOver(started, await _take_back(record))


async def _take_back(record: ChatFacts) -> str:
    """Take back the prompt that was to continue the chat; returns why that failed, one line, "" if it did not."""
    try:
        info = await asyncio.to_thread(_info, record.id)
        prompt = info.facts.later
        if prompt is None or not prompt.continues:
            return ""
        if info.facts.outcome.is_over:
            await asyncio.to_thread(_forget, record.id)
        else:
            with contextlib.suppress(UsageError):  # It was sent, or taken back, meanwhile.
                await ask(record.id, SendLater(0, by="window"))
    except OutliveError as error:
        return f"the prompt that continues {record.entry.name} could not be taken back: {error}"
    return ""


async def _conversation(record: ChatFacts) -> _Conversation:
    """The chat's conversation; empty if Outlive knows none."""
    if not traits_of(record).has_transcript:
        return await asyncio.to_thread(_recorded, record)
    transcript: Transcript | None = None
    if not record.outcome.is_over:
        with contextlib.suppress(HostUnavailable, NotAllowed):
            transcript = await watch_transcript(record.id, lambda _: True)
    return await asyncio.to_thread(_of_transcript, record, transcript)


def _of_transcript(record: ChatFacts, transcript: Transcript | None) -> _Conversation:
    if transcript is None:
        with contextlib.suppress(OutliveError):
            transcript = last_transcript(record.id)
    if transcript is None or not len(transcript):
        return _Conversation()
    document = "".join(markdown_of(transcript, title=record.entry.shown_name, about=_about(record)))
    prompts = [item.text for item in transcript if item.kind == "user"]
    plans = [item.plan for item in transcript if item.kind == "plan"]
    steps = [each.text for each in plans[-1] if each.status != "completed"] if plans else []
    return _Conversation(document, prompts, steps)


def _recorded(record: ChatFacts) -> _Conversation:
    """The conversation of a terminal's agent, from the agent's record, as far back as that is read."""
    turns: list[RecordedTurn] = []
    with contextlib.suppress(NoRecord, NoAnswer):
        turns += recorded_turns(record.id)
    if not turns:
        return _Conversation()
    turns.reverse()
    told = ((each.prompt, each.answer) for each in turns)
    prompts = [each.prompt for each in turns if each.prompt.strip()]
    return _Conversation(conversation_of(record.entry.shown_name, _about(record), told), prompts)


def _offer(record: ChatFacts, found: _Conversation, token: str) -> HandOverOffer:
    """The offer, with the changes of the chat's working tree. Blocks."""
    lines, branch = [], ""
    with contextlib.suppress(WorktreeError):
        changes = read_changes(Path(record.origin.cwd))
        lines = [(each.added, each.removed) for each in changes.files]
        branch = changes.branch or ""
    told = Told(
        task=found.prompts[0] if found.prompts else record.entry.topic,
        last=found.prompts[-1] if len(found.prompts) > 1 else "",
        file=str(_file(record, str(uuid.UUID(token)))) if found.document else "",
        turns=len(found.prompts),
        size_bytes=len(found.document.encode()),
        open_steps=found.open_steps,
        lines=lines,
    )
    return HandOverOffer(token, first_prompt(told), branch)


def _about(record: ChatFacts) -> str:
    return f"{record.origin.agent}, {record.origin.cwd}"


def _file(record: ChatFacts, new_id: str) -> Path:
    """The path of the conversation, among the files of the new chat, with which it is removed."""
    return session_files(new_id) / file_name(record.entry.shown_name)


def _record(session_id: str) -> ChatFacts:
    with open_store() as store:
        return record_of(store, session_id)


def _info(session_id: str) -> SessionInfo:
    with open_store() as store:
        return find_session(store, session_id)


def _free(name: str | None) -> str | None:
    """The name, or with a number if a chat has it."""
    if name is None:
        return None
    with open_store() as store:
        names = store.names()
    number = 1
    wanted = name
    while wanted in names:
        number += 1
        wanted = f"{name[:-1]} {number})"
    return wanted


def _forget(session_id: str) -> None:
    with open_store() as store:
        store.update(session_id, later=None)


def _remove(path: Path, new_id: str) -> None:
    """Remove the file of a chat that was not started."""
    with open_store() as store:
        if store.get(new_id) is None:
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # The start has written others there.
                path.parent.rmdir()
                path.parent.parent.rmdir()
