"""Disables the terminal's echo and line mode at the program's start, so that early typing waits for the prompt."""

from __future__ import annotations

import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_INPUT, _LOCAL = 0, 3  # indexes in the result of tcgetattr


@contextmanager
def without_echo(descriptor: int) -> Iterator[None]:
    """Disable echo and line mode, and restore both afterwards. Does nothing without a terminal."""
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:
        yield
        return
    settings = termios.tcgetattr(descriptor)
    settings[_INPUT] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    settings[_LOCAL] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    termios.tcsetattr(descriptor, termios.TCSANOW, settings)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
