"""Detects the program's exit by a pidfd or a thread; saves its status in the input log before reaping the process."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from session_host.storage.descriptors.input_log import LogHeader
from session_host.system.processes.process_end import (
    code_and_signal,
    status_of_child,
    status_of_reaped,
    status_of_zombie,
)
from session_host.system.processes.pty_process import PtyProcess
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

KEEPER_REPORT_TIMEOUT_S = 3.0
"""How long to wait for the keeper's report of the exit status, if the child is not ours."""

Exited = Callable[[int | None, int | None], None]
"""Called with the exit code or the signal; both are None if they are unknown."""


class ChildExit:
    """Watches one process for its exit, once.

    Attributes:
        reaped: whether the child was reaped, so that its PID may belong to another process.
    """

    def __init__(self, process: PtyProcess, header: LogHeader, exited: Exited) -> None:
        self.reaped = False
        self._process = process
        self._header = header
        self._exited = exited
        self._loop = asyncio.get_running_loop()
        self._pidfd = -1
        self._waiter: asyncio.Task[None] | None = None
        self._is_reported = False
        self._unknown: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start watching."""
        try:
            self._pidfd = os.pidfd_open(self._process.pid)
        except ProcessLookupError:
            self._has_exited()
        except (AttributeError, OSError):
            # No pidfds (an old kernel, macOS): a thread waits instead.
            self._waiter = self._loop.create_task(self._wait_in_thread(), name="wait for the child")
        else:
            self._loop.add_reader(self._pidfd, self._has_exited)
            if not self._process.is_same_process():
                self._has_exited()  # The PID belongs to another process already.

    def close(self) -> None:
        """Stop watching; may be called twice."""
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        if self._waiter is not None:
            self._waiter.cancel()
        if self._unknown is not None:
            self._unknown.cancel()

    def on_exit_status(self) -> None:
        """Called when the keeper has saved the child's status."""
        status = self._header.exit_status
        if self.reaped and not self._is_reported and status is not None:
            self._report(*code_and_signal(status))

    def _has_exited(self) -> None:
        """The child has exited: read its status, store it, then reap it."""
        if self.reaped:
            return
        self.reaped = True
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
        status = self._find_status()
        if status is None:
            # Its parent, the keeper, reports the status soon; if the keeper is gone, it stays unknown.
            self._unknown = self._loop.call_later(KEEPER_REPORT_TIMEOUT_S, self._report, None, None)
        else:
            self._report(*code_and_signal(status))

    def _report(self, exit_code: int | None, exit_signal: int | None) -> None:
        self._is_reported = True
        if self._unknown is not None:
            self._unknown.cancel()
        self._exited(exit_code, exit_signal)

    def _find_status(self) -> int | None:
        header, process = self._header, self._process
        if header.exit_status is not None:
            self._reap()
            return header.exit_status
        sources: tuple[Callable[[], int | None], ...] = (
            lambda: status_of_child(process.pid),
            lambda: status_of_zombie(process.pid, process.started),
            lambda: header.exit_status,
            lambda: status_of_reaped(self._pidfd) if self._pidfd >= 0 else None,
        )
        for read_status in sources:
            try:
                status = read_status()
            except ChildProcessError:
                continue  # Its parent is the keeper or init.
            if status is not None:
                header.exit_status = status
                self._reap()
                return status
        return None

    def _reap(self) -> None:
        try:
            os.waitpid(self._process.pid, os.WNOHANG)
        except ChildProcessError:
            pass  # Another process reaps it.

    async def _wait_in_thread(self) -> None:
        try:
            await Worker().run(lambda: os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT))
        except ChildProcessError:
            log.warning("the child's end cannot be watched here")
            return
        self._has_exited()
