"""Finds out whether a chat's program is suspended: stopped by Ctrl+Z or SIGSTOP, with no shell that could continue it.

At Ctrl+Z, agents restore the terminal and send SIGTSTP to themselves, which the kernel drops: it stops no group that no
shell could continue (an orphaned one, setpgid(2)). So they are not stopped, but wait for SIGCONT: the terminal echoes
as it did before they read keys, and they catch SIGCONT. A program that ends restores the terminal, too, so that counts
only at the second look.

Only the program's own process group counts, as long as it is in the foreground of the terminal: the jobs that a shell
has stopped are in groups of their own. A launcher may wait for the program that is stopped; such a program has given
the terminal back before.

A program that suspends itself restores the terminal before, so there is output, and the group is read shortly after;
a few times, since a program on a busy machine stops later than that. Without output no timer runs; a host that sends a
text or describes the chat reads the group at once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final

from session_host.system.event_loop import Timer
from session_host.system.processes import proc
from session_host.system.processes.identity import is_stopped
from session_host.system.processes.pty_process import PtyProcess

from .logged_calls import log_errors

POLL_S: Final = 0.3
"""The time from output to the look at the group: the program stops itself after its last output."""

_LOOKS: Final = 6
"""How often the group is read after output, while the program has restored its terminal and is not stopped."""

_MAX_LAUNCHERS: Final = 4

_SETTLED_S: Final = 30.0
"""A program of this age has read keys: a new host has not seen that."""

_SIGCONT_BIT: Final = 1 << 17
"""SIGCONT is 18 (signal(7))."""


class Suspension:
    """Watches one program."""

    def __init__(self, on_look: Callable[[bool], object]) -> None:
        """Watch nothing yet; ``on_look`` is called at each look, with True if the program is suspended."""
        self._on_look = on_look
        self._process: PtyProcess | None = None
        self._has_read_keys = self._has_restored_terminal = False
        self._timer = Timer()
        self._looks = 0

    def start_watching(self, process: PtyProcess) -> None:
        """Watch the running program, which may have been suspended before this host."""
        self._process = process
        started = process.started or 0
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")
        self._has_read_keys = bool(started) and age_s > _SETTLED_S
        self._looks = _LOOKS
        self.poll()

    @log_errors
    def schedule_poll(self) -> None:
        """Look at the group a moment later."""
        if self._process is None:
            return
        # Now, since the program may restore its terminal before the look.
        self._has_read_keys = self._has_read_keys or not self._process.is_echoing()
        self._looks = _LOOKS
        self._start_timer()

    def _start_timer(self) -> None:
        if not self._timer.is_set:
            self._timer.set(POLL_S, self.poll)

    @log_errors
    def poll(self) -> None:
        """Look at the group now."""
        process = self._process
        if process is None:
            return
        is_suspended, had_restored_terminal = is_stopped_in_front(process), self._has_restored_terminal
        self._has_read_keys = self._has_read_keys or not process.is_echoing()
        self._has_restored_terminal = self._has_read_keys and waits_to_be_continued(process)
        is_suspended = is_suspended or (self._has_restored_terminal and had_restored_terminal)
        if self._has_read_keys and process.is_echoing() and not is_suspended and self._looks > 0:
            self._looks -= 1
            self._start_timer()
        self._on_look(is_suspended)

    def close(self) -> None:
        """Stop watching."""
        self._process = None
        self._timer.cancel()


def waits_to_be_continued(process: PtyProcess) -> bool:
    """Whether the program in the foreground has restored its terminal, and catches SIGCONT."""
    caught = int(proc.status_field(process.pid, "SigCgt") or "0", 16) if process.is_echoing() else 0
    return bool(caught & _SIGCONT_BIT) and process.foreground_group() == process.pid


def is_stopped_in_front(process: PtyProcess) -> bool:
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
