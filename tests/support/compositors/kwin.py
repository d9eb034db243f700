"""KWin, the compositor of Plasma 5, without a screen. Its X server draws the window, as in a session of Plasma 5."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from PySide6.QtGui import QImage

from tests.support.buses import bus_daemon
from tests.support.compositors.bus import Bus, CallFailed
from tests.support.compositors.client import Client
from tests.support.compositors.compositor import Compositor, directory, running
from tests.support.compositors.keyboard import MODIFIERS
from tests.support.waiting import wait_until

WIDTH_PX, HEIGHT_PX = 1200, 800
_INPUT = "org_kde_kwin_fake_input"
_MARKS = "has a mark:"
_LEFT_BUTTON = 0x110
_PICTURES, _PICTURES_PATH = "org.kde.KWin.ScreenShot2", "/org/kde/KWin/ScreenShot2"


class KWin(Compositor):
    """A running KWin."""

    display_px = WIDTH_PX, HEIGHT_PX

    def __init__(self, process: subprocess.Popen[bytes], socket: Path, bus: str) -> None:
        super().__init__(process, socket)
        self._address = bus
        self._bus = Bus(bus)
        self._client = Client(socket)
        self._input = self._client.bind(_INPUT, 4)
        self._client.request(self._input, 0, "tests", "tests")
        self._client.wait()

    def environment(self) -> dict[str, str]:
        display = (self.socket.parent / "display").read_text().strip()
        session = {"DISPLAY": display, "KDE_SESSION_VERSION": "5", "QT_QPA_PLATFORM": ""}
        return super().environment() | session | {"DBUS_SESSION_BUS_ADDRESS": self._address}

    def _press(self, modifiers: list[str], code: int) -> None:
        codes = [*(MODIFIERS[each] for each in modifiers), code]
        for each in codes:
            self._client.request(self._input, 10, each, 1)
        for each in reversed(codes):
            self._client.request(self._input, 10, each, 0)
        self._client.wait()

    def move_to(self, x: int, y: int) -> None:
        self._client.request(self._input, 9, x << 8, y << 8)
        self._client.wait()

    def click(self) -> None:
        self._client.request(self._input, 2, _LEFT_BUTTON, 1)
        self._client.request(self._input, 2, _LEFT_BUTTON, 0)
        self._client.wait()

    def set_scale(self, scale: float, display: int = 0) -> None:
        self.run("env", "QT_QPA_PLATFORM=wayland", "kscreen-doctor", f"output.{display + 1}.scale.{scale:g}")

    def move_window_to(self, display: int) -> None:
        self._run_script(f"workspace.sendClientToScreen(workspace.activeClient, {display})")

    def _run_script(self, script: str) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".js") as file:
            file.write(script)
            file.flush()
            (number,) = self._bus.call(
                "org.kde.KWin", "/Scripting", "loadScript", "s", file.name, interface="org.kde.kwin.Scripting"
            )
            self._bus.call("org.kde.KWin", f"/{number}", "run", interface="org.kde.kwin.Script")

    def focused(self) -> str:
        try:
            (facts,), _ = self._bus.call_with_pipe(_PICTURES, _PICTURES_PATH, "CaptureActiveWindow", "a{sv}", {})
        except CallFailed:
            return ""
        return str(facts["windowId"][1])

    def has_mark(self) -> bool:
        log = self.socket.parent / "log"
        before = log.stat().st_size
        self._run_script(f"print('{_MARKS}', workspace.clientList().some(each => each.demandsAttention))")

        def said() -> str:
            return log.read_text()[before:].partition(_MARKS)[2].strip()

        return wait_until(said, 60, "KWin to print whether a window is marked").startswith("true")

    def picture(self, display: int = 0) -> QImage:
        options = {"native-resolution": ("b", True)}
        (facts,), data = self._bus.call_with_pipe(
            _PICTURES, _PICTURES_PATH, "CaptureScreen", "sa{sv}", f"Virtual-{display}", options
        )
        width, height, stride, kind = (facts[name][1] for name in ("width", "height", "stride", "format"))
        return QImage(data, width, height, stride, QImage.Format(kind)).copy()

    def close(self) -> None:
        """End the connections to it."""
        self._bus.close()
        self._client.close()


@contextmanager
def kwin() -> Iterator[KWin]:
    """Run KWin; yields it when it is ready."""
    with directory("kwin") as where, bus_daemon(where) as bus:
        # A copy has not the capability of the program, which a container may refuse.
        installed = shutil.which("kwin_wayland")
        assert installed, "kwin_wayland is not installed"
        program = shutil.copyfile(installed, where / "kwin_wayland")
        program.chmod(0o700)
        environment = {
            "PATH": os.defpath,
            "HOME": str(where),
            "XDG_RUNTIME_DIR": str(where),
            "LANG": "C.UTF-8",
            "DBUS_SESSION_BUS_ADDRESS": bus.address,
            "DBUS_SYSTEM_BUS_ADDRESS": bus.address,
            "KWIN_COMPOSE": "O2",
            "QT_LOGGING_RULES": "js.debug=true",  # what scripts print
            "KWIN_SCREENSHOT_NO_PERMISSION_CHECKS": "1",
            "KWIN_WAYLAND_NO_PERMISSION_CHECKS": "1",
        }
        command = [
            str(program),
            "--virtual",
            "--width",
            str(WIDTH_PX),
            "--height",
            str(HEIGHT_PX),
            "--output-count",
            "2",
            "--socket",
            "wayland-1",
            "--no-lockscreen",
            "--no-global-shortcuts",
            "--xwayland",
            f"sh -c 'echo $DISPLAY >{where}/started && mv {where}/started {where}/display'",
        ]

        def is_ready() -> bool:
            with closing(Bus(bus.address)) as probe:
                try:
                    probe.call("org.kde.KWin", _PICTURES_PATH, "Ping", interface="org.freedesktop.DBus.Peer")
                except CallFailed:
                    return False
            return (where / "display").exists()

        with (
            running(command, environment, where, is_ready) as process,
            closing(KWin(process, where / "wayland-1", bus.address)) as compositor,
        ):
            yield compositor
