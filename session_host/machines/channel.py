"""A channel of the stream to another machine, as an asyncio transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from session_host.errors import OutliveError, ProtocolViolation, Unreachable
from session_host.protocol.bridge import (
    Close,
    Data,
    Ended,
    Finish,
    Frame,
    FromFar,
    Grant,
    Opened,
    ReceiveWindow,
    SendWindow,
)

from .calls import error_of

MAX_EXIT_CODE = 255


class Channel(asyncio.Transport):
    """A channel.

    Attributes:
        number: its number on the stream.
        protocol: gets its bytes.
        opened: becomes None once the other end has opened it, if it does so.
        on_error_data: gets what a command writes to standard error.
        code: a command's exit code, once it has ended.
    """

    def __init__(self, machine: str, number: int, send: Callable[[Frame], None]) -> None:
        """``send`` sends a message to the other end, on the machine of this name."""
        super().__init__()
        self.number = number
        self.protocol: asyncio.Protocol | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.opened.add_done_callback(lambda opened: opened.cancelled() or opened.exception())
        self.on_error_data: Callable[[bytes], None] = lambda _data: None
        self.code = 0
        self._machine, self._send = machine, send
        self._send_window = SendWindow()
        self._receive_window = ReceiveWindow()
        self._is_full = self._is_finishing = False
        self._paused: bytearray | None = None
        self._error: OutliveError | None = None
        self._has_ended = False
        """The other end has ended it; that is reported after what is kept."""
        self._is_closed = False

    # ------------------------------------------------------------ asyncio.Transport

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002 - asyncio's signature
        """Return the default: there is no socket."""
        return default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes, as far as the other end accepts them; the rest waits."""
        if not self._is_closed:
            self._send_pieces(self._send_window.add(bytes(data)))

    def write_eof(self) -> None:
        """Say that nothing more is sent, once nothing waits."""
        self._is_finishing = True
        self._send_pieces([])

    def can_write_eof(self) -> bool:
        """Return True."""
        return True

    def is_closing(self) -> bool:
        """Whether the channel is closed."""
        return self._is_closed

    def pause_reading(self) -> None:
        """Keep what comes; the other end then soon stops."""
        if self._paused is None:
            self._paused = bytearray()

    def resume_reading(self) -> None:
        """Pass on what was kept."""
        if self._paused is not None:
            data, self._paused = bytes(self._paused), None
            if data:
                self._pass(data)
            self._report_end()

    def close(self) -> None:
        """Close the channel."""
        if not self._is_closed:
            self._is_closed = True
            self._send(Close(self.number))
            asyncio.get_running_loop().call_soon(self._report_lost, None)

    def abort(self) -> None:
        """Close the channel."""
        self.close()

    # ------------------------------------------------------------ the stream's messages

    def receive(self, frame: FromFar) -> None:
        """Handle a message of the other end.

        Raises:
            ProtocolViolation: it sent more than it may.
        """
        match frame:
            case Opened():
                if self.protocol is not None and not self.opened.done():
                    self.protocol.connection_made(self)
                    self.opened.set_result(None)
            case Data(_, data, is_error=True):
                self.on_error_data(data)
            case Data(_, data):
                if not self._receive_window.received(len(data)):
                    raise ProtocolViolation("more data than granted")
                self._pass(data)
            case Grant(_, length):
                self._send_pieces(self._send_window.grant(length))
            case Ended(_, error, message, code):
                self.code = code if 0 <= code <= MAX_EXIT_CODE else 1
                self.end(error_of(self._machine, error, message) if error else None)

    def end(self, error: OutliveError | None) -> None:
        """The channel has ended, or the link was lost."""
        if not self.opened.done():
            self.opened.set_exception(error or Unreachable("the connection was closed"))
        self._has_ended, self._error = True, error
        self._report_end()

    def _send_pieces(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self._send(Data(self.number, piece))
        is_full = bool(self._send_window.waiting)
        if self._is_finishing and not is_full:
            self._is_finishing = False
            self._send(Finish(self.number))
        if is_full != self._is_full and self.protocol is not None:
            self._is_full = is_full
            (self.protocol.pause_writing if is_full else self.protocol.resume_writing)()

    def _pass(self, data: bytes) -> None:
        if self._paused is not None:
            self._paused += data
            return
        if self.protocol is not None and not self._is_closed:
            self.protocol.data_received(data)
        if granted := self._receive_window.used(len(data)):
            self._send(Grant(self.number, granted))

    def _report_end(self) -> None:
        if self._has_ended and self._paused is None and not self._is_closed:
            self._is_closed = True
            self._report_lost(self._error)

    def _report_lost(self, error: Exception | None) -> None:
        protocol, self.protocol = self.protocol, None
        if protocol is not None:
            protocol.connection_lost(error)


class Receiver(asyncio.Protocol):
    """Passes a channel's bytes on.

    Attributes:
        ended: becomes None at the channel's end, or has the error that ended it.
    """

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._receive = receive

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        if self.ended.done():
            return
        if exc is not None:
            self.ended.set_exception(exc)
        else:
            self.ended.set_result(None)
