"""A viewer's replica: the engine that gets the output, and what the user sees of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from session_host.protocol.messages import Output
from session_host.protocol.values import CellSize, CommandTime, GridSize
from session_host.structured.engine import TranscriptEngine
from session_host.structured.transcript import Transcript
from session_host.terminal.base import Emulator, Frame
from session_host.terminal.commands import MAX_COMMANDS
from session_host.terminal.scroll_position import go_to, position_in

from .state import NO_DELEGATE, ViewerDelegate

if TYPE_CHECKING:
    from .predicted_screen import PredictedScreen

ReplicaEngine = Emulator | TranscriptEngine
"""What interprets a session's output: a terminal, or a structured chat's transcript."""


class Replica:
    """A viewer's copy of what the session shows. It owns its engines, and closes those that it replaces.

    Attributes:
        engine: the engine that gets the output, None until the first snapshot.
        emulator: the shown terminal, None until the first snapshot. Any turn of the loop may replace it. While the user
            reads in the history of an earlier engine, this is that one.
        transcript: a structured chat's transcript, None until the first snapshot.
        predicted: the user's input on a distant machine, as the program will show it; None on a near one.
    """

    def __init__(self, delegate: ViewerDelegate, *, predicts: bool = False) -> None:
        """Begin without an engine; ``delegate`` gets a call when another one is shown, and when that one changes."""
        self._delegate = delegate
        self.engine: ReplicaEngine | None = None
        self.emulator: Emulator | None = None
        self.transcript: Transcript | None = None
        self.predicted: PredictedScreen | None = None
        if predicts:
            from .predicted_screen import PredictedScreen  # most users have no other machines

            self.predicted = PredictedScreen(delegate.viewer_damaged)
        self._times: deque[CommandTime] = deque(maxlen=MAX_COMMANDS)

    @property
    def terminal(self) -> Emulator | None:
        """The terminal that is fed."""
        return None if isinstance(self.engine, TranscriptEngine) else self.engine

    def frame(self) -> Frame:
        """The changes to paint, with the predicted input; only with an emulator."""
        assert self.emulator is not None
        frame = self.emulator.frame()
        if not frame.scroll_offset and self.emulator is not self.terminal:
            asyncio.get_running_loop().call_soon(self.show_newest)
        return frame if self.predicted is None else self.predicted.over(frame)

    # ------------------------------------------------------------ one engine

    def feed(self, message: Output, turns: Sequence[int]) -> None:
        """Feed output, in which turns of the agent began at these offsets."""
        if (engine := self.engine) is None:
            return
        fed = 0
        for offset in turns:
            begin = min(max(offset - message.offset, fed), len(message.data))
            engine.feed(message.data[fed:begin])
            self.mark_turn()
            fed = begin
        engine.feed(message.data[fed:])
        _discard_side_effects(self.terminal)
        self._delegate.viewer_damaged()

    def mark_turn(self) -> None:
        """Mark the beginning of an agent's turn."""
        if self.terminal is not None:
            self.terminal.mark_turn()

    def add_times(self, times: Sequence[CommandTime]) -> None:
        """Add times of commands; they may come before the output that they are about, or before the engine."""
        self._times += times
        if self.terminal is not None:
            self.terminal.commands.set_times(times)

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Change the terminal's size."""
        emulator = self.terminal
        if emulator is not None and (size, cell) != (emulator.size, emulator.cell):
            emulator.resize(size, cell)
            _discard_side_effects(emulator)
            self._delegate.viewer_damaged()

    # ------------------------------------------------------------ another engine

    def replace(self, engine: ReplicaEngine, *, had_history: bool = True, has_history: bool = True) -> None:
        """Feed another engine, and show it; one without history is not shown to a user who reads in the history.

        Args:
            engine: the other engine, with the screen of a later time.
            had_history: whether the present engine has the history; if not, its screen goes on, and gets the history.
            has_history: whether the other one has it.
        """
        if had_history:
            self.drop_predictions()
        previous, shown = self.engine, self.emulator
        if not has_history and isinstance(engine, TranscriptEngine) and isinstance(previous, TranscriptEngine):
            engine.transcript.add_older(previous.transcript)
        if shown is None or (position := position_in(shown.frame(), shown)) is None:
            self._use(engine)
            return
        shown.damage_all()
        if has_history and not isinstance(engine, TranscriptEngine):
            if not go_to(engine, position):
                engine.scroll(min(position.row - engine.scrollback_rows, 0))
            self._use(engine)
        else:
            self._use(engine, shown=shown)

    def show_newest(self) -> None:
        """The user does not read in an earlier engine any more."""
        if self.emulator is not self.terminal:
            self._use(self.engine)

    def free(self) -> None:
        """Free the memory, until ``replace``."""
        self.drop_predictions()
        self._use(None)

    def close(self) -> None:
        """Free the memory for good; the delegate gets no more calls."""
        self._delegate = NO_DELEGATE
        self.free()
        if self.predicted is not None:
            self.predicted.close()
            self.predicted = None

    def drop_predictions(self) -> None:
        """The screen or the input is not what the user typed into: predict nothing of it."""
        if self.predicted is not None:
            self.predicted.drop()

    def _use(self, engine: ReplicaEngine | None, *, shown: Emulator | None = None) -> None:
        """Feed an engine, and show it, or ``shown`` until ``show_newest``; close the previous ones."""
        previous = {id(each): each for each in (self.engine, self.emulator) if each is not None}
        self.engine = engine
        self.emulator = shown or self.terminal
        self.transcript = engine.transcript if isinstance(engine, TranscriptEngine) else None
        if self.terminal is not None:
            self.terminal.commands.set_times(self._times)
            _discard_side_effects(self.terminal)
        if shown is None:
            self._delegate.viewer_replaced()
        for each in previous.values():
            if each is not engine and each is not shown:
                each.close()


def _discard_side_effects(emulator: Emulator | None) -> None:
    """Drop a replica's replies and events: the host's emulator answers and announces."""
    if emulator is not None:
        emulator.take_replies()
        emulator.take_events()
