"""A screen reader like Orca: it uses AT-SPI to walk a program's tree, read texts, and receive events.

The accessibility bus is the desktop's own: at-spi-bus-launcher starts a D-Bus daemon, which starts the registry.
"""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, TypeVar

from jeepney import DBusAddress, HeaderFields, MatchRule, MessageType, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from tests.support.waiting import wait_until

T = TypeVar("T")
WAIT_S = 60.0
LAUNCHERS = ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher")
_ATSPI = "org.a11y.atspi"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_REGISTRY = f"{_ATSPI}.Registry"
_ROOT = "/org/a11y/atspi/accessible/root"
BY_LINE, BY_WORD, BY_CHARACTER = 3, 1, 0
"""AtspiTextGranularity."""
_STATES = {7: "editable", 12: "focused", 17: "multi line", 8: "enabled", 30: "visible", 25: "showing", 1: "active"}
"""AtspiStateType, in part."""


class Event(NamedTuple):
    """An accessibility event: its kind ("TextChanged insert"), its two numbers, and its value."""

    kind: str
    first: int
    second: int
    value: Any


class Gone(Exception):
    """The program no longer has the object, or has ended."""


_GONE = (".UnknownObject", ".UnknownInterface", ".ServiceUnknown", ".NameHasNoOwner", ".NoReply")
"""The ends of the errors' names; the bus itself says the last three, of a program that has ended."""


class Accessible:
    """An object of a program."""

    def __init__(self, reader: ScreenReader, name: str, path: str) -> None:
        self._reader = reader
        self.address = (name, path)

    def call(self, interface: str, method: str, signature: str = "", *arguments: Any) -> Any:
        """Call a method of one of its interfaces."""
        answer = self._reader.call(*self.address, f"{_ATSPI}.{interface}", method, signature, *arguments)
        return answer[0] if len(answer) == 1 else answer

    def get(self, interface: str, name: str) -> Any:
        """A property."""
        ((_, value),) = self._reader.call(*self.address, _PROPERTIES, "Get", "ss", f"{_ATSPI}.{interface}", name)
        return value

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.get("Accessible", "Name"))

    @property
    def role(self) -> str:
        """Its role, by name."""
        return str(self.call("Accessible", "GetRoleName"))

    @property
    def states(self) -> set[str]:
        """Those of its states that ``_STATES`` has."""
        low, high = self.call("Accessible", "GetState")
        bits = low | high << 32
        return {name for bit, name in _STATES.items() if bits >> bit & 1}

    def children(self) -> list[Accessible]:
        """Its children."""
        return [Accessible(self._reader, *place) for place in self.call("Accessible", "GetChildren")]

    def descendants(self) -> Iterator[Accessible]:
        """The object and all objects below it, without those that go meanwhile."""
        yield self
        try:
            children = self.children()
        except Gone:
            return
        for child in children:
            yield from child.descendants()

    def found(self, read: Callable[[Accessible], T | None]) -> list[T]:
        """What is read of this object and of those below it; None, and objects that go meanwhile, are left out."""
        found = []
        for part in self.descendants():
            with suppress(Gone):
                if (one := read(part)) is not None:
                    found.append(one)
        return found

    def showing(self, role: str) -> list[str]:
        """The names of the visible objects below it with this role."""
        return self.found(lambda part: part.name if part.role == role and "showing" in part.states else None)

    def shown(self, name: str) -> list[Accessible]:
        """The visible objects here and below it with this name."""
        return self.found(lambda part: part if part.name == name and "showing" in part.states else None)

    def names(self, state: str) -> list[str]:
        """The names of the visible objects here and below it in a state, without those that go meanwhile."""
        return list(self._names(state))

    def _names(self, state: str) -> Iterator[str]:
        children: list[Accessible] = []
        with suppress(Gone):
            states = self.states
            if state in states:
                yield self.name
            if "showing" in states:
                children = self.children()
        for child in children:
            yield from child._names(state)

    def text(self) -> str:
        """All of its text."""
        return str(self.call("Text", "GetText", "ii", 0, -1))

    def text_at(self, offset: int, granularity: int) -> str:
        """The line, word or character at an offset."""
        text: str = self.call("Text", "GetStringAtOffset", "iu", offset, granularity)[0]
        return text

    @property
    def caret(self) -> int:
        """The caret's offset."""
        return int(self.get("Text", "CaretOffset"))


class ScreenReader:
    """A running screen reader.

    Attributes:
        events: the events that have come, oldest first.
    """

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection
        self.events: list[Event] = []
        self._signals: deque[Any] = deque()
        rule = MatchRule(type="signal", interface=f"{_ATSPI}.Event.Object")
        connection.filter(rule, queue=self._signals)
        self.call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s", rule.serialise()
        )
        for kind in ("object:text-changed", "object:text-caret-moved", "object:announcement"):
            self.call(_REGISTRY, "/org/a11y/atspi/registry", _REGISTRY, "RegisterEvent", "s", kind)

    def call(self, name: str, path: str, interface: str, method: str, signature: str = "", *arguments: Any) -> Any:
        """Call a method on the accessibility bus."""
        message = new_method_call(DBusAddress(path, name, interface), method, signature or None, arguments)
        answer = self._connection.send_and_get_reply(message, timeout=WAIT_S)
        if answer.header.message_type is MessageType.error:
            error = answer.header.fields[HeaderFields.error_name]
            kind = Gone if error.endswith(_GONE) else RuntimeError
            raise kind(f"{method}: {error}: {answer.body}")
        return answer.body

    def program(self, name: str) -> Accessible:
        """Wait until a running program is accessible; return its root object."""
        desktop = Accessible(self, _REGISTRY, _ROOT)

        def found() -> Accessible | None:
            for child in desktop.children():
                with suppress(Gone):  # The registry may not know yet that a program has ended.
                    if child.name == name:
                        return child
            return None

        program = wait_until(found, WAIT_S, f"the program {name}")
        assert program is not None
        return program

    def heard(self) -> list[Event]:
        """The events so far; a call to the bus first ensures that all have arrived."""
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId")
        while self._signals:
            message = self._signals.popleft()
            kind, first, second, (_, value), _ = message.body
            member = message.header.fields[HeaderFields.member]
            self.events.append(Event(f"{member} {kind}".strip(), first, second, value))
        return self.events

    def wait_for(self, kind: str, text: str) -> Event:
        """Wait for an event with a value that contains a text."""

        def found() -> Event | None:
            matching = (each for each in self.heard() if each.kind == kind and text in str(each.value))
            return next(matching, None)

        event = wait_until(found, WAIT_S, lambda: f"{kind} with {text!r}; heard {self.events}", every_s=0.05)
        assert event is not None
        return event


@contextmanager
def screen_reader() -> Iterator[ScreenReader]:
    """Run the accessibility bus in addition to the session bus, and a screen reader on it."""
    launcher = next(path for path in LAUNCHERS if os.access(path, os.X_OK))
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    process = subprocess.Popen(
        [launcher, "--launch-immediately"],
        env=environment | {"GSETTINGS_BACKEND": "memory"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with open_dbus_connection(os.environ["DBUS_SESSION_BUS_ADDRESS"]) as session:
            bus = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Bus")

            def address() -> str:
                answer = session.send_and_get_reply(new_method_call(bus, "GetAddress"), timeout=WAIT_S)
                return "" if answer.header.message_type is MessageType.error else str(answer.body[0])

            found = wait_until(address, WAIT_S, "the accessibility bus")
            status = DBusAddress("/org/a11y/bus", "org.a11y.Bus", _PROPERTIES)
            enable = new_method_call(status, "Set", "ssv", ("org.a11y.Status", "ScreenReaderEnabled", ("b", True)))
            session.send_and_get_reply(enable, timeout=WAIT_S)
            with open_dbus_connection(found.partition(",guid")[0]) as connection:
                yield ScreenReader(connection)
    finally:
        process.terminate()
        process.wait(60)
