"""The hook program that agents run: it reports quickly to the host, and never fails."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.agents.session_files import HOOK_PROGRAM, hook_command
from session_host.hook.report import MAX_CHARACTERS, PROTOCOL_VERSION, TIMEOUT_S, asked, frame
from session_host.protocol import messages
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.messages import FromClient, Hello, Report

BOUND_S = 30.0
"""The program's own bound, and what a busy machine takes to start a Python; without a bound it would wait for ever."""

ASKS = {
    "session_id": "5e55104e-0000-4000-8000-000000000001",
    "hook_event_name": "PermissionRequest",
    "tool_name": "Bash",
    "tool_input": {"command": "npm test", "description": "Runs the tests"},
}


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """A session's listening socket, without accepted connections."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(tmp_path / "s.sock"))
        listening.listen(1)
        listening.settimeout(60)
        yield listening


def run(
    path: str, *words: str, given: bytes | int | None = None, more: Mapping[str, str] | None = None
) -> tuple[float, int, bytes]:
    """Run the hook; returns its duration in seconds, its exit status and its output."""
    began_s = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(HOOK_PROGRAM), *words],
        env={"OUTLIVE_SOCKET": path, **(more or {})},
        input=given if isinstance(given, bytes) else None,
        stdin=given if isinstance(given, int) else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return time.perf_counter() - began_s, done.returncode, done.stdout


def messages_of(listener: socket.socket) -> list[object]:
    """Read all messages of one connection, which the hook has closed already."""
    connection, _ = listener.accept()
    with connection:
        data = b""
        while part := connection.recv(65536):
            data += part
    return list(Decoder(FromClient).feed(data))


def test_the_input_of_a_hook_is_reported(listener: socket.socket) -> None:
    _, status, output = run(listener.getsockname(), given=json.dumps(ASKS).encode())
    assert (status, output) == (0, b"")
    assert messages_of(listener) == [
        Hello(PROTOCOL_VERSION, "control"),
        Report("hook", "PermissionRequest", ASKS["session_id"], "Bash: npm test"),  # type: ignore[arg-type]
    ]


def test_the_end_of_tool_calls_is_reported_without_their_output(listener: socket.socket) -> None:
    call = {"tool_name": "Bash", "tool_input": {"command": "é"}}
    payload = {
        "hook_event_name": "PostToolBatch",
        "agent_id": "a",
        "tool_calls": [call | {"tool_response": "x" * 99999}],
    }
    run(listener.getsockname(), "--done", given=json.dumps(payload).encode())
    report = messages_of(listener)[1]
    assert isinstance(report, Report)
    assert (report.event, json.loads(report.done)) == ("PostToolBatch", {"agent_id": "a", "calls": [call]})


def test_the_event_may_be_named_and_the_json_be_an_argument(listener: socket.socket) -> None:
    """Codex's notify passes JSON as an argument; aider's hook passes only the event's name."""
    payload = {"type": "agent-turn-complete", "thread-id": "0199", "last-assistant-message": "yes"}
    run(listener.getsockname(), json.dumps(payload), given=subprocess.DEVNULL)
    assert messages_of(listener)[1] == Report("hook", "agent-turn-complete", "0199")
    run(listener.getsockname(), "waiting", given=subprocess.DEVNULL, more={"OUTLIVE_REPORT_ID": "1f"})
    own = Report("hook", "waiting", report_id="1f")
    assert messages_of(listener)[1] == own, "it shows that it comes from the session"


def test_a_form_of_an_mcp_server_is_reported_with_its_text(listener: socket.socket) -> None:
    payload = {"hook_event_name": "Elicitation", "mcp_server_name": "asker", "message": "Which branch?", "mode": "form"}
    run(listener.getsockname(), given=json.dumps(payload).encode())
    assert messages_of(listener)[1] == Report("hook", "Elicitation", "", "asker: Which branch?")


def test_a_notification_is_named_with_its_kind(listener: socket.socket) -> None:
    payload = {"hook_event_name": "Notification", "notification_type": "idle_prompt", "message": "waiting"}
    run(listener.getsockname(), given=json.dumps(payload).encode())
    assert messages_of(listener)[1] == Report("hook", "Notification idle_prompt", "", "waiting")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"tool_name": "Edit", "tool_input": {"file_path": "/a b", "old_string": "x"}}, "Edit: /a b"),
        ({"tool_name": "AskUserQuestion", "tool_input": {"questions": [{"question": "Which color?"}]}}, "Which color?"),
        ({"tool_name": "ExitPlanMode", "tool_input": {"plan": "# First\\nthen"}}, "approve the plan"),
        ({"toolName": "bash", "toolArgs": {"command": "ls\n -l"}}, "bash: ls -l"),
        ({"message": "Claude needs your permission"}, "Claude needs your permission"),
        ({"tool_name": 3, "tool_input": "?", "message": ["x"]}, ""),
        ({"message": "x" * 1000}, "x" * MAX_CHARACTERS),
        ({"error": "unknown", "last_assistant_message": "API Error: 400 refused"}, "API Error: 400 refused"),
        ({"error": "rate_limit"}, "rate_limit"),
        ({"error": {"message": '{"message": "refused with 400"}'}}, "refused with 400"),
        ({"error": {"message": "no connection"}}, "no connection"),
        ({"last_assistant_message": "an answer"}, ""),
        ({"source": "startup"}, ""),
        ({}, ""),
    ],
)
def test_the_text_of_a_question_is_found(value: dict[str, object], text: str) -> None:
    assert asked(value) == text


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"{",
        b"[1]",
        b"\xff\xfe",
        b'"x"',
        b"{}",
        b'{"hook_event_name": 3}',
        b"[" * 100_000,
        b'{"hook_event_name": "Stop", "x": "' + b"y" * 30_000_000,
    ],
    ids=["nothing", "torn", "list", "no text", "string", "empty", "number", "deep", "huge"],
)
def test_invalid_input_is_not_reported_and_raises_no_error(listener: socket.socket, given: bytes) -> None:
    took_s, status, output = run(listener.getsockname(), given=given)
    assert (status, output) == (0, b"")
    assert took_s < BOUND_S
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_without_a_host_the_hook_ends_silently(tmp_path: Path) -> None:
    for path in ("", str(tmp_path / "nothing"), str(tmp_path), "x" * 200):
        took_s, status, output = run(path, "Stop", given=subprocess.DEVNULL)
        assert (status, output) == (0, b"")
        assert took_s < BOUND_S


def test_a_full_backlog_is_not_waited_for(listener: socket.socket) -> None:
    callers = []
    for _ in range(3):
        callers.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
        callers[-1].connect_ex(listener.getsockname())
    took_s, status, output = run(listener.getsockname(), "Stop", given=subprocess.DEVNULL)
    assert (status, output) == (0, b"")
    assert took_s < BOUND_S
    for each in callers:
        each.close()


def test_input_that_never_ends_is_not_waited_for(listener: socket.socket) -> None:
    read, write = os.pipe()
    try:
        took_s, status, output = run(listener.getsockname(), "Stop", given=read)
        assert (status, output) == (0, b"")
        assert TIMEOUT_S / 2 <= took_s < BOUND_S
        assert messages_of(listener)[1] == Report("hook", "Stop")
    finally:
        os.close(read)
        os.close(write)


def test_closed_standard_streams_raise_no_error(listener: socket.socket) -> None:
    command = f"{hook_command()} Stop <&- >&- 2>&-"
    done = subprocess.run(
        ["sh", "-c", command], env={"OUTLIVE_SOCKET": listener.getsockname()}, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


TEXTS = st.text(max_size=MAX_CHARACTERS)


def test_the_hook_speaks_the_protocol_of_the_host() -> None:
    assert PROTOCOL_VERSION == messages.PROTOCOL_VERSION


@given(TEXTS, TEXTS, TEXTS)
def test_its_frames_are_those_of_the_codec(event: str, conversation: str, detail: str) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in (event, conversation, detail)]
    report = Report("hook", *texts)
    frames = frame(["Hello", PROTOCOL_VERSION, "control", "", ""]) + frame(["Report", "hook", *texts])
    assert list(Decoder(FromClient).feed(frames)) == [Hello(PROTOCOL_VERSION, "control"), report]
    assert frame(["Report", "hook", *texts, "", ""]) == encode(report)
