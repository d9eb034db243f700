"""One client's share of the output. Output path, 5 of 10.

States::

    OFF ──follow──▶ CURRENT ──the client's queue is full──▶ BEHIND
     ▲                 ▲                                       │ the queue has gone out
     └──unfollow───────┴── what was missed is sent, or a snapshot ◀┘

A client that reads more slowly than output comes is never waited for: when its queue is over the
bound it gets nothing more until it has caught up, and then what it missed, or a fresh snapshot.
"""

from __future__ import annotations

import asyncio
import logging
from enum import Enum, auto
from functools import partial
from typing import NamedTuple, Protocol

from session_host.protocol.messages import (
    OUTPUT_CHUNK_BYTES,
    ErrorCode,
    Message,
    Output,
    OutputEvent,
    Resized,
    SnapshotPart,
)
from session_host.protocol.values import GridSize
from session_host.terminal.base import Emulator

from .lane import EmulatorLane
from .stream import OutputStream

log = logging.getLogger(__name__)

OUTPUT_EVENT_INTERVAL_S = 1.0
"""Those who follow events only hear of new output at most this often."""

SNAPSHOT_INTERVAL_S = 0.1
"""A client that cannot keep up is given the screen as it is, at most this often."""


class FeedState(Enum):
    """Where a client stands in the output."""

    OFF = auto()
    CURRENT = auto()
    BEHIND = auto()


_CURRENT = FeedState.CURRENT  # An enum's member is dear to look up, and each output asks for this one.


class FeedSource(Protocol):
    """The session, as a feed sees it."""

    epoch: str
    stream: OutputStream
    lane: EmulatorLane
    emulator_resizes: int


class FeedSink(Protocol):
    """The client's queue.

    Attributes:
        follows_output: kept here for whoever makes the frames.
    """

    follows_output: bool

    def send(self, message: Message) -> None:
        """Queue a message."""

    def send_frame(self, frame: bytes) -> None:
        """Queue a frame that was encoded for all clients at once."""

    def refuse(self, code: str, text: str) -> None:
        """Say why it cannot go on, and drop the client."""

    def caught_up(self) -> None:
        """The client has, or will have once its queue is out, all output there is."""


class _Snapshot(NamedTuple):
    """An emulator's state, in the form that a client can read."""

    form: str
    data: bytes
    size: GridSize
    scrollback_lines: int


def _snapshot_of(engine_build: str, emulator: Emulator) -> _Snapshot:
    if engine_build == emulator.build:
        return _Snapshot(engine_build, emulator.snapshot(), emulator.size, emulator.scrollback_limit)
    return _Snapshot("vt", emulator.replay(), emulator.size, emulator.scrollback_limit)


class OutputFeed:
    """Feeds one client; ``engine_build`` is that of its replica."""

    def __init__(self, source: FeedSource, sink: FeedSink) -> None:
        self._source = source
        self._sink = sink
        self._state = FeedState.OFF
        self._paused = False
        self._offset = 0
        """What the client will have once its queue has gone out; meaningful when not OFF."""
        self._resizes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._snapshot_at_s = float("-inf")
        self.engine_build = ""

    @property
    def behind(self) -> bool:
        """Whether there is output that the client still has to get."""
        return self._state is FeedState.BEHIND

    def close(self) -> None:
        """The client is gone."""
        self._state = FeedState.OFF
        self._sink.follows_output = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def has(self, epoch: str, offset: int) -> bool:
        """Whether what came since can be had without a snapshot."""
        return epoch == self._source.epoch and self._source.stream.holds(offset)

    def follow(self, epoch: str, offset: int, resizes: int) -> None:
        """Begin, or go on, from where the client is; an offset of another epoch asks for a snapshot."""
        self.close()
        self._offset = offset if epoch == self._source.epoch else -1
        self._resizes = resizes
        self._state = FeedState.BEHIND
        self._sink.follows_output = True
        self._catch_up()

    def pause(self) -> None:
        """The client's queue is full."""
        self._paused = True

    def resume(self) -> None:
        """The client's queue has gone out."""
        self._paused = False
        if self._state is FeedState.BEHIND:
            self._catch_up()

    def output(self, frame: bytes, end: int) -> None:
        """There is new output, already a frame, up to the offset ``end``; an empty one if nobody follows output."""
        if self._state is _CURRENT and not self._paused:
            self._offset = end
            self._sink.send_frame(frame)
        elif self._state is FeedState.OFF:
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(OUTPUT_EVENT_INTERVAL_S, self._may_tell_again)
                self._sink.send(OutputEvent(end))
        else:
            self._state = FeedState.BEHIND

    def resized(self, message: Resized) -> None:
        """The grid changed at this point of the output; who is behind learns of it when catching up."""
        if self._state is FeedState.CURRENT and not self._paused:
            self._resizes = message.number
            self._sink.send(message)
        elif self._state is not FeedState.OFF:
            self._state = FeedState.BEHIND

    def _may_tell_again(self) -> None:
        self._timer = None

    def _catch_up(self) -> None:
        """Bring the client to the end of the stream, by what it missed or by a snapshot."""
        if self._state is not FeedState.BEHIND:
            return
        stream = self._source.stream
        missing = stream.since(self._offset, self._resizes)
        if missing is not None:
            self._send_pieces(missing)
            self._offset, self._resizes = stream.end, stream.resizes
            self._state = FeedState.CURRENT
            self._sink.caught_up()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._snapshot_at_s + SNAPSHOT_INTERVAL_S, self._ask_for_snapshot)

    def _ask_for_snapshot(self) -> None:
        self._timer = None
        if self._state is FeedState.BEHIND:
            self._source.lane.work(partial(_snapshot_of, self.engine_build), self._send_snapshot, self._no_snapshot)

    def _no_snapshot(self) -> None:
        self._sink.refuse(ErrorCode.FAILED, "the chat's terminal cannot be shown: its engine failed; the chat runs on")

    def _send_snapshot(self, snapshot: _Snapshot) -> None:
        if self._state is not FeedState.BEHIND:
            return
        self._snapshot_at_s = asyncio.get_running_loop().time()
        offset, end = self._source.lane.fed, self._source.stream.end
        resizes = self._source.emulator_resizes
        form, data, size, limit = snapshot
        log.info("snapshot form=%s bytes=%d offset=%d ahead=%d", form, len(data), offset, end - offset)
        for start in range(0, max(1, len(data)), OUTPUT_CHUNK_BYTES):
            part = data[start : start + OUTPUT_CHUNK_BYTES]
            last = start + OUTPUT_CHUNK_BYTES >= len(data)
            self._sink.send(SnapshotPart(offset, resizes, form, size, limit, last, part))
        # The emulator may be behind the stream, by less than the ring holds: the rest comes as output.
        self._offset, self._resizes = offset, resizes
        self._catch_up()

    def _send_pieces(self, pieces: list[bytes | Resized]) -> None:
        offset = self._offset
        for piece in pieces:
            if isinstance(piece, Resized):
                self._sink.send(piece)
                continue
            for start in range(0, len(piece), OUTPUT_CHUNK_BYTES):
                self._sink.send(Output(offset + start, piece[start : start + OUTPUT_CHUNK_BYTES]))
            offset += len(piece)
