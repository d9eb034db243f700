"""The interface through which the view sends input to a session; the client's ``Viewer`` implements it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from session_host.protocol.values import MODIFIER_KEYS, CellSize, GridSize, KeyAction, MouseAction, MouseButton
from session_host.terminal.base import Emulator


class TypedInput(Protocol):
    """The receiver of the user's input. No method blocks, or raises if the connection is lost."""

    def key(self, key: str, text: str, modifiers: int, action: KeyAction) -> None:
        """The user pressed, repeated or released a key; ``modifiers`` are bits of ``Modifiers``."""

    def text(self, text: str) -> None:
        """The user committed composed text."""

    def paste(self, text: str) -> None:
        """The user pasted text from a clipboard."""


class InputSink(TypedInput, Protocol):
    """The receiver of a view's whole input."""

    @property
    def emulator(self) -> Emulator | None:
        """The replica, or None until the first snapshot."""

    def mouse(self, action: MouseAction, button: MouseButton, column: int, row: int, modifiers: int) -> None:
        """A mouse event at a cell of the active screen, 0-based."""

    def focus(self, focused: bool) -> None:
        """The view got or lost the keyboard focus."""

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """The view has space for ``size`` now, or the user has begun to use the view."""


class Receiver(Protocol):
    """Another view, as broadcasting uses it."""

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""

    @property
    def sink(self) -> InputSink | None:
        """The receiver of input; None if the screen is read-only."""

    def on_broadcast(self) -> None:
        """Text was typed into this view from another one."""


Receivers = Callable[[], Sequence[Receiver]]
"""Returns the views that get the input now."""


class Broadcast:
    """Keys, texts and pastes for several views. Each host encodes a key for its own program."""

    def __init__(self, own: TypedInput, receivers: Sequence[Receiver]) -> None:
        """Set up the input; ``own`` is the sink of the view in which the user types."""
        self._own = own
        self._receivers = receivers

    def key(self, key: str, text: str, modifiers: int, action: KeyAction) -> None:
        """See ``TypedInput``."""
        self._own.key(key, text, modifiers, action)
        is_typed = action != KeyAction.RELEASE and key not in MODIFIER_KEYS
        self._give(lambda sink: sink.key(key, text, modifiers, action), is_typed=is_typed)

    def text(self, text: str) -> None:
        """See ``TypedInput``."""
        self._own.text(text)
        self._give(lambda sink: sink.text(text))

    def paste(self, text: str) -> None:
        """See ``TypedInput``."""
        self._own.paste(text)
        self._give(lambda sink: sink.paste(text))

    def _give(self, send: Callable[[InputSink], None], *, is_typed: bool = True) -> None:
        for receiver in self._receivers:
            if receiver.sink is not None:
                send(receiver.sink)
                if is_typed:
                    receiver.on_broadcast()
