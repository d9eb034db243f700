"""The output of a command on another machine, line by line."""

from __future__ import annotations

from collections.abc import Callable


class Lines:
    """Splits what a command prints into lines; ``receive`` is what ``Link.run`` calls with its output."""

    def __init__(self, take: Callable[[bytes], None], most_bytes: int, complain: Callable[[bytes], None]) -> None:
        """Begin with the first line.

        Args:
            take: gets each line, without its end.
            most_bytes: of a line that has not ended yet, no more is kept: its end.
            complain: gets what the command writes to standard error.
        """
        self._take, self._most_bytes, self._complain = take, most_bytes, complain
        self._rest = b""

    def receive(self, data: bytes, is_error: bool) -> None:
        """Take some of its output."""
        if is_error:
            self._complain(data)
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-self._most_bytes :]
        for line in lines:
            self._take(line)
