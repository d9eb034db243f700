"""GNOME Shell without a screen."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtGui import QImage

from tests.support.buses import bus_daemon
from tests.support.compositors.bus import Bus, CallFailed
from tests.support.compositors.compositor import Compositor, directory, running
from tests.support.compositors.keyboard import MODIFIERS
from tests.support.waiting import wait_until

WIDTH_PX, HEIGHT_PX = 1920, 1200
"""Large enough for the scale 2, which GNOME offers if 800 × 480 are left."""
_LEFT_BUTTON = 0x110
_REMOTE, _DISPLAYS = "org.gnome.Mutter.RemoteDesktop", "org.gnome.Mutter.DisplayConfig"
_SETTINGS = """[org/gnome/mutter]
experimental-features=['scale-monitor-framebuffer']
"""


class Gnome(Compositor):
    """A running GNOME Shell."""

    display_px = WIDTH_PX, HEIGHT_PX

    def __init__(self, process: subprocess.Popen[bytes], socket: Path, bus: str) -> None:
        super().__init__(process, socket)
        self._address = bus
        self._bus = Bus(bus)
        (self._session,) = self._bus.call(_REMOTE, "/org/gnome/Mutter/RemoteDesktop", "CreateSession")
        self._remote("Start")
        self._scales = [1.0, 1.0]
        self._press([], MODIFIERS["shift"])  # The first key makes the keyboard, and clients do not get it.
        wait_until(lambda: self.ask("Main.layoutManager._startingUp") == "false", 60, "the start's animation to end")

    def reset(self) -> None:
        super().reset()
        # Some time after its start it shows an overview of all windows, and then none has the keyboard.
        hide = "Main.overview.hide(); Main.overview.visible || Main.overview.animationInProgress"
        wait_until(lambda: self.ask(hide) == "false", 60, "the overview to be hidden")

    def environment(self) -> dict[str, str]:
        return super().environment() | {"DBUS_SESSION_BUS_ADDRESS": self._address, "XDG_CURRENT_DESKTOP": "GNOME"}

    def _remote(self, method: str, signature: str = "", *arguments: object) -> None:
        self._bus.call(_REMOTE, self._session, method, signature, *arguments, interface=f"{_REMOTE}.Session")

    def _press(self, modifiers: list[str], code: int) -> None:
        codes = [*(MODIFIERS[each] for each in modifiers), code]
        for each in codes:
            self._remote("NotifyKeyboardKeycode", "ub", each, True)
        for each in reversed(codes):
            self._remote("NotifyKeyboardKeycode", "ub", each, False)

    def move_to(self, x: int, y: int) -> None:
        at_x, at_y, _ = json.loads(self.ask("global.get_pointer()"))
        self._remote("NotifyPointerMotionRelative", "dd", float(x - at_x), float(y - at_y))

    def click(self) -> None:
        for is_down in (True, False):
            self._remote("NotifyPointerButton", "ib", _LEFT_BUTTON, is_down)

    def set_scale(self, scale: float, display: int = 0) -> None:
        path = "/org/gnome/Mutter/DisplayConfig"
        self._scales[display] = scale
        serial, monitors, _, _ = self._bus.call(_DISPLAYS, path, "GetCurrentState")
        left = 0
        logical: list[tuple[Any, ...]] = []
        for number, [(connector, *_), [mode, *_], _] in enumerate(monitors):
            nearest = min(mode[5], key=lambda one: abs(one - self._scales[number]))
            logical.append((left, 0, nearest, 0, not number, [(connector, mode[0], {})]))
            left += round(WIDTH_PX / nearest)
        self._bus.call(_DISPLAYS, path, "ApplyMonitorsConfig", "uua(iiduba(ssa{sv}))a{sv}", serial, 1, logical, {})

    def move_window_to(self, display: int) -> None:
        self.ask(f"global.display.focus_window.move_to_monitor({display})")

    def focused(self) -> str:
        return str(json.loads(self.ask("global.display.focus_window?.title ?? ''")))

    def has_mark(self) -> bool:
        return self.ask("global.get_window_actors().some(each => each.meta_window.demands_attention)") == "true"

    def picture(self, display: int = 0) -> QImage:
        rectangle = json.loads(
            self.ask(f"let {{x, y, width, height}} = Main.layoutManager.monitors[{display}]; [x, y, width, height]")
        )
        with tempfile.TemporaryDirectory(dir="/tmp") as where:
            path = f"{where}/picture.png"
            arguments = *rectangle, False, path
            self._bus.call(
                "org.gnome.Shell.Screenshot", "/org/gnome/Shell/Screenshot", "ScreenshotArea", "iiiibs", *arguments
            )
            return QImage(path)

    def ask(self, script: str) -> str:
        """Run JavaScript in the shell; returns the result as JSON."""
        is_done, result = self._bus.call("org.gnome.Shell", "/org/gnome/Shell", "Eval", "s", script)
        assert is_done, result
        return str(result)

    def close(self) -> None:
        """End the connection to it."""
        self._bus.close()


@contextmanager
def gnome() -> Iterator[Gnome]:
    """Run GNOME Shell; yields it when it is ready."""
    with directory("gnome") as where, bus_daemon(where) as bus:
        settings = where / "config/glib-2.0/settings"
        settings.mkdir(parents=True)
        (settings / "keyfile").write_text(_SETTINGS)
        environment = {
            "PATH": os.defpath,
            "HOME": str(where),
            "XDG_RUNTIME_DIR": str(where),
            "LANG": "C.UTF-8",
            "XDG_CONFIG_HOME": str(where / "config"),
            "GSETTINGS_BACKEND": "keyfile",
            # The shell does not start without a system bus. Nobody has a name on this one.
            "DBUS_SESSION_BUS_ADDRESS": bus.address,
            "DBUS_SYSTEM_BUS_ADDRESS": bus.address,
        }
        command = [
            "gnome-shell",
            "--headless",
            "--wayland",
            "--no-x11",
            "--unsafe-mode",
            "--wayland-display",
            "wayland-1",
            *["--virtual-monitor", f"{WIDTH_PX}x{HEIGHT_PX}"] * 2,
        ]

        def is_ready() -> bool:
            with closing(Bus(bus.address)) as probe:
                try:
                    probe.call("org.gnome.Shell", "/org/gnome/Shell", "Eval", "s", "1")
                except CallFailed:
                    return False
            return True

        with (
            running(command, environment, where, is_ready) as process,
            closing(Gnome(process, where / "wayland-1", bus.address)) as compositor,
        ):
            yield compositor
