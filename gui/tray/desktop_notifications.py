"""Desktop notifications over D-Bus; each has a key and can be withdrawn.

See "Desktop Notifications Specification", version 1.2. Without that service, a fallback is called: the tray icon's
balloons, which have no buttons and cannot be withdrawn.

A notification's number belongs to one process of the service: another one gives the same number to another program's
notification. So calls go to the service's unique name, signals count only from there, and another owner of the
service's name is shown all open notifications again.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import logging
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from PySide6.QtCore import QObject, Signal

from gui.bridge.tasks import Tasks
from gui.input.activation import activation_token
from gui.wording import common_texts
from session_host.errors import OutliveError
from session_host.paths import notifications_file
from session_host.protocol.codec import UNREADABLE
from session_host.system.dbus.addresses import session_bus
from session_host.system.dbus.bus import DAEMON, NOBODY, Bus, BusGone, Peer, Refused, in_thread
from session_host.system.dbus.bus import Signal as BusSignal
from session_host.system.files import replace_file

log = logging.getLogger(__name__)

CALL_TIMEOUT_S = 5.0
"""Timeout of a call; a slower service is not used."""

CLOSE_TIMEOUT_S = 1.0
"""Maximum time that the end of the process waits for notifications to be withdrawn."""

ICON = Path(__file__).parents[2] / "resources" / "icons" / "outlive.svg"

_SERVICE = Peer("org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications")


class _Shown(msgspec.Struct):
    """The file with the notifications that are on the screen."""

    service: str
    numbers: list[int]


class ShownNotifications:
    """The file by which notifications of a killed window are withdrawn; a problem with it is not reported."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def exist(self) -> bool:
        """Whether an earlier window may have left notifications."""
        return self._path.exists()

    def read(self, service: str) -> list[int]:
        """The numbers of those that this service still shows.

        Args:
            service: the running service; a later one gives the same numbers to other programs.
        """
        with contextlib.suppress(OSError, *UNREADABLE):
            shown = msgspec.json.decode(self._path.read_bytes(), type=_Shown)
            return shown.numbers if shown.service == service else []
        return []

    def write(self, service: str, numbers: Collection[int]) -> None:
        """Replace the numbers; without one, remove the file."""
        with contextlib.suppress(OSError):
            if not numbers:
                self._path.unlink(missing_ok=True)
                return
            replace_file(self._path, msgspec.json.encode(_Shown(service, list(numbers))))


class _Request(NamedTuple):
    """A notification to show, or to withdraw if it has no title; without a key, those that an earlier window left."""

    key: str
    title: str = ""
    text: str = ""
    actions: tuple[tuple[str, str], ...] = ()


class DesktopNotifications(QObject):
    """Shows and withdraws notifications, one after the other, in the background.

    Signals:
        chosen: the user clicked the notification with this key.
        answered: the user chose an action (its id) of the notification with this key.
    """

    chosen = Signal(str)
    answered = Signal(str, str)

    def __init__(self, tasks: Tasks, fallback: Callable[[str, str, str], object], parent: QObject) -> None:
        """``fallback`` gets key, title and text of a notification if there is no service."""
        super().__init__(parent)
        self._tasks = tasks
        self._fallback = fallback
        self._queue: asyncio.Queue[_Request] = asyncio.Queue()
        self._is_serving = False
        self._requests: dict[str, _Request] = {}
        """The notifications that were shown, and neither closed nor withdrawn, by key."""
        self._ids: dict[str, int] = {}
        """The numbers that the service has given to these, by key."""
        self._bus: Bus | None = None
        self._call_lock = asyncio.Lock()
        self._capabilities: set[str] = set()
        self._shown = ShownNotifications(notifications_file())
        self._activation_token = ""
        self._address = b""
        self._service = ""
        """The service's unique name on the bus; "" for none."""

    def show(self, key: str, title: str, text: str, actions: Sequence[tuple[str, str]] = ()) -> None:
        """Show a notification, in place of an earlier one with the same key.

        Args:
            key: the notification's key.
            title: its first line.
            text: its text.
            actions: ids and labels of its buttons other than "Open".
        """
        self._enqueue(_Request(key, title, text, tuple(actions)))

    def withdraw(self, key: str) -> None:
        """Withdraw a notification, if it is still shown."""
        if self._is_serving:
            self._enqueue(_Request(key))

    def withdraw_left(self) -> None:
        """Withdraw the notifications that a killed window left on the screen."""
        if self._shown.exist():
            self._enqueue(_Request(""))

    async def close(self) -> None:
        """Withdraw all notifications and close the connection."""
        with contextlib.suppress(OutliveError, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                while not self._queue.empty():
                    self._queue.get_nowait()
                    self._queue.task_done()
                await self._queue.join()  # A notification that is on the screen already gets its number.
                for key in list(self._ids):
                    await self._withdraw(key)
        await self._disconnect()

    # ------------------------------------------------------------ one request after the other

    def _enqueue(self, request: _Request) -> None:
        self._queue.put_nowait(request)
        if not self._is_serving:
            self._is_serving = True
            self._tasks.start(self._serve(), "notifications")

    async def _serve(self) -> None:
        while True:
            request = await self._queue.get()
            try:
                await (self._show(request) if request.title else self._withdraw(request.key))
            except (OutliveError, TypeError, ValueError) as error:
                log.info("the desktop shows no notification: %s", error)
                if not _is_nobody(error):
                    await self._disconnect()
                if request.title:
                    self._fallback(request.key, request.title, request.text)
            finally:
                self._queue.task_done()

    async def _show(self, request: _Request) -> None:
        try:
            await self._notify(request)
        except Refused as error:
            if not (_is_nobody(error) and self._service):
                raise
            self._forget_service()  # It has ended.
            await self._notify(request)

    async def _notify(self, request: _Request) -> None:
        key, title, text, more = request
        await self._find_service()
        body = html.escape(text, quote=False) if "body-markup" in self._capabilities else text
        buttons = [("default", common_texts.OPEN()), *more] if "actions" in self._capabilities else []
        actions = [word for button in buttons for word in button]
        hints = {"desktop-entry": ("s", "outlive"), "urgency": ("y", 1)}
        arguments = ("Outlive", self._ids.get(key, 0), str(ICON), title, body, actions, hints, -1)
        (self._ids[key],) = await self._call("Notify", "susssasa{sv}i", *arguments)
        self._requests[key] = request
        self._save_shown()

    async def _withdraw(self, key: str) -> None:
        if not key:
            await self._find_service()
        self._requests.pop(key, None)
        notification_id = self._ids.pop(key, None)
        if notification_id is not None:
            await self._call("CloseNotification", "u", notification_id)
            self._save_shown()

    def _save_shown(self) -> None:
        self._shown.write(self._file_name, self._ids.values())

    @property
    def _file_name(self) -> str:
        """The running service as the file names it."""
        return f"{os.fsdecode(self._address)} {self._service}"

    # ------------------------------------------------------------ the bus

    async def _connect(self) -> None:
        address = session_bus()
        if address is None:
            raise BusGone("no session bus")
        async with self._call_lock:
            self._bus, self._address = Bus(address, CALL_TIMEOUT_S, starts_services=True), address
            bus = self._bus
            await in_thread(bus, bus.open)
            bus.subscribe(_SERVICE)
            bus.subscribe(DAEMON, "NameOwnerChanged", arg0=_SERVICE.name)

    async def _find_service(self) -> None:
        """Connect to the bus and find the service, unless that is done; the daemon may start the service."""
        if self._bus is None:
            await self._connect()
        if self._service:
            return
        await self._call("GetCapabilities", peer=_SERVICE)
        self._service = (await self._call("GetNameOwner", "s", _SERVICE.name, peer=DAEMON))[0]
        self._capabilities = set((await self._call("GetCapabilities"))[0])
        for number in self._shown.read(self._file_name):
            with contextlib.suppress(Refused):  # The user has closed it.
                await self._call("CloseNotification", "u", number)
        self._save_shown()

    def _forget_service(self) -> None:
        """Another process may own the service's name now; the numbers mean nothing to it."""
        self._ids.clear()
        self._save_shown()
        self._service = self._activation_token = ""

    def _on_owner(self, owner: str) -> None:
        """Another process owns the service's name, or none does ("")."""
        if owner != self._service:
            self._forget_service()
        if owner:
            for key, request in self._requests.items():
                if key not in self._ids:
                    self._enqueue(request)

    async def _call(
        self, method: str, signature: str = "", *arguments: Any, peer: Peer | None = None
    ) -> tuple[Any, ...]:
        """Call a method of the found service, or of another peer; afterwards, read the service's signals again."""
        peer = peer or _SERVICE._replace(name=self._service)
        async with self._call_lock:
            bus = self._bus
            if bus is None:
                raise BusGone("the bus has gone")
            loop = asyncio.get_running_loop()
            loop.remove_reader(bus.fileno())
            bus.extend(CALL_TIMEOUT_S)
            try:
                answer = await in_thread(bus, lambda: bus.call(peer, method, signature, *arguments))
            finally:
                if bus is self._bus:
                    loop.add_reader(bus.fileno(), self._read_signals)
        loop.call_soon(
            self._read_signals
        )  # Later: the caller must store the new id before signals about it are handled.
        return answer

    def _read_signals(self) -> None:
        """Handle the received signals; during a call, which uses the connection, they wait until it ends."""
        if self._call_lock.locked():
            return
        try:
            signals = self._bus.arrived() if self._bus is not None else []
        except BusGone:
            self._close_bus()
            return
        for signal in signals:
            if signal.sender == DAEMON.name:
                match signal.member, signal.arguments:
                    case "NameOwnerChanged", (_SERVICE.name, _, str(owner)):
                        self._on_owner(owner)
            elif signal.sender == self._service:
                self._on_signal(signal)

    def _on_signal(self, signal: BusSignal) -> None:
        """Handle a signal of the service."""
        body = signal.arguments
        key = next((key for key, notification_id in self._ids.items() if body and notification_id == body[0]), None)
        if key is None:
            return  # The notification of another program.
        match signal.member, body:
            case "ActivationToken", (_, str(token)):
                self._activation_token = token  # It belongs to the action that follows.
            case "ActionInvoked", (_, *action):
                self._invoke(key, *map(str, action))
            case "NotificationClosed", _:
                self._ids.pop(key, None)
                self._requests.pop(key, None)
                self._save_shown()

    def _invoke(self, key: str, action: str = "default") -> None:
        token, self._activation_token = self._activation_token, ""
        with activation_token(token):
            if action == "default":
                self.chosen.emit(key)
            else:
                self.answered.emit(key, action)

    async def _disconnect(self) -> None:
        """Close the connection, even during a call."""
        if self._bus is not None:
            self._bus.cut()
        async with self._call_lock:
            self._close_bus()

    def _close_bus(self) -> None:
        bus, self._bus = self._bus, None
        self._ids, self._requests, self._service = {}, {}, ""
        if bus is not None:
            asyncio.get_running_loop().remove_reader(bus.fileno())
            bus.close()


def _is_nobody(error: Exception) -> bool:
    """Whether an error says that no process offers the service."""
    return isinstance(error, Refused) and error.name in NOBODY
