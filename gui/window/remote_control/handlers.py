"""Handles the requests that commands may send to the open window."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QTimer
from PySide6.QtGui import QImage, QImageWriter

from gui.bridge.sessions import Sessions
from gui.input.activation import activation_token
from gui.window.page.chat_page import ChatPage
from gui.window.remote_control.server import ControlRequest, Handler
from gui.window.windows import MainWindow, Windows
from session_host.errors import NoSuchSession, OutliveError, TimedOut, UsageError

SETTLE_TIMEOUT_S = 9.0


class RemoteControl:
    """Handles the requests to the window's socket."""

    def __init__(self, windows: Windows, sessions: Sessions, close: asyncio.Event) -> None:
        """Set up the handlers; ``close`` is set to exit the window's process."""
        self._windows = windows
        self._sessions = sessions
        self._close = close

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
                "name": chat.record.name,
                "state": chat.state.value,
                "active": window is windows.current and pane is window.tabs.active and chat.id == pane.tabs.active_id,
                "connected": chat.is_live,
                "window": window_number,
                "pane": pane_number,
                "in_front": chat.id == pane.tabs.active_id,
            }
            for window_number, window in enumerate(windows.all, 1)
            for pane_number, pane in enumerate(window.tabs.panes(), 1)
            for chat in pane.tabs.chats()
        ]

    async def show(self, request: ControlRequest) -> dict[str, Any]:
        """Show a chat's tab, opening it if needed; replies when it is live, or its last screen is shown."""
        chat = self._sessions.get(request.session)
        if chat is None:
            # The chat may have been started a moment ago.
            await self._sessions.refresh_now()
            chat = self._sessions.get(request.session)
        if chat is None:
            raise NoSuchSession(f"no chat {request.session!r}; `outlive ls --all` lists the chats")
        with activation_token(request.activation_token):
            page = self._windows.open_chat(chat)
        try:
            async with asyncio.timeout(SETTLE_TIMEOUT_S):
                await _settled(page)
        except TimeoutError as error:
            raise TimedOut(f"{chat.record.name} was not ready within {SETTLE_TIMEOUT_S:g} s") from error
        return {"session_id": chat.id}

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
        return {"session_id": chat.id, "name": chat.record.name} if chat is not None else None


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
