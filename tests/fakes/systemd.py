"""Fakes of the user's systemd and of logind on a bus, with the parts that the product uses."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from jeepney import HeaderFields, Message, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from jeepney.wrappers import DBusAddress, new_signal

MANAGER = DBusAddress("/org/freedesktop/systemd1", "org.freedesktop.systemd1", "org.freedesktop.systemd1.Manager")

Service = TypeVar("Service", bound="BusService")


class Denied(Exception):
    """An error reply to a call.

    Attributes:
        name: the D-Bus error's name.
    """

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


class BusService:
    """A service that owns a bus name and answers calls, in a thread.

    Attributes:
        name: the bus name.
        calls: the member and body of each call so far.
        silent: the methods that are never answered.
    """

    name = ""

    def __init__(self, connection: DBusConnection) -> None:
        self.connection = connection
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.silent: set[str] = set()

    def answer(self, member: str, body: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        """Return the signature and values of the reply to a method call.

        Raises:
            Denied: the reply is an error.
        """
        raise NotImplementedError

    def after(self, member: str) -> None:
        """Called after the reply to a method call has been sent."""

    def serve(self) -> None:
        """Answer calls until the connection is closed."""
        while True:
            try:
                message = self.connection.receive()
            except OSError:
                return
            if message.header.message_type is MessageType.method_call:
                self._one(message)

    def _one(self, message: Message) -> None:
        member = message.header.fields[HeaderFields.member]
        self.calls.append((member, message.body))
        try:
            signature, values = self.answer(member, message.body)
        except Denied as error:
            reply = new_error(message, error.name, "s", (str(error),))
        else:
            reply = new_method_return(message, signature or None, values)
        if member not in self.silent:
            self.connection.send(reply)
            self.after(member)


class Systemd(BusService):
    """A systemd with transient scopes that exist only in this object.

    Attributes:
        units: the scopes by name, each with its PIDs.
        properties: the properties of the last requested scope.
        delegated: units that accept further processes.
        unknown: properties that this version does not know.
        result: the result of each job; "" if jobs never end.
        hasty: whether the signal of a job's end comes before the reply to its call.
        move: called with unit and PIDs when processes are moved.
        denies: the error reply to every call except Subscribe; None for none.
    """

    name = "org.freedesktop.systemd1"

    def __init__(self, connection: DBusConnection) -> None:
        super().__init__(connection)
        self.units: dict[str, list[int]] = {}
        self.properties: dict[str, tuple[str, Any]] = {}
        self.delegated: set[str] = set()
        self.unknown: set[str] = set()
        self.result = "done"
        self.hasty = False
        self.move: Callable[[str, list[int]], None] = lambda unit, pids: None
        self.denies: Denied | None = None
        self._jobs = 0
        self._unit = ""

    def answer(self, member: str, body: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        if self.denies and member != "Subscribe":
            raise self.denies
        if member == "StartTransientUnit":
            return self._start(*body)
        if member == "AttachProcessesToUnit":
            unit, _, pids = body
            if unit not in self.delegated:
                text = "Process migration not available on non-delegated units."
                raise Denied("org.freedesktop.DBus.Error.InvalidArgs", text)
            self.units[unit] += pids
            self.move(unit, pids)
        return "", ()

    def _start(self, unit: str, mode: str, properties: list[Any], further: list[Any]) -> tuple[str, tuple[Any, ...]]:
        given = dict(properties)
        if strange := self.unknown & set(given):
            text = f"Cannot set property {strange.pop()}, or unknown property."
            raise Denied("org.freedesktop.DBus.Error.PropertyReadOnly", text)
        if unit in self.units:
            text = f"Unit {unit} was already loaded or has a fragment file."
            raise Denied("org.freedesktop.systemd1.UnitExists", text)
        assert (mode, further) == ("fail", [])
        self.properties = given
        pids = given["PIDs"][1]
        if self.result == "done":
            self.units[unit] = pids
            self.move(unit, pids)
            if "DelegateControllers" in given:
                self.delegated.add(unit)
        self._jobs += 1
        self._unit = unit
        if self.hasty:
            self._tell()
        return "o", (self._job(),)

    def after(self, member: str) -> None:
        if member == "StartTransientUnit" and self._unit and not self.hasty:
            self._tell()

    def _job(self) -> str:
        return f"/org/freedesktop/systemd1/job/{self._jobs}"

    def _tell(self) -> None:
        another = (1, "/org/freedesktop/systemd1/job/another", self._unit, "canceled")
        self.connection.send(new_signal(MANAGER, "JobRemoved", "uoss", another))
        if self.result:
            body = (self._jobs, self._job(), self._unit, self.result)
            self.connection.send(new_signal(MANAGER, "JobRemoved", "uoss", body))


class Logind(BusService):
    """logind with the settings that decide what happens to processes at logout."""

    name = "org.freedesktop.login1"

    def __init__(self, connection: DBusConnection) -> None:
        super().__init__(connection)
        self.kills = False
        self.only: list[str] = []
        self.excluded = ["root"]

    def answer(self, member: str, body: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        if (member, body) != ("GetAll", ("org.freedesktop.login1.Manager",)):
            raise Denied("org.freedesktop.DBus.Error.UnknownMethod", "not here")
        values = {
            "KillUserProcesses": ("b", self.kills),
            "KillOnlyUsers": ("as", self.only),
            "KillExcludeUsers": ("as", self.excluded),
            "NAutoVTs": ("u", 6),
        }
        return "a{sv}", (values,)


@contextmanager
def bus_service(kind: type[Service], address: str) -> Iterator[Service]:
    """Run a fake service until the end of the context."""
    connection = open_dbus_connection(address)
    reply = connection.send_and_get_reply(message_bus.RequestName(kind.name), timeout=60)
    assert reply.body == (1,), f"{kind.name} is taken"
    service = kind(connection)
    thread = threading.Thread(target=service.serve, name=kind.name)
    thread.start()
    try:
        yield service
    finally:
        with suppress(OSError):  # the bus may have ended
            connection.sock.shutdown(socket.SHUT_RDWR)
        thread.join(60)
        connection.close()
