"""How far a viewer's replica has the session's output. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from session_host.protocol.messages import RECEIVED_BYTES, Follow, Output, Received, Resized, SnapshotPart
from session_host.protocol.values import SnapshotKind

from .effects import Effect, FeedReplica, FreeReplica, MarkTurn, ResizeReplica, SendMessage
from .unacknowledged_input import UnacknowledgedInput

MAX_TURNS = 256


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no replica: the first snapshot is not there yet, or the memory was freed."""


@dataclass(frozen=True, slots=True)
class Outdated:
    """The replica lacks output, and a snapshot is requested, which contains what comes until then."""

    has_history: bool


@dataclass(slots=True)
class Current:
    """The replica has all output up to ``offset``, and all resizes up to the one of the number ``resizes``."""

    offset: int
    resizes: int
    has_history: bool
    """False after a snapshot of the screen alone."""


class ReplicaProgress:
    """What of the output goes into the replica.

    Attributes:
        now: the present state.
        turns: the turns of the agent that the replica has not reached yet.
    """

    def __init__(self, effects: list[Effect], inputs: UnacknowledgedInput, *, is_far: bool) -> None:
        """Begin without a replica.

        Args:
            effects: the viewer's list of effects.
            inputs: knows the attachment.
            is_far: whether to tell the host how much was used.
        """
        self._effects, self._inputs, self._is_far = effects, inputs, is_far
        self.now: Missing | Outdated | Current = Missing()
        self.turns = TurnMarks()
        self._received = 0
        """Bytes of output and snapshots that the host does not know to be used."""

    @property
    def offset(self) -> int:
        """The replica's position in the output; -1 without a replica, or while a snapshot is expected."""
        return self.now.offset if isinstance(self.now, Current) else -1

    @property
    def resizes(self) -> int:
        """The number of the last resize that the replica has applied; 0 if ``offset`` is -1."""
        return self.now.resizes if isinstance(self.now, Current) else 0

    @property
    def has_history(self) -> bool:
        """Whether the replica has the history; True without a replica."""
        return isinstance(self.now, Missing) or self.now.has_history

    def output(self, message: Output) -> None:
        """Feed output that continues the replica's. After a gap, ask for a snapshot."""
        now = self.now
        if isinstance(now, Current):
            if message.offset == now.offset:
                now.offset += len(message.data)
                self._effects.append(FeedReplica(message))
            else:
                self.now = Outdated(now.has_history)
                self._effects.append(SendMessage(Follow(self._inputs.attachment, True)))
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
        if self.turns.snapshot_restored(last.offset):
            self._effects.append(MarkTurn())

    def screen_read(self, offset: int) -> None:
        """The replica is the session's last screen, with the output up to this offset."""
        self.now = Current(offset, self.resizes, self.has_history)

    def turn_began(self, turn: int) -> None:
        """A turn of the agent began at this offset of the output; -1 for none."""
        if turn >= 0 and self.turns.began(turn, self.offset):
            self._effects.append(MarkTurn())

    def free(self) -> None:
        """Free the replica."""
        if not isinstance(self.now, Missing):
            self.now = Missing()
            self._effects.append(FreeReplica())


class TurnMarks:
    """The host reports the beginning of a turn by its offset, which may be ahead of the replica.

    Attributes:
        ahead: the offsets that the replica has still to reach, oldest first.
    """

    def __init__(self) -> None:
        self.ahead: list[int] = []

    def began(self, turn: int, replica: int) -> bool:
        """Note a turn; returns whether to mark it at once, since the replica is there already.

        Args:
            turn: the offset where the turn began.
            replica: the replica's offset; -1 without a replica.
        """
        if replica >= turn:
            return True
        self.ahead = [*self.ahead, turn][-MAX_TURNS:]
        return False

    def take(self, end: int) -> list[int]:
        """Remove and return the turns that began before this end of the output, which is fed now."""
        found = [offset for offset in self.ahead if offset <= end]
        self.ahead = [offset for offset in self.ahead if offset > end]
        return found

    def snapshot_restored(self, end: int) -> bool:
        """Drop the turns that a snapshot has; returns whether one began at its end.

        The snapshot may have been made just before the mark of that one.
        """
        return end in self.take(end)
