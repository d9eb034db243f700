"""A notification service of the desktop, implemented by a test on a private bus."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

from jeepney import DBusAddress, HeaderFields, Message, MessageType, message_bus, new_method_return, new_signal
from jeepney.io.asyncio import DBusConnection, DBusRouter, Proxy, open_dbus_connection

NAME = "org.freedesktop.Notifications"
_OBJECT = DBusAddress("/org/freedesktop/Notifications", NAME, NAME)


class Shown(NamedTuple):
    """A notification that is on the screen."""

    title: str
    text: str
    actions: list[str]
    desktop_entry: str


class NotificationService:
    """Stores the notifications that programs show; the test clicks and closes them.

    Attributes:
        clicks_at_once: whether each notification is clicked before its program gets the notification's number.
        gives_numbers: cleared to show notifications, but to give their programs no numbers yet.
    """

    def __init__(self, connection: DBusConnection, capabilities: list[str]) -> None:
        self._connection = connection
        self._capabilities = capabilities
        self._last = 0
        self.shown: dict[int, Shown] = {}
        self.history: list[Shown] = []
        self.clicks_at_once = False
        self.gives_numbers = asyncio.Event()
        self.gives_numbers.set()

    async def serve(self) -> None:
        """Answer calls until the bus closes."""
        while True:
            message = await self._connection.receive()
            if message.header.message_type is MessageType.method_call:
                await self._answer(message)

    async def _answer(self, message: Message) -> None:
        match message.header.fields.get(HeaderFields.member), message.body:
            case "GetCapabilities", _:
                await self._connection.send(new_method_return(message, "as", (self._capabilities,)))
            case "Notify", (_, replaced, _, title, text, actions, hints, _):
                self._last += 1
                number = replaced or self._last
                self.shown[number] = Shown(title, text, actions, hints["desktop-entry"][1])
                self.history.append(self.shown[number])
                if self.clicks_at_once:
                    messages = (
                        new_method_return(message, "u", (number,)),
                        new_signal(_OBJECT, "ActionInvoked", "us", (number, "default")),
                    )
                    serials = self._connection.outgoing_serial
                    self._connection.writer.write(b"".join(each.serialise(next(serials)) for each in messages))
                    return
                await self.gives_numbers.wait()
                await self._connection.send(new_method_return(message, "u", (number,)))
            case "CloseNotification", (number,):
                self.shown.pop(number, None)
                await self._connection.send(new_method_return(message))
                await self._signal("NotificationClosed", "uu", (number, 3))

    def takes_numbers(self, count: int) -> None:
        """Give the first numbers to notifications of other programs."""
        self._last += count

    async def click(self, number: int, action: str = "default", token: str = "") -> None:
        """Click a notification, as a user does: it closes, and its program gets a signal.

        Args:
            number: the notification's number.
            action: the id of the clicked button.
            token: the permission to come to the front, which services on Wayland send first; "" for none.
        """
        if token:
            await self._signal("ActivationToken", "us", (number, token))
        await self._signal("ActionInvoked", "us", (number, action))
        self.shown.pop(number, None)
        await self._signal("NotificationClosed", "uu", (number, 2))

    async def _signal(self, name: str, signature: str, body: tuple[object, ...]) -> None:
        await self._connection.send(new_signal(_OBJECT, name, signature, body))


@asynccontextmanager
async def another_program() -> AsyncIterator[Callable[[int, str], Awaitable[None]]]:
    """A program on the session bus that sends the service's signals without being the service."""
    connection = await open_dbus_connection("SESSION")

    async def invent_click(number: int, action: str) -> None:
        await connection.send(new_signal(_OBJECT, "ActionInvoked", "us", (number, action)))

    try:
        yield invent_click
    finally:
        await connection.close()


@asynccontextmanager
async def notification_service(*capabilities: str) -> AsyncIterator[NotificationService]:
    """Run the service on the session bus."""
    connection = await open_dbus_connection("SESSION")
    async with DBusRouter(connection) as router:
        await Proxy(message_bus, router).RequestName(NAME)
    service = NotificationService(connection, list(capabilities))
    task = asyncio.get_running_loop().create_task(service.serve())
    try:
        yield service
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await connection.close()


READY_S = 60.0


class NotificationThread:
    """The shown notifications, and the user's clicks."""

    def __init__(self, service: NotificationService, loop: asyncio.AbstractEventLoop) -> None:
        self._service = service
        self._loop = loop

    def shown(self) -> list[Shown]:
        """The notifications on the screen now."""
        return list(self._service.shown.values())

    def click(self) -> None:
        """Click the first notification."""
        number = next(iter(self._service.shown))
        asyncio.run_coroutine_threadsafe(self._service.click(number), self._loop).result(READY_S)


@contextmanager
def notification_thread(*capabilities: str) -> Iterator[NotificationThread]:
    """The service, on the session's bus."""
    ready, over = threading.Event(), asyncio.Event()
    started: list[NotificationThread] = []

    async def serve() -> None:
        async with notification_service(*capabilities) as service:
            started.append(NotificationThread(service, asyncio.get_running_loop()))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="notification servicetop")
    thread.start()
    try:
        assert ready.wait(READY_S), "the notification service did not start"
        yield started[0]
    finally:
        started[0]._loop.call_soon_threadsafe(over.set)
        thread.join()
