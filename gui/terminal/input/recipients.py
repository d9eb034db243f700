"""The recipients of what is typed into one view: its session; in a broadcast, the sessions of other views, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gui.terminal.display import TerminalDisplay
from gui.terminal.input_sink import InputSink, TypedInput
from gui.terminal.sizing import Sizing
from session_host.protocol.values import MODIFIER_KEYS, KeyAction


class Recipients:
    """The recipients of what the user types and pastes into one view.

    Attributes:
        display: the view.
        machine: the name of the machine on which the view's program runs; "" for this one.
        others: returns the recipients of the other views that get the same now; None without a broadcast.
        on_broadcast: called after something was typed or pasted into the view, here or in another view.
    """

    def __init__(self, display: TerminalDisplay, sizing: Sizing, on_broadcast: Callable[[], object]) -> None:
        self.display = display
        self._sizing = sizing
        self.machine = ""
        self.others: Callable[[], Sequence[Recipients]] | None = None
        self.on_broadcast = on_broadcast

    @property
    def input(self) -> TypedInput | None:
        """All recipients as one; None if the screen is read-only."""
        sink = self.display.sink
        return sink if self.others is None or sink is None else _Broadcast(sink, self.others())

    @property
    def count(self) -> int:
        """The number of views that get what is typed here, with this one."""
        return 1 + len(self._others())

    def _others(self) -> Sequence[Recipients]:
        return self.others() if self.others is not None else ()

    def bracket_pastes(self) -> bool:
        """Whether all receiving programs can distinguish a paste from typing."""
        emulators = [each.display.emulator for each in (self, *self._others())]
        return all(emulator is not None and emulator.modes.bracketed_paste for emulator in emulators)

    def share_machine(self) -> bool:
        """Whether all receiving programs run on this view's machine, so that a path means the same to them."""
        return all(other.machine == self.machine for other in self._others())

    def note_typed(self) -> None:
        """Something was typed or pasted here: the chat also gets the size of this view."""
        self.on_broadcast()
        self._sizing.claim()


class _Broadcast:
    """Keys, texts and pastes for several views. Each host encodes a key for its own program."""

    def __init__(self, own: TypedInput, others: Sequence[Recipients]) -> None:
        """Set up the input; ``own`` is the sink of the view in which the user types."""
        self._own = own
        self._others = others

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
        for other in self._others:
            if (sink := other.display.sink) is not None:
                send(sink)
                if is_typed:
                    other.on_broadcast()
