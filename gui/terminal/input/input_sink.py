"""Interface from the view to a session; implemented by the client's ``Viewer``.

Each call returns at once; the client delivers the input.
"""

from __future__ import annotations

from typing import Protocol

from session_host.protocol.values import CellSize, GridSize, KeyAction, MouseAction, MouseButton
from session_host.terminal.base import Emulator


class InputSink(Protocol):
    """A session as the view sees it. No method blocks or raises for a lost connection."""

    @property
    def emulator(self) -> Emulator | None:
        """The replica, or None until the first snapshot."""

    def key(self, key: str, text: str, modifiers: int, action: KeyAction) -> None:
        """The user pressed, repeated or released a key; ``modifiers`` are bits of ``Modifiers``."""

    def text(self, text: str) -> None:
        """The user committed composed text."""

    def paste(self, text: str) -> None:
        """The user pasted text from a clipboard."""

    def mouse(self, action: MouseAction, button: MouseButton, column: int, row: int, modifiers: int) -> None:
        """A mouse event at a cell of the active screen, 0-based."""

    def focus(self, focused: bool) -> None:
        """The view got or lost the keyboard focus."""

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """The view has space for ``size`` now, or is in use again."""
