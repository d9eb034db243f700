"""Splits the agent's output into lines of limited length. Pure."""

from __future__ import annotations

from typing import NamedTuple

MAX_LINE_BYTES = 96 * 1024 * 1024
"""A longer line is dropped, except for its first ``SHOWN_BYTES``. Claude Code writes a picture twice into one line, in
base64: 56 MB for one of 20 MB."""

SHOWN_BYTES = 2000


class AgentLine(NamedTuple):
    """One line, without its end."""

    data: bytes
    dropped: int = 0
    """The length of a line that was too long; ``data`` is its beginning."""


class LineSplitter:
    """Splits output into lines.

    Attributes:
        offset: the offset of the output after the last whole line.
        skipped: how many bytes of a too long line were dropped so far, 0 outside of one; ``offset`` includes them.
        start: the beginning of the dropped line.
    """

    def __init__(self, offset: int = 0, skipped: int = 0, start: bytes = b"") -> None:
        self.offset, self.skipped, self.start = offset, skipped, start
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[AgentLine]:
        """Return the lines that are complete with this data; empty lines are left out."""
        lines: list[AgentLine] = []
        rest = self._rest
        searched = len(rest)
        rest += data
        done = 0
        while (end := rest.find(b"\n", max(done, searched))) >= 0:
            self._add(lines, bytes(rest[done:end]).rstrip(b"\r"))
            self.offset += end + 1 - done
            done = end + 1
        if done:
            del rest[:done]
        if len(rest) > MAX_LINE_BYTES or (self.skipped and rest):
            self.start = self.start or bytes(rest[:SHOWN_BYTES])
            self.skipped += len(rest)
            self.offset += len(rest)
            rest.clear()
        return lines

    def finish(self) -> list[AgentLine]:
        """Return the last line, which has no line end: the output has ended."""
        lines: list[AgentLine] = []
        self.offset += len(self._rest)
        self._add(lines, bytes(self._rest))
        self._rest.clear()
        return lines

    def _add(self, lines: list[AgentLine], data: bytes) -> None:
        if self.skipped:
            lines.append(AgentLine(self.start, self.skipped + len(data)))
            self.skipped, self.start = 0, b""
        elif data.strip():
            lines.append(AgentLine(data))
