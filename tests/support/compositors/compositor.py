"""What tests see of each compositor."""

from __future__ import annotations

import os
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path

from PySide6.QtGui import QImage

from tests.support.compositors.keyboard import combination, of_letter

TIMEOUT_S = 60.0


class Compositor(ABC):
    """A running compositor with one keyboard, one pointer and one or two displays."""

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
    def set_scale(self, scale: float) -> None:
        """Change the scale of the first display."""

    @abstractmethod
    def focused(self) -> str:
        """The title of the window that has the keyboard; "" for none."""

    @abstractmethod
    def picture(self) -> QImage:
        """The first display, in its own pixels."""

    def kill(self) -> None:
        """Kill the compositor, as a crash of the desktop does."""
        self.process.kill()
        self.process.wait()

    def run(self, *command: str, typed: str | None = None) -> str:
        """Run a program on this compositor; returns its output."""
        done = subprocess.run(
            command, env={**os.environ, **self.environment()}, input=typed, stdout=subprocess.PIPE,
            check=True, text=True, timeout=TIMEOUT_S,
        )  # fmt: skip
        return done.stdout
