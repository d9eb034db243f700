"""What tests see of each compositor."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtGui import QImage

from tests.support.compositors.keyboard import combination, of_letter
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0


class Compositor(ABC):
    """A running compositor with one keyboard, one pointer and two displays side by side, the numbers 0 and 1.

    Windows open on the first; the second has the same size, and is to the right of it.
    """

    display_px: tuple[int, int]
    """The width and height of a display, in its own pixels."""

    def __init__(self, process: subprocess.Popen[bytes], socket: Path) -> None:
        self.process = process
        self.socket = socket

    def environment(self) -> dict[str, str]:
        """The environment variables for programs on this compositor."""
        return {"WAYLAND_DISPLAY": str(self.socket), "QT_QPA_PLATFORM": "wayland"}

    def type(self, text: str) -> None:
        """Type a text, key by key."""
        self.press(*map(of_letter, text))

    def press(self, *keys: str) -> None:
        """Press keys by their names: ``Return``, ``ctrl+shift+c``."""
        for each in keys:
            self._press(*combination(each))

    @abstractmethod
    def _press(self, modifiers: list[str], code: int) -> None:
        """Press and release the modifiers and the key."""

    @abstractmethod
    def move_to(self, x: int, y: int) -> None:
        """Move the pointer; in the coordinates of the desktop, which the display's scale divides."""

    @abstractmethod
    def click(self) -> None:
        """Press and release the left button."""

    @abstractmethod
    def set_scale(self, scale: float, display: int = 0) -> None:
        """Change the scale of a display."""

    @abstractmethod
    def move_window_to(self, display: int) -> None:
        """Move the window that has the keyboard to a display."""

    @abstractmethod
    def focused(self) -> str:
        """The title or number of the window that has the keyboard; "" for none."""

    @abstractmethod
    def has_mark(self) -> bool:
        """Whether a window is marked, since it asks for attention."""

    @abstractmethod
    def picture(self, display: int = 0) -> QImage:
        """A display, as a user sees it."""

    def reset(self) -> None:
        """Make everything as at the start, for the next test."""
        for display in (1, 0):
            self.set_scale(1, display)
        self.move_to(self.display_px[0] - 1, self.display_px[1] // 4)

    def kill(self) -> None:
        """Kill the compositor, as a crash of the desktop does."""
        self.process.kill()
        self.process.wait()

    def run(self, *command: str, typed: str | None = None) -> str:
        """Run a program on this compositor; returns its output."""
        done = subprocess.run(
            command,
            env={**os.environ, **self.environment()},
            input=typed,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        return done.stdout


@contextmanager
def directory(name: str) -> Iterator[Path]:
    """A compositor's own directory, with a short path for its sockets; afterwards it is removed."""
    where = Path(tempfile.mkdtemp(prefix=f"{name}-", dir="/tmp"))
    try:
        yield where
    finally:
        shutil.rmtree(where)


@contextmanager
def running(
    command: Sequence[str],
    environment: Mapping[str, str],
    where: Path,
    is_ready: Callable[[], bool],
    *,
    user: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a compositor in its directory; yields its process when it is ready.

    Args:
        user: who runs it; None for the user of this process.
    """
    log = where / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=where,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    try:
        wait_until(is_ready, TIMEOUT_S, lambda: f"{command[0]} to be ready; it says {log.read_text()}", every_s=0.05)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
