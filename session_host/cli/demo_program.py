"""The agent of ``outlive demo``: answers slowly with numbered lines, then waits for the next question.

Runs as a separate program; it knows nothing of Outlive.
"""

from __future__ import annotations

import sys
import time

TOTAL_LINES = 1500
PAUSE_S = 0.003
LAST_WORDS = "end of the answer"


def line(number: int) -> str:
    """The text of a numbered line, from 1."""
    return f"line {number:04}  the answer goes on, whoever is looking"


def main() -> None:
    """Print the answer, then wait for a line of input."""
    print("\x1b[1;34m●\x1b[0m \x1b[1mcount to fifteen hundred\x1b[0m\n", flush=True)
    for number in range(1, TOTAL_LINES + 1):
        print(f"\x1b[3{number % 6 + 1}m{line(number)}\x1b[0m", flush=True)
        time.sleep(PAUSE_S)
    print(f"\n\x1b[32m{LAST_WORDS}\x1b[0m", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
