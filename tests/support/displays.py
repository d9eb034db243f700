"""X servers off screen, and a window manager for them."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import wait_readable, wait_until


@dataclass(frozen=True)
class XServer:
    """A running X server."""

    display: str
    """As in DISPLAY: ":7"."""
    process: subprocess.Popen[bytes]

    def environment(self) -> dict[str, str]:
        """The environment variables for programs on this server."""
        return {"DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}

    def kill(self) -> None:
        """Kill the server, as a crash of the desktop does."""
        self.process.kill()
        self.process.wait()


REPEATS_AFTER_MS = 2000
"""A held key repeats after this time: long, since xdotool on a busy machine releases pressed keys late."""


@contextmanager
def x_server(*, width_px: int = 1600, height_px: int = 1000) -> Iterator[XServer]:
    """Run an Xvfb on a free display; yields it when it is ready."""
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                str(writing),
                "-screen",
                "0",
                f"{width_px}x{height_px}x24",
                "-nolisten",
                "tcp",
                "-noreset",
                "-dpi",
                "96",
                "-ardelay",
                str(REPEATS_AFTER_MS),
            ],
            pass_fds=[writing],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        writing = -1
        try:
            wait_readable(reading, 20, "Xvfb to be ready")
            number = os.read(reading, 16).decode().strip()
            assert number, "Xvfb ended at once; is it installed?"
            server = XServer(f":{number}", process)
            _free_function_keys(server)
            _press_its_first_key(server)
            yield server
        finally:
            process.terminate()
            process.wait(60)
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)


def _free_function_keys(server: XServer) -> None:
    """Keep Ctrl+Alt with a function key from switching the console.

    xkeyboard-config 2.45 and later lists Alt for such keys, and xdotool then sends Alt+F1 for F1 (its issue 491).
    """
    environment = {**os.environ, **server.environment()}
    subprocess.run(["setxkbmap", "-option", "srvrkeys:none"], env=environment, check=True, timeout=60)


def _press_its_first_key(server: XServer) -> None:
    """Make xdotool's keyboard the current one before there are windows.

    At the first key of another keyboard, the server announces a new key map. A window manager then releases its
    shortcuts and grabs them again; a shortcut that is pressed in between is lost.
    """
    environment = {**os.environ, **server.environment()}
    subprocess.run(["xdotool", "key", "Shift_L"], env=environment, check=True, timeout=60)


@contextmanager
def openbox(server: XServer) -> Iterator[subprocess.Popen[bytes]]:
    """Run a window manager, so that windows can be raised and given the focus."""
    with tempfile.TemporaryDirectory(prefix="wm-") as directory:
        started, settings = Path(directory, "started"), Path(directory, "rc.xml")
        settings.write_text(_without_desktop_keys(Path("/etc/xdg/openbox/rc.xml").read_text()))
        process = subprocess.Popen(
            # openbox announces itself before it manages windows, and runs its start-up command once it manages them.
            ["openbox", "--sm-disable", "--config-file", str(settings), "--startup", f"touch {started}"],
            env={**os.environ, **server.environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(started.exists, 20, "the window manager to take over")
            yield process
        finally:
            process.terminate()
            process.wait(60)


def _without_desktop_keys(settings: str) -> str:
    """Openbox's settings without Alt+Shift+arrow (send to another desktop), which the product uses for panes."""
    return re.sub(r'<keybind key="S-A-(Left|Right|Up|Down)">.*?</keybind>', "", settings, flags=re.DOTALL)
