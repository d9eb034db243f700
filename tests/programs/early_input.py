"""Read an exact number of bytes in raw mode and save them to a file.

``early_input.py FILE COUNT [--gate FIFO]``

With a gate, waits there before it touches the terminal; input that is typed before that is early input. Then sets raw
mode *without* discarding the early input, writes ``reading``, reads until COUNT bytes have come, writes them to FILE
(renamed into place when complete), writes ``got COUNT bytes``, and exits. If the last read returns more bytes, these
are saved too, so that a doubled input is detected.

Exit status: 0; 1 if the input ended early (FILE has the received part); 3 if the gate is removed.
"""

from __future__ import annotations

import argparse
import os
import sys
import termios
import tty
from pathlib import Path


def main() -> None:
    """Read the input and save it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("count", type=int)
    parser.add_argument("--gate")
    options = parser.parse_args()
    if options.gate and not os.read(os.open(options.gate, os.O_RDONLY), 1):
        sys.exit(3)
    # TCSANOW: the default of setraw, TCSAFLUSH, discards pending input.
    tty.setraw(0, termios.TCSANOW)
    os.write(1, b"reading\r\n")
    received = b""
    while len(received) < options.count:
        data = os.read(0, 65536)
        if not data:
            break
        received += data
    part = Path(f"{options.file}.part")
    part.write_bytes(received)
    part.rename(options.file)
    os.write(1, f"got {len(received)} bytes\r\n".encode())
    sys.exit(0 if len(received) >= options.count else 1)


if __name__ == "__main__":
    main()
