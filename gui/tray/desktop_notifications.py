"""Desktop notifications over D-Bus; each has a key and is withdrawn when it is out of date.

See "Desktop Notifications Specification", version 1.2. Qt's own way, by the tray's icon, has neither keys nor
withdrawal; it stands in where the service is not there.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, DBusErrorResponse, HeaderFields, MatchRule, Message, message_bus, new_method_call
from jeepney.auth import AuthenticationError
from jeepney.io.asyncio import DBusRouter, Proxy, open_dbus_connection
from jeepney.io.common import RouterClosed
from jeepney.wrappers import unwrap_msg
from PySide6.QtCore import QObject, Signal

from gui.bridge.background.tasks import Tasks
from gui.wording import common_texts

log = logging.getLogger(__name__)

ANSWER_S = 5.0
"""A service that takes longer counts as none."""

LEAVE_S = 1.0
"""What the window's end waits for at most."""

ICON = Path(__file__).parents[2] / "resources" / "icons" / "outlive.svg"

_NAME, _INTERFACE = "org.freedesktop.Notifications", "org.freedesktop.Notifications"
_SERVICE = DBusAddress("/org/freedesktop/Notifications", _NAME, _INTERFACE)
_NO_SERVICE = (
    AuthenticationError, DBusErrorResponse, EOFError, KeyError, OSError, RouterClosed, RuntimeError, TimeoutError,
    ValueError,
)  # fmt: skip
"""What jeepney raises where there is no bus or no such service, or it goes away."""


class DesktopNotifications(QObject):
    """Shows and withdraws notifications, one after the other, in the background.

    Signals:
        chosen: the user clicked the one with this key.
    """

    chosen = Signal(str)

    def __init__(self, tasks: Tasks, otherwise: Callable[[str, str, str], object], parent: QObject) -> None:
        """``otherwise`` shows a key, a title and a text where the desktop's service is not there."""
        super().__init__(parent)
        self._tasks = tasks
        self._otherwise = otherwise
        self._wishes: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()
        self._is_serving = False
        self._ids: dict[str, int] = {}
        self._leave = contextlib.AsyncExitStack()
        self._router: DBusRouter | None = None
        self._can: set[str] = set()

    def show(self, key: str, title: str, text: str) -> None:
        """Show a notification, in the place of the one with the same key if that is still there."""
        self._wish(key, title, text)

    def withdraw(self, key: str) -> None:
        """Take a notification away, if it is still there."""
        if self._is_serving:
            self._wish(key, "", "")

    async def close(self) -> None:
        """Take all away and leave the bus."""
        with contextlib.suppress(*_NO_SERVICE):
            async with asyncio.timeout(LEAVE_S):
                for key in list(self._ids):
                    await self._withdraw(key)
        await self._drop()

    # ------------------------------------------------------------ one wish after the other

    def _wish(self, key: str, title: str, text: str) -> None:
        self._wishes.put_nowait((key, title, text))
        if not self._is_serving:
            self._is_serving = True
            self._tasks.start(self._serve(), "notifications")

    async def _serve(self) -> None:
        while True:
            key, title, text = await self._wishes.get()
            try:
                async with asyncio.timeout(ANSWER_S):
                    await (self._show(key, title, text) if title else self._withdraw(key))
            except _NO_SERVICE as error:
                log.info("the desktop shows no notification: %s", error)
                await self._drop()
                if title:
                    self._otherwise(key, title, text)

    async def _show(self, key: str, title: str, text: str) -> None:
        if self._router is None:
            await self._connect()
        body = html.escape(text, quote=False) if "body-markup" in self._can else text
        actions = ["default", common_texts.open_()] if "actions" in self._can else []
        hints = {"desktop-entry": ("s", "outlive"), "urgency": ("y", 1)}
        wanted = ("Outlive", self._ids.get(key, 0), str(ICON), title, body, actions, hints, -1)
        (self._ids[key],) = await self._call("Notify", "susssasa{sv}i", wanted)

    async def _withdraw(self, key: str) -> None:
        number = self._ids.pop(key, None)
        if number is not None and self._router is not None:
            await self._call("CloseNotification", "u", (number,))

    # ------------------------------------------------------------ the bus

    async def _connect(self) -> None:
        connection = await open_dbus_connection("SESSION")
        self._leave.push_async_callback(connection.close)
        router: DBusRouter = await self._leave.enter_async_context(DBusRouter(connection))
        self._router = router
        rule = MatchRule(type="signal", interface=_INTERFACE, path=_SERVICE.object_path)
        told: asyncio.Queue[Message] = self._leave.enter_context(router.filter(rule, queue=asyncio.Queue()))
        await Proxy(message_bus, router).AddMatch(rule)
        listening = asyncio.get_running_loop().create_task(self._listen(told), name="notifications' signals")
        self._leave.push_async_callback(_ended, listening)
        self._can = set((await self._call("GetCapabilities", "", ()))[0])

    async def _call(self, method: str, signature: str, body: tuple[Any, ...]) -> tuple[Any, ...]:
        assert self._router is not None
        message = new_method_call(_SERVICE, method, signature or None, body)
        answer: tuple[Any, ...] = unwrap_msg(await self._router.send_and_get_reply(message))
        return answer

    async def _listen(self, told: asyncio.Queue[Message]) -> None:
        while True:
            message = await told.get()
            body = message.body
            key = next((key for key, number in self._ids.items() if body and number == body[0]), None)
            if key is None:
                continue  # Another program's.
            match message.header.fields.get(HeaderFields.member), body:
                case "ActivationToken", (_, str(token)):
                    # It lets the window come to the front where programs may not do that by themselves. Qt takes
                    # it from the process's environment; ``os.environ`` would hand it on to chats.
                    os.putenv("XDG_ACTIVATION_TOKEN", token)
                case "ActionInvoked", _:
                    self.chosen.emit(key)
                case "NotificationClosed", _:
                    self._ids.pop(key, None)

    async def _drop(self) -> None:
        self._router, self._ids = None, {}
        with contextlib.suppress(*_NO_SERVICE):
            await self._leave.aclose()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
