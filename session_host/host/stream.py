"""The output of a session with its offsets, and the resizes at theirs. Output path, 4 of 10.

The newest bytes are kept, so that a viewer which was away for a moment gets just what it missed.
"""

from __future__ import annotations

from collections import deque

from session_host.protocol.messages import Resized

RING_BYTES = 2 * 1024 * 1024
MAX_RESIZES = 1000


class OutputStream:
    """The tail of an endless stream of bytes.

    Attributes:
        end: the offset after the last byte, so the number of bytes there ever were.
        resizes: the number of the last resize, so how many there ever were.
    """

    def __init__(self, capacity_bytes: int = RING_BYTES) -> None:
        self._capacity_bytes = capacity_bytes
        self._chunks: deque[bytes] = deque()
        self._resizes: deque[Resized] = deque(maxlen=MAX_RESIZES)
        self._start = 0
        self.end = 0
        self.resizes = 0

    @property
    def start(self) -> int:
        """The offset of the oldest byte that is still here, with all resizes since."""
        return self._start

    def holds(self, offset: int) -> bool:
        """Whether everything from ``offset`` on is here."""
        return self._start <= offset <= self.end

    def append(self, data: bytes) -> None:
        """Add bytes; the oldest go when there are too many."""
        self._chunks.append(data)
        self.end += len(data)
        while self.end - self._start > self._capacity_bytes and len(self._chunks) > 1:
            self._start += len(self._chunks.popleft())

    def resized(self, message: Resized) -> None:
        """The grid changed, at the end of what there is so far."""
        if len(self._resizes) == MAX_RESIZES:
            # What came before a forgotten resize cannot be given out any more.
            self._forget_before(self._resizes[0].offset + 1)
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
        return pieces + list(self._between(offset, self.end))

    def _between(self, start: int, end: int) -> list[bytes]:
        """The bytes from ``start`` to ``end``, none or in one piece."""
        if start >= end:
            return []
        parts: list[bytes] = []
        position = self.end
        for chunk in reversed(self._chunks):
            position -= len(chunk)
            first, last = max(start - position, 0), min(end - position, len(chunk))
            if first < last:
                parts.append(chunk if last - first == len(chunk) else chunk[first:last])
            if position <= start:
                break
        return [b"".join(reversed(parts))]

    def _forget_before(self, offset: int) -> None:
        while self._chunks and self._start < offset:
            self._start += len(self._chunks.popleft())
        self._start = max(self._start, min(offset, self.end))
