"""Fakes of the user's systemd and logind on a bus, as far as the product uses them."""

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

Service = TypeVar("Service", bound="OnTheBus")


class Denied(Exception):
    """A call is answered with this error.

    Attributes:
        name: the D-Bus error's.
    """

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


class OnTheBus:
    """Owns a name and answers calls, in a thread; ``silent`` holds the methods that are never answered."""

    name = ""

    def __init__(self, connection: DBusConnection) -> None:
        self.connection = connection
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.silent: set[str] = set()

    def answer(self, member: str, body: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        """What a method returns: signature and values. Raises Denied."""
        raise NotImplementedError

    def after(self, member: str) -> None:
        """Comes when the answer is out."""

    def serve(self) -> None:
        """Until the connection is gone."""
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


class Systemd(OnTheBus):
    """Transient scopes that exist in this object alone.

    Attributes:
        units: the scopes by name, each with its PIDs.
        properties: those of the last scope that was asked for.
        delegated: units that take more processes.
        unknown: properties that this version does not know.
        result: how each job ends; "" when it never does.
        hasty: a job's end is told before the answer to its call.
        move: called with unit and PIDs where processes are moved.
        denies: every call is answered with this error.
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


class Logind(OnTheBus):
    """logind with the settings that tell what becomes of processes at logout."""

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
def on_the_bus(kind: type[Service], address: str) -> Iterator[Service]:
    """The stand-in, serving until the end of the block."""
    connection = open_dbus_connection(address)
    reply = connection.send_and_get_reply(message_bus.RequestName(kind.name), timeout=60)
    assert reply.body == (1,), f"{kind.name} is taken"
    service = kind(connection)
    thread = threading.Thread(target=service.serve, name=kind.name)
    thread.start()
    try:
        yield service
    finally:
        with suppress(OSError):  # the bus may have gone
            connection.sock.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        connection.close()
