"""Echoes in an attached terminal, which ``attach`` or the host shows, and their correction by the program's output."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.programs import program
from tests.support import processes
from tests.support.commands import OnTerminal, new, outlive
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")


def test_characters_that_the_program_draws_differently_are_not_echoed_locally() -> None:
    new("-n", "echo", "--", *program("raw_echo"))
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        for typed in ("\x1b)", "0", "\x0e"):  # From now on, "q" is drawn as a line, and capital letters as themselves.
            terminal.type(typed)
        for number in range(1, 4):
            terminal.type("A")
            terminal.see("A" * number)
        terminal.type("q")
        terminal.see("AAA─")
        terminal.type("A")
        terminal.see("AAA─A")


def type_one_by_one(terminal: OnTerminal, text: str) -> None:
    """Type each character after the echo of the one before."""
    for end in range(1, len(text) + 1):
        terminal.type(text[end - 1])
        terminal.see(f"ready\n{text[:end]}")


def wait_until_shared(terminal: OnTerminal) -> None:
    """Wait until the host may show echoes in the terminal."""
    path = str(Path(f"/proc/{terminal.pid}/fd/0").readlink())
    [entry] = outlive("ls", "--json").json()
    files = Path(f"/proc/{entry['host_pid']}/fd")
    wait_until(lambda: path in {str(each.readlink()) for each in files.iterdir() if each.is_symlink()}, 20, "the host")


def shown_lines(terminal: OnTerminal) -> str:
    """The terminal's text without the notice that may be below it."""
    terminal.show_pending()
    return terminal.text().partition(" Ctrl+B, then")[0].rstrip()


@contextmanager
def stopped(terminal: OnTerminal) -> Iterator[None]:
    """Let no code of the terminal's ``attach`` run."""
    processes.stop(terminal.pid)
    try:
        yield
    finally:
        os.kill(terminal.pid, signal.SIGCONT)


def test_the_host_shows_an_echo_itself_and_attach_takes_it_into_account() -> None:
    new("-n", "echo", "--", *program("raw_echo"))
    with OnTerminal("attach", "echo") as terminal, OnTerminal("attach", "echo") as other:
        terminal.see("ready")
        other.see("ready")
        type_one_by_one(terminal, "ab")
        wait_until_shared(terminal)
        with stopped(terminal):
            other.type("c")
            terminal.see("abc")
            other.type("\r\n")
            other.type("d")
            other.see("abc\nd")
        terminal.see("ready\nabc\nd")
        terminal.type(b"\x02d")
        assert terminal.end() == 0
        other.type("e")
        other.see("abc\nde")
        terminal.show_pending()
        assert terminal.text().endswith("it keeps running]")


def test_a_notice_and_echoes_of_the_host_do_not_mix() -> None:
    new("-n", "echo", "--", *program("raw_echo"))
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        type_one_by_one(terminal, "ab")
        wait_until_shared(terminal)
        terminal.type(b"\x02?c")
        terminal.see("Ctrl+B, then: d detach")
        terminal.see("ready\nabc\n")
        terminal.type("d")
        terminal.see("ready\nabcd\n")


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_whatever_is_typed_the_terminal_shows_the_chats_screen(seed: int) -> None:
    new("-n", "echo", "--", *program("raw_echo"))
    order = random.Random(seed)
    weights: dict[str | bytes, int] = {
        "a": 30, "b": 30, "xyz": 5, "longer than an echo": 1, "\r\n": 5, "\b": 2, "\t": 1, "é": 1,
        "\x1b[1m": 1, "\x1b[m": 1, "\x1b[A": 1, b"\x02?": 1,
    }  # fmt: skip
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        for number in range(150):
            if number % 15 == 14:
                terminal.type("\r\n")  # No line fills the screen's width: wrapped lines are compared as two.
            terminal.type(order.choices(list(weights), list(weights.values()))[0])
            if order.random() < 0.5:
                terminal.show_pending()
        terminal.type("\r\nend of it")
        terminal.see("end of it")
        lines = outlive("peek", "echo").output.rstrip("\n")
        wait_until(lambda: shown_lines(terminal) == lines, 20, "the same screen")
