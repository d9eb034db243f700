"""A keeper that ``keeper_server`` starts, in the place of a ``subprocess.Popen``."""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from session_host.keeper_client import discovery
from tests.support.command_server import MOST_BYTES, Command


def use(requests: socket.socket) -> None:
    """Have this process start its keepers by the server on the other end of ``requests``."""
    usual = discovery.keeper_argv(), _of_the_interpreter(discovery.keeper_environment())

    def start(argv: Sequence[str], **options: Any) -> Any:
        message = pickle.dumps(Command([], options["env"], options["cwd"], 0o077))
        if len(message) > MOST_BYTES or (argv, _of_the_interpreter(options["env"])) != usual:
            return subprocess.Popen(argv, **options)
        return ForkedKeeper(requests, message, options["stdout"], options["stderr"])

    vars(discovery)["subprocess"] = SimpleNamespace(
        Popen=start, DEVNULL=subprocess.DEVNULL, TimeoutExpired=subprocess.TimeoutExpired
    )


def _of_the_interpreter(environment: Mapping[str, str]) -> dict[str, str]:
    """What an interpreter reads at its start: the server's has read its own."""
    return {name: value for name, value in environment.items() if name.startswith(("PYTHON", "LANG", "LC_"))}


def use_none() -> None:
    """Have this process execute its keepers."""
    vars(discovery)["subprocess"] = subprocess


class ForkedKeeper:
    """The process that daemonizes itself as a keeper."""

    def __init__(self, requests: socket.socket, message: bytes, stdout: int, stderr: int) -> None:
        self._reports, theirs = os.pipe()
        stdin = os.open(os.devnull, os.O_RDONLY)
        try:
            socket.send_fds(requests, [message], [stdin, stdout, stderr, theirs])
        finally:
            os.close(stdin)
            os.close(theirs)
        self._told = b""
        self._read()

    @property
    def pid(self) -> int:
        """Its PID."""
        return int(self._told.split()[0])

    def _read(self) -> None:
        self._told += os.read(self._reports, 100)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; returns its exit code."""
        while len(self._told.split()) < 2:
            if not select.select([self._reports], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("keeper", timeout or 0)
            self._read()
        if self._reports >= 0:
            os.close(self._reports)
            self._reports = -1
        return int(self._told.split()[1])

    def kill(self) -> None:
        """Kill it."""
        os.kill(self.pid, signal.SIGKILL)
