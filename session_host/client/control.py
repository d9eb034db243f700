"""One-shot requests to a host, and waiting for its events."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import msgspec

from session_host.errors import (
    AlreadyAnswered,
    AlreadyEnding,
    HostUnavailable,
    LineInUse,
    NeedsInput,
    NotAllowed,
    Outdated,
    OutliveError,
    ProtocolMismatch,
    RunsElsewhere,
    SessionEnded,
    StaysAwake,
    TextTaken,
    UsageError,
    WrongRuntime,
)
from session_host.protocol.bridge import MAX_REPLY_BYTES
from session_host.protocol.messages import (
    AgentRequests,
    Attach,
    Attached,
    Describe,
    Description,
    Done,
    Explain,
    Explanation,
    Failed,
    Kill,
    Message,
    OpenRequests,
    Output,
    Peek,
    PeekColors,
    Request,
    Resized,
    Screen,
    ScreenColors,
    Send,
    SendChatInput,
    SendLater,
    Sleep,
    Stop,
    WhyAwake,
)
from session_host.protocol.untrusted_text import as_message
from session_host.protocol.values import RUNNING_STATES, ErrorCode, State

from .connection import HostConnection, HostNotResponding
from .machine import THIS_MACHINE, Machine
from .sessions.hosts import end_without_host, is_host_stopped, kill_unresponsive
from .sessions.store_access import outcome_of

REPLY_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 60.0
"""A polite end takes as long as the agent needs and the host's steps after it."""

SEND_TIMEOUT_S = 300.0
"""A text waits for the agent and for earlier texts, each until its turn begins. A hung host does not even greet."""

SCROLLBACK_TIMEOUT_S = 120.0
"""A host lays out some million lines of a structured chat in that time."""

_TIMEOUTS_S: dict[type[Request], float] = {Stop: STOP_TIMEOUT_S, Sleep: STOP_TIMEOUT_S, Send: SEND_TIMEOUT_S}

RETRY_S = (0.0, 0.05, 0.2, 0.5, 1.0)
"""Delays before repeating a request to a host that went away during it."""

_REPLIES: dict[type[Request], type[Message]] = {
    Describe: Description,
    Peek: Screen,
    PeekColors: ScreenColors,
    Explain: Explanation,
    OpenRequests: AgentRequests,
}
"""The replies to requests; ``Done`` to all others."""

_ERRORS: dict[str, type[OutliveError]] = {
    ErrorCode.ENDED: SessionEnded,
    ErrorCode.BAD_REQUEST: UsageError,
    ErrorCode.NEEDS_INPUT: NeedsInput,
    ErrorCode.NOT_ALLOWED: NotAllowed,
    ErrorCode.ANSWERED: AlreadyAnswered,
    ErrorCode.TAKEN: TextTaken,
    ErrorCode.LINE_IN_USE: LineInUse,
    ErrorCode.CHANGED: Outdated,
    ErrorCode.WRONG_RUNTIME: WrongRuntime,
    ErrorCode.AWAKE: StaysAwake,
}


class ControlConnection:
    """A connection for requests, one at a time; an async context manager.

    With ``follow`` it also receives events and output, see ``messages``.
    """

    def __init__(self, session_id: str, machine: Machine = THIS_MACHINE) -> None:
        self.session_id = session_id
        self._machine = machine
        self._connection: HostConnection | None = None
        self._inbox: asyncio.Queue[Any] = asyncio.Queue()
        self._request = 0

    async def __aenter__(self) -> Self:
        self._connection = await self._machine.connect(self.session_id, "control")
        self._connection.set_callbacks(self._inbox.put_nowait, lambda: self._inbox.put_nowait(None))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            await self._connection.wait_closed()

    def follow(self, *, output: bool) -> None:
        """Attach to receive events, and output if ``output`` is set."""
        self._send_message(Attach(output=output, read_only=True))

    async def output(self, start: int, end: int, resizes: int) -> AsyncIterator[Output | Resized]:
        """Attach, and yield the output from ``start`` to ``end``, and the resizes after so many.

        Nothing comes if the host no longer has that output.
        """
        self._send_message(Attach(read_only=True, offset=start, resizes=resizes))
        async for message in self.messages():
            if isinstance(message, Attached) and not message.resumed:
                return
            if isinstance(message, Output | Resized):
                yield message
            if isinstance(message, Output) and message.offset + len(message.data) >= end:
                return

    async def messages(self) -> AsyncIterator[Any]:
        """Yield the host's messages until the connection ends."""
        while (message := await self._inbox.get()) is not None:
            yield message

    def send_only(self, request: Request) -> None:
        """Send a request without waiting; ``messages`` yields the reply."""
        self._send_message(request)

    async def request(self, request: Request) -> Any:
        """Send a request and await its reply; a reply in several pieces is returned whole.

        Raises:
            SessionEnded: the request needs a running session.
            HostUnavailable: the host went away before it answered, or does not answer in time.
            OutliveError: the host refused; the message is the host's.
        """
        assert self._connection is not None
        timeout_s = _TIMEOUTS_S.get(type(request), REPLY_TIMEOUT_S)
        if isinstance(request, Peek) and request.scrollback:
            timeout_s = SCROLLBACK_TIMEOUT_S
        try:
            async with asyncio.timeout(timeout_s):
                return await self._request_and_reply(request)
        except TimeoutError as error:
            raise HostNotResponding(f"the chat did not respond within {timeout_s:g} s; see `outlive doctor`") from error

    async def _request_and_reply(self, request: Request) -> Any:
        self._request += 1
        self._send_message(msgspec.structs.replace(request, request=self._request))
        lines: list[str] = []
        data = b""
        async for message in self.messages():
            if getattr(message, "request", None) != self._request:
                continue
            match message:
                case Failed(code=code, message=text):
                    raise _ERRORS.get(code, OutliveError)(as_message(text))
                case _ if not isinstance(message, _REPLIES.get(type(request), Done)):
                    raise HostUnavailable("the process at the chat's socket is not Outlive (another reply)")
                case Screen(last=False):
                    lines += message.lines
                case Screen():
                    return msgspec.structs.replace(message, lines=lines + message.lines)
                case AgentRequests(last=False):
                    data += message.data
                    if len(data) > MAX_REPLY_BYTES:
                        raise OutliveError("the answer is too long")
                case AgentRequests():
                    return msgspec.structs.replace(message, data=data + message.data)
                case _:
                    return message
        if isinstance(request, SendLater | WhyAwake | Sleep):
            raise HostUnavailable(
                "the chat runs under an earlier version of Outlive: run `outlive upgrade`, and try again"
            )
        raise HostUnavailable("the connection to the chat was lost; try again")

    def _send_message(self, message: Message) -> None:
        assert self._connection is not None
        self._connection.send_message(message)


async def request(session_id: str, message: Request, machine: Machine = THIS_MACHINE) -> Any:
    """Send one request over a new connection; see ``ControlConnection.request``.

    If the host does not answer, the keeper carries out a Kill; if each host dies soon, also a Stop.

    If a host dies during the request, its replacement gets the request again: input is typed only once, and an end that
    has come counts as success.
    """
    try:
        return await _request(session_id, message, machine)
    except HostUnavailable as lost:
        if not isinstance(message, Stop | Kill):
            raise
        try:
            done = await machine.call(end_without_host, session_id, gracefully=isinstance(message, Stop))
        except (HostUnavailable, NotAllowed):
            raise
        except OutliveError:  # A machine with an earlier version has no such call.
            raise lost from None
        if not done:
            raise
        return Done(message.request, done)


async def _request(session_id: str, message: Request, machine: Machine) -> Any:
    if isinstance(message, Kill) and await machine.call(is_host_stopped, session_id):
        return Done(message.request, await machine.call(kill_unresponsive, session_id))
    if isinstance(message, Send | SendChatInput) and not message.token:
        message = msgspec.structs.replace(message, token=uuid.uuid4().hex)
    for tries, wait_s in enumerate((*RETRY_S, None)):
        try:
            async with ControlConnection(session_id, machine) as connection:
                return await connection.request(message)
        except SessionEnded:
            if tries and isinstance(message, Stop | Kill | Sleep):
                return Done(message.request)
            raise
        except HostNotResponding:
            if not isinstance(message, Kill):
                raise
            if (done := await _kill_without_answer(session_id, machine, is_last=wait_s is None)) is not None:
                return Done(message.request, done)
        except (ProtocolMismatch, RunsElsewhere):
            raise
        except HostUnavailable:
            if wait_s is None:
                raise
            fate = await machine.call(outcome_of, session_id)
            if fate.state is State.EXITED and isinstance(message, Stop | Kill | Sleep):
                return Done(message.request)
            if fate.state not in RUNNING_STATES:
                raise
            await asyncio.sleep(wait_s)
    raise AssertionError("the last try returns or raises")


async def _kill_without_answer(session_id: str, machine: Machine, *, is_last: bool) -> str | None:
    """End a chat with a host that did not answer to Kill in time.

    Args:
        session_id: the chat.
        machine: its machine.
        is_last: whether there is no other try.

    Returns:
        One line that says what was done; None if the host is slow, and ends the chat already: then another request
        waits for the same end.
    """
    try:
        return await machine.call(kill_unresponsive, session_id)
    except AlreadyEnding:
        if is_last:
            raise
        return None
