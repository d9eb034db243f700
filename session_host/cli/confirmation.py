"""Questions to the user in this terminal."""

from __future__ import annotations

import sys

from session_host.cli.output import one_line
from session_host.ending_signals import SignalWakeup


def confirmed(question: str) -> bool:
    """Ask a question; whether the user answers "y" or "yes". Any other answer, and the end of the input, is no."""
    try:
        return answer_to(f"{one_line(question)} [y/N] ").lower() in {"y", "yes"}
    except EOFError:
        return False


def answer_to(question: str) -> str:
    """Ask a question; the line that the user types, without blanks at its ends.

    Raises:
        EOFError: the input has ended.
        KeyboardInterrupt: Ctrl+C was pressed.
    """
    line = ""
    try:
        print(question, end="", flush=True)
        if sys.stdin.isatty():
            with SignalWakeup() as wakeup:
                while not wakeup.wait([sys.stdin.fileno()]):
                    pass
        line = sys.stdin.readline()
    finally:
        if not line:
            print(flush=True)  # What follows, such as the shell's prompt, begins on a line of its own.
    if not line:
        raise EOFError
    return line.strip()
