"""Behave like a coding agent that shows its state by colours.

``coloured_agent.py [--help | --version] [ARGUMENT…]``

It shows a field in magenta when it accepts input, and answers each line with a field in cyan. It answers ``--help`` and
``--version`` after ``COLOURED_AGENT_THINKS_S`` seconds.
"""

from __future__ import annotations

import os
import sys
import time

OPTIONS = ("--settings <file>", "--session-id <id>", "--resume [id]", "--model <model>", "--print", "--debug")
READY, ANSWER = "199;24;212", "17;190;178"


def field(colour: str) -> str:
    """A field of this colour in a line."""
    return f"\033[48;2;{colour}m{' ' * 20}\033[m\r\n"


def main() -> None:
    """Show that input is accepted, and answer each line."""
    if {"--help", "--version"} & set(sys.argv):
        time.sleep(float(os.environ.get("COLOURED_AGENT_THINKS_S", "0")))
        print("1.2.3 (Claude Code)" if "--version" in sys.argv else "\n".join(f"  {option}" for option in OPTIONS))
        return
    sys.stdout.write(field(READY))
    sys.stdout.flush()
    for _ in sys.stdin:
        sys.stdout.write(field(ANSWER))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
