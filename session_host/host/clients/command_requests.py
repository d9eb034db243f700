"""Handles one-shot requests; each gets a reply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from session_host.host.driver.driver import Driver
from session_host.protocol.events import for_readers
from session_host.protocol.facts import ChatFacts, Program
from session_host.protocol.messages import (
    FALLS_ASLEEP,
    OUTPUT_CHUNK_BYTES,
    AgentRequests,
    Describe,
    Description,
    Done,
    Explain,
    Explanation,
    Failed,
    HostReport,
    Kill,
    OpenRequests,
    Peek,
    PeekColors,
    Rename,
    Reply,
    Request,
    Screen,
    Send,
    SendChatInput,
    SendLater,
    Sleep,
    Stop,
    WhyAwake,
)
from session_host.protocol.untrusted_text import is_name
from session_host.protocol.values import ErrorCode, State
from session_host.structured.answers import outcome
from session_host.structured.items import AgentRequest
from session_host.system.clock import now
from session_host.version import VERSION

from .sleeping import answer

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
        transitions=driver.events.changes(),
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
            driver.unseen.look()
            return [describe(driver, request, host_pid, keeper_pid)]
        case Peek():
            return in_pieces(await driver.kind.screen(request))
        case PeekColors():
            return [await driver.kind.colors(request)]
        case Rename(request=number, name=name):
            if not is_name(name):
                return [Failed(number, ErrorCode.BAD_REQUEST, "a name is 1 to 200 printable characters, no dash first")]
            driver.session.rename(name)
            driver.performer.perform()
            return [Done(number)]
        case Explain():
            return [explain(driver, request)]
        case _ if why := _why_over(driver, request):
            return [Failed(request.request, ErrorCode.ENDED, why)]
        case WhyAwake() | Sleep():
            return [await answer(driver, partial(facts_of, driver, host_pid), request)]
        case SendChatInput():
            return [await driver.kind.send_chat_input(request)]
        case OpenRequests():
            return _open_requests(driver, request, await driver.kind.open_requests(request))
        case Send():
            return [await driver.kind.send(request)]
        case SendLater():
            return [driver.later.request(request)]
        case Stop() | Kill():
            return [await driver.performer.ask(driver.session.end_requests.request, request)]


def _why_over(driver: Driver, request: Request) -> str:
    """Why the chat takes no such request any more, one line; "" if it does."""
    if driver.session.state is State.EXITED:
        return "the chat has ended"
    gives_text = isinstance(request, Send | SendChatInput | SendLater)
    return FALLS_ASLEEP if gives_text and driver.session.end_requests.puts_to_sleep else ""


def _open_requests(driver: Driver, request: OpenRequests, found: list[AgentRequest] | Failed) -> Sequence[Reply]:
    """The open requests of the chat's agent, in as many pieces as frames need."""
    if isinstance(found, Failed):
        return [found]
    data = msgspec.msgpack.encode(found)
    starts = range(0, len(data), OUTPUT_CHUNK_BYTES)
    newest = driver.kind.newest_outcome()
    past = ("", 0) if newest is None else (outcome(newest), newest.at_ms)
    elsewhere = driver.questions.elsewhere()
    return [
        AgentRequests(request.request, data[start : start + OUTPUT_CHUNK_BYTES], start == starts[-1], elsewhere, *past)
        for start in starts
    ]


def describe(driver: Driver, request: Describe, host_pid: int, keeper_pid: int) -> Description:
    """Describe the session as this host knows it."""
    return Description(
        request.request,
        facts_of(driver, host_pid),
        HostReport(
            viewers=driver.session.viewers.attachments.viewers(),
            offset=driver.output_file.end,
            keeper_pid=keeper_pid or None,
            version=VERSION,
            journal_bytes=driver.journal_writer.size_bytes if driver.journal_writer.is_enabled else None,
            notice=driver.journal_writer.error or driver.notice or driver.kind.notice,
            last_output=driver.watch.last_output(),
            unsaved_event=driver.events.newest_unsaved(),
            unsaved=for_readers(driver.events.unsaved()),
            reports_to=driver.spec.reports_to,
        ),
    )


def facts_of(driver: Driver, host_pid: int) -> ChatFacts:
    """The facts of the session as this host knows them."""
    session, facts, process = driver.session, driver.spec.facts, driver.program.process
    driver.conversation.check_open_files()
    driver.watch.suspension.poll()
    foreground = driver.watch.foreground.poll() if driver.watch.foreground is not None else None
    return ChatFacts(
        facts.origin.without_secrets(),
        replace(facts.entry, name=session.name, later=None),
        driver.outcome,
        Program(
            title=session.title,
            conversation=driver.conversation.id,
            size=session.sizing.size,
            host_pid=host_pid,
            child_pid=process.pid if process is not None else None,
        ),
        driver.watch.status(),
        foreground,
    )


def in_pieces(whole: Screen) -> list[Screen]:
    """A screen's text, in as many pieces as frames need."""
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
