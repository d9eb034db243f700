"""The window's socket: one JSON object per line, from commands and from a second start.

A request is ``{"verb": "tabs" | "show" | "grab" | "close" | "raise" | "toggle" | "new_chat" | "next",
"session": id or MACHINE/CHAT?, "file": path?, "window": number? | "all"?, "activation_token": string?}``;
its reply is ``{"ok": true, "result": …}`` or ``{"ok": false, "error": "one line", "exit_code": n}``.

What a request may do depends on the process that sends it (``RIGHTS``): the keyboard and the windows are the user's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QByteArray, QTimer
from PySide6.QtGui import QImage, QImageWriter

from gui.bridge.chat import Chat, machine_of
from gui.bridge.sessions import Sessions
from gui.input.activation import activation_token
from gui.window.page.chat_page import ChatPage
from gui.window.windows import MainWindow, Windows
from session_host.client.permission import agents_chat, check_may_control_window, check_may_reach_machine
from session_host.client.window_control import ASKED
from session_host.errors import (
    NoSuchSession,
    NotAllowed,
    OutliveError,
    TimedOut,
    Unreachable,
    UsageError,
    unexpected,
)
from session_host.protocol.rights import Right
from session_host.protocol.untrusted_text import one_line
from session_host.system.unix_sockets import is_foreign, peer_pid

from .attention import Attention

log = logging.getLogger(__name__)


RIGHTS = {
    "tabs": Right.READ,
    "show": Right.READ,
    "raise": Right.READ,
    "toggle": Right.READ,
    "new_chat": Right.READ,
    "next": Right.READ,
    "grab": Right.CONTROL,
    "close": Right.CONTROL,
}
"""The rights by the kind of request; a kind without one has no handler, either. A picture shows everything on the
window, so it takes control of the window: the user's, or the agent's that opened it.
"""

OF_USER = frozenset({"show", "raise", "toggle", "new_chat", "next"})
"""These change the page, the keyboard focus, the windows or the sheets. From a process of an agent, or of an unknown
chat, they only ask for the user's attention, whatever the settings allow: keys that the user types for another chat
would reach the agent's question.
"""

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
AskAttention = Callable[[ControlRequest, str], Awaitable[Any]]
"""Gets an agent's request, and the id of the agent's chat."""


class ControlServer:
    """Serves the socket; a handler for its kind answers each request."""

    def __init__(self, handlers: dict[str, Handler], ask_attention: AskAttention) -> None:
        """``ask_attention`` answers the requests of agents that only ask for attention."""
        self._handlers, self._ask_attention = handlers, ask_attention
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
            return {"ok": True, "result": await self._result(line, pid)}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return _refusal(f"invalid request: {error}", 2)
        except OutliveError as error:
            return _refusal(str(error), error.exit_code)
        except Exception as error:
            log.exception("a request failed")
            return _refusal(unexpected(error, "outlive logs --window"), 1)

    async def _result(self, line: bytes, pid: int) -> Any:
        request = msgspec.json.decode(line, type=ControlRequest)
        handler = self._handlers.get(request.kind)
        if handler is None:
            raise UsageError(
                f"the window does not support {request.kind!r}; it may be an older version: close it and run "
                "`outlive` again"
            )
        if RIGHTS[request.kind] is Right.CONTROL:
            check_may_control_window(pid)
        if machine := machine_of(request.session):
            check_may_reach_machine(machine, pid)
        if request.kind in OF_USER and (by := agents_chat(pid)):
            return await self._ask_attention(request, by)
        return _for_process(pid, await handler(request))


def _for_process(pid: int, result: Any) -> Any:
    """A result for a process: without chats of other machines, if it is an agent that may not reach those."""
    near = [each for each in result if not _is_far(each)] if isinstance(result, list) else result
    near = None if _is_far(near) else near
    if near != result:
        try:
            check_may_reach_machine(pid=pid)
        except NotAllowed:
            return near
    return result


def _is_far(entry: Any) -> bool:
    return isinstance(entry, dict) and bool(machine_of(entry.get("session_id", "")))


def _refusal(message: str, exit_code: int) -> dict[str, Any]:
    """The reply to a failed request; the message may quote the request, which can contain anything."""
    line = one_line(message)
    if len(line) > MAX_ERROR_CHARACTERS:
        half = MAX_ERROR_CHARACTERS // 2
        line = f"{line[:half]}…{line[-half:]}"
    return {"ok": False, "error": line, "exit_code": exit_code}


SETTLE_TIMEOUT_S = 9.0


class RemoteControl:
    """Handles the requests to the window's socket."""

    def __init__(self, windows: Windows, sessions: Sessions, close: asyncio.Event) -> None:
        """Set up the handlers; ``close`` is set to exit the window's process."""
        self._windows = windows
        self._sessions = sessions
        self._close = close
        self._attention = Attention(windows, sessions)

    def handlers(self) -> dict[str, Handler]:
        """The handlers, by the kind of request."""
        return {
            "tabs": self.tabs,
            "show": self.show,
            "grab": self.grab,
            "close": self.close,
            "raise": self.raise_window,
            "toggle": self.toggle,
            "new_chat": self.new_chat,
            "next": self.next_chat,
        }

    async def tabs(self, _request: ControlRequest) -> list[dict[str, Any]]:
        """List the tabs in order: window by window, pane by pane, each counted from 1."""
        windows = self._windows
        return [
            {
                "session_id": chat.id,
                "name": chat.record.entry.name,
                "state": chat.state.value,
                "active": window is windows.current and pane is panes.active and chat.id == pane.tabs.active_id,
                "connected": chat.looks.first.is_live,
                "window": window_number,
                "pane": pane_number,
                "in_front": chat.id == pane.tabs.active_id,
            }
            for window_number, window in enumerate(windows.all, 1)
            for panes in (window.tabs.panes,)
            for pane_number, pane in enumerate(panes.all(), 1)
            for chat in pane.tabs.chats()
        ]

    async def show(self, request: ControlRequest) -> dict[str, Any]:
        """Show a chat's tab, opening it if needed.

        The reply comes when the chat is live or its last screen is shown; at once if its machine cannot be reached.
        """
        chat = await self._find(request.session)
        with activation_token(request.activation_token):
            page = self._windows.open_chat(chat)
        if chat.machine.is_reachable:  # Else the page shows since when it is not.
            try:
                async with asyncio.timeout(SETTLE_TIMEOUT_S):
                    await _settled(page)
            except TimeoutError as error:
                raise TimedOut(f"{chat.record.entry.name} was not ready within {SETTLE_TIMEOUT_S:g} s") from error
        return {"session_id": chat.id}

    async def _find(self, text: str) -> Chat:
        """The chat with this id, or the one that ``MACHINE/CHAT`` names, also while its machine cannot be reached."""
        machine, chat = machine_of(text), self._sessions.chats.named(text)
        if chat is None or (machine and chat.machine.is_reachable):
            try:
                if (known := self._sessions.machines.by_name.get(machine)) is not None:
                    await known.refresh_now()  # The chat may have been started a moment ago.
                chat = self._sessions.chats.named(text)
            except Unreachable:
                if chat is None:
                    raise
        if chat is None:
            raise NoSuchSession(f"no chat {text!r}; `outlive ls --all` lists the chats")
        return chat

    async def grab(self, request: ControlRequest) -> list[dict[str, Any]]:
        """Write a picture of each window that the request names, as it is now; of all windows into numbered files."""
        path = Path(request.file)
        if not request.file or not path.is_absolute():
            raise UsageError("grab needs the absolute path of a file")
        await _painted()
        pictures = [(file, window.grab().toImage()) for file, window in self._pictured(request.window, path)]
        for file, picture in pictures:
            if problem := await asyncio.to_thread(_write, picture, file):
                raise OutliveError(f"{file}: cannot write the picture ({problem})")
        return [
            {"file": str(file), "width_px": picture.width(), "height_px": picture.height()}
            for file, picture in pictures
        ]

    def _pictured(self, which: str, path: Path) -> list[tuple[Path, MainWindow]]:
        """The windows to take pictures of, each with its file; all windows get numbered files."""
        windows = self._windows.all
        if which == "all":
            return [(path.with_stem(f"{path.stem}-{n}"), window) for n, window in enumerate(windows, 1)]
        if not which:
            return [(path, self._windows.current)]
        if not (which.isascii() and which.isdecimal() and 1 <= int(which) <= len(windows)):
            are_open = "1 window is open" if len(windows) == 1 else f"{len(windows)} windows are open"
            raise UsageError(f"there is no window {which}; {are_open}")
        return [(path, windows[int(which) - 1])]

    async def close(self, _request: ControlRequest) -> None:
        """Close the window after the reply is sent."""
        QTimer.singleShot(0, self._windows, self._close.set)

    async def raise_window(self, request: ControlRequest) -> None:
        """Raise the window."""
        with activation_token(request.activation_token):
            self._windows.raise_window()

    async def toggle(self, request: ControlRequest) -> None:
        """Hide the windows if the user is in one, else raise the window."""
        with activation_token(request.activation_token):
            self._windows.toggle()

    async def new_chat(self, request: ControlRequest) -> None:
        """Raise the window, with the sheet that starts a chat."""
        await self.raise_window(request)
        self._windows.current.commands.starting.new_chat()

    async def next_chat(self, request: ControlRequest) -> dict[str, Any] | None:
        """Raise the window, and go to the next chat that needs the user, as the key does; replies None for none."""
        await self.raise_window(request)
        chat = self._windows.current.commands.next_waiting()
        return {"session_id": chat.id, "name": chat.record.entry.name} if chat is not None else None

    async def ask_attention(self, request: ControlRequest, agents_chat: str) -> dict[str, Any]:
        """Ask the user to look at a chat, for an agent: at the requested one, else at the agent's own.

        Args:
            request: the request of a process of the agent.
            agents_chat: the id of the agent's chat, or of one that it continues; another word for an unknown one.
        """
        by = self._sessions.chats.latest_continuation(agents_chat)
        about = await self._find(request.session) if request.kind == "show" else None
        self._attention.ask(by, about)
        chat = about or by
        found = {"session_id": chat.id, "name": chat.record.entry.name} if chat is not None else {}
        return {**found, ASKED: True}


def _write(picture: QImage, path: Path) -> str:
    """Write a PNG; returns the error, "" for none."""
    writer = QImageWriter(str(path), QByteArray(b"png"))
    return "" if writer.write(picture) else writer.errorString()


async def _settled(page: ChatPage) -> None:
    """Wait until a page's content is final for now."""
    arrived = asyncio.Event()
    connection = page.settled.connect(arrived.set)
    try:
        if not page.is_settled:
            await arrived.wait()
    finally:
        page.settled.disconnect(connection)


async def _painted() -> None:
    """Wait until requested painting is done: the time of a frame, then two iterations of the event loop."""
    for _ in range(2):
        turned = asyncio.Event()
        QTimer.singleShot(17, turned.set)
        await turned.wait()
