"""Effects that the rules of a session ask for, as values; ``host/driver/performer.py`` carries them out.

They are structs of msgspec: making one takes 30 ns, a frozen dataclass 270.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from session_host.protocol.messages import Colors, Event, Reply
from session_host.protocol.values import CellSize, GridSize
from session_host.storage.descriptors.log_entries import NOBODY, EntryKind
from session_host.terminal.base import Emulator


class TimerOwner(Protocol):
    """An object with timers, each known by a name of its own."""

    def timer_due(self, name: str) -> None:
        """Called when this timer expires."""


class EmulatorUser(Protocol):
    """An object that has asked for the emulator."""

    def emulator_free(self, emulator: Emulator) -> None:
        """The emulator is free: use it, and keep no hold of it."""


class Snapshot(NamedTuple):
    """An emulator's state after so much output and so many resizes, in a form that a client can read."""

    form: str
    data: bytes
    size: GridSize
    scrollback_lines: int
    offset: int
    resizes: int


class SnapshotUser(Protocol):
    """An object that has asked for a snapshot."""

    def snapshot_made(self, snapshot: Snapshot) -> None:
        """Called with the snapshot."""

    def snapshot_failed(self) -> None:
        """Called when the engine could not make the snapshot."""


class ProcessesUser(Protocol):
    """An object that ends the processes which end with the program."""

    def processes_listed(self, processes: Sequence[Any]) -> None:
        """These are they."""

    def processes_ended(self) -> None:
        """None of them is left."""


class Effect(msgspec.Struct, frozen=True, gc=False):
    """Base of all effects; they live for a moment and refer to nothing that refers to them."""


class AppendEntry(Effect, frozen=True):
    """Append this to the input log, so that it survives the host."""

    kind: EntryKind
    payload: bytes = b""
    who: bytes = NOBODY
    number: int = 0


class ToProgram(Effect, frozen=True):
    """Append this to the input log and send it to the program, after its pending input."""

    kind: EntryKind
    data: bytes
    who: bytes = NOBODY
    number: int = 0


class ResizeGrid(Effect, frozen=True):
    """Give the grid this size from this point of the output on."""

    size: GridSize
    cell: CellSize


class Tell(Effect, frozen=True):
    """Send an event to all attached clients."""

    event: Event


class Flush(Effect, frozen=True):
    """Send this ``FrameQueue``'s ``data_to_send``."""

    client: Any


class Refuse(Effect, frozen=True):
    """Tell this client why it cannot go on, and drop it."""

    client: Any
    code: str
    text: str


class Close(Effect, frozen=True):
    """Close this peer's socket once its queue has gone out; ``why``: what the client did wrong, "" for nothing."""

    peer: Any
    why: str = ""


class AskSnapshot(Effect, frozen=True):
    """Make a snapshot that a replica of this engine's build can read."""

    user: SnapshotUser
    engine_build: str


class ShowIn(Effect, frozen=True):
    """Let the emulator answer queries for colours with these."""

    colors: Colors


class InputGiven(Effect, frozen=True):
    """The user did something that may answer the agent."""


class Log(Effect, frozen=True):
    """Write a line into the host's log."""

    text: str


class UseEmulator(Effect, frozen=True):
    """Call ``emulator_free`` as soon as the emulator is free."""

    user: EmulatorUser


class Answer(Effect, frozen=True):
    """Answer the request that this client has made."""

    client: Any
    reply: Reply


class RequestEnd(Effect, frozen=True):
    """Note that the user asked for the program's end, by "stop" or "kill"."""

    word: Literal["stop", "kill"]


class SignalProgram(Effect, frozen=True):
    """Send the program this signal, if it still runs."""

    name: str


class ListProcesses(Effect, frozen=True):
    """List the processes that end with the program: call ``processes_listed``."""

    user: ProcessesUser


class EndProcesses(Effect, frozen=True):
    """End these, and those that they have started meanwhile: call ``processes_ended`` when none is left."""

    user: ProcessesUser
    processes: Sequence[Any]
    politely: bool


class StartTimer(Effect, frozen=True):
    """Call ``timer_due(name)`` after this time. It does not run yet."""

    owner: TimerOwner
    name: str
    after_s: float


class StopTimer(Effect, frozen=True):
    """Stop this timer, which runs."""

    owner: TimerOwner
    name: str
