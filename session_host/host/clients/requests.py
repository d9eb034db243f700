"""The one-shot requests: each is answered with one reply, sooner or later."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import msgspec

from session_host.host import termination
from session_host.host.driver.session import Session
from session_host.protocol.messages import (
    Describe,
    Description,
    Done,
    ErrorCode,
    Explain,
    Explanation,
    Failed,
    Kill,
    Peek,
    Rename,
    Reply,
    Request,
    Screen,
    Send,
    Stop,
)
from session_host.protocol.values import State
from session_host.system.clock import now
from session_host.terminal.base import Emulator
from session_host.terminal.text import screen_of
from session_host.version import VERSION

from .send_request import SendRequests

CONTROLLING = (Send, Stop, Kill, Rename)
"""Requests that an agent may make of some chats only, as Attach is: see ``system.processes.permission``."""

RECORD_PATIENCE_S = 3.0
MAX_NAME_CHARACTERS = 200
PIECE_CHARACTERS = 256 * 1024
"""At four bytes a character at most, so much fits a frame."""


def explain(session: Session, request: Explain) -> Explanation:
    """Where the session's state and activity come from."""
    process = session.process
    session.conversation.check_open_files()
    return Explanation(
        request.request,
        now=now(),
        child_pid=process.pid if process is not None else None,
        child_started=process.started if process is not None else None,
        last_output=session.watch.last_output(),
        last_input=session.watch.tracker.last_input,
        stale_after_s=session.spec.watch.stale_after_s,
        evidence=session.watch.tracker.evidence(),
        transitions=session.watch.transitions(),
        conversation=session.conversation.id,
        conversation_source=session.conversation.source,
        remark=session.spec.watch.remark,
    )


async def handle_request(
    session: Session, sending: SendRequests, request: Request, host_pid: int, keeper_pid: int
) -> Sequence[Reply]:
    """Do what a client asked for.

    Returns:
        The reply, in several messages if it is too long for one; a request that cannot be carried
        out is answered with Failed.
    """
    match request:
        case Describe():
            return [describe(session, request, host_pid, keeper_pid)]
        case Peek():
            return await session.worker.run(lambda emulator: peek(emulator, request))
        case Rename(request=number, name=name):
            if not name or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
                return [Failed(number, ErrorCode.BAD_REQUEST, "a name is 1 to 200 printable characters")]
            session.rename(name)
            return [Done(number)]
        case Explain():
            return [explain(session, request)]
        case _ if session.state is State.EXITED:
            return [Failed(request.request, ErrorCode.ENDED, "the chat has ended")]
        case Stop(request=number):
            await termination.terminate_program(session)
            await _recorded(session)
            return [Done(number)]
        case Kill(request=number):
            await termination.kill_program(session)
            await _recorded(session)
            return [Done(number)]
        case Send():
            return [await sending.type_request(request)]


async def _recorded(session: Session) -> None:
    """Wait for the end to be written down; a disk that refuses is waited for elsewhere, for longer."""
    try:
        async with asyncio.timeout(RECORD_PATIENCE_S):
            await session.exit_saved.wait()
    except TimeoutError:
        return


def describe(session: Session, request: Describe, host_pid: int, keeper_pid: int) -> Description:
    """What this host knows of its session."""
    spec, activity = session.spec, session.watch.tracker
    session.conversation.check_open_files()
    foreground = session.watch.foreground.poll() if session.watch.foreground is not None else None
    return Description(
        request=request.request,
        session_id=spec.session_id,
        name=session.name,
        agent=spec.agent,
        state=session.state,
        exit_code=session.exit_code,
        exit_signal=session.exit_signal,
        activity=activity.activity,
        activity_source=activity.source,
        activity_since=activity.since,
        title=session.title,
        size=session.size,
        viewers=session.viewers.attachments.viewers(),
        engine=spec.engine,
        host_pid=host_pid,
        child_pid=session.process.pid if session.process is not None else None,
        offset=session.output_ring.end,
        argv=spec.argv,
        cwd=spec.cwd,
        created_at=spec.created_at,
        keeper_pid=keeper_pid or None,
        version=VERSION,
        journal_bytes=session.recording.size_bytes if session.recording.on else None,
        notice=session.recording.trouble or session.notice,
        activity_detail=session.watch.tracker.detail,
        conversation=session.conversation.id,
        foreground=foreground.program if foreground is not None else None,
        foreground_since=foreground.since if foreground is not None else "",
        last_output=session.watch.last_output(),
        end_request=session.ledger.page.end_request,
        last_exit_code=foreground.last_exit_code if foreground is not None else None,
        last_ended=foreground.last_ended if foreground is not None else "",
    )


def peek(emulator: Emulator, request: Peek) -> list[Screen]:
    """The screen, and the history before it if asked for, as text; in as many pieces as frames need."""
    whole = screen_of(emulator, request)
    pieces = list(_pieces(whole.lines))
    return [
        msgspec.structs.replace(whole, lines=piece, last=number == len(pieces))
        for number, piece in enumerate(pieces, 1)
    ]


def _pieces(lines: list[str]) -> Iterator[list[str]]:
    """Cut ``lines`` into lists that each fit a frame; at least one list comes."""
    piece: list[str] = []
    length = 0
    for line in lines:
        # A single line can be of the whole history when a program never ends one.
        for start in range(0, max(1, len(line)), PIECE_CHARACTERS):
            part = line[start : start + PIECE_CHARACTERS]
            if length + len(part) > PIECE_CHARACTERS:
                yield piece
                piece, length = [], 0
            piece.append(part)
            length += len(part) + 5
    yield piece
