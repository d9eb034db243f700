"""A chat with a real ACP agent process, which has one socket as its standard input and output."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from session_host.structured.dialects.base import Start
from session_host.structured.lines import LineSplitter
from session_host.structured.rules import Step
from tests.support.acp_chat import AcpChat
from tests.support.waiting import TIMEOUT_S

PROGRAMS = Path(__file__).resolve().parents[1] / "programs"


class FakeAgents:
    """A server that forks fake agents."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "agents"
        argv = [sys.executable, str(PROGRAMS / "fake_acp_agent.py"), "--serve", str(self._path)]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def connect(self, directory: str, environment: Mapping[str, str]) -> tuple[socket.socket, int]:
        """Start an agent; returns its standard input and output, and its process id."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(TIMEOUT_S)
        connection.connect(str(self._path))
        with connection.makefile("rb", buffering=0) as lines:
            pid = int(lines.readline())
        connection.sendall(json.dumps([directory, dict(environment)]).encode() + b"\n")
        return connection, pid

    def close(self) -> None:
        """End the server."""
        self._process.communicate()


class AcpProcess(AcpChat):
    """A chat with a process. The dialect's timers expire only by ``expire``.

    Attributes:
        ended: whether the agent has closed its output.
    """

    def __init__(self, agents: FakeAgents, start: Start, environment: Mapping[str, str]) -> None:
        self._socket, pid = agents.connect(start.directory, environment)
        self._process = os.pidfd_open(pid)
        self._splitter = LineSplitter()
        self.ended = False
        super().__init__(start)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._socket.close()
        os.close(self._process)

    def kill(self) -> None:
        """Kill the agent."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def wait(self, condition: Callable[[], Any]) -> None:
        """Read the agent's output until the condition is true, or the agent has ended."""
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            assert not self.ended, self.shown()
            assert time.monotonic() < deadline, self.shown()
            self._read()

    def wait_idle(self) -> None:
        """Wait until the agent has ended its turn."""
        rules = self.rules
        self.wait(lambda: rules.state.takes_prompts and rules.state.state == "idle" and rules.state.in_flight is None)

    def wait_end(self) -> None:
        """Read the agent's output to its end."""
        while not self.ended:
            self._read()

    def ask(self, text: str) -> None:
        """Prompt, and wait for the end of the turn."""
        self.prompt(text)
        self.wait_idle()

    def _read(self) -> None:
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:  # The agent ended with unread input.
            data = b""
        if data:
            self._take(self.rules.receive_lines(self._splitter.feed(data), self._later()))
            return
        self.ended = True
        self._take(self.rules.receive_lines(self._splitter.finish(), self._later()))
        self.end()

    def _take(self, step: Step) -> list[dict[str, Any]]:
        if step.lines and not self.ended:
            self._socket.sendall(step.lines)
        return super()._take(step)
