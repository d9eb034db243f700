"""The one-shot program on a socket, as a host runs it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def agent() -> Iterator[socket.socket]:
    """Starts the program with one socket as its stdin and stdout."""
    ours, theirs = socket.socketpair()
    argv = [sys.executable, "-P", "-m", "session_host.one_shot", "--format", "text", "--", sys.executable, "-c",
            "print('x' * 3_000_000)"]  # fmt: skip
    process = subprocess.Popen(argv, stdin=theirs.fileno(), stdout=theirs.fileno())
    theirs.close()
    ours.settimeout(60)
    yield ours
    ours.close()
    process.wait(60)


def test_a_host_that_reads_slowly_loses_nothing(agent: socket.socket) -> None:
    agent.sendall(b'{"id": "p1", "prompt": ""}\nnonsense\n')
    lines = [json.loads(line) for line in until_ended(agent)]
    others = sorted(each["type"] for each in lines if each["type"] != "text")
    assert others == ["ended", "error", "ready", "started"]
    assert "".join(each["data"] for each in lines if each["type"] == "text") == "x" * 3_000_000 + "\n"


def until_ended(agent: socket.socket) -> list[bytes]:
    """Read all lines up to the end of the turn."""
    data = b""
    while b'"type":"ended"' not in data[-1000:]:
        piece = agent.recv(4096)
        assert piece, data[-1000:]
        data += piece
    return data.splitlines()
