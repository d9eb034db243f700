"""Text typed before the program is ready waits, and the terminal's line settings are restored.

The PTY is made by hand: the test itself is the program on it.
"""

from __future__ import annotations

import os
import termios

from session_host.endpoint.terminal import typeahead
from tests.support.waiting import wait_readable


def test_keys_wait_unechoed_and_unchanged_and_the_settings_are_restored() -> None:
    master, slave = os.openpty()
    try:
        before = termios.tcgetattr(slave)
        with typeahead.without_echo(slave):
            os.write(master, b"early\r\x03")
            wait_readable(slave, 5, "the keys")
            assert os.read(slave, 100) == b"early\r\x03"
            os.write(slave, b"shown")
            assert os.read(master, 100) == b"shown", "nothing was echoed before it"
        assert termios.tcgetattr(slave) == before
    finally:
        os.close(master)
        os.close(slave)


def test_without_a_terminal_nothing_happens() -> None:
    reading, writing = os.pipe()
    with typeahead.without_echo(reading):
        pass
    os.close(reading)
    os.close(writing)
