"""A desktop's tray on D-Bus (StatusNotifierItem), implemented for tests: accepts icons, and uses their menus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, MessageType, message_bus, new_method_call, new_method_return
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection

from tests.support.buses import answering
from tests.support.waiting import wait_until

WAIT_S = 60.0
NAME = "org.kde.StatusNotifierWatcher"
_ITEM = "/StatusNotifierItem"
_MENU = "/MenuBar"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_INTROSPECTION = f"""<node><interface name="{NAME}">
<property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
<method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
</interface></node>"""


class TrayHost:
    """A tray; ``items`` are the bus names of the icons in it."""

    def __init__(self, watcher: DBusConnection, host: DBusConnection) -> None:
        self._watcher = watcher
        self._host = host
        self.items: list[str] = []

    def answer(self, message: Message) -> None:
        """Answer an icon's call."""
        match message.header.fields.get(HeaderFields.member), message.body:
            case "Introspect", _:
                answer = new_method_return(message, "s", (_INTROSPECTION,))
            case "Get", _:
                answer = new_method_return(message, "v", (("b", True),))
            case "RegisterStatusNotifierItem", (str(),):
                self.items.append(str(message.header.fields[HeaderFields.sender]))
                answer = new_method_return(message)
            case _:
                answer = new_method_return(message)
        self._watcher.send(answer)

    # ------------------------------------------------------------ user's actions

    def tooltip(self) -> str:
        """The icon's tool tip."""
        ((_, (_, _, title, text)),) = self._call(
            _ITEM, _PROPERTIES, "Get", "ss", "org.kde.StatusNotifierItem", "ToolTip"
        )
        return f"{title} {text}".strip()

    def menu(self) -> dict[str, int]:
        """The entries of the icon's menu and of its submenus: their ids, by label."""
        _, root = self._call(_MENU, "com.canonical.dbusmenu", "GetLayout", "iias", 0, -1, [])
        return dict(_entries(root))

    def choose(self, label: str) -> None:
        """Wait for a menu entry, and choose it."""
        number = wait_until(lambda: self.menu().get(label, 0), WAIT_S, lambda: f"{label!r} in {self.menu()}")
        self.click(number)

    def click(self, number: int) -> None:
        """Choose an entry by its id."""
        self._call(_MENU, "com.canonical.dbusmenu", "Event", "isvu", number, "clicked", ("i", 0), 0)

    def _call(self, path: str, interface: str, method: str, signature: str, *arguments: Any) -> Any:
        wait_until(lambda: self.items, WAIT_S, "an icon in the tray")
        message = new_method_call(DBusAddress(path, self.items[-1], interface), method, signature, arguments)
        answer = self._host.send_and_get_reply(message, timeout=WAIT_S)
        assert answer.header.message_type is not MessageType.error, answer.body
        return answer.body


def _entries(item: Any) -> Iterator[tuple[str, int]]:
    number, properties, children = item
    if not properties.get("visible", ("b", True))[1]:
        return
    if "label" in properties:
        yield properties["label"][1].replace("_", ""), number
    for _, child in children:
        yield from _entries(child)


@contextmanager
def tray_host() -> Iterator[TrayHost]:
    """Run the tray on the session bus."""
    with open_dbus_connection("SESSION") as watcher, open_dbus_connection("SESSION") as host:
        Proxy(message_bus, watcher).RequestName(NAME)
        tray = TrayHost(watcher, host)
        with answering(watcher, tray.answer):
            yield tray
