"""Show files in a cycle, the next one at each signal.

``shown_files.py GATE SIZE FILE…``

It uses raw mode and hides the cursor. At each signal of GATE (a FIFO) it writes the next file to the terminal. At its
start and at each signal it writes the terminal's columns, rows, width and height in pixels to the file SIZE.

Exit status: 3 if the gate is removed.
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
    """Show a file at each signal."""
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
