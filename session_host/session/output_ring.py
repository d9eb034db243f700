"""Output ring: the newest output by offset, and the resizes in it.

A viewer that reconnects gets the output that it missed. The bytes themselves stay in the output file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from session_host.protocol.messages import Resized
from session_host.storage.descriptors.log_state import KEPT_RESIZES

RING_BYTES = 2 * 1024 * 1024
"""A viewer that misses more gets a snapshot, which is shorter."""

MAX_RING_BYTES = 64 * 1024 * 1024
"""The same for a transcript log, if the snapshot is longer: it has all pictures, each of up to 20 MB."""


class Span(NamedTuple):
    """A range of output, from one offset up to another."""

    start: int
    end: int


class OutputRing:
    """The part of a session's output that can be sent again.

    Attributes:
        end: the offset after the last byte, which equals the total number of bytes.
        resizes: the number of the last resize, which equals the total number of resizes.
        length: how much output is sent again at most.
    """

    def __init__(self, kept_from: int, end: int, resizes: Iterable[Resized] = ()) -> None:
        """Start with the output and resizes that a previous host left.

        Args:
            kept_from: the offset of the first byte that the output file still has.
            end: the offset after its last byte.
            resizes: the newest, in order.
        """
        self.length = RING_BYTES
        self.end = end
        self._kept_from = kept_from
        self._resizes: deque[Resized] = deque(resizes, maxlen=KEPT_RESIZES)
        self.resizes = self._resizes[-1].number if self._resizes else 0
        self._resizes_start = 0
        """Resizes before this offset may be forgotten."""
        if self._resizes and self._resizes[0].number > 1:
            self._resizes_start = self._resizes[0].offset + 1

    @property
    def start(self) -> int:
        """The offset of the oldest byte that can be sent again, with all resizes since."""
        return max(self._kept_start, self.end - self.length)

    @property
    def _kept_start(self) -> int:
        return max(self._kept_from, self._resizes_start)

    def grow(self, snapshot_bytes: int) -> None:
        """Send more again, since a snapshot of a transcript is that long."""
        self.length = min(max(RING_BYTES, snapshot_bytes), MAX_RING_BYTES)

    def kept_resizes(self) -> list[Resized]:
        """The newest resizes, in order."""
        return list(self._resizes)

    def holds(self, offset: int) -> bool:
        """Whether everything from ``offset`` on can be sent again."""
        return self.start <= offset <= self.end

    def forgot(self, before: int) -> None:
        """Note that the output file has no bytes before this offset any more."""
        self._kept_from = before

    def resized(self, message: Resized) -> None:
        """Note a resize at the present end of the output."""
        if len(self._resizes) == KEPT_RESIZES:
            # Output before a forgotten resize cannot be sent again.
            self._resizes_start = self._resizes[0].offset + 1
        self._resizes.append(message)
        self.resizes = message.number

    def since(self, offset: int, resizes: int, *, is_snapshot: bool = False) -> list[Span | Resized] | None:
        """All output from ``offset`` on and all resizes after the one of that number, in order.

        Args:
            offset: where the viewer is.
            resizes: the number of the last resize that the viewer has.
            is_snapshot: the viewer has just received a snapshot; another one would not be shorter than the missing
                output.

        Returns None if some of the output was dropped, is too long, or never existed.
        """
        start = self._kept_start if is_snapshot else self.start
        if not start <= offset <= self.end:
            return None
        pieces: list[Span | Resized] = []
        for resize in self._resizes:
            if resize.number > resizes and resize.offset >= offset:
                if offset < resize.offset:
                    pieces.append(Span(offset, resize.offset))
                pieces.append(resize)
                offset = resize.offset
        if offset < self.end:
            pieces.append(Span(offset, self.end))
        return pieces
