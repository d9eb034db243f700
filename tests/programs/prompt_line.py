"""Behave as an agent with an input line (``❯``, a blank, the typed text). Enter runs a turn; the title reports it.

The Left key is shown as ``<left>`` above the line, so that a test can see that the program received it.
"""

from __future__ import annotations

import os
import time
import tty

TURN_S = 0.2


def write(text: str) -> None:
    """Write to the terminal."""
    os.write(1, text.encode())


def main() -> None:
    """Handle keys until the end of the input."""
    tty.setraw(0)
    write("\x1b]2;ready\x07❯ ")
    line = ""
    while data := os.read(0, 4096).decode():
        for key in data.replace("\x1b[D", "\x01"):
            if key == "\x01":
                write(f"\r\x1b[K<left>\r\n❯ {line}")
            elif key == "\r":
                write("\x1b]2;work\x07")
                time.sleep(TURN_S)
                write(f"\r\x1b[Kdid {line}\r\n❯ \x1b]2;ready\x07")
                line = ""
            else:
                line += key
                write(key)


if __name__ == "__main__":
    main()
