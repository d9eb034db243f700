"""A process forked by a server, with the interface of ``subprocess.Popen``; a keeper may be one."""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from session_host.keeper_client import discovery
from tests.support.command_server import MAX_BYTES, Command


class ForkedProcess:
    """The process, with the methods of ``subprocess.Popen`` that tests use.

    Attributes:
        returncode: like Popen's: None until ``poll`` or ``wait`` has seen the process's end.
    """

    def __init__(
        self, requests: socket.socket, message: bytes, stdout: int, stderr: int, *, stdin: int | None = None
    ) -> None:
        """Start the process, without input if ``stdin`` is None; ``message`` is a pickled ``Command``."""
        self.returncode: int | None = None
        self._reports, theirs = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            socket.send_fds(requests, [message], [nothing if stdin is None else stdin, stdout, stderr, theirs])
        finally:
            os.close(nothing)
            os.close(theirs)
        self._report = b""
        self._read()
        self.pid = int(self._report.split()[0])

    def _read(self) -> None:
        report = os.read(self._reports, 100)
        if not report:
            raise ChildProcessError("the server of forks has gone")
        self._report += report

    def end_descriptor(self) -> int:
        """A descriptor that is readable after the process's end, even if this object has seen the end; close it."""
        return os.dup(self._reports)

    def poll(self) -> int | None:
        """The exit code; None while the process runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the process's end; returns the exit code, or the negative number of the signal that ended it.

        Raises:
            subprocess.TimeoutExpired: the process still runs.
        """
        while len(self._report.split()) < 2:
            if not select.select([self._reports], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a forked process", timeout or 0)
            self._read()
        if self.returncode is None:
            self.returncode = int(self._report.split()[1])
            os.close(self._reports)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send the process a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process, unless it has ended."""
        self.send_signal(signal.SIGKILL)


EXEC = discovery.start_process
"""Starts a keeper by exec, as users do."""


def use(requests: socket.socket) -> None:
    """From now on, start keepers by the server at the other end of ``requests``."""
    usual = discovery.keeper_argv(), _of_the_interpreter(discovery.keeper_environment())

    def start(argv: Sequence[str], **options: Any) -> Any:
        message = pickle.dumps(Command([], options["env"], options["cwd"], 0o077))
        if len(message) > MAX_BYTES or (argv, _of_the_interpreter(options["env"])) != usual:
            return subprocess.Popen(argv, **options)
        return ForkedProcess(requests, message, options["stdout"], options["stderr"])

    vars(discovery)["start_process"] = start


def _of_the_interpreter(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that an interpreter reads at its start; a fork of the server cannot change them."""
    return {name: value for name, value in environment.items() if name.startswith(("PYTHON", "LANG", "LC_"))}


def use_none() -> None:
    """From now on, start keepers by exec."""
    vars(discovery)["start_process"] = EXEC
