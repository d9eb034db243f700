"""Echoes in an attached terminal: shown before the replica has them, and checked afterwards."""

from __future__ import annotations

import pytest

from tests.programs import program
from tests.support.commands import OnTerminal, new

pytestmark = pytest.mark.usefixtures("sessions")


def test_a_text_that_is_an_echo_no_more_is_painted_as_the_program_means_it() -> None:
    new("-n", "echo", "--", *program("raw_echo"))
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        for typed in ("\x1b)", "0", "\x0e"):  # Line drawing from now on: "q" is one, capital letters stay.
            terminal.type(typed)
        for number in range(1, 4):
            terminal.type("A")
            terminal.see("A" * number)
        terminal.type("q")
        terminal.see("AAA─")
        terminal.type("A")
        terminal.see("AAA─A")
