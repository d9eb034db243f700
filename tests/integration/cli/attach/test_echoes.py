"""Echoes of what is typed into an attached terminal."""

from __future__ import annotations

import random

import pytest

from tests.programs import program
from tests.support.commands import OnTerminal, new, outlive
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")


def shown_lines(terminal: OnTerminal) -> str:
    """The terminal's text without the notice that may be below it."""
    terminal.show_pending()
    return terminal.text().partition(" Ctrl+B, then")[0].rstrip()


def test_whatever_is_typed_the_terminal_shows_the_chats_screen() -> None:
    new("-n", "echo", "--", *program("raw_echo"))
    order = random.Random(2)
    weights: dict[str | bytes, int] = {
        "a": 30, "b": 30, "xyz": 5, "several words": 1, "\r\n": 5, "\b": 2, "\t": 1, "é": 1,
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
