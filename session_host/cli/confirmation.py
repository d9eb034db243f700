"""Asks for confirmation in this terminal."""

from __future__ import annotations

import sys

from session_host.cli.output import one_line


def confirmed(question: str) -> bool:
    """Ask a question; whether the user answers "y" or "yes". Any other answer, and the end of the input, is no."""
    print(f"{one_line(question)} [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
