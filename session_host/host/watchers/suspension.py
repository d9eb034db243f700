"""Finds out whether a chat's program is suspended: stopped by Ctrl+Z or SIGSTOP, with no shell that could continue it.

Only the program's own process group counts, as long as it is in the foreground of the terminal: the jobs that a shell
has stopped are in groups of their own. A launcher may wait for the program that is stopped; such a program has given
the terminal back before.

A program that suspends itself restores the terminal before, so there is output, and the group is read shortly after.
Without output no timer runs; a host that sends a text or describes the chat reads the group at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from session_host.system.processes import proc
from session_host.system.processes.identity import is_stopped
from session_host.system.processes.pty_process import PtyProcess

from .logged_calls import log_errors

POLL_S: Final = 0.3
"""The time from output to the look at the group: the program stops itself after its last output."""

_MAX_LAUNCHERS: Final = 4


class Suspension:
    """Watches one program."""

    def __init__(self, on_look: Callable[[bool], object]) -> None:
        """Watch nothing yet; ``on_look`` is called at each look, with True if the program is suspended."""
        self._on_look = on_look
        self._process: PtyProcess | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start_watching(self, process: PtyProcess) -> None:
        """Watch the running program, which may have been suspended before this host."""
        self._process = process
        self.poll()

    def schedule_poll(self) -> None:
        """Look at the group a moment later."""
        if self._timer is None and self._process is not None:
            self._timer = asyncio.get_running_loop().call_later(POLL_S, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.poll()

    @log_errors
    def poll(self) -> None:
        """Look at the group now."""
        if self._process is not None:
            self._on_look(is_suspended(self._process))

    def close(self) -> None:
        """Stop watching."""
        self._process = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def is_suspended(process: PtyProcess) -> bool:
    """Whether the program in the foreground of its terminal is stopped."""
    pid = process.pid
    if is_stopped(pid, traced=False):
        return process.foreground_group() == pid
    return process.is_echoing() and process.foreground_group() == pid and _waits_for_stopped(pid, pid, _MAX_LAUNCHERS)


def _waits_for_stopped(pid: int, group: int, launchers: int) -> bool:
    """Whether all children of a launcher in its group are stopped, or wait for such a child."""
    own = [child for child in proc.children(pid) if proc.group_of(child) == group]
    return (
        launchers > 0
        and bool(own)
        and all(is_stopped(child, traced=False) or _waits_for_stopped(child, group, launchers - 1) for child in own)
    )
