"""Report the terminal's size, at the start and at each change.

``window_size.py``

Writes ``size COLUMNSxROWS WIDTHxHEIGHT`` (the second pair in pixels) once at the start and after
each SIGWINCH. Writes ``bye`` and exits on ``q``, or when the input ends.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import termios
import tty


def report() -> None:
    """Write the kernel's current size of the terminal."""
    rows, columns, width, height = struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))
    os.write(1, f"size {columns}x{rows} {width}x{height}\r\n".encode())


def main() -> None:
    """Report sizes until ``q`` or the end of the input."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGWINCH, lambda number, frame: None)
    tty.setraw(0)
    report()
    while True:
        ready, _, _ = select.select([0, reader], [], [])
        if reader in ready:
            os.read(reader, 64)
            report()
        if 0 in ready and os.read(0, 64) in (b"", b"q"):
            break
    os.write(1, b"bye\r\n")


if __name__ == "__main__":
    main()
