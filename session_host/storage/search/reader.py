"""Feeds a journal to an emulator and yields its lines with time and offset.

The emulator belongs to the reader. The reader takes the history's rows out and empties it, between two sequences, so
that the emulator holds little and its saved state is small.
"""

from __future__ import annotations

import re
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Self

import msgspec

from session_host.errors import OutliveError
from session_host.protocol.values import CellSize, GridSize
from session_host.storage.journal import Entry, Resize
from session_host.terminal import create, engine_build, restore
from session_host.terminal.base import Emulator, EngineName
from session_host.terminal.unfinished import finished_length

from .index import MAX_LINE_CHARACTERS
from .lines import IndexedLine, cells

MAX_STEP_BYTES: Final = 256 * 1024
MAX_STEP_LINES: Final = 8000
"""The most lines that are fed at once, so that no row leaves the history before it was read."""

HISTORY_ROWS: Final = 20_000
"""The history of the reader's emulator: more rows than one and a half steps can push out."""

_MAX_CUTS: Final = 64
"""The most cuts of one piece of output: nobody can read a screen that is cleared more often."""

_SCREEN_LOST: Final = re.compile(rb"\x1b(?:\[\?(?:[0-9]+;)*(?:1049|1047|47)(?:;[0-9]+)*[hl]|\[[23]J|\[H\x1b\[J|c)")
"""Sequences that enter or leave the alternate screen, or clear the screen."""


def steps(data: bytes, columns: int) -> Iterator[tuple[bytes, bool]]:
    """Split data into pieces that scroll few rows each; True with a piece that ends before the screen is lost."""
    cuts = [match.start() for match in _first(_SCREEN_LOST.finditer(data))]
    start = 0
    for end in [*cuts, len(data)]:
        if end > start:
            pieces = list(_small_pieces(data[start:end], columns))
            yield from ((piece, False) for piece in pieces[:-1])
            yield pieces[-1], end < len(data)
        start = end


def _first(matches: Iterator[re.Match[bytes]]) -> list[re.Match[bytes]]:
    return [match for match, _ in zip(matches, range(_MAX_CUTS), strict=False)]


def _small_pieces(data: bytes, columns: int) -> Iterator[bytes]:
    limit_bytes = min(MAX_STEP_BYTES, MAX_STEP_LINES * columns)
    if len(data) <= limit_bytes and data.count(b"\n") <= MAX_STEP_LINES:
        yield data
        return
    if data.count(b"\n", 0, limit_bytes) > MAX_STEP_LINES:
        limit_bytes = MAX_STEP_LINES
    start = 0
    while start < len(data):
        end = min(start + limit_bytes, len(data))
        if end < len(data):
            # Cut at the end of a line: it is rarely within a sequence.
            end = data.rfind(b"\n", start, end) + 1 or end
        yield data[start:end]
        start = end


class CollectedLines:
    """Base of the readers of journals.

    Attributes:
        offset: the offset up to which output was read.
        resizes: the number of the last resize read.
        number: the number of the last line.
        new: new lines by number, in order, since ``pop_lines``.
        grown: older lines that have become longer since.
        continues: the resumed or forked session, if this one begins with a copy of its lines; "" for none.
        own_from: the number of the first line after the copied ones, if that session was forked; else 0.
    """

    continues = ""
    own_from = 0

    def __init__(self, offset: int, resizes: int, number: int) -> None:
        self.offset, self.resizes, self.number = offset, resizes, number
        self.new: dict[int, IndexedLine] = {}
        self.grown: dict[int, IndexedLine] = {}

    def pop_lines(self) -> tuple[list[IndexedLine], list[IndexedLine]]:
        """The new and the grown lines since the last call."""
        lines = list(self.new.values()), list(self.grown.values())
        self.new, self.grown = {}, {}
        return lines

    def forget_lines(self, number: int) -> None:
        """Drop the lines so far: they are indexed already, with unknown numbers up to this one."""
        self.pop_lines()
        self.number = number


REMEMBERED: Final = 512
"""How many overwritten lines are remembered, so that a screen that returns is not indexed again."""


class SeenState(msgspec.Struct, array_like=True):
    """The tracker's state between two readings: lines and their numbers."""

    shown: list[tuple[str, int]] = []
    gone: list[tuple[str, int]] = []


class LineTracker:
    """Tracks the indexed lines of one screen, primary or alternate.

    ``add(text)`` indexes a line and returns its number; ``grow(number, text)`` replaces its text by a longer one.
    """

    def __init__(self, state: SeenState, add: Callable[[str], int], grow: Callable[[int, str], None]) -> None:
        self._shown = list(state.shown)
        self._gone: OrderedDict[str, int] = OrderedDict(state.gone)
        self._add = add
        self._grow = grow

    def state(self) -> SeenState:
        """The tracker's state, for the next reading."""
        return SeenState(list(self._shown), list(self._gone.items()))

    def forget_numbers(self) -> None:
        """Keep the lines as indexed, without their numbers."""
        self._shown = [(text, 0) for text, _ in self._shown]
        self._gone = OrderedDict.fromkeys(self._gone, 0)

    def update_screen(self, lines: Sequence[str]) -> None:
        """Compare with the lines now on the screen, top to bottom, and index the new ones; blank lines are skipped."""
        lines = [line for line in lines if line.strip()]
        if [text for text, _ in self._shown] == lines:
            return
        numbers, left = self._known(lines)
        # Lines that are gone from the screen, or have changed.
        unmatched = dict(left)
        for index, text in enumerate(lines):
            if numbers[index] < 0 and (number := self._extend(text, unmatched)) >= 0:
                numbers[index] = number
        for index, text in enumerate(lines):
            if numbers[index] < 0:
                number = self._gone.pop(text, -1)
                numbers[index] = self._add(text) if number < 0 else number
        for text, number in unmatched.items():
            self._gone[text] = number
            self._gone.move_to_end(text)
        while len(self._gone) > REMEMBERED:
            self._gone.popitem(last=False)
        self._shown = list(zip(lines, numbers, strict=True))

    def scroll_off(self, lines: Sequence[str]) -> None:
        """Take these lines off the screen, in order, and index the new ones; blank lines are skipped."""
        for index, text in enumerate(lines):
            if not self._shown:
                self._add_all(lines[index:])
                return
            if text.strip():
                self._scroll_off_line(text)

    def _scroll_off_line(self, text: str) -> None:
        shown = self._shown
        for index, (previous, _) in enumerate(shown):
            if previous == text:
                # Lines scroll off in order, so the lines above this one were overwritten.
                del shown[: index + 1]
                return
        for index, (previous, number) in enumerate(shown):
            if text.startswith(previous):
                self._grow(number, text)
                del shown[: index + 1]
                return
        self._add(text)

    def _add_all(self, lines: Sequence[str]) -> None:
        for text in lines:
            if text.strip():
                self._add(text)

    def _known(self, lines: Sequence[str]) -> tuple[list[int], list[tuple[str, int]]]:
        """The number of each line that was shown before, -1 for new ones; and the shown lines that are gone."""
        indexes: dict[str, list[int]] = {}
        for text, number in reversed(self._shown):
            indexes.setdefault(text, []).append(number)
        numbers = [found.pop() if (found := indexes.get(text)) else -1 for text in lines]
        return numbers, [(text, number) for text, left in indexes.items() for number in left]

    def _extend(self, text: str, unmatched: dict[str, int]) -> int:
        """Replace the longest line that this text begins with; returns the line's number, -1 if there is none."""
        longest = max((previous for previous in unmatched if text.startswith(previous)), key=len, default="")
        if not longest:
            return -1
        number = unmatched.pop(longest)
        self._grow(number, text)
        return number


STABLE_NS: Final = 1_000_000_000
"""A screen that is unchanged for this long is indexed: somebody may have read it."""

_MAX_LOST_SCREENS: Final = 16
"""How many screens that are cleared or replaced sooner are indexed in each ``STABLE_NS``."""

_OVERLAP: Final = 256
"""A longer line than ``MAX_LINE_CHARACTERS`` is split into pieces; each begins with the end of the one before."""

_CANCEL: Final = b"\x18"
"""CAN, which ends an incomplete sequence after lost output."""

_SWITCH_SCREEN: Final = b"\x1b[?"
"""The prefix of the sequences that switch the alternate screen, which keep the primary one."""

_CLEAR_HISTORY: Final = b"\x1b[3J"
_CLEARS_HISTORY: Final = (_CLEAR_HISTORY, b"\x1bc")
_DEFAULT_SIZE: Final = GridSize(80, 24)
_COMPRESSION_LEVEL: Final = 1


class _State(msgspec.Struct, array_like=True):
    """The saved state of a reader."""

    build: str
    terminal: bytes
    in_history: int
    unfinished_line: str
    number: int
    primary: SeenState
    alternate: SeenState
    indexed_ns: int
    time_ns: int
    dirty: bool


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_State)


def _without_images(emulator: Emulator) -> Emulator:
    """The emulator, which keeps no image: the saved state needs none."""
    emulator.limit_images(0)
    return emulator


class Reader(CollectedLines):
    """Reads a session's journal, entry by entry, and collects its lines."""

    def __init__(
        self, engine: EngineName, offset: int = 0, resizes: int = -1, number: int = 0, state: _State | None = None
    ) -> None:
        super().__init__(offset, resizes, number if state is None else state.number)
        self._emulator = None if state is None else _without_images(restore(engine, state.terminal))
        self._columns = (_DEFAULT_SIZE if self._emulator is None else self._emulator.size).columns
        self._engine = engine
        self._in_history = 0 if state is None else state.in_history
        self._unfinished_line = "" if state is None else state.unfinished_line
        self._indexed_ns = 0 if state is None else state.indexed_ns
        self._time_ns = 0 if state is None else state.time_ns
        self._lost_since_ns = self._lost_screens = 0
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._fed = offset
        self._dirty = state is not None and state.dirty
        self._primary = LineTracker(SeenState() if state is None else state.primary, self._add_line, self._grow)
        self._alternate = LineTracker(SeenState() if state is None else state.alternate, self._add_line, self._grow)

    @classmethod
    def restored(cls, engine: EngineName, offset: int, resizes: int, saved_state: bytes) -> Self | None:
        """Restore a reader from ``save_state``; None if another engine build made the state, or it is damaged."""
        try:
            state = _decoder.decode(zlib.decompress(saved_state))
            return cls(engine, offset, resizes, state=state) if state.build == engine_build(engine) else None
        except (zlib.error, msgspec.MsgspecError, OutliveError):
            return None

    def save_state(self) -> bytes:
        """The state for ``restored``."""
        state = _State(
            engine_build(self._engine),
            self._terminal().snapshot(),
            self._in_history,
            self._unfinished_line,
            self.number,
            self._primary.state(),
            self._alternate.state(),
            self._indexed_ns,
            self._time_ns,
            self._dirty,
        )
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
        if self._dirty and not 0 <= entry.time_ns - self._indexed_ns < STABLE_NS:
            # Index the screen as it was until now.
            self._feed_pending()
            self._index_screen()
        if entry.offset > self.offset:
            self._feed_pending()
            data = _CANCEL + data
        self._pending.append(data)
        self._pending_bytes += len(data)
        self._dirty = True
        self._time_ns = entry.time_ns
        self.offset = entry.offset + len(entry.data)
        if self._pending_bytes >= MAX_STEP_BYTES:
            self._feed_pending()

    def flush(self) -> None:
        """Feed the pending output, so that ``save_state`` includes it."""
        self._feed_pending()

    def settle(self) -> None:
        """Index the screen, at the journal's present end."""
        self._feed_pending()
        if self._dirty:
            self._index_screen()

    def _resize(self, resize: Resize) -> None:
        if resize.number <= self.resizes and self._emulator is not None:
            return
        self._feed_finished()
        self.resizes = max(resize.number, self.resizes)
        if self._emulator is None:
            self._emulator = self._create(resize.size, resize.cell)
            return
        if self._dirty:
            self._index_screen()
        self._emulator.resize(resize.size, resize.cell)
        self._columns = resize.size.columns
        # The rows have been rewrapped, so their number has changed.
        self._in_history = min(self._in_history, self._emulator.scrollback_rows)

    def _terminal(self) -> Emulator:
        if self._emulator is None:
            self._emulator = self._create(_DEFAULT_SIZE, CellSize())
        return self._emulator

    def _create(self, size: GridSize, cell: CellSize) -> Emulator:
        self._columns = size.columns
        return _without_images(create(self._engine, size, cell=cell, scrollback_lines=HISTORY_ROWS))

    def _feed_finished(self) -> None:
        """Feed the pending output, but not its last sequence if that is unfinished."""
        data = b"".join(self._pending)
        length = finished_length(data)
        self._pending = [data[:length]] if length else []
        self._feed_pending()
        self._pending, self._pending_bytes = [data[length:]], len(data) - length

    def _feed_pending(self) -> None:
        if not self._pending:
            return
        data = b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        terminal = self._terminal()
        was_lost = False
        for step, is_lost in steps(data, terminal.size.columns):
            if was_lost and not step.startswith(_SWITCH_SCREEN):
                self._unfinished_line = ""  # Clearing the screen removed the rest of that line.
            if was_lost and step.startswith(_CLEARS_HISTORY):
                self._in_history = 0
            terminal.feed(step)
            terminal.take_replies()
            terminal.take_events()
            self._fed += len(step)
            self._take_history(terminal)
            if is_lost:
                self._index_lost_screen()
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
        lines = f"{self._unfinished_line}{text}".split("\n")
        self._unfinished_line = ""
        [last] = terminal.history(rows - 1, 1)
        if last.wrapped:
            # The line continues in the first row of the screen; its trailing blanks were cut.
            cells = last.runs[-1].column + last.runs[-1].cells if last.runs else 0
            self._unfinished_line = lines.pop() + " " * (last_column + 1 - cells)
            if len(self._unfinished_line) > 2 * MAX_LINE_CHARACTERS:
                lines.append(self._unfinished_line)
                self._unfinished_line = self._unfinished_line[-_OVERLAP:]
        self._primary.scroll_off(lines)
        if terminal.is_ground():
            terminal.feed(_CLEAR_HISTORY)
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
        self._indexed_ns = self._time_ns
        if terminal.modes.alternate_screen:
            self._alternate.update_screen(text.split("\n"))
        else:
            self._primary.update_screen(f"{self._unfinished_line}{text}".split("\n"))

    def _index_lost_screen(self) -> None:
        """Index a screen that the next output clears or replaces, unless that happens too often."""
        if not 0 <= self._time_ns - self._lost_since_ns < STABLE_NS:
            self._lost_since_ns, self._lost_screens = self._time_ns, 0
        if self._lost_screens < _MAX_LOST_SCREENS:
            self._lost_screens += 1
            self._index_screen()
            # Index the next screen, too.
            self._dirty = True

    def _add_line(self, text: str) -> int:
        if len(text) > MAX_LINE_CHARACTERS:
            step = MAX_LINE_CHARACTERS - _OVERLAP
            number = 0
            for start in range(0, len(text) - _OVERLAP, step):
                number = self._add_line(text[start : start + MAX_LINE_CHARACTERS])
            return number
        self.number += 1
        self.new[self.number] = IndexedLine(self.number, self._fed, self._time_ns, text, self._room(text))
        return self.number

    def _room(self, text: str) -> int:
        """How many columns of the line's last row are free."""
        return -cells(text) % self._columns

    def _grow(self, number: int, text: str) -> None:
        """Replace a line's text by a longer one; add another line if it is too long, or the number is unknown (0)."""
        if not number:
            self._add_line(text)
            return
        line = IndexedLine(number, self._fed, self._time_ns, text[:MAX_LINE_CHARACTERS], self._room(text))
        (self.new if number in self.new else self.grown)[number] = line
        if len(text) > MAX_LINE_CHARACTERS:
            self._add_line(text[MAX_LINE_CHARACTERS - _OVERLAP :])
