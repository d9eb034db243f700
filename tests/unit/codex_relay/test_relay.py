"""The relay program between a chat and an app-server that another client uses, too."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from websockets.sync.client import unix_connect

from session_host.codex_relay.server import STALE_AFTER_S, connected
from session_host.codex_relay.terminal import ENDED
from session_host.structured.dialects.base import Start
from session_host.structured.dialects.codex.dialect import CodexDialect
from tests.support.hostless_chat import HostlessChat
from tests.support.processes import is_alive
from tests.support.structured_chats import FAKE
from tests.support.waiting import wait_until

Json = dict[str, Any]
DEADLINE_S = 60.0


class OtherClient:
    """A client on the server's socket. A context manager.

    Attributes:
        heard: all messages of the server.
    """

    def __init__(self, path: Path) -> None:
        self._connection = unix_connect(
            str(path),
            uri="ws://localhost/",
            compression=None,
            max_size=None,
            max_queue=None,
            ping_interval=None,
            legacy=True,
        )
        self._numbers = itertools.count(1)
        self.heard: list[Json] = []
        info = {"name": "other", "title": "Other", "version": "1"}
        self.call("initialize", clientInfo=info, capabilities={"experimentalApi": True, "requestAttestation": False})
        self._send({"method": "initialized"})

    def open(self, thread: str) -> None:
        """Follow a thread."""
        self.thread = thread
        self.call("thread/resume", threadId=thread, excludeTurns=True)

    def prompt(self, text: str) -> None:
        """Start a turn."""
        self.call("turn/start", threadId=self.thread, input=[{"type": "text", "text": text}])

    def call(self, method: str, **params: Any) -> Json:
        """Send a request and wait for the reply."""
        number = next(self._numbers)
        self._send({"id": number, "method": method, "params": params})
        return self.wait_for_message(lambda each: each.get("id") == number and "method" not in each)

    def wait_for_request(self) -> Json:
        """Wait for a request of the server."""
        return self.wait_for_message(lambda each: "id" in each and "method" in each)

    def answer(self, request: Json, decision: str) -> None:
        """Answer a request of the server."""
        self._send({"id": request["id"], "result": {"decision": decision}})

    def wait_for_notification(self, method: str) -> Json:
        """Wait for a notification."""
        return self.wait_for_message(lambda each: each.get("method") == method)

    def wait_for_message(self, wanted: Callable[[Json], bool]) -> Json:
        """Wait for a message that matches; earlier messages are dropped.

        Raises:
            TimeoutError: no such message comes.
        """
        deadline_s = time.monotonic() + DEADLINE_S
        while True:
            message: Json = json.loads(self._connection.recv(timeout=max(0.0, deadline_s - time.monotonic())))
            self.heard.append(message)
            if wanted(message):
                return message

    def _send(self, message: Json) -> None:
        self._connection.send(json.dumps(message))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


RELAY = [sys.executable, "-P", "-m", "session_host.codex_relay"]


def test_another_users_server_in_the_place_of_codexs_is_not_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        (own := connected(path)).close()  # type: ignore[union-attr]
        assert own is not None
        monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
        assert connected(path) is None


def served(path: Path) -> list[str]:
    """The command line of the relay with the fake server."""
    return [*RELAY, str(path), "--", sys.executable, str(FAKE), "--listen", f"unix://{path}"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "server.app"


@pytest.fixture
def chat(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostlessChat]:
    """A chat through the relay, ready for a prompt."""
    monkeypatch.setenv("FAKE_APP_SERVER_THREADS", str(tmp_path))
    with HostlessChat(CodexDialect, Start(directory=str(tmp_path)), served(path)) as opened:
        opened.until(lambda: opened.rules.state.takes_prompts)
        yield opened
        opened.process.terminate()
        opened.process.wait(60)


@pytest.fixture
def other(chat: HostlessChat, path: Path) -> Iterator[OtherClient]:
    """Another client that follows the chat's thread."""
    with OtherClient(path) as client:
        client.open(chat.transcript.status.conversation)
        yield client


def server_of(chat: HostlessChat) -> int:
    """Return the PID of the server."""
    children = Path(f"/proc/{chat.process.pid}/task/{chat.process.pid}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])


def shown(chat: HostlessChat) -> list[tuple[str, str]]:
    return [(each.kind, each.text) for each in chat.transcript if each.kind in {"user", "agent"}]


def test_prompts_of_both_are_shown_once_each_and_in_order(chat: HostlessChat, other: OtherClient) -> None:
    chat.turn("one")
    other.wait_for_notification("turn/completed")
    other.prompt("two")
    chat.until(lambda: "echo: two" in chat.texts("agent"))
    chat.until_idle()
    chat.turn("three")
    assert shown(chat) == [
        (kind, text)
        for word in ("one", "two", "three")
        for kind, text in (("user", word), ("agent", f"echo: {word}"))
    ]  # fmt: skip
    assert set(chat.statuses("user")) == {"done"}


def test_during_the_other_clients_turn_a_prompt_waits_and_a_steering_text_is_sent(
    chat: HostlessChat, other: OtherClient
) -> None:
    other.prompt("count: 9\nhold: 3")
    chat.until(lambda: chat.texts("agent") and "line 0003" in chat.texts("agent")[-1])
    assert chat.transcript.status.state == "running"
    chat.prompt("after it")
    chat.prompt("the other way", "steer")
    chat.until_idle()
    assert chat.texts("user")[-2:] == ["the other way", "after it"]
    assert chat.texts("agent")[-2:] == ["steered: the other way", "echo: after it"]


def test_the_chat_interrupts_the_other_clients_turn(chat: HostlessChat, other: OtherClient) -> None:
    other.prompt("count: 9\nhold: 3")
    chat.until(lambda: chat.texts("agent") and "line 0003" in chat.texts("agent")[-1])
    chat.interrupt()
    chat.until_idle()
    assert chat.transcript.status.last_turn is not None
    assert chat.transcript.status.last_turn.outcome == "interrupted"


def test_a_request_that_the_other_client_answers_is_closed_in_the_chat(chat: HostlessChat, other: OtherClient) -> None:
    chat.prompt("run: make all")
    request = chat.until_asked()
    other.answer(other.wait_for_request(), "accept")
    chat.until_idle()
    assert not chat.transcript.open_requests
    assert chat.texts("agent") == ["the decision was accept"]
    assert chat.transcript.get(request.item).status == "done"  # type: ignore[union-attr]


def test_a_request_that_the_chat_answers_is_closed_at_the_other_client(chat: HostlessChat, other: OtherClient) -> None:
    other.prompt("run: make all")
    chat.answer(chat.until_asked(), "decline")
    request = other.wait_for_request()
    assert other.wait_for_notification("serverRequest/resolved")["params"]["requestId"] == request["id"]
    other.answer(request, "accept")
    chat.until_idle()
    assert chat.texts("agent") == ["the command was declined"]


def test_the_turn_continues_when_the_other_client_disconnects(
    chat: HostlessChat, other: OtherClient, tmp_path: Path
) -> None:
    other.prompt("count: 9\nhold: 3")
    chat.until(lambda: chat.texts("agent") and "line 0003" in chat.texts("agent")[-1])
    other.close()
    (tmp_path / "release").touch()
    chat.until_idle()
    assert chat.texts("agent")[-1].count("answer line") == 9


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_with_the_program(chat: HostlessChat, path: Path, number: signal.Signals) -> None:
    server = server_of(chat)
    chat.process.send_signal(number)
    chat.until_ended()
    assert chat.process.returncode == -number
    wait_until(lambda: not is_alive(server), 5, "the server's end")
    assert path.is_symlink() == (number == signal.SIGKILL)


def test_the_program_ends_with_the_server(chat: HostlessChat, path: Path) -> None:
    chat.prompt("count: 9\nhold: 3")
    chat.until(lambda: chat.texts("agent") and "line 0003" in chat.texts("agent")[-1])
    os.kill(server_of(chat), signal.SIGKILL)
    chat.until_ended()
    assert chat.process.returncode == -signal.SIGKILL
    assert chat.statuses("agent") == ["cut"]
    assert not path.is_symlink()


def test_the_end_of_stdin_ends_program_and_server(chat: HostlessChat) -> None:
    server = server_of(chat)
    assert chat.process.stdin is not None
    chat.process.stdin.close()
    assert chat.process.wait(60) == 0
    assert not is_alive(server)


def test_a_host_that_reads_nothing_for_a_while_loses_nothing(tmp_path: Path, path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, subprocess.Popen(served(path), stdin=theirs.fileno(), stdout=theirs.fileno()) as process:
        theirs.close()
        ours.settimeout(60)
        for number, (method, params) in enumerate(
            {
                "initialize": '{"clientInfo": {"name": "x"}}',
                "thread/start": "{}",
                "turn/start": '{"input": [{"type": "text", "text": "count: 8000"}]}',
            }.items()
        ):
            ours.sendall(b'{"id": %d, "method": "%s", "params": %s}\n' % (number, method.encode(), params.encode()))
        received = b""
        while b'"id": 2' not in received:
            received += ours.recv(65536)
        with OtherClient(path) as other:
            wait_until(lambda: other.call("account/read")["result"], 10, "the server")
        while b"turn/completed" not in received[-100_000:]:
            received += ours.recv(65536)
        assert received.count(b'"item/agentMessage/delta"') == 8000
        process.terminate()


def test_sockets_left_by_killed_relays_are_removed(path: Path) -> None:
    def left(name: str, age_s: float) -> Path:
        link, target = path.with_name(f"{name}.app"), path.with_name(name)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(target))
            listening.listen()
        link.symlink_to(target)
        now = link.lstat().st_mtime
        os.utime(link, (now - age_s, now - age_s), follow_symlinks=False)
        return link

    old, young = left("old", STALE_AFTER_S + 5), left("young", 0)
    done = subprocess.run([*RELAY, str(path), "--", "false"], capture_output=True, check=False)
    assert done.returncode == 1
    assert (old.is_symlink(), (path.parent / "old").exists()) == (False, False)
    assert (young.is_symlink(), (path.parent / "young").exists()) == (True, True)


@pytest.mark.parametrize(
    ("command", "output"),
    [("/no/such/program", "No such file"), ("true", "the server ended before it took connections")],
)
def test_a_server_that_does_not_serve_is_reported(path: Path, command: str, output: str) -> None:
    done = subprocess.run([*RELAY, str(path), "--", command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("outlive-codex-relay: ")
    assert output in done.stderr


def test_a_wrong_command_line_is_reported() -> None:
    ended = subprocess.run([*RELAY, "path", "codex"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "SOCKET -- COMMAND" in ended.stderr


@pytest.mark.parametrize("server", ["has ended", "ends", "serves"])
def test_after_a_failed_agent_the_terminal_says_whether_the_chat_has_ended(path: Path, server: str) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        words = [*RELAY, "--terminal", str(path), "--", "sh", "-c", "read line; echo cannot connect; exit 3"]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        watching, _ = listening.accept()

        def end() -> None:
            path.unlink()
            listening.close()
            watching.close()

        if server == "has ended":
            end()
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        if server == "ends":
            # The agent has failed, so another connection checks whether the server still runs.
            asking, _ = listening.accept()
            end()
            asking.close()
        output, _ = process.communicate(timeout=60)
        watching.close()
    assert "cannot connect" in output
    assert (process.returncode, ENDED in output) == ((3, False) if server == "serves" else (0, True))
