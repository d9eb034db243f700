"""Feeds a journal to an emulator and yields its lines with time and offset.

The emulator belongs to the reader. The reader takes the history's rows out and empties it, between two sequences, so
that the emulator holds little and its saved state is small.
"""

from __future__ import annotations

import zlib
from typing import Final, Self

import msgspec

from session_host.errors import OutliveError
from session_host.protocol.values import CellSize, GridSize
from session_host.storage.journal import Entry, Resize
from session_host.terminal import create, engine_build, restore
from session_host.terminal.base import Emulator, EngineName

from .chunking import HISTORY_ROWS, MOST_BYTES, Sequences, steps
from .collected_lines import CollectedLines
from .line_tracker import LineTracker, SeenState
from .pages import Line

LOOK_NS: Final = 1_000_000_000
"""A screen that was unchanged for this long may have been read by somebody."""

_MOST_GLANCES: Final = 16
"""How many screens that are cleared or replaced sooner are indexed within a second."""

LONGEST_LINE: Final = 8192
_OVERLAP: Final = 256
"""A longer line is split into pieces; each begins with the end of the piece before."""

_CANCEL: Final = b"\x18"
"""CAN ends an incomplete sequence, after lost output."""

_EXCHANGE: Final = b"\x1b[?"
"""The prefix of switching the alternate screen, which keeps the primary one."""

_EMPTY_HISTORY: Final = b"\x1b[3J"
_WITH_HISTORY: Final = (_EMPTY_HISTORY, b"\x1bc")
_USUAL_SIZE: Final = GridSize(80, 24)
_COMPRESSION_LEVEL: Final = 1


class _State(msgspec.Struct, array_like=True):
    """The saved state of a reader."""

    build: str
    terminal: bytes
    in_history: int
    begun: str
    number: int
    primary: SeenState
    alternate: SeenState
    looked_ns: int
    time_ns: int
    dirty: bool
    sequence: bytes
    in_character: bool


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_State)


class Reader(CollectedLines):
    """Reads a session's journal, entry by entry, and collects its lines."""

    def __init__(
        self, engine: EngineName, offset: int = 0, resizes: int = -1, number: int = 0, state: _State | None = None
    ) -> None:
        super().__init__(offset, resizes, number if state is None else state.number)
        self._emulator: Emulator | None = None if state is None else restore(engine, state.terminal)
        self._engine = engine
        self._in_history = 0 if state is None else state.in_history
        self._begun = "" if state is None else state.begun
        self._looked_ns = 0 if state is None else state.looked_ns
        self._sequences = Sequences() if state is None else Sequences(state.sequence, state.in_character)
        self._time_ns = 0 if state is None else state.time_ns
        self._glancing_since_ns = self._glances = 0
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._fed = offset
        self._dirty = state is not None and state.dirty
        self._primary = LineTracker(SeenState() if state is None else state.primary, self._add_line, self._grow)
        self._alternate = LineTracker(SeenState() if state is None else state.alternate, self._add_line, self._grow)

    @classmethod
    def restored(cls, engine: EngineName, offset: int, resizes: int, kept: bytes) -> Self | None:
        """Restore a reader from ``save_state``; None if another engine build made the state, or it is damaged."""
        try:
            state = _decoder.decode(zlib.decompress(kept))
            return cls(engine, offset, resizes, state=state) if state.build == engine_build(engine) else None
        except (zlib.error, msgspec.MsgspecError, OutliveError):
            return None

    def save_state(self) -> bytes:
        """The state from which ``restored`` continues."""
        state = _State(
            engine_build(self._engine), self._terminal().snapshot(), self._in_history, self._begun, self.number,
            self._primary.state(), self._alternate.state(), self._looked_ns, self._time_ns, self._dirty,
            self._sequences.tail, self._sequences.in_character,
        )  # fmt: skip
        return zlib.compress(_encoder.encode(state), _COMPRESSION_LEVEL)

    def close(self) -> None:
        """Free the emulator."""
        if self._emulator is not None:
            self._emulator.close()
            self._emulator = None

    def forget_lines(self, number: int) -> None:
        """See ``CollectedLines``."""
        super().forget_lines(number)
        self._primary.forget_numbers()
        self._alternate.forget_numbers()

    # ------------------------------------------------------------ journal entries

    def read_entry(self, entry: Entry) -> None:
        """Read the journal's next entry."""
        if isinstance(entry, Resize):
            self._resize(entry)
            return
        data = entry.data[max(0, self.offset - entry.offset) :]
        if not data:
            return
        if self._dirty and not 0 <= entry.time_ns - self._looked_ns < LOOK_NS:
            # Index the screen as it was until now.
            self._feed_waiting()
            self._index_screen()
        if entry.offset > self.offset:
            self._feed_waiting()
            data = _CANCEL + data
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        self._dirty = True
        self._time_ns = entry.time_ns
        self.offset = entry.offset + len(entry.data)
        if self._waiting_bytes >= MOST_BYTES:
            self._feed_waiting()

    def flush(self) -> None:
        """Feed the waiting output, so that ``save_state`` includes all that was read."""
        self._feed_waiting()

    def settle(self) -> None:
        """Index the screen: the journal has no more for now."""
        self._feed_waiting()
        if self._dirty:
            self._index_screen()

    def _resize(self, resize: Resize) -> None:
        if resize.number <= self.resizes and self._emulator is not None:
            return
        self._feed_waiting()
        self.resizes = max(resize.number, self.resizes)
        if self._emulator is None:
            self._emulator = create(self._engine, resize.size, cell=resize.cell, scrollback_lines=HISTORY_ROWS)
            return
        if self._dirty:
            self._index_screen()
        self._emulator.resize(resize.size, resize.cell)
        # The rows have been rewrapped; rows that could not be removed are counted again.
        self._in_history = min(self._in_history, self._emulator.scrollback_rows)

    def _terminal(self) -> Emulator:
        if self._emulator is None:
            self._emulator = create(self._engine, _USUAL_SIZE, cell=CellSize(), scrollback_lines=HISTORY_ROWS)
        return self._emulator

    def _feed_waiting(self) -> None:
        if not self._waiting:
            return
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        terminal = self._terminal()
        was_lost = False
        for step, is_lost in steps(data, terminal.size.columns):
            if was_lost and not step.startswith(_EXCHANGE):
                self._begun = ""  # Clearing the screen removed the rest of that line.
            if was_lost and step.startswith(_WITH_HISTORY):
                self._in_history = 0
            terminal.feed(step)
            terminal.take_replies()
            terminal.take_events()
            self._sequences.feed(step)
            self._fed += len(step)
            self._take_history(terminal)
            if is_lost:
                self._glance()
            was_lost = is_lost
        self._fed = self.offset

    # ------------------------------------------------------------ lines of the screen

    def _take_history(self, terminal: Emulator) -> None:
        """Read the rows that scrolled off the screen since the last call."""
        rows = terminal.scrollback_rows
        if rows <= self._in_history:
            self._in_history = rows
            return
        last_column = terminal.size.columns - 1
        terminal.scroll(self._in_history - rows)
        terminal.select((0, 0), (0, 0), "cell")
        terminal.scroll_to_bottom()
        terminal.scroll(-1)
        terminal.extend_selection((last_column, 0))
        text = terminal.selected_text()
        terminal.clear_selection()
        terminal.scroll_to_bottom()
        lines = f"{self._begun}{text}".split("\n")
        self._begun = ""
        [last] = terminal.history(rows - 1, 1)
        if last.wrapped:
            # The line continues in the first row of the screen; its trailing blanks were cut.
            cells = last.runs[-1].column + last.runs[-1].cells if last.runs else 0
            self._begun = lines.pop() + " " * (last_column + 1 - cells)
            if len(self._begun) > 2 * LONGEST_LINE:
                lines.append(self._begun)
                self._begun = self._begun[-_OVERLAP:]
        self._primary.scrolled(lines)
        if self._sequences.settled:
            terminal.feed(_EMPTY_HISTORY)
            rows = terminal.scrollback_rows
        self._in_history = rows

    def _index_screen(self) -> None:
        """Index the lines on the screen."""
        terminal = self._terminal()
        size = terminal.size
        terminal.select((0, 0), (size.columns - 1, size.rows - 1), "cell")
        text = terminal.selected_text()
        terminal.clear_selection()
        self._dirty = False
        self._looked_ns = self._time_ns
        if terminal.modes.alternate_screen:
            self._alternate.screen(text.split("\n"))
        else:
            self._primary.screen(f"{self._begun}{text}".split("\n"))

    def _glance(self) -> None:
        """Index a screen that is about to be lost, unless that happens too often."""
        if not 0 <= self._time_ns - self._glancing_since_ns < LOOK_NS:
            self._glancing_since_ns, self._glances = self._time_ns, 0
        if self._glances < _MOST_GLANCES:
            self._glances += 1
            self._index_screen()
            # Index the next screen, too.
            self._dirty = True

    def _add_line(self, text: str) -> int:
        if len(text) > LONGEST_LINE:
            step = LONGEST_LINE - _OVERLAP
            number = 0
            for start in range(0, len(text) - _OVERLAP, step):
                number = self._add_line(text[start : start + LONGEST_LINE])
            return number
        self.number += 1
        self.new[self.number] = Line(self.number, self._fed, self._time_ns, text)
        return self.number

    def _grow(self, number: int, text: str) -> None:
        """Replace a line's text by a longer one; begin another line if it is too long, or its number is unknown."""
        if not number:
            self._add_line(text)
            return
        line = Line(number, self._fed, self._time_ns, text[:LONGEST_LINE])
        (self.new if number in self.new else self.grown)[number] = line
        if len(text) > LONGEST_LINE:
            self._add_line(text[LONGEST_LINE - _OVERLAP :])
