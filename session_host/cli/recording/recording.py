"""A session's recording, for replay and export: output, resizes and gaps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from session_host.cli.session_argument import ask, find
from session_host.client.chats.removal import is_program_gone
from session_host.client.chats.retention import note_viewed
from session_host.client.connection import HostNotResponding
from session_host.client.control import ControlConnection
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import OutliveError
from session_host.paths import session_dir, session_journal
from session_host.protocol import messages
from session_host.protocol.launch import DEFAULT_SCROLLBACK_LINES
from session_host.protocol.messages import Describe, Description
from session_host.protocol.values import RUNNING_STATES, CellSize, GridSize, State
from session_host.standing.traits import traits_of
from session_host.storage.journal import (
    Entry,
    Output,
    Resize,
    Snapshot,
    has_damaged_end,
    load_snapshot,
    read,
    stored_from,
)
from session_host.storage.store.saved_screen import load_screen
from session_host.system import event_loop
from session_host.terminal import available_engines, create, default_engine, engine_build, restore
from session_host.terminal.base import Emulator, EngineName

_CANCEL = b"\x18"
"""CAN ends an incomplete sequence."""


RECORDED_WITHIN_S = 3.0
"""How long to wait until a running chat's output is recorded; on a disk that hangs it never is."""

KEPT_WITHIN_S = 10.0
"""How long a host may take to send what only it has: 2 MiB at most."""

_POLL_INTERVAL_S = 0.05


class GapKind(Enum):
    """Why output is missing, and where."""

    DROPPED = auto()
    """The beginning, which the limit of the recording has removed."""
    LOST = auto()
    """Output before other output: it was damaged, or could not be recorded."""
    END = auto()
    """The same at the end of the recording."""


class Gap(NamedTuple):
    """A gap: output that was not recorded, or is no longer kept."""

    time_ns: int
    """The time of the output after the gap; at the end, of the output before it."""
    length: int
    """In bytes; 0 if it is unknown."""
    kind: GapKind

    def __str__(self) -> str:
        if self.kind is GapKind.DROPPED:
            return f"the first {self.length:,} bytes of output are no longer stored"
        if not self.length:
            return "the rest of the output is missing: the recording is damaged, or the disk was full"
        return f"{self.length:,} bytes of output missing"


class RestoredState(NamedTuple):
    """The terminal's state after a gap, from a snapshot."""

    time_ns: int
    snapshot: Snapshot


Step = Output | Resize | Gap | RestoredState


class Recording(NamedTuple):
    """A session's recording: its directory, and the terminal that shows it."""

    directory: Path
    engine: EngineName
    size: GridSize
    """The size at its beginning; the last known one if the beginning is missing."""
    output_bytes: int = 0
    """The length of the session's whole output, as its host says or has saved it; 0 if that is unknown."""
    is_running: bool = False
    on_damage: Callable[[], object] = lambda: None
    """Called for each gap that damage or a full disk has left, when it is read."""
    kept_output: Callable[[int, int, int], Iterable[Entry]] = lambda _start, _end, _resizes: ()
    """Reads the output between two offsets, and the resizes after so many, which only the host still has."""

    def steps(self) -> Iterator[Step]:
        """Yield all steps, in order."""
        end, time_ns = 0, 0
        resize: Resize | None = None
        for entry in self._entries():
            if isinstance(entry, Resize):
                resize = entry
            else:
                if entry.offset > end:
                    yield from self._gap(end, entry.offset, entry.time_ns, resize)
                end = entry.offset + len(entry.data)
            time_ns = entry.time_ns
            yield entry
        if not end and (begin := stored_from(self.directory)):
            # There was no output since the newest snapshot.
            yield from self._gap(0, begin, time_ns, resize)
            end = begin
        is_whole = 0 < self.output_bytes <= end
        if not is_whole and (self.output_bytes or has_damaged_end(self.directory, is_written=self.is_running)):
            self.on_damage()
            yield Gap(time_ns, max(0, self.output_bytes - end), GapKind.END)

    def _entries(self) -> Iterator[Entry]:
        """The entries of the journal, and what only the host still has: the disk may be full."""
        end = resizes = 0
        for entry in read(self.directory):
            if isinstance(entry, Resize):
                resizes = entry.number
            else:
                end = entry.offset + len(entry.data)
            yield entry
        if end < self.output_bytes:
            yield from self.kept_output(end, self.output_bytes, resizes)

    def _gap(self, end: int, offset: int, time_ns: int, resize: Resize | None) -> Iterator[Step]:
        """Yield the gap from ``end`` to ``offset``, and the terminal's state there; ``resize`` is the last one."""
        is_dropped = not end and offset == stored_from(self.directory)
        if not is_dropped:
            self.on_damage()
        yield Gap(time_ns, offset - end, GapKind.DROPPED if is_dropped else GapKind.LOST)
        snapshot = load_snapshot(self.directory, offset)
        if snapshot is not None and snapshot.build == engine_build(self.engine):
            yield RestoredState(time_ns, snapshot)
            if resize is not None and resize.number > snapshot.resizes:
                yield resize


def recording_of(info: SessionInfo, on_damage: Callable[[], object] = lambda: None) -> Recording:
    """The recording of a session; ``on_damage`` as in ``Recording``.

    Raises:
        OutliveError: the session has no recording.
    """
    if not traits_of(info.facts).has_screen:
        raise OutliveError(f"{info.name} has no terminal to replay; see `outlive peek {info.name} --scrollback`")
    directory = session_journal(info.id)
    info, output_bytes = _recorded(info)
    first = next(read(directory), None)
    if first is None:
        raise OutliveError(_why_nothing_is_recorded(info, directory))
    engine = (
        next((engine for engine in available_engines() if engine == info.facts.origin.engine), None) or default_engine()
    )
    size = first.size if isinstance(first, Resize) else info.facts.program.size.clamped()
    is_running = info.state in RUNNING_STATES
    if not is_running:
        note_viewed(info.id)
        with suppress(OutliveError):  # The recording can be read without it.
            saved = load_screen(session_dir(info.id) / "screen.bin")
            output_bytes = max(output_bytes, saved.offset if saved is not None else 0)
    return Recording(directory, engine, size, output_bytes, is_running, on_damage, partial(_kept_output, info.id))


def _recorded(info: SessionInfo) -> tuple[SessionInfo, int]:
    """Wait until a chat's output until now is recorded, if it has a host, which writes it a moment later.

    Returns:
        The chat as it is then, which may have ended meanwhile, and the length of its output; 0 if that is unknown.
    """
    output_bytes = 0
    deadline_s = time.monotonic() + RECORDED_WITHIN_S
    while (info.state in RUNNING_STATES or info.has_host) and time.monotonic() < deadline_s:
        try:
            description: Description = ask(info.id, Describe(0))
        except HostNotResponding:
            break
        except OutliveError:  # It is between two hosts, or its end has just been saved.
            info = find(info.id)
        else:
            outcome, output_bytes = description.facts.outcome, description.host.offset
            info = replace(info, facts=replace(info.facts, outcome=outcome))
            is_read = outcome.state is State.EXITED or not is_program_gone(description)
            if is_read and _has_recorded(description, session_journal(info.id)):
                break
        time.sleep(_POLL_INTERVAL_S)
    return info, output_bytes


def _kept_output(session_id: str, start: int, end: int, resizes: int) -> list[Entry]:
    """The output between two offsets, if a chat's host still has it; its time is now."""

    async def read_kept() -> list[Entry]:
        found: list[Entry] = []
        with suppress(OutliveError, TimeoutError):
            async with asyncio.timeout(KEPT_WITHIN_S), ControlConnection(session_id) as connection:
                async for message in connection.output(start, end, resizes):
                    now_ns = time.time_ns()
                    if isinstance(message, messages.Output):
                        found.append(Output(now_ns, message.offset, message.data))
                    else:
                        found.append(Resize(now_ns, message.offset, message.number, message.size, message.cell))
        return found

    return event_loop.run_command(read_kept())


def _has_recorded(description: Description, directory: Path) -> bool:
    """Whether the journal has all of the host's output; also if the host records nothing."""
    end, is_recording = (
        description.host.offset,
        description.host.journal_bytes is not None and not description.host.notice,
    )
    return not (end and is_recording) or any(isinstance(entry, Output) for entry in read(directory, end - 1))


def _why_nothing_is_recorded(info: SessionInfo, directory: Path) -> str:
    if info.notice:
        return f"{info.name} has no recording: {info.notice}"
    if has_damaged_end(directory, is_written=info.state in RUNNING_STATES):
        return f"the recording of {info.name} cannot be read: its files are damaged ({directory})"
    return f"{info.name} has no recording: recording is off, or there is no output yet"


class Terminal:
    """A terminal that plays a recording. Its replies are dropped."""

    def __init__(self, recording: Recording, scrollback_lines: int = DEFAULT_SCROLLBACK_LINES) -> None:
        self._engine = recording.engine
        self._scrollback_lines = scrollback_lines
        self.emulator: Emulator = create(recording.engine, recording.size, scrollback_lines=scrollback_lines)

    def close(self) -> None:
        """Free the engine's terminal."""
        self.emulator.close()

    def feed(self, data: bytes) -> None:
        """Show output."""
        self.emulator.feed(data)
        self.emulator.take_replies()
        self.emulator.take_events()

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Change the grid."""
        self.emulator.resize(size, cell)
        self.emulator.take_replies()

    def skip_gap(self) -> None:
        """Handle a gap: end a sequence that the lost output would have continued."""
        self.feed(_CANCEL)

    def restore(self, snapshot: Snapshot) -> bool:
        """Continue from a snapshot; False if it cannot be read."""
        try:
            emulator = restore(self._engine, snapshot.data, self._scrollback_lines)
        except OutliveError:
            return False
        self.emulator.close()
        self.emulator = emulator
        return True


_RESET = b"\x1bc"


def screen_after_gap(recording: Recording, state: RestoredState) -> bytes:
    """The output that shows the terminal's state after a gap; b"" if the state cannot be read."""
    terminal = Terminal(recording)
    try:
        return _RESET + terminal.emulator.replay() if terminal.restore(state.snapshot) else b""
    finally:
        terminal.close()
