"""Tells followers which step an agent runs: at most once a second, and always the last one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from session_host.system.event_loop import Timer

PAUSE_S: Final = 1.0


class ShownStep:
    """The line of the step that runs.

    Attributes:
        line: the line that was told last; "" for none.
    """

    def __init__(self, tell: Callable[[], object]) -> None:
        """Begin without a step.

        Args:
            tell: called when ``line`` is another one.
        """
        self.line = ""
        self._newest = ""
        self._tell = tell
        self._pause = Timer()

    def show(self, line: str) -> None:
        """Tell this line, now or after the pause."""
        self._newest = line
        if not self._pause.is_set:
            self._tell_newest()

    def _tell_newest(self) -> None:
        if self._newest != self.line:
            self.line = self._newest
            self._pause.set(PAUSE_S, self._tell_newest)
            self._tell()

    def close(self) -> None:
        """Stop the timer."""
        self._pause.cancel()
