"""The desktop's settings for the look of programs: dark or light, accent colour, contrast.

Desktops offer them on D-Bus, by the Settings interface of xdg-desktop-portal, in the namespace ``NAMESPACE``.
Qt's plugin for GTK follows their changes but misses their first values, and other plugins do not ask.
"""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QSocketNotifier, Signal
from PySide6.QtGui import QColor

from session_host.errors import OutliveError
from session_host.system.dbus.addresses import session_bus
from session_host.system.dbus.bus import Bus, BusGone, Peer, Refused
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

NAMESPACE = "org.freedesktop.appearance"
PORTAL = Peer("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings")

_TIMEOUT_S = 25.0
"""The daemon may have to start the portal first; it gives up after this time."""


class DesktopLook(NamedTuple):
    """What the desktop's user wants of all programs."""

    dark: bool | None = None
    """None: the desktop does not say."""
    accent: QColor | None = None
    high_contrast: bool = False

    def with_setting(self, key: str, value: object) -> DesktopLook:
        """This look after a change of one setting; unknown settings and values are ignored."""
        match key, value:
            case "color-scheme", int(scheme):
                return self._replace(dark={1: True, 2: False}.get(scheme))
            case "contrast", int(contrast):
                return self._replace(high_contrast=contrast == 1)
            case "accent-color", (float(red), float(green), float(blue)):
                is_color = all(0 <= channel <= 1 for channel in (red, green, blue))
                return self._replace(accent=QColor.fromRgbF(red, green, blue) if is_color else None)
        return self


class DesktopSettings(QObject):
    """Reads the settings in a thread, and follows them. Without a portal, ``look`` stays as it was made.

    Signals:
        changed: ``look`` is another one.
    """

    changed = Signal()
    _read = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.look = DesktopLook()
        self._worker = Worker()
        self._read.connect(self._follow)
        self._notifier: QSocketNotifier | None = None
        address = session_bus()
        self._bus = Bus(address, _TIMEOUT_S, starts_services=True) if address is not None else None
        if self._bus is not None:
            self._worker.submit(self._ask)

    def close(self) -> None:
        """Follow no settings any more."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.cut()
            self._worker.join()
            if self._notifier is not None:
                self._notifier.setEnabled(False)
            bus.close()

    def _ask(self) -> None:
        """In the thread: connect, and read all settings."""
        bus = self._bus
        if bus is None:
            return
        found: dict[str, Any] = {}
        try:
            bus.open()
            bus.subscribe(PORTAL, "SettingChanged", arg0=NAMESPACE)
            found = bus.call(PORTAL, "ReadAll", "as", [NAMESPACE])[0].get(NAMESPACE, {})
        except Refused as error:
            log.info("the desktop's portal has no settings: %s", error)
        except OutliveError as error:
            log.info("the desktop's settings cannot be read: %s", error)
            return
        self._read.emit(found)

    def _follow(self, found: dict[str, Any]) -> None:
        """Use the first settings; from here on, this thread uses the connection."""
        if self._bus is None:
            return
        self._change([(NAMESPACE, key, value) for key, value in found.items()])
        self._notifier = QSocketNotifier(self._bus.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read_signals)
        self._read_signals()

    def _read_signals(self) -> None:
        if self._bus is None:
            return
        try:
            signals = self._bus.arrived()
        except BusGone:
            self.close()
            return
        self._change([signal.arguments for signal in signals if signal.member == "SettingChanged"])

    def _change(self, settings: list[tuple[Any, ...]]) -> None:
        look = self.look
        for setting in settings:
            match setting:
                case (str(namespace), str(key), (_, value)) if namespace == NAMESPACE:
                    look = look.with_setting(key, value)
        if look != self.look:
            self.look = look
            self.changed.emit()
