"""How far a viewer's replica has the session's output. Pure."""

from __future__ import annotations

import msgspec

from session_host.protocol.messages import RECEIVED_BYTES, Follow, Output, Received, Resized, SnapshotPart
from session_host.protocol.values import SnapshotKind

from .effects import Effect, FeedReplica, FreeReplica, MarkTurn, ResizeReplica, SendMessage
from .unacknowledged_input import UnacknowledgedInput

MAX_TURNS = 256


class ProgressState(msgspec.Struct):
    """Base of the states."""

    offset: int = -1
    """The replica has all output up to here; -1 if a snapshot must come first."""
    resizes: int = 0
    """The number of the last resize that the replica has applied; 0 if ``offset`` is -1."""
    has_history: bool = True
    """False after a snapshot of the screen alone."""


class Missing(ProgressState):
    """There is no replica: the first snapshot is not there yet, or the memory was freed."""


class Outdated(ProgressState):
    """The replica lacks output, and a snapshot is requested, which contains what comes until then."""


class Current(ProgressState):
    """The replica has the output."""


class ReplicaProgress:
    """Decides which output goes into the replica.

    The host reports the beginning of a turn by its offset, which may be ahead of the replica.

    Attributes:
        now: the present state.
        turns: the offsets of turns of the agent that the replica has still to reach, oldest first.
    """

    def __init__(self, effects: list[Effect], inputs: UnacknowledgedInput, *, is_far: bool) -> None:
        """Begin without a replica.

        Args:
            effects: the viewer's list of effects.
            inputs: knows the attachment.
            is_far: whether to tell the host how much was used.
        """
        self._effects, self._inputs, self._is_far = effects, inputs, is_far
        self.now: ProgressState = Missing()
        self.turns: list[int] = []
        self._received = 0
        """Bytes of output and snapshots that the host does not know to be used."""

    def output(self, message: Output) -> None:
        """Feed output that continues the replica's. After a gap, ask for a snapshot."""
        now = self.now
        if isinstance(now, Current) and message.offset == now.offset:
            now.offset += len(message.data)
            self._effects.append(FeedReplica(message))
        elif isinstance(now, Current):
            self.now = Outdated(has_history=now.has_history)
            self._effects.append(SendMessage(Follow(self._inputs.attachment, True)))
        if self._is_far:  # Most output is near, and spared the call.
            self.received(message)

    def received(self, message: Output | SnapshotPart) -> None:
        """Tell a host at the other end of a line how much of what it sent is used."""
        if not self._is_far:
            return
        self._received += len(message.data)
        if self._received >= RECEIVED_BYTES or (isinstance(message, SnapshotPart) and message.last):
            self._effects.append(SendMessage(Received(self._inputs.attachment, self._received)))
            self._received = 0

    def resized(self, message: Resized) -> None:
        """Resize the replica; an expected snapshot has the size already."""
        if isinstance(self.now, Current):
            self.now.resizes = message.number
            self._effects.append(ResizeReplica(message.size.clamped(), message.cell))

    def restored(self, last: SnapshotPart) -> None:
        """The replica is the snapshot that ends with this part."""
        self.now = Current(last.offset, last.resizes, last.kind is not SnapshotKind.SCREEN)
        # It has the turns before its end, but may have been made just before the mark of one there.
        if last.offset in self.take_turns(last.offset):
            self._effects.append(MarkTurn())

    def screen_read(self, offset: int) -> None:
        """The replica is the session's last screen, with the output up to this offset."""
        self.now = Current(offset, self.now.resizes, self.now.has_history)

    def turn_began(self, turn: int) -> None:
        """A turn of the agent began at this offset of the output; -1 for none."""
        if 0 <= turn <= self.now.offset:
            self._effects.append(MarkTurn())
        elif turn >= 0:
            self.turns = [*self.turns, turn][-MAX_TURNS:]

    def take_turns(self, end: int) -> list[int]:
        """Remove and return the turns that began before this end of the output, which is fed now."""
        found = [offset for offset in self.turns if offset <= end]
        self.turns = [offset for offset in self.turns if offset > end]
        return found

    def free(self) -> None:
        """Free the replica."""
        if not isinstance(self.now, Missing):
            self.now = Missing()
            self._effects.append(FreeReplica())
