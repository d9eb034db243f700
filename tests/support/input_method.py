"""An input method behind IBus's portal on D-Bus, as fcitx is, implemented for tests: it types 中 for the letter z."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jeepney import DBusAddress, HeaderFields, Message, message_bus, new_method_return, new_signal
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection

from tests.support.buses import answering

NAME = "org.freedesktop.portal.IBus"
_CONTEXT = DBusAddress("/org/freedesktop/IBus/InputContext_1", NAME, "org.freedesktop.IBus.InputContext")
_RELEASED = 1 << 30
_COMMITTED: tuple[str, object] = ("(sa{sv}sv)", ("IBusText", {}, "中", ("(sa{sv}av)", ("IBusAttrList", {}, []))))


class InputMethod:
    """The service; ``members`` are the methods that were called."""

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection
        self.members: list[str] = []

    def answer(self, message: Message) -> None:
        """Answer a call."""
        member = str(message.header.fields.get(HeaderFields.member))
        match member, message.body:
            case "CreateInputContext", _:
                answer = new_method_return(message, "o", (_CONTEXT.object_path,))
            case "ProcessKeyEvent", (key, _code, state):
                is_taken = key == ord("z")
                if is_taken and not state & _RELEASED:
                    self._connection.send(new_signal(_CONTEXT, "CommitText", "v", (_COMMITTED,)))
                answer = new_method_return(message, "b", (is_taken,))
            case _:
                answer = new_method_return(message)
        self._connection.send(answer)
        self.members.append(member)


@contextmanager
def input_method() -> Iterator[InputMethod]:
    """Run the service on the session bus."""
    with open_dbus_connection("SESSION") as connection:
        Proxy(message_bus, connection).RequestName(NAME)
        service = InputMethod(connection)
        with answering(connection, service.answer):
            yield service
