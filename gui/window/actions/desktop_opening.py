"""Gives an address, also of a directory, to the desktop, and notices if nothing opens it.

Qt runs ``xdg-open`` and does not wait for its exit code, so Qt reports success without any browser. Here that program
is run in the same way, and its exit code counts. Qt opens the address itself

- in a sandbox, by the desktop's portal;
- on Wayland, where only Qt can get the token that lets the browser come to the front; ``xdg-mime`` is asked for a
  browser at the same time;
- where there is no ``xdg-open``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSocketNotifier, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

OPENING_S: Final = 30.0
"""A later failure is that of a browser, which ``xdg-open`` may run until the user closes it."""

BROWSERS: Final = (
    "x-www-browser", "firefox", "iceweasel", "seamonkey", "mozilla", "epiphany", "konqueror", "chromium",
    "chromium-browser", "google-chrome", "www-browser", "links2", "elinks", "links", "lynx", "w3m",
)  # fmt: skip
"""The programs that ``xdg-open`` tries if the desktop has no browser."""

_watched: set[_Run] = set()


def open_address(uri: str, on_failure: Callable[[], object]) -> None:
    """Open an address in the desktop's program for it; ``on_failure`` is called, also later, if that fails."""
    url = QUrl(uri)
    is_sandboxed = Path("/.flatpak-info").exists() or "SNAP" in os.environ  # Qt finds it out in the same way.
    is_wayland = QGuiApplication.platformName().startswith("wayland")
    program = None if is_sandboxed or is_wayland else shutil.which("xdg-open")
    if program is None or not url.isValid():
        if not QDesktopServices.openUrl(url):
            on_failure()
        elif is_wayland and not is_sandboxed and url.scheme() in {"http", "https"}:
            _look_for_browser(url.scheme(), on_failure)
        return

    def ended(process: subprocess.Popen[bytes], after_s: float) -> None:
        if process.wait() and after_s < OPENING_S:
            on_failure()

    try:
        # A session of its own, as Qt's: the browser survives the window.
        process = subprocess.Popen(
            [program, url.toEncoded().toStdString()], stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError:
        on_failure()
        return
    _watched.add(_Run(process, ended))


def _look_for_browser(scheme: str, on_failure: Callable[[], object]) -> None:
    """Call ``on_failure`` if neither the desktop nor ``xdg-open`` has a browser."""
    program = shutil.which("xdg-mime")
    if program is None or os.environ.get("BROWSER") or any(map(shutil.which, BROWSERS)):
        return

    def ended(process: subprocess.Popen[bytes], _after_s: float) -> None:
        found, _ = process.communicate()
        if not found.strip():
            on_failure()

    with contextlib.suppress(OSError):
        query = [program, "query", "default", f"x-scheme-handler/{scheme}"]
        process = subprocess.Popen(query, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        _watched.add(_Run(process, ended))


class _Run:
    """A run of a program; it is reaped at its end."""

    def __init__(
        self, process: subprocess.Popen[bytes], on_end: Callable[[subprocess.Popen[bytes], float], object]
    ) -> None:
        """``on_end`` gets the process, which has ended, and the seconds that it ran."""
        self._process = process
        self._report = on_end
        self._started_s = time.monotonic()
        self._descriptor = os.pidfd_open(process.pid)
        self._notifier = QSocketNotifier(self._descriptor, QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._on_end)

    def _on_end(self) -> None:
        self._notifier.setEnabled(False)
        os.close(self._descriptor)
        _watched.discard(self)
        self._report(self._process, time.monotonic() - self._started_s)
