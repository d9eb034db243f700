"""The connection to the client: requests, replies and notifications of JSON-RPC 2.0, one in a line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, BinaryIO, Final

import msgspec

from session_host.errors import OutliveError
from session_host.structured.dialects import reading

MAX_LINE_BYTES: Final = 256 * 1024 * 1024
"""More than any prompt with images."""
FLUSH_S: Final = 2.0
"""How long the last messages may take to be read."""

INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
RESOURCE_NOT_FOUND: Final = -32002

_logger = logging.getLogger(__name__)


class RequestError(Exception):
    """A request is refused: the code, and one line for the user."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


Handler = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""Carries out a method with its parameters; returns the result. A notification's result is dropped."""


class Connection:
    """The client at the other end of two pipes.

    Requests run at the same time, so that a prompt can be cancelled; each is answered when it is done.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        """Make a connection; ``redact`` removes keys from errors."""
        self._redact = redact
        self._writer: asyncio.WriteTransport | None = None
        self._flow = _Flow()
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        """The open requests to the client, by their ids."""
        self._last_id = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, source: BinaryIO, target: BinaryIO, handle: Handler) -> None:
        """Answer the client's requests until its end of file, or until the task is cancelled."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
        self._writer, _ = await loop.connect_write_pipe(lambda: self._flow, target)
        self._writer.set_write_buffer_limits(0)
        while line := await reader.readline():
            message = reading.message(line)
            if message is None:
                _logger.warning("a line is no message: %r", line[:200])
            elif isinstance(method := message.get("method"), str):
                self.start(self._answer(handle, message, method))
            elif (asked := self._asked.get(reading.integer(message, "id"))) is not None and not asked.done():
                asked.set_result(message)

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run a task until the connection is closed."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End all tasks, and send what is left."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._writer is not None:
            try:
                await asyncio.wait_for(self._flow.drained(), FLUSH_S)
            except TimeoutError:
                _logger.warning("the client does not read")
            self._writer.close()

    def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    async def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Ask the client; returns its result.

        Raises:
            OutliveError: it refuses.
        """
        self._last_id += 1
        request_id, reply = self._last_id, asyncio.get_running_loop().create_future()
        self._asked[request_id] = reply
        try:
            self._send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})
            message = await reply
        finally:
            del self._asked[request_id]
        if "error" in message:
            raise OutliveError(reading.one_line(reading.text(message, "error", "message")) or f"{method} is refused")
        return reading.mapping(message, "result")

    async def _answer(self, handle: Handler, message: dict[str, Any], method: str) -> None:
        error: dict[str, Any] | None = None
        result: Any = None
        try:
            result = await handle(method, reading.mapping(message, "params"))
        except RequestError as refused:
            error = {"code": refused.code, "message": str(refused)}
        except OutliveError as failure:
            error = {"code": INTERNAL_ERROR, "message": str(failure)}
        except Exception:
            _logger.exception("%s failed", method)
            error = {"code": INTERNAL_ERROR, "message": "internal error"}
        if "id" not in message:
            return
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
        if error is not None:
            reply["error"] = error | {"message": self._redact(error["message"])}
        else:
            reply["result"] = result
        self._send(reply)

    def _send(self, message: dict[str, Any]) -> None:
        # Messages that the client does not read wait in memory: there are few, and an answer must be saved anyway.
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(msgspec.json.encode(message) + b"\n")


class _Flow(asyncio.BaseProtocol):
    """Knows whether the transport's buffer is empty."""

    def __init__(self) -> None:
        self._is_paused = False
        self._resumed = asyncio.Event()

    def pause_writing(self) -> None:
        self._is_paused = True
        self._resumed.clear()

    def resume_writing(self) -> None:
        self._is_paused = False
        self._resumed.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        self.resume_writing()

    async def drained(self) -> None:
        """Wait until all is written, or the client is gone."""
        if self._is_paused:
            await self._resumed.wait()
