"""The programs that tests run on PTYs do what their docstrings say."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from session_host.protocol.values import GridSize
from tests.programs import Gate, program
from tests.support import processes
from tests.support.terminals import SIZE, Terminal
from tests.support.waiting import TIMEOUT_S

Start = Callable[..., Terminal]


@pytest.fixture
def on_terminal() -> Iterator[Start]:
    with ExitStack() as stack:

        def start(argv: list[str], size: GridSize = SIZE) -> Terminal:
            return stack.enter_context(Terminal(argv, size=size))

        yield start


def test_numbered_lines_stop_at_the_gate(tmp_path: Path, on_terminal: Start) -> None:
    with Gate(tmp_path / "gate") as gate:
        terminal = on_terminal(program("numbered_lines", 5, "--gate", gate.path, "--before", 3, "--stay"))
        assert terminal.until(b"line 000002\r\n") == b"line 000001\r\nline 000002\r\n"
        gate.release()
        assert terminal.until(b"end of lines\r\n").count(b"line 00000") == 3
        assert processes.is_alive(terminal.pid)
        gate.release()
        assert terminal.wait() == 0


def test_a_program_does_not_outlive_its_gate(tmp_path: Path, on_terminal: Start) -> None:
    gate = Gate(tmp_path / "gate")
    terminal = on_terminal(program("numbered_lines", 2, "--gate", gate.path, "--before", 2))
    terminal.until(b"line 000001\r\n")
    gate.close()
    assert terminal.wait() == 3


def test_raw_echo_gives_back_bytes_or_shows_them(on_terminal: Start) -> None:
    terminal = on_terminal(program("raw_echo"))
    shown = on_terminal(program("raw_echo", "--show", "--enable", "2004,kitty:1"))
    terminal.until(b"ready\r\n")
    terminal.type(b"\x1b[A\x03\x00")
    assert terminal.until(b"\x00") == b"\x1b[A\x03\x00"
    assert b"\x1b[?2004h\x1b[>1u" in shown.until(b"ready\r\n")
    shown.type(b"\x1b[A")
    shown.until(b"<1b5b41>\r\n")
    terminal.type(b"\x04")
    terminal.until(b"bye")
    assert terminal.wait() == 0


def test_early_input_keeps_text_typed_before_raw_mode(tmp_path: Path, on_terminal: Start) -> None:
    typed = "".join(f"{number:04d}" for number in range(250)).encode()
    with Gate(tmp_path / "gate") as gate:
        terminal = on_terminal(program("early_input", tmp_path / "typed", 1000, "--gate", gate.path))
        terminal.type(typed[:600])
        terminal.until(typed[590:600])  # The terminal's own echo, which shows that the bytes are in its queue.
        gate.release()
        terminal.until(b"reading")
        terminal.type(typed[600:])
        terminal.until(b"got 1000 bytes")
        assert terminal.wait() == 0
    assert (tmp_path / "typed").read_bytes() == typed


def test_ignore_signals_reports_and_stays(on_terminal: Start) -> None:
    terminal = on_terminal(program("ignore_signals"))
    terminal.until(b"ready")
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        terminal.process.kill(number)
        terminal.until(f"got {number.name[3:]}".encode())
    assert processes.is_alive(terminal.pid)


def test_window_size_reports_each_change(on_terminal: Start) -> None:
    terminal = on_terminal(program("window_size"), GridSize(100, 30))
    terminal.until(b"size 100x30 0x0")
    terminal.resize(GridSize(120, 40))
    terminal.until(b"size 120x40 0x0")
    terminal.type(b"q")
    assert terminal.wait() == 0


@pytest.mark.parametrize(("how", "status"), [("7", 7), ("TERM", -signal.SIGTERM), ("KILL", -signal.SIGKILL)])
def test_end_with_ends_as_ordered(how: str, status: int, on_terminal: Start) -> None:
    terminal = on_terminal(program("end_with", how, "--text", "last words"))
    terminal.until(b"last words")
    assert terminal.wait() == status


def test_query_sender_separates_the_replies(tmp_path: Path, on_terminal: Start) -> None:
    terminal = on_terminal(program("query_sender", tmp_path / "record", "--quiet-ms", 50))
    terminal.until(b"\x1b[c\x1b[5n")
    terminal.type(b"\x1b[?62c\x1b[0n")
    for _ in range(1, 1 + 2):  # DA2 and DA3 get no reply here; only the reply to the final query arrives.
        terminal.until(b"\x1b[5n")
        terminal.type(b"\x1b[0n")
    terminal.until(b"\x1b[5n\x1b[6n")
    terminal.type(b"\x1b[0n\x1b[1;1R")
    while b"asked" not in terminal.output:
        if b"\x1b[5n" in terminal.output:
            terminal.until(b"\x1b[5n")
            terminal.type(b"\x1b[0n")
        else:
            terminal.output += terminal.read(TIMEOUT_S)
    terminal.type(b"late")
    assert terminal.wait() == 0
    record = json.loads((tmp_path / "record").read_text())
    assert record["replies"]["DA1"] == "\x1b[?62c"
    assert record["replies"]["DA2"] == ""
    assert record["replies"]["DSR"] == "\x1b[0n"
    assert record["stray"] == "late"
    assert record["received"].endswith("late")


def test_the_witness_logs_what_it_wrote_and_read(tmp_path: Path, on_terminal: Start) -> None:
    os.mkfifo(tmp_path / "orders")
    orders = os.open(tmp_path / "orders", os.O_RDWR)
    try:
        terminal = on_terminal(program("witness", tmp_path), GridSize(90, 20))
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


def test_the_witness_ends_with_the_process_that_controls_it(tmp_path: Path, on_terminal: Start) -> None:
    os.mkfifo(tmp_path / "orders")
    orders = os.open(tmp_path / "orders", os.O_RDWR)
    terminal = on_terminal(program("witness", tmp_path))
    terminal.until(b"ready\r\n")
    os.close(orders)
    assert terminal.wait() == 3
