"""A hook that asks for the user's answer waits for it, and asks the next host if one dies."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from session_host.agents.session_files import HOOK_PROGRAM
from session_host.hook.report import PROTOCOL_VERSION
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.messages import AskUser, FromClient, Hello, Message, Report, UserAnswer, Welcome
from session_host.protocol.values import State

TIMEOUT_S = 60.0
INPUT = json.dumps(
    {"hook_event_name": "PermissionRequest", "tool_name": "Bash", "tool_input": {"command": "é" * 70_000}}
)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(tmp_path / "s.sock"))
        listening.listen(1)
        listening.settimeout(TIMEOUT_S)
        yield listening


@contextmanager
def asking(listener: socket.socket, given: str = INPUT) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-I", "-S", str(HOOK_PROGRAM), "--ask"]
    env = {"OUTLIVE_SOCKET": listener.getsockname()}
    with subprocess.Popen(words, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(given.encode())
        process.stdin.close()
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[bytes]) -> tuple[bytes, int]:
    """Wait for a hook to end; returns its output and exit code."""
    assert process.stdout is not None
    return process.stdout.read(), process.wait(TIMEOUT_S)


@contextmanager
def caller(listener: socket.socket, count: int) -> Iterator[tuple[socket.socket, list[Message]]]:
    """Accept a connection of the hook; yields it and its first messages."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(TIMEOUT_S)
        decoder, messages = Decoder(FromClient), list[Message]()
        while len(messages) < count:
            data = connection.recv(65536)
            assert data
            messages += decoder.feed(data)
        connection.sendall(encode(Welcome(PROTOCOL_VERSION, "1", "id", State.RUNNING)))
        yield connection, messages


@pytest.mark.parametrize("output", [b"", b"x" * 300, b"y" * 70_000], ids=len)
def test_the_answer_is_the_hooks_output(listener: socket.socket, output: bytes) -> None:
    with asking(listener) as process, caller(listener, 3) as (connection, messages):
        hello, report, question = messages
        assert hello == Hello(PROTOCOL_VERSION, "control")
        assert isinstance(report, Report)
        assert isinstance(question, AskUser)
        assert question.data == INPUT
        connection.sendall(encode(UserAnswer(question.request, output)))
        assert ended(process) == (output, 0)


def test_the_next_host_is_asked_the_same_question(listener: socket.socket) -> None:
    with asking(listener) as process:
        with caller(listener, 3) as (_, (_, _, question)):
            pass
        with caller(listener, 2) as (connection, (_, again)):
            assert isinstance(question, AskUser)
            assert again == msgspec.structs.replace(question, again=True)
            connection.sendall(encode(UserAnswer(1, b"yes")))
            assert ended(process) == (b"yes", 0)


def test_a_hook_ends_when_its_agent_is_gone(listener: socket.socket) -> None:
    with asking(listener) as process, caller(listener, 3):
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(TIMEOUT_S) == 0


def test_without_a_host_the_dialog_is_left_alone(listener: socket.socket) -> None:
    with asking(listener) as process:
        with caller(listener, 3):
            listener.close()
        assert ended(process) == (b"", 0)
