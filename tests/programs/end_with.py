"""Write a text and exit in a chosen way.

``end_with.py (CODE | SIGNAL_NAME) [--text TEXT] [--gate FIFO] [--modes]``

Exits with status CODE, or sends itself the signal (``TERM``, ``KILL``, ``SEGV``…). With a gate it waits there before it
exits, after TEXT. With ``--modes`` it leaves the terminal as a killed agent does: alternate screen, mouse reporting,
bracketed paste, focus events, hidden cursor.

Exit status 3 means that the gate was removed.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys


def main() -> None:
    """Write the text, wait, and exit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("how")
    parser.add_argument("--text", default="")
    parser.add_argument("--gate")
    parser.add_argument("--modes", action="store_true")
    options = parser.parse_args()
    if options.modes:
        os.write(1, b"\x1b[?1049h\x1b[?1000;1002;1003;1006;2004;1004h\x1b[?25l")
    if options.text:
        os.write(1, f"{options.text}\r\n".encode())
    if options.gate and not os.read(os.open(options.gate, os.O_RDONLY), 1):
        sys.exit(3)
    if options.how.isdigit():
        sys.exit(int(options.how))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    number = signal.Signals[f"SIG{options.how}"]
    if number is not signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    main()
