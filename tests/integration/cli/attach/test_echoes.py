"""Local echo in an attached terminal, and its correction by the program's output."""

from __future__ import annotations

import pytest

from tests.programs import program
from tests.support.commands import OnTerminal, new

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
