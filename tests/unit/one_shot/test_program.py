"""The one-shot program on a socket, as a host runs it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator

import pytest

from session_host.errors import UsageError
from session_host.one_shot.program import FORMATS, JsonLines, Options, Output, PlainText, command, read_options
from session_host.structured.dialects.one_shot import READERS
from tests.support.waiting import wait_for_end


@pytest.fixture
def agent() -> Iterator[socket.socket]:
    """Starts the program with one socket as its stdin and stdout."""
    ours, theirs = socket.socketpair()
    argv = [
        sys.executable,
        "-P",
        "-m",
        "session_host.one_shot",
        "--format",
        "text",
        "--",
        sys.executable,
        "-c",
        "print('x' * 1_000_000)",
    ]
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
    assert text_of(lines) == "x" * 1_000_000 + "\n"


PROGRAM = """
import asyncio, sys
from session_host.one_shot import program

program.TERMINATE_S = 1.0
asyncio.run(program.Program(program.read_options(sys.argv[1:])).serve())
"""

IGNORES_SIGTERM = """
import os, signal

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print(os.getpid(), flush=True)
while True:
    signal.sigwait([signal.SIGTERM])
    print("asked to end", flush=True)
"""


def test_a_second_signal_does_not_leave_the_command_behind() -> None:
    ours, theirs = socket.socketpair()
    argv = [sys.executable, "-P", "-c", PROGRAM, "--format", "text", "--", sys.executable, "-c", IGNORES_SIGTERM]
    with ours, theirs, subprocess.Popen(argv, stdin=theirs.fileno(), stdout=theirs.fileno()) as process:
        ours.settimeout(60)
        ours.sendall(b'{"id": "p1", "prompt": ""}\n')
        command_pid = int(text_of(map(json.loads, until(ours, b'\\n"}'))))  # Its line may come in pieces.
        process.terminate()
        until(ours, b"asked to end")
        process.send_signal(signal.SIGHUP)
        wait_for_end(command_pid, 60)
        assert process.wait(60) == 0


def until_ended(agent: socket.socket) -> list[bytes]:
    """Read all lines up to the end of the turn."""
    return until(agent, b'"type":"ended"')


def until(agent: socket.socket, end: bytes) -> list[bytes]:
    """Read all lines up to one that contains ``end``."""
    data = b""
    while end not in data[-1000:]:
        piece = agent.recv(4096)
        assert piece, data[-1000:]
        data += piece
    return data.splitlines()


def text_of(lines: Iterable[dict[str, str]]) -> str:
    """The command's output, as the lines have it."""
    return "".join(each["data"] for each in lines if each["type"] == "text")


def pieces_of(output: Output, *pieces: bytes) -> list[tuple[str, object]]:
    """Feed pieces of output; returns the types and data of the resulting lines."""
    lines = b"".join([*(output.feed(piece) for piece in pieces), output.finish()]).splitlines()
    return [(each["type"], each["data"]) for each in map(json.loads, lines)]


def words(*pieces: bytes) -> str:
    """Feed pieces of plain output; returns the resulting text."""
    return "".join(str(data) for _, data in pieces_of(PlainText(), *pieces))


def test_json_lines_are_passed_on_as_they_are() -> None:
    assert pieces_of(JsonLines(), b'{"a": 1}\n{"b"', b": 2}\n") == [("line", {"a": 1}), ("line", {"b": 2})]


def test_a_line_with_a_number_that_is_none_stays_a_line() -> None:
    for number in (b"NaN", b"1e999", b"9" * 5000):
        line = b'{"a": %s, "b": "text"}' % number
        assert JsonLines().feed(line + b"\n") == b'{"type":"line","data":' + line + b"}\n"


def test_other_lines_become_texts() -> None:
    assert pieces_of(JsonLines(), b'warning\n{"torn": \n[1]\n{"a": 1}') == [
        ("text", "warning\n"),
        ("text", '{"torn": \n'),
        ("text", "[1]\n"),
        ("line", {"a": 1}),
    ]


def test_text_loses_its_escape_sequences_however_it_is_split() -> None:
    data = "\x1b[1mbold\x1b[0m \x1b]0;title\x07é\x1b(B\x08 end".encode()
    assert words(data) == "bold é end"
    for place in range(len(data)):
        assert words(data[:place], data[place:]) == "bold é end"


def test_an_overwritten_line_keeps_its_last_text() -> None:
    assert words(b"10%\r50%\r100%\r\nnext") == "100%\nnext"


@pytest.mark.parametrize(
    "line",
    [[], ["--format", "codex", "--"], ["--format", "x", "--", "a"], ["codex"], ["--format", "text", "--", "a", ":::"]],
)
def test_an_invalid_command_line_is_refused(line: list[str]) -> None:
    with pytest.raises(UsageError):
        read_options(line)


def test_later_turns_may_have_another_command() -> None:
    options = read_options(["--format", "codex", "--", "c", "-", ":::", "c", "resume", "%conversation%", "-"])
    assert options == Options("codex", ("c", "-"), ("c", "resume", "%conversation%", "-"))
    assert command(options, "hi", "", again=False) == (["c", "-"], b"hi")
    assert command(options, "hi", "x1", again=True) == (["c", "resume", "x1", "-"], b"hi")
    with_prompt = read_options(["--format", "text", "--", "aider", "--message", "%prompt%"])
    assert command(with_prompt, "a b", "", again=True) == (["aider", "--message", "a b"], b"")


def test_each_form_of_output_that_the_program_takes_has_a_reader() -> None:
    assert set(FORMATS) == set(READERS)
