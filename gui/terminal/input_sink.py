"""The interface through which the view sends input to a session; the client's ``Viewer`` implements it."""

from __future__ import annotations

from typing import Protocol

from session_host.protocol.values import CellSize, GridSize, KeyAction, MouseAction, MouseButton
from session_host.terminal.base import Emulator, Frame


class TypedInput(Protocol):
    """The receiver of the user's input. No method blocks, or raises if the connection is lost."""

    def key(self, key: str, text: str, modifiers: int, action: KeyAction) -> None:
        """The user pressed, repeated or released a key; ``modifiers`` are bits of ``Modifiers``."""

    def text(self, text: str) -> None:
        """The user committed composed text."""

    def paste(self, text: str) -> None:
        """The user pasted text from a clipboard."""


class ShownReplica(Protocol):
    """The session's content, as the view shows it."""

    @property
    def emulator(self) -> Emulator | None:
        """The terminal, or None until the first snapshot."""

    def frame(self) -> Frame:
        """The changes to paint, with what the user typed on a distant machine predicted."""


class InputSink(TypedInput, Protocol):
    """The receiver of a view's whole input."""

    @property
    def replica(self) -> ShownReplica:
        """What the view shows."""

    @property
    def takes_mouse(self) -> bool:
        """Whether the mouse can be passed on; False while the machine cannot be reached."""

    def mouse(self, action: MouseAction, button: MouseButton, column: int, row: int, modifiers: int) -> None:
        """A mouse event at a cell of the active screen, 0-based."""

    def focus(self, focused: bool) -> None:
        """The view got or lost the keyboard focus."""

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """The view has space for ``size`` now, or the user has begun to use the view."""
