"""An agent that drops input while it starts, as real ones do.

``starting_agent.py FILE GATE [--ask] [--resume]``

It goes on to the next step at each byte from GATE, a FIFO:

1. It leaves the terminal's modes unchanged, with echo.
2. It sets raw mode, clears the screen, writes ``loading``, and reads and drops all input.
3. With ``--ask`` it writes the question ``❯ 1. Yes``; any input answers it, and is saved to FILE.asked; it drops input
   until the next byte.
4. It turns bracketed paste on, and writes its input line ``> Type here``. With ``--resume`` it does not read until the
   next byte. Then it clears the screen, drops all input until the byte after that, and writes the conversation
   ``* hello`` and the input line.
5. It writes all input to FILE, as it comes.
"""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from pathlib import Path


def drop_until(gate: int) -> None:
    """Read and drop input until the gate gives a byte."""
    while True:
        ready, _, _ = select.select([0, gate], [], [])
        if 0 in ready:
            os.read(0, 65536)
        elif gate in ready:
            if not os.read(gate, 1):
                sys.exit(3)
            return


def main() -> None:
    """Start step by step, then save the input."""
    received, gate = Path(sys.argv[1]), os.open(sys.argv[2], os.O_RDONLY)
    if not os.read(gate, 1):
        sys.exit(3)
    tty.setraw(0, termios.TCSAFLUSH)
    os.write(1, b"\x1b[2J\x1b[Hloading\r\n")
    drop_until(gate)
    if "--ask" in sys.argv:
        os.write(1, "Trust this folder?\r\n ❯ 1. Yes\r\n".encode())
        Path(f"{received}.asked").write_bytes(os.read(0, 65536))
        os.write(1, b"\x1b[2J\x1b[Hloading again\r\n")
        drop_until(gate)
    os.write(1, b"\x1b[?2004h\x1b[2J\x1b[H> Type here\r\n")
    if "--resume" in sys.argv:
        if not os.read(gate, 1):
            sys.exit(3)
        os.write(1, b"\x1b[2J\x1b[Hresuming\r\n")
        drop_until(gate)
        os.write(1, b"\x1b[2J\x1b[H* hello\r\n> Type here\r\n")
    with received.open("ab", buffering=0) as file:
        while data := os.read(0, 65536):
            file.write(data)


if __name__ == "__main__":
    main()
