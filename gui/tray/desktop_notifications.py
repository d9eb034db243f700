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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from gui.bridge.background.tasks import Tasks
from gui.wording import common_texts
from session_host.errors import OutliveError
from session_host.system.dbus.addresses import session_bus
from session_host.system.dbus.bus import Bus, BusGone, Peer
from session_host.system.dbus.in_thread import in_thread

log = logging.getLogger(__name__)

ANSWER_S = 5.0
"""A service that takes longer counts as none."""

LEAVE_S = 1.0
"""How long the window's end waits for withdrawn notifications at most."""

ICON = Path(__file__).parents[2] / "resources" / "icons" / "outlive.svg"

_SERVICE = Peer("org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications")


class _Wish(NamedTuple):
    """A notification to show; one without a title is withdrawn."""

    key: str
    title: str = ""
    text: str = ""
    actions: tuple[tuple[str, str], ...] = ()


class DesktopNotifications(QObject):
    """Shows and withdraws notifications, one after the other, in the background.

    Signals:
        chosen: the user clicked the one with this key.
        answered: the user chose an action of the one with this key.
    """

    chosen = Signal(str)
    answered = Signal(str, str)

    def __init__(self, tasks: Tasks, otherwise: Callable[[str, str, str], object], parent: QObject) -> None:
        """``otherwise`` shows a key, a title and a text where the desktop's service is not there."""
        super().__init__(parent)
        self._tasks = tasks
        self._otherwise = otherwise
        self._wishes: asyncio.Queue[_Wish] = asyncio.Queue()
        self._is_serving = False
        self._ids: dict[str, int] = {}
        self._bus: Bus | None = None
        self._one_call = asyncio.Lock()
        self._can: set[str] = set()

    def show(self, key: str, title: str, text: str, actions: Sequence[tuple[str, str]] = ()) -> None:
        """Show a notification, in the place of the one with the same key if that is still there.

        Args:
            key: names it.
            title: its first line.
            text: its text.
            actions: the ids and labels of its buttons, beside "Open".
        """
        self._wish(_Wish(key, title, text, tuple(actions)))

    def withdraw(self, key: str) -> None:
        """Withdraw a notification, if it is still shown."""
        if self._is_serving:
            self._wish(_Wish(key))

    async def close(self) -> None:
        """Withdraw all notifications and close the connection."""
        with contextlib.suppress(OutliveError, TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                for key in list(self._ids):
                    await self._withdraw(key)
        await self._drop()

    # ------------------------------------------------------------ one wish after the other

    def _wish(self, wish: _Wish) -> None:
        self._wishes.put_nowait(wish)
        if not self._is_serving:
            self._is_serving = True
            self._tasks.start(self._serve(), "notifications")

    async def _serve(self) -> None:
        while True:
            wish = await self._wishes.get()
            try:
                await (self._show(wish) if wish.title else self._withdraw(wish.key))
            except (OutliveError, TypeError, ValueError) as error:
                log.info("the desktop shows no notification: %s", error)
                await self._drop()
                if wish.title:
                    self._otherwise(wish.key, wish.title, wish.text)

    async def _show(self, wish: _Wish) -> None:
        key, title, text, more = wish
        if self._bus is None:
            await self._connect()
        body = html.escape(text, quote=False) if "body-markup" in self._can else text
        buttons = [("default", common_texts.open_()), *more] if "actions" in self._can else []
        actions = [word for button in buttons for word in button]
        hints = {"desktop-entry": ("s", "outlive"), "urgency": ("y", 1)}
        wanted = ("Outlive", self._ids.get(key, 0), str(ICON), title, body, actions, hints, -1)
        (self._ids[key],) = await self._call("Notify", "susssasa{sv}i", *wanted)

    async def _withdraw(self, key: str) -> None:
        number = self._ids.pop(key, None)
        if number is not None and self._bus is not None:
            await self._call("CloseNotification", "u", number)

    # ------------------------------------------------------------ the bus

    async def _connect(self) -> None:
        address = session_bus()
        if address is None:
            raise BusGone("no session bus")
        async with self._one_call:
            self._bus = bus = Bus(address, ANSWER_S, starts_services=True)
            await in_thread(bus, bus.open)
            bus.subscribe(_SERVICE)
        self._can = set((await self._call("GetCapabilities"))[0])

    async def _call(self, method: str, signature: str = "", *arguments: Any) -> tuple[Any, ...]:
        """Call the service, and hear its signals again."""
        async with self._one_call:
            bus = self._bus
            if bus is None:
                raise BusGone("the bus has gone")
            loop = asyncio.get_running_loop()
            loop.remove_reader(bus.fileno())
            bus.extend(ANSWER_S)
            answer = await in_thread(bus, lambda: bus.call(_SERVICE, method, signature, *arguments))
            loop.add_reader(bus.fileno(), self._listen)
        loop.call_soon(self._listen)  # What came with the answer is about the number that the caller is about to note.
        return answer

    def _listen(self) -> None:
        """Act on the signals that have come; during a call, which uses the connection, they wait for its end."""
        if self._one_call.locked():
            return
        try:
            signals = self._bus.arrived() if self._bus is not None else []
        except BusGone:
            self._forget()
            return
        for signal in signals:
            body = signal.arguments
            key = next((key for key, number in self._ids.items() if body and number == body[0]), None)
            if key is None:
                continue  # Another program's.
            match signal.member, body:
                case "ActivationToken", (_, str(token)):
                    # It lets the window come to the front where programs may not do that by themselves. Qt takes
                    # it from the process's environment; ``os.environ`` would hand it on to chats.
                    os.putenv("XDG_ACTIVATION_TOKEN", token)
                case "ActionInvoked", (_, str(action)) if action != "default":
                    self.answered.emit(key, action)
                case "ActionInvoked", _:
                    self.chosen.emit(key)
                case "NotificationClosed", _:
                    self._ids.pop(key, None)

    async def _drop(self) -> None:
        """Leave the bus, also in the middle of a call."""
        if self._bus is not None:
            self._bus.cut()
        async with self._one_call:
            self._forget()

    def _forget(self) -> None:
        bus, self._bus, self._ids = self._bus, None, {}
        if bus is not None:
            asyncio.get_running_loop().remove_reader(bus.fileno())
            bus.close()
