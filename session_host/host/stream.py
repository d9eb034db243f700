"""The output of a session with its offsets, and the resizes at theirs. Output path, 4 of 10.

The newest bytes are given out again, so that a viewer which was away for a moment gets just what it missed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from session_host.estate.memory import KEPT_RESIZES
from session_host.estate.stream_file import StreamFile
from session_host.protocol.messages import Resized

RING_BYTES = 2 * 1024 * 1024
"""A viewer that misses more gets a snapshot: that is less to send."""


class OutputStream:
    """A session's output, and where in it the grid changed.

    Attributes:
        file: the bytes.
        resizes: the number of the last resize, so how many there ever were.
    """

    def __init__(self, file: StreamFile, resizes: Iterable[Resized] = ()) -> None:
        self.file = file
        self._resizes: deque[Resized] = deque(resizes, maxlen=KEPT_RESIZES)
        self.resizes = self._resizes[-1].number if self._resizes else 0
        self._resizes_start = 0
        """Before this offset a resize may be forgotten."""
        if self._resizes and self._resizes[0].number > 1:
            self._resizes_start = self._resizes[0].offset + 1

    @property
    def end(self) -> int:
        """The offset after the last byte, so the number of bytes there ever were."""
        return self.file.end

    @property
    def start(self) -> int:
        """The offset of the oldest byte that is given out, with all resizes since."""
        return max(self.file.start, self.file.end - RING_BYTES, self._resizes_start)

    def kept_resizes(self) -> list[Resized]:
        """The newest resizes, in order."""
        return list(self._resizes)

    def holds(self, offset: int) -> bool:
        """Whether everything from ``offset`` on can be given out."""
        return self.start <= offset <= self.end

    def resized(self, message: Resized) -> None:
        """The grid changed, at the end of what there is so far."""
        if len(self._resizes) == KEPT_RESIZES:
            # What came before a forgotten resize cannot be given out any more.
            self._resizes_start = self._resizes[0].offset + 1
        self._resizes.append(message)
        self.resizes = message.number

    def since(self, offset: int, resizes: int) -> list[bytes | Resized] | None:
        """All bytes from ``offset`` on and all resizes after the one of that number, in order.

        None if some of that is gone or was never there.
        """
        if not self.holds(offset):
            return None
        pieces: list[bytes | Resized] = []
        for resize in self._resizes:
            if resize.number > resizes and resize.offset >= offset:
                pieces += self._between(offset, resize.offset)
                pieces.append(resize)
                offset = resize.offset
        return pieces + self._between(offset, self.end)

    def _between(self, start: int, end: int) -> list[bytes]:
        """The bytes from ``start`` to ``end``, none or in one piece."""
        return [self.file.read(start, end)] if start < end else []
