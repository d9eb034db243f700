"""The desktop's settings for the look of programs: dark or light, accent colour, contrast, motion.

Desktops offer them on D-Bus, by the Settings interface of xdg-desktop-portal, in the namespace ``NAMESPACE``.
Qt's plugin for GTK follows their changes but misses their first values, and other plugins do not ask.
"""

from __future__ import annotations

import logging
import os
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QSocketNotifier, Signal
from PySide6.QtGui import QColor, QGuiApplication

from session_host.errors import OutliveError
from session_host.system.dbus.addresses import session_bus
from session_host.system.dbus.bus import Bus, BusGone, Peer, Refused
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

NAMESPACE = "org.freedesktop.appearance"
PORTAL = Peer("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings")

_TITLE_BARS = "org.gnome.desktop.wm.preferences"
"""The namespace of GNOME's settings for title bars."""

_TIMEOUT_S = 25.0
"""The daemon may have to start the portal first; it gives up after this time."""


class DesktopLook(NamedTuple):
    """The user's settings for all programs on the desktop."""

    dark: bool | None = None
    """None: the desktop does not say."""
    accent: QColor | None = None
    high_contrast: bool = False
    reduced_motion: bool = False

    def with_setting(self, key: str, value: object) -> DesktopLook:
        """This look after a change of one setting; unknown settings and values are ignored."""
        match key, value:
            case "color-scheme", int(scheme):
                return self._replace(dark={1: True, 2: False}.get(scheme))
            case "contrast", int(contrast):
                return self._replace(high_contrast=contrast == 1)
            case "reduced-motion", int(reduced):
                return self._replace(reduced_motion=reduced == 1)
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
        if self._bus is None:
            _draw_title_buttons()
        else:
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
        found: dict[str, dict[str, Any]] = {}
        try:
            bus.open()
            bus.subscribe(PORTAL, "SettingChanged", arg0=NAMESPACE)
            found = bus.call(PORTAL, "ReadAll", "as", [NAMESPACE, _TITLE_BARS])[0]
        except Refused as error:
            log.info("the desktop's portal has no settings: %s", error)
        except OutliveError as error:
            log.info("the desktop's settings cannot be read: %s", error)
            self._read.emit(None)
            return
        self._read.emit(found)

    def _follow(self, found: dict[str, dict[str, Any]] | None) -> None:
        """Use the first settings; from here on, this thread uses the connection. None: it has failed."""
        if self._bus is None:
            return
        if found is None or "button-layout" not in found.get(_TITLE_BARS, {}):
            _draw_title_buttons()
        if found is None:
            self.close()
            return
        self._change([(NAMESPACE, key, value) for key, value in found.get(NAMESPACE, {}).items()])
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


def _draw_title_buttons() -> None:
    """Let Qt draw title bars with its own buttons, from the next shown window on, where the program draws them.

    That is so with GNOME on Wayland. Qt draws them like GNOME's, but without any button if the portal names none.
    """
    variable = "QT_WAYLAND_DECORATION"
    if QGuiApplication.platformName() == "wayland" and variable not in os.environ:
        os.putenv(variable, "bradient")  # In ``os.environ`` it would be passed on to programs.
