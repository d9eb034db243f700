"""One client's subscription to the output.

States::

    OFF ──follows, can resume──▶ CURRENT
    OFF ──follows, too far behind──▶ BEHIND
    CURRENT ──unfollows──▶ OFF
    CURRENT ──the queue is full──▶ LAGGING
    CURRENT ──a long output──▶ LAGGING
    CURRENT ──follows, too far behind──▶ BEHIND
    LAGGING ──all is queued──▶ CURRENT
    LAGGING ──unfollows──▶ OFF
    LAGGING ──follows, can resume──▶ CURRENT
    LAGGING ──follows, too far behind──▶ BEHIND
    BEHIND ──unfollows──▶ OFF
    BEHIND ──follows, can resume──▶ CURRENT
    BEHIND ──a snapshot is requested──▶ SNAPSHOT_REQUESTED
    SNAPSHOT_REQUESTED ──the snapshot is made──▶ LAGGING
    SNAPSHOT_REQUESTED ──unfollows──▶ OFF
    SNAPSHOT_REQUESTED ──follows, can resume──▶ CURRENT
    SNAPSHOT_REQUESTED ──follows, too far behind──▶ BEHIND

OFF: the client follows events only. CURRENT: it gets each frame at once, which is encoded once for all such clients
(``Subscribers``). LAGGING: it gets a snapshot, or output that it missed, bit by bit, each once its queue has room: so
neither a picture of 20 MB nor a long chat is ever in a queue as a whole. BEHIND: the output ring no longer has that
output; it waits for a snapshot, and a minimum interval separates two snapshots for one client. SNAPSHOT_REQUESTED: the
snapshot is being made. The host never waits for a slow client.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from typing import Any, Protocol

from session_host.protocol.messages import OUTPUT_CHUNK_BYTES, Message, OutputEvent, Resized, SnapshotPart
from session_host.protocol.values import ErrorCode
from session_host.terminal.base import Emulator

from .effects import Effect, MakeSnapshot, Refuse, SendMore, Snapshot, Timers, UseEmulator
from .output_ring import OutputRing, Span
from .seen_screen import SeenScreen

OUTPUT_EVENT, OUTPUT_EVENT_INTERVAL_S = "output event", 1.0
"""Interval of OutputEvent for clients that follow events only."""

NEWS, NEWS_S = "news", 0.2
"""A program draws in some writes what its screen shows already, for example when it loses the keyboard focus."""

SNAPSHOT, SNAPSHOT_INTERVAL_S = "snapshot", 0.1
"""Minimum interval between two snapshots for a client that cannot keep up."""


AT_ONCE_BYTES = 1024 * 1024
"""How much of a snapshot, or of missed output, is queued at once."""


class SubscriptionState(StrEnum):
    """The states of a subscription."""

    OFF = "OFF"
    CURRENT = "CURRENT"
    LAGGING = "LAGGING"
    BEHIND = "BEHIND"
    SNAPSHOT_REQUESTED = "SNAPSHOT_REQUESTED"


class OutputClient(Protocol):
    """The client of a subscription."""

    def queue(self, message: Message | Span) -> None:
        """Queue a message behind the waiting ones; a Span stands for a part of the output file."""

    def caught_up(self) -> None:
        """Called when all output is queued for the client."""


class Listener(Protocol):
    """A client that gets notifications of output without the output."""

    def output(self, end: int) -> None:
        """Called when there is output up to this offset."""


class Subscribers:
    """The clients that get output, grouped for the output path.

    Attributes:
        current: the clients that get each frame at once.
        listeners: the clients that get a notification of output.
        news_end: the offset up to which listeners are to be told of output.
    """

    def __init__(self) -> None:
        self.current: tuple[Any, ...] = ()
        self.listeners: tuple[Listener, ...] = ()
        self.news_end = 0

    def set_current(self, client: object, *, is_current: bool) -> None:
        """Add or remove a client."""
        others = tuple(each for each in self.current if each is not client)
        self.current = (*others, client) if is_current else others

    def set_listening(self, listener: Listener, *, listens: bool) -> None:
        """Add or remove a listener."""
        others = tuple(each for each in self.listeners if each is not listener)
        self.listeners = (*others, listener) if listens else others


class OutputSubscription:
    """One client's subscription: decides which output or snapshot it gets.

    Attributes:
        state: see the module.
        engine_build: the engine build of the client's replica.
    """

    def __init__(self, client: OutputClient, ring: OutputRing, subscribers: Subscribers, effects: list[Effect]) -> None:
        """Begin OFF.

        Args:
            client: gets the output, and is named by the effects and ``Subscribers``.
            ring: the output that can be sent again.
            subscribers: the subscribers of the session.
            effects: the session's list of effects.
        """
        self.state = SubscriptionState.OFF
        self.engine_build = ""
        self._client = client
        self._ring = ring
        self._subscribers = subscribers
        self._effects = effects
        self._is_full = False
        self._offset = self._resizes = 0
        """The client's offset in the output once its queue is sent; not updated while CURRENT."""
        self._notified = 0
        """The end of the output of the last notification."""
        self._left_at = 0
        """The end of the output when the client followed it last."""
        self._seen: SeenScreen | None = None
        """The screen that the client showed until it followed no longer; None once there was other text."""
        self._timers = Timers(self, effects)
        self._is_snapshot_requested = False
        """Whether a snapshot is being made."""
        self._parts: Iterator[SnapshotPart] | None = None
        """The parts of a snapshot that are not queued yet. They are sent even if the client unfollows meanwhile: the
        next snapshot's parts must follow the last one of this."""
        self._is_sending = False
        """Whether the client gets output after a snapshot or a long output: all that is kept, since a snapshot would
        not be shorter."""

    @property
    def is_behind(self) -> bool:
        """Whether the client still lacks output."""
        if self.state is SubscriptionState.LAGGING and self._parts is not None:
            return True
        if self.state is SubscriptionState.LAGGING:
            return (self._offset, self._resizes) != (self._ring.end, self._ring.resizes)
        return self.state in {SubscriptionState.BEHIND, SubscriptionState.SNAPSHOT_REQUESTED}

    @property
    def lacks_history(self) -> bool:
        """Whether history is to follow the output; only a ``PacedSubscription`` sends it so late."""
        return False

    def can_resume(self, offset: int) -> bool:
        """Whether the client can resume at this offset without a snapshot."""
        return self._ring.holds(offset)

    # ------------------------------------------------------------ events

    def listen(self) -> None:
        """Notify the client of output from time to time, since it follows events only."""
        self._subscribers.set_listening(
            self, listens=self.state is SubscriptionState.OFF and OUTPUT_EVENT not in self._timers
        )

    def follow(self, offset: int, resizes: int, *, has_history: bool = True) -> None:  # noqa: ARG002 - all have it
        """Send output from the client's offset on; -1 asks for a snapshot."""
        self._subscribers.set_listening(self, listens=False)
        self._seen = None
        self._offset = offset
        self._resizes = resizes
        self._is_sending = False
        self._catch_up(was_behind=True)

    def received(self, length: int) -> None:
        """The client has used so many more bytes; only ``PacedSubscription`` needs to know."""

    def note_seen(self) -> None:
        """Keep what the screen shows, since the client leaves it; call before ``unfollow``.

        Output that only draws this again, or erases some of it, is no news.
        """
        if self.state is not SubscriptionState.OFF and not self.is_behind:
            self._effects.append(UseEmulator(self))

    def use_emulator(self, emulator: Emulator) -> None:
        """Keep what the screen shows; or notify the client if it has other text than what was kept."""
        if self.state is not SubscriptionState.OFF:
            return
        if self._seen is None:
            if self._left_at == self._ring.end:
                self._seen = SeenScreen.of(emulator)
        elif self._seen.has_all_of(SeenScreen.of(emulator)):
            self._timers.start(OUTPUT_EVENT, OUTPUT_EVENT_INTERVAL_S)
        else:
            self._seen = None
            self.output(self._subscribers.news_end)

    def unfollow(self) -> None:
        """Send the client no more output."""
        self._seen = None
        self._notified = self._left_at = self._ring.end
        self._set_state(SubscriptionState.OFF)

    def close(self) -> None:
        """End the subscription of a client that disconnected."""
        self.unfollow()
        self._parts = None
        self._subscribers.set_listening(self, listens=False)
        self._timers.stop_all()

    def output(self, end: int) -> None:
        """Notify the client of output up to this offset, while OFF."""
        self._subscribers.set_listening(self, listens=False)
        if self._seen is not None:
            self._timers.start(NEWS, NEWS_S)
            return
        self._notified = end
        self._timers.start(OUTPUT_EVENT, OUTPUT_EVENT_INTERVAL_S)
        self._client.queue(OutputEvent(end))

    def resized(self, message: Resized) -> None:
        """Send a resize to a CURRENT client; other clients get it when they catch up."""
        if self.state is SubscriptionState.CURRENT:
            self._client.queue(message)

    def queue_full(self) -> None:
        """Send nothing more, since the client's queue is full."""
        self._is_full = True
        if self.state is SubscriptionState.CURRENT:
            self._lag()

    def queue_drained(self) -> None:
        """Bring a lagging client up to date, since its queue was sent."""
        self._is_full = False
        self._send_more()

    def long_output(self, start: int) -> None:
        """Send a CURRENT client the output from ``start`` on, which is too long for one frame."""
        self._offset, self._resizes, self._is_sending = start, self._ring.resizes, True
        self._catch_up(was_behind=False)

    def send_more(self) -> None:
        """Queue more of what the client lacks, unless its queue is full: then ``queue_drained`` does."""
        if not self._is_full:
            self._send_more()

    def snapshot_made(self, snapshot: Snapshot) -> None:
        """Send the requested snapshot, and the output after it."""
        self._is_snapshot_requested = False
        if self.state is not SubscriptionState.SNAPSHOT_REQUESTED:
            return
        # The emulator may be behind the output: the rest follows as output.
        self._offset, self._resizes, self._is_sending = snapshot.offset, snapshot.resizes, True
        is_first = self._parts is None
        self._parts = chain(self._parts or (), snapshot.parts(OUTPUT_CHUNK_BYTES))
        self._set_state(SubscriptionState.LAGGING)
        if is_first:  # Otherwise the parts before it are being sent.
            self._send_more()

    def snapshot_failed(self) -> None:
        """Refuse the client, since the requested snapshot cannot be made."""
        text = "cannot show the terminal: the engine failed; the chat keeps running"
        self._effects.append(Refuse(self._client, ErrorCode.FAILED, text))

    def timer_due(self, name: str) -> None:
        """Allow another notification or snapshot, since the interval is over."""
        self._timers.expired(name)
        if name == OUTPUT_EVENT:
            if self.state is not SubscriptionState.OFF:
                return
            if self._subscribers.news_end > self._notified:
                self.output(self._subscribers.news_end)  # It came during the interval.
            else:
                self.listen()
        elif name == NEWS:
            if self._seen is not None:
                self._notified = self._subscribers.news_end  # Later output may not be interpreted by then.
                self._effects.append(UseEmulator(self, after_output=True))
        elif self.state is SubscriptionState.BEHIND:
            self._request_snapshot()

    # ------------------------------------------------------------ rules

    def _set_state(self, state: SubscriptionState) -> None:
        self.state = state
        self._subscribers.set_current(self._client, is_current=self.state is SubscriptionState.CURRENT)

    def _send_more(self) -> None:
        """Send a bit of the snapshot; after its last part, the missing output."""
        was_behind, room = self.is_behind, AT_ONCE_BYTES
        if self._parts is not None:
            for part in self._parts:
                self._client.queue(part)
                room -= len(part.data)
                if room <= 0:
                    self._effects.append(SendMore(self))
                    return
            self._parts = None
            self._timers.start(SNAPSHOT, SNAPSHOT_INTERVAL_S)
        if self.state is SubscriptionState.LAGGING:
            self._catch_up(was_behind=was_behind)

    def _catch_up(self, *, was_behind: bool) -> None:
        """Send the missing output, or a bit of it; or request a snapshot."""
        missing = self._ring.since(self._offset, self._resizes, is_snapshot=self._is_sending)
        if missing is None:
            self._set_state(SubscriptionState.BEHIND)
            if SNAPSHOT not in self._timers:
                self._request_snapshot()
            return
        room = AT_ONCE_BYTES
        for piece in missing:
            if isinstance(piece, Resized):
                self._resizes = piece.number
            elif piece.end - piece.start > room:
                self._offset = piece.start + room
                self._client.queue(Span(piece.start, self._offset))
                self._set_state(SubscriptionState.LAGGING)
                self._effects.append(SendMore(self))
                return
            else:
                room -= piece.end - piece.start
                self._offset = piece.end
            self._client.queue(piece)
        self._is_sending = False
        if was_behind:
            self._client.caught_up()
        self._set_state(SubscriptionState.CURRENT)
        if self._is_full:
            self._lag()

    def _lag(self) -> None:
        self._offset, self._resizes = self._ring.end, self._ring.resizes
        self._set_state(SubscriptionState.LAGGING)

    def _request_snapshot(self) -> None:
        self._set_state(SubscriptionState.SNAPSHOT_REQUESTED)
        if not self._is_snapshot_requested:
            self._is_snapshot_requested = True
            self._effects.append(MakeSnapshot(self, self.engine_build))
