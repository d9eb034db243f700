"""The desktop's settings portal (xdg-desktop-portal) on D-Bus, implemented for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, message_bus, new_error, new_method_return, new_signal
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection

from tests.support.buses import answering

NAME = "org.freedesktop.portal.Desktop"
NAMESPACE = "org.freedesktop.appearance"
_TITLE_BARS = "org.gnome.desktop.wm.preferences"
_OBJECT = DBusAddress("/org/freedesktop/portal/desktop", NAME, "org.freedesktop.portal.Settings")
_SIGNATURES = {"color-scheme": "u", "contrast": "u", "accent-color": "(ddd)", "reduced-motion": "u"}


class SettingsPortal:
    """The service. The keys of ``settings`` are those of the namespace."""

    def __init__(self, connection: DBusConnection, settings: dict[str, Any], button_layout: str) -> None:
        self._connection = connection
        self.settings = settings
        self._button_layout = button_layout

    def set(self, key: str, value: object) -> None:
        """The user changes a setting."""
        self.settings[key] = value
        self._connection.send(new_signal(_OBJECT, "SettingChanged", "ssv", (NAMESPACE, key, self._variant(key))))

    def _variant(self, key: str) -> tuple[str, object]:
        return _SIGNATURES[key], self.settings[key]

    def answer(self, message: Message) -> None:
        """Answer a call, of Qt's plugins, too."""
        answer = new_error(message, "org.freedesktop.portal.Error.NotFound", "s", ("Requested setting not found",))
        match message.header.fields.get(HeaderFields.member), message.body:
            case "ReadAll", _:
                settings = {key: self._variant(key) for key in self.settings}
                found: dict[str, dict[str, tuple[str, object]]] = {NAMESPACE: settings}
                if self._button_layout:
                    found[_TITLE_BARS] = {"button-layout": ("s", self._button_layout)}
                answer = new_method_return(message, "a{sa{sv}}", (found,))
            case "Read", (namespace, key) if namespace == NAMESPACE and key in self.settings:
                answer = new_method_return(message, "v", (("v", self._variant(key)),))
        self._connection.send(answer)


@contextmanager
def settings_portal(*, button_layout: str = "", **settings: object) -> Iterator[SettingsPortal]:
    """Run the service on the session bus; ``color_scheme=1`` sets ``color-scheme``.

    Args:
        button_layout: GNOME's setting of title bars; "" for none.
        settings: those of the namespace.
    """
    with open_dbus_connection("SESSION") as connection:
        Proxy(message_bus, connection).RequestName(NAME)
        portal = SettingsPortal(
            connection, {key.replace("_", "-"): value for key, value in settings.items()}, button_layout
        )
        with answering(connection, portal.answer):
            yield portal
