"""Echo each byte of the input back, in raw mode.

``raw_echo.py [--show] [--enable MODES] [--until BYTE_HEX]``

Writes ``ready`` and a line end, then echoes its input. By default it echoes the same bytes (for round-trip
measurements). With ``--show`` it writes each read as one line of printable text, ``<1b5b41>`` for an Up arrow, so that
a test can see the input on the screen. ``--enable`` first sets DEC private modes, separated by commas
(``1,2004,1006,1002,1004``); ``kitty:FLAGS`` among them sets the kitty keyboard protocol.

It writes ``bye`` and exits when a read contains the byte ``--until`` (default: 04, Ctrl+D; "" for never), or when the
input ends.
"""

from __future__ import annotations

import os
import sys
import tty


def value_of(option: str, default: str) -> str:
    """The value of an option. argparse would take half of the program's time."""
    words = sys.argv[1:]
    return words[words.index(option) + 1] if option in words else default


def main() -> None:
    """Echo the input until its end."""
    is_shown, until = "--show" in sys.argv, bytes.fromhex(value_of("--until", "04"))
    tty.setraw(0)
    for mode in filter(None, value_of("--enable", "").split(",")):
        sequence = f"\x1b[>{mode[6:]}u" if mode.startswith("kitty:") else f"\x1b[?{mode}h"
        os.write(1, sequence.encode())
    os.write(1, b"ready\r\n")
    while data := os.read(0, 65536):
        if until and until in data:
            break
        os.write(1, f"<{data.hex()}>\r\n".encode() if is_shown else data)
    os.write(1, b"bye\r\n")


if __name__ == "__main__":
    main()
