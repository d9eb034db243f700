"""Show files one after the other, each at a signal, over and over.

``shown_files.py GATE SIZE FILE…``

In raw mode, with a hidden cursor. At each signal of GATE (a FIFO) it writes the next file to the terminal. SIZE is a
file that has the terminal's columns, rows, and width and height in pixels, written before the first signal and at each.

Exit status: 3 when the gate has gone away.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios
import tty
from pathlib import Path


def main() -> None:
    """Show."""
    gate_path, size_path, *paths = sys.argv[1:]
    contents = [Path(path).read_bytes() for path in paths]
    tty.setraw(0)
    os.write(1, b"\x1b[?25l\x1b[?7l")
    gate = os.open(gate_path, os.O_RDONLY)
    number = 0
    while True:
        rows, columns, width, height = struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))
        part = Path(f"{size_path}.part")
        part.write_text(f"{columns} {rows} {width} {height}")
        part.rename(size_path)
        if not os.read(gate, 1):
            sys.exit(3)
        data = contents[number % len(contents)]
        number += 1
        while data:
            data = data[os.write(1, data) :]


if __name__ == "__main__":
    main()
