"""The programs that tests run on PTYs do what their docstrings say."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import Gate, program

DEADLINE_S = 15.0


class OnTerminal:
    """A program on a PTY of its own, read by the test."""

    def __init__(self, argv: list[str], *, columns: int = 80, rows: int = 24) -> None:
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (rows, columns))
        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        self.output = b""

    def until(self, text: bytes) -> bytes:
        """Read until ``text`` has come; the output up to there."""
        end = time.monotonic() + DEADLINE_S
        while text not in self.output:
            ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"{text!r} did not come; got {self.output[-500:]!r}"
            self.output += os.read(self.master, 65536)
        position = self.output.index(text) + len(text)
        taken, self.output = self.output[:position], self.output[position:]
        return taken

    def type(self, data: bytes) -> None:
        os.write(self.master, data)

    def wait(self) -> int:
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def running() -> Iterator[list[OnTerminal]]:
    started: list[OnTerminal] = []
    yield started
    for terminal in started:
        terminal.close()


def test_numbered_lines_stop_at_the_gate(tmp_path: Path, running: list[OnTerminal]) -> None:
    with Gate(tmp_path / "gate") as gate:
        terminal = OnTerminal(program("numbered_lines", 5, "--gate", gate.path, "--before", 3, "--stay"))
        running.append(terminal)
        assert terminal.until(b"line 000002\r\n") == b"line 000001\r\nline 000002\r\n"
        gate.release()
        assert terminal.until(b"end of lines\r\n").count(b"line 00000") == 3
        assert terminal.process.poll() is None
        gate.release()
        assert terminal.wait() == 0


def test_a_program_does_not_outlive_its_gate(tmp_path: Path, running: list[OnTerminal]) -> None:
    gate = Gate(tmp_path / "gate")
    terminal = OnTerminal(program("numbered_lines", 2, "--gate", gate.path, "--before", 2))
    running.append(terminal)
    terminal.until(b"line 000001\r\n")
    gate.close()
    assert terminal.wait() == 3


def test_raw_echo_gives_back_bytes_or_shows_them(running: list[OnTerminal]) -> None:
    terminal = OnTerminal(program("raw_echo"))
    shown = OnTerminal(program("raw_echo", "--show", "--enable", "2004,kitty:1"))
    running += [terminal, shown]
    terminal.until(b"ready\r\n")
    terminal.type(b"\x1b[A\x03\x00")
    assert terminal.until(b"\x00") == b"\x1b[A\x03\x00"
    assert b"\x1b[?2004h\x1b[>1u" in shown.until(b"ready\r\n")
    shown.type(b"\x1b[A")
    shown.until(b"<1b5b41>\r\n")
    terminal.type(b"\x04")
    terminal.until(b"bye")
    assert terminal.wait() == 0


def test_early_input_keeps_what_was_typed_before_raw_mode(tmp_path: Path, running: list[OnTerminal]) -> None:
    typed = "".join(f"{number:04d}" for number in range(250)).encode()
    with Gate(tmp_path / "gate") as gate:
        terminal = OnTerminal(program("early_input", tmp_path / "typed", 1000, "--gate", gate.path))
        running.append(terminal)
        terminal.type(typed[:600])
        terminal.until(typed[590:600])  # The terminal's own echo: the bytes are in its queue.
        gate.release()
        terminal.until(b"reading")
        terminal.type(typed[600:])
        terminal.until(b"got 1000 bytes")
        assert terminal.wait() == 0
    assert (tmp_path / "typed").read_bytes() == typed


def test_ignore_signals_reports_and_stays(running: list[OnTerminal]) -> None:
    terminal = OnTerminal(program("ignore_signals"))
    running.append(terminal)
    terminal.until(b"ready")
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        terminal.process.send_signal(number)
        terminal.until(f"got {number.name[3:]}".encode())
    assert terminal.process.poll() is None


def test_window_size_reports_each_change(running: list[OnTerminal]) -> None:
    terminal = OnTerminal(program("window_size"), columns=100, rows=30)
    running.append(terminal)
    terminal.until(b"size 100x30 0x0")
    termios.tcsetwinsize(terminal.master, (40, 120))
    terminal.process.send_signal(signal.SIGWINCH)
    terminal.until(b"size 120x40 0x0")
    terminal.type(b"q")
    assert terminal.wait() == 0


@pytest.mark.parametrize(("how", "status"), [("7", 7), ("TERM", -signal.SIGTERM), ("KILL", -signal.SIGKILL)])
def test_end_with_ends_as_told(how: str, status: int, running: list[OnTerminal]) -> None:
    terminal = OnTerminal(program("end_with", how, "--text", "last words"))
    running.append(terminal)
    terminal.until(b"last words")
    assert terminal.wait() == status


def test_query_sender_keeps_each_reply_apart(tmp_path: Path, running: list[OnTerminal]) -> None:
    terminal = OnTerminal(program("query_sender", tmp_path / "record", "--quiet-ms", 50))
    running.append(terminal)
    terminal.until(b"\x1b[c\x1b[5n")
    terminal.type(b"\x1b[?62c\x1b[0n")
    for _ in range(1, 1 + 2):  # DA2 and DA3 stay unanswered here; the fence alone comes back.
        terminal.until(b"\x1b[5n")
        terminal.type(b"\x1b[0n")
    terminal.until(b"\x1b[5n\x1b[6n")
    terminal.type(b"\x1b[0n\x1b[1;1R")
    while b"asked" not in terminal.output:
        if b"\x1b[5n" in terminal.output:
            terminal.until(b"\x1b[5n")
            terminal.type(b"\x1b[0n")
        else:
            select.select([terminal.master], [], [], DEADLINE_S)
            terminal.output += os.read(terminal.master, 65536)
    terminal.type(b"late")
    assert terminal.wait() == 0
    record = json.loads((tmp_path / "record").read_text())
    assert record["replies"]["DA1"] == "\x1b[?62c"
    assert record["replies"]["DA2"] == ""
    assert record["replies"]["DSR"] == "\x1b[0n"
    assert record["stray"] == "late"
    assert record["received"].endswith("late")


def test_a_witness_keeps_what_it_wrote_and_read(tmp_path: Path, running: list[OnTerminal]) -> None:
    os.mkfifo(tmp_path / "orders")
    orders = os.open(tmp_path / "orders", os.O_RDWR)
    try:
        terminal = OnTerminal(program("witness", tmp_path), columns=90, rows=20)
        running.append(terminal)
        output = terminal.until(b"ready\r\n")
        os.write(orders, b"lines 2\nbits 1\nask CPR 3 4\nask DA1\nburst 5000\n")
        output += terminal.until(b"\x1b[6n\x1b8") + terminal.until(b"\x1b[c")
        terminal.type(b"\x1b[3;4R<a1")
        terminal.type(b">")
        output += terminal.until(b"echo <a1>\r\n")
        os.write(orders, b"random 1 100000\nquiet\nend 9\n")
        output += terminal.until(b"bye\r\n")
        assert terminal.wait() == 9
    finally:
        os.close(orders)
    assert (tmp_path / "written").read_bytes() == output
    assert [int(number) for number in re.findall(rb"(\d{8}) [0-9a-f]{8} ", output)][:4] == [1, 2, 3, 4]
    assert (tmp_path / "received").read_bytes() == b"\x1b[3;4R<a1>"
    assert (tmp_path / "asked").read_text() == "CPR 3 4\nDA1\n"
    assert (tmp_path / "sizes").read_text() == "90x20\n"
    assert (tmp_path / "obeyed").read_text().splitlines()[-3:] == ["random 1 100000", "quiet", "end"]


def test_a_witness_does_not_outlive_who_gives_its_orders(tmp_path: Path, running: list[OnTerminal]) -> None:
    os.mkfifo(tmp_path / "orders")
    orders = os.open(tmp_path / "orders", os.O_RDWR)
    terminal = OnTerminal(program("witness", tmp_path))
    running.append(terminal)
    terminal.until(b"ready\r\n")
    os.close(orders)
    assert terminal.wait() == 3
