"""Handles one-shot requests; each gets a reply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from session_host.host.driver.driver import Driver
from session_host.protocol.messages import (
    OUTPUT_CHUNK_BYTES,
    AgentRequests,
    AnswerRequest,
    Describe,
    Description,
    Done,
    ErrorCode,
    Explain,
    Explanation,
    Failed,
    Kill,
    OpenRequests,
    Peek,
    Prompt,
    Rename,
    Reply,
    Request,
    Screen,
    Send,
    SendChatInput,
    Stop,
)
from session_host.protocol.untrusted_text import is_name
from session_host.protocol.values import RUNNING_STATES, State
from session_host.structured.engine import TranscriptEngine
from session_host.structured.text import screen_of as screen_of_transcript
from session_host.system.clock import now
from session_host.terminal.base import Emulator
from session_host.terminal.text import screen_of
from session_host.version import VERSION

R = TypeVar("R", Send, Stop | Kill, SendChatInput)

PIECE_CHARACTERS = 256 * 1024
"""How much text fits a frame, at up to four bytes per character."""


def explain(driver: Driver, request: Explain) -> Explanation:
    """Explain where the session's state and activity come from."""
    process = driver.program.process
    driver.conversation.check_open_files()
    return Explanation(
        request.request,
        now=now(),
        child_pid=process.pid if process is not None else None,
        child_started=process.started if process is not None else None,
        last_output=driver.watch.last_output(),
        last_input=driver.watch.tracker.last_input,
        stale_after_s=driver.spec.watch.stale_after_s,
        evidence=driver.watch.tracker.evidence(),
        transitions=driver.watch.transitions(),
        conversation=driver.conversation.id,
        conversation_source=driver.conversation.source,
        remark=driver.spec.watch.remark,
    )


async def handle_request(driver: Driver, request: Request, host_pid: int, keeper_pid: int) -> Sequence[Reply]:
    """Carry out a client's request.

    Returns:
        The reply, in several messages if it is too long for one; Failed if the request cannot be carried out.
    """
    match request:
        case Describe():
            return [describe(driver, request, host_pid, keeper_pid)]
        case Peek() if driver.session.chat is not None:
            return await driver.worker.run_in_thread(lambda emulator: peek(emulator, request))
        case Peek():
            return await driver.worker.run(lambda emulator: peek(emulator, request))
        case Rename(request=number, name=name):
            if not is_name(name):
                return [Failed(number, ErrorCode.BAD_REQUEST, "a name is 1 to 200 printable characters")]
            driver.session.rename(name)
            driver.performer.perform()
            return [Done(number)]
        case Explain():
            return [explain(driver, request)]
        case _ if driver.session.state is State.EXITED:
            return [Failed(request.request, ErrorCode.ENDED, "the chat has ended")]
        case SendChatInput():
            return [await _send_chat_input(driver, request)]
        case OpenRequests():
            return await _open_requests(driver, request)
        case Send() if driver.session.chat is not None:
            return [await _prompt(driver, request)]
        case Send():
            return [await _answer(driver, driver.session.send_queue.request, request)]
        case Stop() | Kill():
            return [await _answer(driver, driver.session.end_requests.request, request)]


async def _send_chat_input(driver: Driver, request: SendChatInput) -> Reply:
    """Pass an input to a structured chat, or an answer to the hook of a terminal's agent."""
    chat = driver.session.chat
    if chat is None and isinstance(request.chat_input, AnswerRequest) and driver.questions.is_on:
        return driver.questions.answer(request, request.chat_input)
    if chat is None:
        return Failed(request.request, ErrorCode.WRONG_RUNTIME, "this chat runs in a terminal: send it text or keys")
    return await _answer(driver, chat.request, request)


async def _prompt(driver: Driver, request: Send) -> Reply:
    """Type into a structured chat: the text is a prompt."""
    if request.keys or not request.text.strip():
        text = "this chat takes prompts, not keys; to answer its question use: outlive approve, outlive deny"
        return Failed(request.request, ErrorCode.WRONG_RUNTIME, text)
    return await _send_chat_input(driver, SendChatInput(request.request, Prompt("", 0, request.text), request.token))


async def _open_requests(driver: Driver, request: OpenRequests) -> Sequence[Reply]:
    """The open requests of the chat's agent, in as many pieces as frames need."""
    chat = driver.session.chat
    if chat is not None:
        found = list(chat.rules.state.requests.values())
    elif driver.questions.is_on:
        found = await driver.questions.open_requests()
    else:
        text = "this chat runs in a terminal: answer it with keys"
        return [Failed(request.request, ErrorCode.WRONG_RUNTIME, text)]
    data = msgspec.msgpack.encode(found)
    starts = range(0, len(data), OUTPUT_CHUNK_BYTES)
    return [
        AgentRequests(request.request, data[start : start + OUTPUT_CHUNK_BYTES], start == starts[-1])
        for start in starts
    ]


async def _answer(driver: Driver, ask: Callable[[R, asyncio.Future[Reply]], None], request: R) -> Reply:
    """Pass a request to the rules, and wait for their answer."""
    answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    ask(request, answer)
    driver.performer.perform()
    return await answer


def describe(driver: Driver, request: Describe, host_pid: int, keeper_pid: int) -> Description:
    """Describe the session as this host knows it."""
    spec, session, activity = driver.spec, driver.session, driver.watch.tracker
    driver.conversation.check_open_files()
    driver.watch.suspension.poll()
    foreground = driver.watch.foreground.poll() if driver.watch.foreground is not None else None
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
        size=session.sizing.size,
        viewers=session.viewers.attachments.viewers(),
        engine=spec.engine,
        host_pid=host_pid,
        child_pid=driver.program.process.pid if driver.program.process is not None else None,
        offset=driver.output_file.end,
        argv=spec.argv,
        cwd=spec.cwd,
        created_at=spec.created_at,
        keeper_pid=keeper_pid or None,
        version=VERSION,
        journal_bytes=driver.journal_writer.size_bytes if driver.journal_writer.is_enabled else None,
        notice=driver.journal_writer.error or driver.notice or session.starting.notice,
        activity_detail=driver.watch.tracker.detail,
        conversation=driver.conversation.id,
        foreground=foreground.program if foreground is not None else None,
        foreground_since=foreground.since if foreground is not None else "",
        last_output=driver.watch.last_output(),
        end_request=driver.input_log.header.end_request,
        last_exit_code=foreground.last_exit_code if foreground is not None else None,
        last_ended=foreground.last_ended if foreground is not None else "",
        runtime=spec.runtime,
        origin=spec.origin,
        ended_at="" if session.state in RUNNING_STATES else driver.ended_at,
    )


def peek(emulator: Emulator | TranscriptEngine, request: Peek) -> list[Screen]:
    """The screen as text, with the history before it if requested, in as many pieces as frames need."""
    if isinstance(emulator, TranscriptEngine):
        whole = screen_of_transcript(emulator.transcript, request)
    else:
        whole = screen_of(emulator, request)
    pieces = list(_pieces(whole.lines))
    return [
        msgspec.structs.replace(whole, lines=piece, last=number == len(pieces))
        for number, piece in enumerate(pieces, 1)
    ]


def _pieces(lines: list[str]) -> Iterator[list[str]]:
    """Split ``lines`` into lists that each fit a frame; yields at least one list."""
    piece: list[str] = []
    length = 0
    for line in lines:
        # A program that never ends a line makes one line of the whole history.
        for start in range(0, max(1, len(line)), PIECE_CHARACTERS):
            part = line[start : start + PIECE_CHARACTERS]
            if length + len(part) > PIECE_CHARACTERS:
                yield piece
                piece, length = [], 0
            piece.append(part)
            length += len(part) + 5
    yield piece
