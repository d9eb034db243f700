"""Copies typed and pasted input of one view to other views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from session_host.protocol.values import MODIFIER_KEYS, KeyAction
from session_host.terminal.base import Emulator

from .input_sink import InputSink, TypedInput


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
