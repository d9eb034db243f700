"""The window's socket: one JSON object per line, from commands and from a second start.

A request is ``{"verb": "tabs" | "show" | "grab" | "close" | "raise" | "toggle" | "new_chat" | "next",
"session": id?, "file": path?, "window": number? | "all"?, "activation_token": string?}``;
its reply is ``{"ok": true, "result": …}`` or ``{"ok": false, "error": "one line", "exit_code": n}``.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from session_host.client.permission import check_may_control_window
from session_host.errors import OutliveError, UsageError
from session_host.protocol.untrusted_text import one_line
from session_host.system.unix_sockets import is_foreign, peer_pid

CONTROLLING = frozenset({"grab", "close"})
"""Requests that an agent may not make, except on a window that it opened: a picture shows everything on the window."""

MAX_LINE_BYTES = 65536
MAX_ERROR_CHARACTERS = 600


class ControlRequest(msgspec.Struct, frozen=True):
    """A request: one line from a command."""

    kind: str = msgspec.field(name="verb")
    session: str = ""
    file: str = ""
    window: str = ""
    activation_token: str = ""
    """The permission of a Wayland desktop for the window to come to the front; "" for none."""


Handler = Callable[[ControlRequest], Awaitable[Any]]


class ControlServer:
    """Serves the socket; a handler for its kind answers each request."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._handlers = handlers
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._closing = False

    async def start(self, listener: socket.socket) -> None:
        """Serve connections to this socket and stop serving the previous one."""
        previous = self._server
        self._server = await asyncio.start_unix_server(self._connected, sock=listener, limit=MAX_LINE_BYTES)
        if previous is not None:
            previous.close()

    async def close(self) -> None:
        """Stop serving."""
        self._closing = True
        if self._server is not None:
            self._server.close()
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._closing or is_foreign(writer.get_extra_info("socket")):
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve_and_close(reader, writer), name="control")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve_and_close(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except ConnectionError:
            pass  # The other side has disconnected.
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                return  # The line is longer than any request may be.
            if not line.endswith(b"\n"):
                return
            writer.write(
                json.dumps(await self._answer(line, peer_pid(writer.get_extra_info("socket")))).encode() + b"\n"
            )
            await writer.drain()

    async def _answer(self, line: bytes, pid: int) -> dict[str, Any]:
        try:
            request = msgspec.json.decode(line, type=ControlRequest)
            handler = self._handlers.get(request.kind)
            if handler is None:
                raise UsageError(
                    f"the window does not support {request.kind!r}; it may be an older version: close it and run "
                    "`outlive` again"
                )
            if request.kind in CONTROLLING:
                check_may_control_window(pid)
            return {"ok": True, "result": await handler(request)}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return _refusal(f"invalid request: {error}", 2)
        except OutliveError as error:
            return _refusal(str(error), error.exit_code)


def _refusal(message: str, exit_code: int) -> dict[str, Any]:
    """The reply to a failed request; the message may quote the request, which can contain anything."""
    line = one_line(message)
    if len(line) > MAX_ERROR_CHARACTERS:
        half = MAX_ERROR_CHARACTERS // 2
        line = f"{line[:half]}…{line[-half:]}"
    return {"ok": False, "error": line, "exit_code": exit_code}
