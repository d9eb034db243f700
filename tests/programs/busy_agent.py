"""Behave like a coding agent at work: ``busy_agent.py``, until its terminal closes.

Ten times a second it turns the spinner in its title and rewrites some rows; every five seconds it is idle for half a
second. Its titles begin with "✳" while idle, and with a turning mark while working.
"""

from __future__ import annotations

import itertools
import sys
import time

PERIOD_S = 0.1
TURN, IDLE = 50, 5
"""The number of periods of a turn, and of the idle time at its end."""


def main() -> None:
    """Show that it works, then that it is idle, and so on."""
    for number in itertools.count():
        is_idle = number % TURN >= TURN - IDLE
        mark = "✳" if is_idle else "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[number % 10]
        rows = "".join(f"\x1b[{row};1H\x1b[2K\x1b[3{row % 8}m│\x1b[39m step {number + row:06d}" for row in range(4, 8))
        sys.stdout.write(f"\x1b]2;{mark} step {number // TURN}\x07\x1b[?2026h{rows}\x1b[9;1H{mark} Working…\x1b[?2026l")
        sys.stdout.flush()
        time.sleep(PERIOD_S)


if __name__ == "__main__":
    main()
