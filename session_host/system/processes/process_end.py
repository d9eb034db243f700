"""Watches for the end of a process that is no child of this one (pidfd_open(2))."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from .identity import is_running


class ProcessEnd:
    """Watches one process at a time on the event loop; without pidfds it watches nothing."""

    def __init__(self, on_end: Callable[[], object]) -> None:
        """Watch nothing yet.

        Args:
            on_end: called once when the watched process has ended.
        """
        self._on_end = on_end
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process: tuple[int, int | None] | None = None
        self._descriptor = -1

    def watch(self, pid: int, started: int | None) -> None:
        """Watch this process instead of the previous one; ``started`` distinguishes it from a later one of its PID."""
        if (pid, started) == self._process:
            return
        self.close()
        self._process = pid, started
        self._loop = asyncio.get_running_loop()
        try:
            self._descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            self._loop.call_soon(self._ended, self._process)
            return
        except (AttributeError, OSError):
            return
        self._loop.add_reader(self._descriptor, self._ended, self._process)
        if not is_running(pid, started):
            self._loop.call_soon(self._ended, self._process)

    def close(self) -> None:
        """Watch nothing."""
        self._process = None
        if self._descriptor >= 0:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _ended(self, process: tuple[int, int | None]) -> None:
        if process == self._process:
            self.close()
            self._on_end()
