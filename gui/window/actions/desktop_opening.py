"""Gives an address, also of a directory, to the desktop, and notices if nothing opens it.

Qt runs ``xdg-open`` and does not wait for its exit code, so Qt reports success without any browser. Here that program
is run in the same way, and its exit code counts. Qt opens the address itself

- in a sandbox, by the desktop's portal;
- on Wayland, where only Qt can get the token that lets the browser come to the front;
- where there is no ``xdg-open``.
"""

from __future__ import annotations

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

_watched: set[_Opening] = set()


def open_address(uri: str, on_failure: Callable[[], object]) -> None:
    """Open an address in the desktop's program for it; ``on_failure`` is called, also later, if that fails."""
    url = QUrl(uri)
    program = None if _is_opened_by_qt() else shutil.which("xdg-open")
    if program is None or not url.isValid():
        if not QDesktopServices.openUrl(url):
            on_failure()
        return
    try:
        # A session of its own, as Qt's: the browser survives the window.
        process = subprocess.Popen(
            [program, url.toEncoded().toStdString()], stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError:
        on_failure()
        return
    _watched.add(_Opening(process, on_failure))


def _is_opened_by_qt() -> bool:
    """Whether Qt opens an address by other means than ``xdg-open`` alone, which it finds out in the same way."""
    is_sandboxed = Path("/.flatpak-info").exists() or "SNAP" in os.environ
    return is_sandboxed or QGuiApplication.platformName().startswith("wayland")


class _Opening:
    """A run of ``xdg-open``; it is reaped at its end."""

    def __init__(self, process: subprocess.Popen[bytes], on_failure: Callable[[], object]) -> None:
        self._process = process
        self._on_failure = on_failure
        self._started_s = time.monotonic()
        self._descriptor = os.pidfd_open(process.pid)
        self._notifier = QSocketNotifier(self._descriptor, QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._on_end)

    def _on_end(self) -> None:
        self._notifier.setEnabled(False)
        os.close(self._descriptor)
        _watched.discard(self)
        if self._process.wait() and time.monotonic() - self._started_s < OPENING_S:
            self._on_failure()
