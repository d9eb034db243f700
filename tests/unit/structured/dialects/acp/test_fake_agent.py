"""The ACP dialect with a real process made with the protocol's SDK, which validates all messages of the dialect."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from session_host.structured.dialects.base import Start
from session_host.structured.lines import LineSplitter
from session_host.structured.rules import Step
from tests.programs import DIRECTORY
from tests.support.acp_chat import AcpChat
from tests.support.waiting import TIMEOUT_S


class FakeAgents:
    """A server that forks fake agents."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "agents"
        argv = [sys.executable, str(DIRECTORY / "fake_acp_agent.py"), "--serve", str(self._path)]
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


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"FAKE_ACP_DIRECTORY": str(tmp_path), "FAKE_ACP_RECEIVED": str(tmp_path / "received")}


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeAgents]:
    agents = FakeAgents(tmp_path_factory.mktemp("agents"))
    yield agents
    agents.close()


@pytest.fixture
def chat(tmp_path: Path, agents: FakeAgents, environment: dict[str, str]) -> Iterator[AcpProcess]:
    with AcpProcess(agents, Start(directory=str(tmp_path), version="1.0"), environment) as chat:
        chat.wait_idle()
        yield chat


def received(tmp_path: Path) -> list[dict[str, Any]]:
    """Read the messages that the agent received."""
    return [json.loads(line) for line in (tmp_path / "received").read_text("utf-8").splitlines()]


def test_three_turns_of_one_process(chat: AcpProcess, tmp_path: Path) -> None:
    chat.ask("say one")
    chat.ask("think about it\nsay two\nplan a b")
    chat.ask("chunks 5 1")
    assert chat.shown() == [
        ("user", "say one", "done"),
        ("agent", "one", "done"),
        ("user", "think about it\nsay two\nplan a b", "done"),
        ("thought", "about it", "done"),
        ("agent", "two", "done"),
        ("plan", "", "done"),
        ("user", "chunks 5 1", "done"),
        ("agent", "chunk 1 chunk 2 chunk 3 chunk 4 chunk 5 ", "done"),
    ]
    methods = [each.get("method") for each in received(tmp_path)]
    assert methods == ["initialize", "session/new", *["session/prompt"] * 3]


def test_a_command_is_allowed_declined_and_cancelled(chat: AcpProcess) -> None:
    for option, status in (("yes", "done"), ("no", "declined")):
        chat.prompt("run make all")
        chat.wait(lambda: chat.transcript.open_requests)
        assert chat.request.subject == "make all"
        chat.answer(option)
        chat.wait_idle()
        assert chat.items[-1].status == status
    assert chat.items[1].output == "ran make all (yes)"
    chat.prompt("run make all")
    chat.wait(lambda: chat.transcript.open_requests)
    chat.interrupt()
    chat.wait_idle()
    assert chat.transcript.status.last_turn is not None
    assert chat.transcript.status.last_turn.outcome == "interrupted"
    assert not [each for each in chat.items if each.status == "running"]


# ---------------------------------------------------------------- opening


def resumed(agents: FakeAgents, chat: AcpProcess, environment: dict[str, str], *, has_history: bool) -> AcpProcess:
    start = Start(
        directory=chat.start.directory, conversation=chat.transcript.status.conversation, has_history=has_history
    )
    return AcpProcess(agents, start, environment)


def test_a_killed_conversation_is_resumed_and_nothing_is_repeated(
    agents: FakeAgents, chat: AcpProcess, environment: dict[str, str], tmp_path: Path
) -> None:
    chat.prompt("say one\nhold")
    chat.wait(lambda: len(chat.items) == 2)
    chat.kill()
    chat.wait_end()
    with resumed(agents, chat, environment, has_history=True) as again:
        again.wait_idle()
        again.ask("say two")
        assert [text for _, text, _ in again.shown()] == ["say two", "two"]
    assert "session/resume" in [each.get("method") for each in received(tmp_path)]


def test_a_killed_conversation_is_loaded_if_the_transcript_lacks_it(
    agents: FakeAgents, chat: AcpProcess, environment: dict[str, str]
) -> None:
    chat.prompt("run make")
    chat.wait(lambda: chat.transcript.open_requests)
    chat.answer("yes")
    chat.wait_idle()
    chat.ask("say one")
    chat.kill()
    with resumed(agents, chat, environment, has_history=False) as again:
        again.wait(lambda: "settle" in dict(again.timers))
        again.expire("settle")
        if not again.rules.state.takes_prompts:
            again.expire("settle")
        assert [text for _, text, _ in again.shown()] == ["run make", "make", "say one", "one"]
        again.ask("say two")
        assert again.items[-1].text == "two"


def test_an_agent_that_cannot_resume_begins_a_new_conversation_and_says_so(agents: FakeAgents, tmp_path: Path) -> None:
    start = Start(directory=str(tmp_path), conversation="old", has_history=True)
    with AcpProcess(agents, start, {}) as chat:
        chat.wait_idle()
        chat.ask("say hi")
    assert chat.items[0].text == "Fake Agent cannot resume conversations: this is a new one"
    assert chat.transcript.status.conversation not in {"", "old"}
