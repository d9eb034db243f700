"""Questions to the user in a terminal."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.support.terminals import Terminal

PROGRAM = """
import signal
from session_host.cli.output import answer_to, confirmed
from tests.support.lost_signals import before_next_poll
"""
ASKING = """
try:
    print("answer", repr(answer_to("Which? ")))
    answer_to("And? ")
except EOFError:
    print("confirmed", confirmed("Go on?"))
"""
INTERRUPTED = """
before_next_poll(signal.SIGINT)
answer_to("Which? ")
"""

UNANSWERED = """
try:
    answer_to("Which? ")
except (EOFError, KeyboardInterrupt) as error:
    print("ended by", type(error).__name__)
"""


def test_ctrl_c_just_before_the_wait_for_an_answer_ends_the_command() -> None:
    with Terminal([sys.executable, "-c", PROGRAM + INTERRUPTED]) as terminal:
        terminal.until(b"KeyboardInterrupt")
        assert terminal.wait() == -signal.SIGINT


@pytest.mark.parametrize(("typed", "is_confirmed"), [(" YES \n", True), ("\n", False), ("\x04", False)])
def test_a_question_is_answered_by_a_line_or_the_end_of_the_input(typed: str, is_confirmed: bool) -> None:
    with Terminal([sys.executable, "-c", PROGRAM + ASKING]) as terminal:
        terminal.until(b"Which? ")
        terminal.type(" build \n")
        terminal.until(b"answer 'build'")
        terminal.until(b"And? ")
        terminal.type("\x04")
        terminal.until(b"Go on? [y/N] ")
        terminal.type(typed)
        terminal.until(f"confirmed {is_confirmed}".encode())


@pytest.mark.parametrize(("key", "error"), [("\x03", "KeyboardInterrupt"), ("\x04", "EOFError")])
def test_what_follows_a_question_without_an_answer_begins_on_a_line_of_its_own(key: str, error: str) -> None:
    with Terminal([sys.executable, "-c", PROGRAM + UNANSWERED]) as terminal:
        terminal.until(b"Which? ")
        terminal.type(key)
        terminal.until(b"\r\nended by " + error.encode())
