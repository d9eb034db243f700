"""A subscription over a line that may be slow: the newest screen wins.

The viewer says how many bytes it has used, so the host knows how many are under way, in whichever buffer. So many may
be as the line carries in about half a second (``Pace``). A viewer that lacks more than that gets no output but the
screen, compressed and without history, or the newest items of a transcript; once it has kept up for a moment, the
history follows, in parts between which output passes. Nothing of this is lost for the recording.

States::

    OFF ──follows──▶ CURRENT
    CURRENT ──lacks more than may be under way──▶ BEHIND
    BEHIND ──half of it has arrived──▶ SNAPSHOT_REQUESTED
    SNAPSHOT_REQUESTED ──the screen is made──▶ CURRENT
    any ──unfollows──▶ OFF
"""

from __future__ import annotations

from collections import deque

from session_host.protocol.messages import RECEIVED_BYTES, Resized, SnapshotPart
from session_host.protocol.values import SnapshotKind

from .effects import Effect, MakeSnapshot, Snapshot, Timers
from .output_ring import OutputRing, Span
from .subscription import (
    SNAPSHOT,
    SNAPSHOT_INTERVAL_S,
    OutputClient,
    OutputSubscription,
    Subscribers,
    SubscriptionState,
)

FIRST_BYTES, MIN_BYTES, MAX_BYTES = 32 * 1024, 24 * 1024, 1024 * 1024
"""Limits of the bytes under way: at first, on the slowest line, on the fastest."""

PACE, QUICK_S = "pace", 0.35
"""The limit is doubled if a full one arrives within this time, and halved after twice the time."""

MAX_TICKS = 8

HISTORY, HISTORY_AFTER_S = "history", 0.5
"""How long a viewer must have kept up until the history follows."""

PART_BYTES = 8 * 1024
"""The length of the history's parts, which delay output."""


class Pace:
    """How much may be under way to a viewer.

    Attributes:
        limit: so many bytes.
        under_way: the bytes that were sent and not used yet, as far as is known.
    """

    def __init__(self, timers: Timers) -> None:
        self.limit = FIRST_BYTES
        self.under_way = 0
        self._timers = timers
        self._sent = self._received = 0
        self._full_at: int | None = None
        """The bytes that were sent when the limit was reached; None once they have arrived."""
        self._ticks = 0

    @property
    def room(self) -> int:
        """How many bytes may be sent now."""
        return max(0, self.limit - self.under_way)

    @property
    def has_room(self) -> bool:
        """Whether half of the limit may be sent now."""
        return self.room >= self.limit // 2

    def sent(self, length: int) -> None:
        """Count sent bytes."""
        self.under_way += length
        self._sent += length
        if not self.room and self._full_at is None:
            self._full_at, self._ticks = self._sent, 0
            self._timers.start(PACE, QUICK_S)

    def received(self, length: int) -> None:
        """Count bytes that the viewer has used."""
        length = max(0, min(length, self.under_way))
        self.under_way -= length
        self._received += length
        if self._full_at is not None and self._received > self._full_at - RECEIVED_BYTES:
            self._full_at = None
            self._timers.stop(PACE)
            if not self._ticks:
                self.limit = min(2 * self.limit, MAX_BYTES)

    def tick(self) -> None:
        """The timer is due: what is under way takes longer."""
        self._ticks += 1
        if self._ticks % 2 == 0:
            self.limit = max(self.limit // 2, MIN_BYTES)
        if self._ticks < MAX_TICKS:
            self._timers.start(PACE, QUICK_S)


class PacedSubscription(OutputSubscription):
    """One viewer's subscription over a line."""

    def __init__(self, client: OutputClient, ring: OutputRing, subscribers: Subscribers, effects: list[Effect]) -> None:
        """Begin OFF; see ``OutputSubscription``."""
        super().__init__(client, ring, subscribers, effects)
        self._pace = Pace(self._timers)
        self._has_history = True
        self._is_caught_up = False
        self._asked: SnapshotKind | None = None
        """The snapshot that is being made."""
        self._history: deque[SnapshotPart] = deque()

    @property
    def is_behind(self) -> bool:
        """Whether the viewer still lacks output."""
        is_on = self.state is not SubscriptionState.OFF
        return is_on and (self._offset, self._resizes) != (self._ring.end, self._ring.resizes)

    @property
    def lacks_history(self) -> bool:
        """Whether history is to follow the output."""
        return self.state is not SubscriptionState.OFF and not self._has_history

    def can_resume(self, offset: int) -> bool:
        """Whether the viewer can resume at this offset without a snapshot."""
        return self._ring.holds(offset) and self._ring.end - offset <= self._pace.limit

    # ------------------------------------------------------------ events

    def follow(self, offset: int, resizes: int, *, has_history: bool = True) -> None:
        """Send output from the viewer's offset on; -1 asks for a snapshot."""
        self._offset, self._resizes = offset, resizes
        self._has_history = has_history or offset < 0
        self._is_caught_up = False
        self._history.clear()
        self._timers.stop(HISTORY)
        self.state = SubscriptionState.CURRENT
        self._subscribers.set_listening(self, listens=True)
        self._send()

    def unfollow(self) -> None:
        """Send the viewer no more output."""
        super().unfollow()
        self._history.clear()
        self._timers.stop(HISTORY)

    def received(self, length: int) -> None:
        """The viewer has used so many more bytes."""
        self._pace.received(length)
        self._send()

    def output(self, end: int) -> None:
        """Send output, or notify the viewer of it."""
        if self.state is SubscriptionState.OFF:
            super().output(end)
        else:
            self._send()

    def resized(self, message: Resized) -> None:  # noqa: ARG002 - the ring has it
        """Send a resize, after the output before it."""
        self._send()

    def queue_full(self) -> None:
        """Nothing changes: the pace keeps the queue short."""

    def queue_drained(self) -> None:
        """Nothing changes."""

    def snapshot_made(self, snapshot: Snapshot) -> None:
        """Send the requested snapshot: the screen at once, the history bit by bit."""
        asked, self._asked = self._asked, None
        if self.state is SubscriptionState.SNAPSHOT_REQUESTED and asked is SnapshotKind.SCREEN:
            for part in snapshot.parts(PART_BYTES):
                self._queue_part(part)
            self._offset, self._resizes = snapshot.offset, snapshot.resizes
            self._has_history = snapshot.kind is not SnapshotKind.SCREEN
            self.state = SubscriptionState.CURRENT
            self._timers.start(SNAPSHOT, SNAPSHOT_INTERVAL_S)
        elif self.state is SubscriptionState.SNAPSHOT_REQUESTED:
            self._ask(SnapshotKind.SCREEN)
        elif self.state is SubscriptionState.CURRENT and asked is SnapshotKind.PACKED:
            self._history.extend(snapshot.parts(PART_BYTES))
        self._send()

    def timer_due(self, name: str) -> None:
        """Some time is over."""
        if name == PACE:
            self._timers.expired(name)
            self._pace.tick()
        elif name == HISTORY:
            self._timers.expired(name)
            if self.state is SubscriptionState.CURRENT and self._asked is None:
                self._ask(SnapshotKind.PACKED)
        elif name == SNAPSHOT:
            self._timers.expired(name)
            self._send()
        else:
            super().timer_due(name)

    # ------------------------------------------------------------ rules

    def _send(self) -> None:
        """Send what the viewer lacks, as far as there is room for it."""
        pace = self._pace
        if self.state is SubscriptionState.BEHIND and pace.has_room and SNAPSHOT not in self._timers:
            self.state = SubscriptionState.SNAPSHOT_REQUESTED
            if self._asked is None:
                self._ask(SnapshotKind.SCREEN)
        if self.state is not SubscriptionState.CURRENT:
            return
        missing = self._ring.since(self._offset, self._resizes)
        if missing is None or self._ring.end - self._offset > pace.limit:
            self._jump()
            return
        for piece in missing:
            if isinstance(piece, Span):
                end = min(piece.end, piece.start + pace.room)
                if end > piece.start:
                    self._client.queue(Span(piece.start, end))
                    pace.sent(end - piece.start)
                    self._offset = end
                if end < piece.end:
                    self._is_caught_up = False
                    return
            else:
                self._client.queue(piece)
                self._resizes = piece.number
        if not self._is_caught_up:
            self._is_caught_up = True
            self._client.caught_up()
        if self._history:
            self._send_history()
        elif not self._has_history and self._asked is None and HISTORY not in self._timers:
            self._timers.start(HISTORY, HISTORY_AFTER_S)

    def _jump(self) -> None:
        """Send no more output, but the next screen."""
        self.state = SubscriptionState.BEHIND
        self._is_caught_up = False
        self._history.clear()
        self._timers.stop(HISTORY)
        self._send()

    def _send_history(self) -> None:
        if self._ring.end - self._history[-1].offset > self._pace.limit:
            self._history.clear()
            self._timers.start(HISTORY, HISTORY_AFTER_S)
        while self._history and self._pace.has_room:
            part = self._history.popleft()
            self._queue_part(part)
            if part.last:
                self._offset, self._resizes = part.offset, part.resizes
                self._has_history, self._is_caught_up = True, False
                self._send()

    def _queue_part(self, part: SnapshotPart) -> None:
        self._client.queue(part)
        self._pace.sent(len(part.data))

    def _ask(self, kind: SnapshotKind) -> None:
        self._asked = kind
        self._effects.append(MakeSnapshot(self, self.engine_build, kind))
