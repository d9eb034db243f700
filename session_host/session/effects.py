"""Effects that the rules of a session request, as values, and the timers of the rules' objects.

``host/driver`` carries each effect out in one place: ``performer`` those of all sessions, ``terminal`` and
``structured`` those of one kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from session_host.protocol.messages import Clearing, Colors, Event, Reply, SnapshotPart
from session_host.protocol.values import CellSize, GridSize, SnapshotKind
from session_host.storage.descriptors.log_entries import NO_TAG, EntryKind
from session_host.structured.operations import AnyOperation
from session_host.terminal.base import Emulator


class TimerOwner(Protocol):
    """An object with timers, each with its own name."""

    def timer_due(self, name: str) -> None:
        """Called when this timer expires."""


class EmulatorUser(Protocol):
    """An object that has requested the emulator."""

    def use_emulator(self, emulator: Emulator) -> None:
        """Use the emulator, which is free now, and keep no reference to it."""


class Snapshot(NamedTuple):
    """An emulator's state at an offset and a resize number, in a form that a client can read."""

    form: str
    data: bytes
    size: GridSize
    scrollback_lines: int
    offset: int
    resizes: int
    kind: SnapshotKind = SnapshotKind.WHOLE

    def parts(self, length: int) -> Iterator[SnapshotPart]:
        """The messages that carry it, each with so many bytes."""
        form, data, size, limit, offset, resizes, kind = self
        for start in range(0, max(1, len(data)), length):
            last = start + length >= len(data)
            yield SnapshotPart(offset, resizes, form, size, limit, last, data[start : start + length], kind)


class Sender(Protocol):
    """An object that sends a client much, bit by bit."""

    def send_more(self) -> None:
        """Called once what was queued before is written, as far as the client's queue takes it."""


class SnapshotUser(Protocol):
    """An object that has requested a snapshot."""

    def snapshot_made(self, snapshot: Snapshot) -> None:
        """Called with the snapshot."""

    def snapshot_failed(self) -> None:
        """Called when the engine could not make the snapshot."""


class ProcessesUser(Protocol):
    """An object that ends the processes which end with the program."""

    def processes_listed(self, processes: Sequence[Any]) -> None:
        """Called with the processes that end with the program."""

    def processes_ended(self) -> None:
        """Called once all of them have ended."""


class Effect(msgspec.Struct, frozen=True, gc=False):
    """Base of all effects; they are short-lived and form no reference cycles."""


class AppendEntry(Effect, frozen=True):
    """Append this to the input log, so that it survives the host."""

    kind: EntryKind
    payload: bytes = b""
    tag: bytes = NO_TAG
    number: int = 0


class WriteToProgram(Effect, frozen=True):
    """Append this to the input log and send it to the program, after its pending input."""

    kind: EntryKind
    data: bytes
    tag: bytes = NO_TAG
    number: int = 0


class ResizeGrid(Effect, frozen=True):
    """Give the grid this size from this point of the output on."""

    size: GridSize
    cell: CellSize


class Broadcast(Effect, frozen=True):
    """Send an event to all attached clients."""

    event: Event


class Flush(Effect, frozen=True):
    """Send this ``FrameQueue``'s ``data_to_send``."""

    client: Any


class Refuse(Effect, frozen=True):
    """Send this client an error, and drop it."""

    client: Any
    code: str
    text: str


class Close(Effect, frozen=True):
    """Close this peer's socket once its queue is sent; ``why``: the client's error, "" for none."""

    peer: Any
    why: str = ""


class MakeSnapshot(Effect, frozen=True):
    """Make a snapshot that a replica of this engine's build can read."""

    user: SnapshotUser
    engine_build: str
    kind: SnapshotKind = SnapshotKind.WHOLE


class SendMore(Effect, frozen=True):
    """Call ``send_more``, after the client's ``Flush``: more is to be sent than should be queued at once."""

    sender: Sender


class UseColors(Effect, frozen=True):
    """Let the emulator answer colour queries with these colours."""

    colors: Colors


class ClearOutput(Effect, frozen=True):
    """Clear the terminal, by sequences that become part of the output."""

    what: Clearing


class AppendRecord(Effect, frozen=True):
    """Append this record to the transcript log, and send it to the viewers.

    ``is_news``: see ``structured.log``.
    """

    record: bytes
    is_news: bool = True


class StartOperation(Effect, frozen=True):
    """Start this work outside of the chat; its results go to ``StructuredSession.operation_done``."""

    operation: AnyOperation


class PromptSent(Effect, frozen=True):
    """A prompt is about to begin a turn of a structured chat: its lines are the next ``WriteToProgram``."""

    item: str
    """The id of the prompt's item."""


class ChatChanged(Effect, frozen=True):
    """Report these changes of a structured chat: its state, its questions, its conversation, its title, its use."""

    changes: tuple[Any, ...]
    end: int
    """The offset of the transcript log after their record."""


class NoteTitle(Effect, frozen=True):
    """Save the title: the session has another one."""


class NoteUserInput(Effect, frozen=True):
    """Report the user's input, which may answer the agent, to the agent watch."""


class Log(Effect, frozen=True):
    """Write a line into the host's log."""

    text: str


class UseLogin(Effect, frozen=True):
    """Point the chat's links to the sockets of a viewer's login (``system.login_sockets``)."""

    peer: Any


class UseEmulator(Effect, frozen=True):
    """Call ``use_emulator`` as soon as the emulator is free.

    Attributes:
        user: the object to call.
        after_output: first read and interpret all that the program has written.
    """

    user: EmulatorUser
    after_output: bool = False


class SendReply(Effect, frozen=True):
    """Answer the request that this client has made."""

    client: Any
    reply: Reply


EndKind = Literal["stop", "kill", "sleep", "idle"]


class RecordEndRequest(Effect, frozen=True):
    """Record why the program is ended: a request ("stop", "kill", "sleep"), or it is "idle"."""

    kind: EndKind


class SignalProgram(Effect, frozen=True):
    """Send the program this signal if it still runs."""

    name: str


class ListProcesses(Effect, frozen=True):
    """List the processes that end with the program, and call ``processes_listed``."""

    user: ProcessesUser


class EndProcesses(Effect, frozen=True):
    """End these processes and all that they start; call ``processes_ended`` once none is left."""

    user: ProcessesUser
    processes: Sequence[Any]
    gracefully: bool


class StartTimer(Effect, frozen=True):
    """Start a timer that does not run yet; it calls ``timer_due(name)``."""

    owner: TimerOwner
    name: str
    after_s: float


class StopTimer(Effect, frozen=True):
    """Stop a running timer."""

    owner: TimerOwner
    name: str


class Timers:
    """Knows which timers of its owner run."""

    def __init__(self, owner: TimerOwner, effects: list[Effect]) -> None:
        self._owner, self._effects = owner, effects
        self._running: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._running

    def __bool__(self) -> bool:
        return bool(self._running)

    def start(self, name: str, after_s: float) -> None:
        """Start a timer, in place of one of this name that runs."""
        self.stop(name)
        self._running.add(name)
        self._effects.append(StartTimer(self._owner, name, after_s))

    def stop(self, *names: str) -> None:
        """Stop these timers, if they run."""
        for name in names:
            if name in self._running:
                self._running.discard(name)
                self._effects.append(StopTimer(self._owner, name))

    def stop_all(self) -> None:
        """Stop all timers that run."""
        self.stop(*sorted(self._running))

    def expired(self, name: str) -> None:
        """Note that a timer does not run any more; its owner calls this first in ``timer_due``."""
        self._running.discard(name)
