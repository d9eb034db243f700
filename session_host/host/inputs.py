"""Input on its way to the program: in order, bounded, acknowledged. Key path, 8 of 9.

Three things are written to a program and to nothing else: what users did, encoded by the emulator
against the modes in force; the host emulator's replies to queries; and what ``send`` was asked to
type. They go through this one queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from session_host.protocol.messages import EARLY_INPUT_BYTES, PENDING_INPUT_BYTES

Write = Callable[[bytes | memoryview], int]
Written = Callable[[], None]


class InputQueue:
    """Bytes for the program that it has not taken yet, each piece with what to do once it has.

    Nothing is taken while the queue is not ``open``: before the program runs, all is kept.
    """

    def __init__(self) -> None:
        self._pieces: deque[tuple[bytes | memoryview, Written | None]] = deque()
        self.pending_bytes = 0
        self.open = False

    @property
    def bound_bytes(self) -> int:
        """How much may wait."""
        return PENDING_INPUT_BYTES if self.open else EARLY_INPUT_BYTES

    def has_room(self, length: int) -> bool:
        """Whether a piece of that length may be added."""
        return self.pending_bytes + length <= self.bound_bytes

    def add(self, data: bytes, written: Written | None = None) -> None:
        """Queue a piece; ``written`` is called when the program's PTY has all of it."""
        self._pieces.append((data, written))
        self.pending_bytes += len(data)

    def flush(self, write: Write) -> bool:
        """Hand on as much as the PTY takes; returns whether nothing is left."""
        if not self.open:
            return not self._pieces
        while self._pieces:
            data, written = self._pieces[0]
            while data:
                count = write(data)
                self.pending_bytes -= count
                if count < len(data):
                    data = memoryview(data)[count:]
                    self._pieces[0] = (data, written)
                    if count == 0:
                        return False
                else:
                    data = b""
            self._pieces.popleft()
            if written is not None:
                written()
        return True

    def clear(self) -> int:
        """Forget what is left (the program has ended); returns how many bytes that was."""
        left = self.pending_bytes
        self._pieces.clear()
        self.pending_bytes = 0
        return left
