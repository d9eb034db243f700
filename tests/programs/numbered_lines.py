"""Write numbered lines, and wait at a gate before chosen ones.

``numbered_lines.py COUNT [--prefix TEXT] [--width COLUMNS] [--colour] [--gate FIFO --before N…] [--stay]``

Writes ``line 000001`` … ``line COUNT`` and then ``end of lines``. With ``--before N`` (any number of times) it waits
before line N for one byte from the gate; the screen then ends with line N-1 and does not show the wait. With
``--width`` each line is filled up with dots to that many columns, so that it can be made to wrap. With ``--stay`` the
program waits at the gate once more before it exits.

Exit status: 0; 3 if the gate is removed.
"""

from __future__ import annotations

import argparse
import os
import sys


def wait(gate: int) -> None:
    """Wait for one release of the gate."""
    if not os.read(gate, 1):
        sys.exit(3)


def main() -> None:
    """Write the lines."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("--prefix", default="line")
    parser.add_argument("--width", type=int, default=0)
    parser.add_argument("--colour", action="store_true")
    parser.add_argument("--gate")
    parser.add_argument("--before", type=int, action="append", default=[])
    parser.add_argument("--stay", action="store_true")
    options = parser.parse_args()
    gate = os.open(options.gate, os.O_RDONLY) if options.gate else -1
    gated = set(options.before)
    for number in range(1, options.count + 1):
        if number in gated:
            sys.stdout.flush()
            wait(gate)
        line = f"{options.prefix} {number:06d}".ljust(options.width, ".")
        if options.colour:
            line = f"\x1b[38;5;{number % 256}m{line}\x1b[0m"
        print(line)
    print(f"end of {options.prefix}s", flush=True)
    if options.stay:
        wait(gate)


if __name__ == "__main__":
    main()
