"""Sets the terminal's line mode at the program's start, so that early typing waits."""

from __future__ import annotations

import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_INPUT, _LOCAL = 0, 3  # places in what tcgetattr gives


@contextmanager
def kept(descriptor: int) -> Iterator[None]:
    """Neither echo keys nor make lines of them; afterwards all is as it was. Without a terminal nothing happens."""
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
        with suppress(termios.error):  # the terminal has gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
