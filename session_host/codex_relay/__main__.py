"""Starts the program: ``python -m session_host.codex_relay [--terminal] SOCKET -- COMMAND...``."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Run the program with the words of its command line; returns its exit code."""
    is_terminal = arguments[:1] == ["--terminal"]
    words = arguments[1:] if is_terminal else arguments
    if len(words) < 3 or words[1] != "--":
        sys.stderr.write("outlive-codex-relay: use [--terminal] SOCKET -- COMMAND...\n")
        return 2
    if is_terminal:
        from session_host.codex_relay.terminal import run
    else:
        from session_host.codex_relay.relay import run  # imports the WebSocket library, which a terminal needs not
    return run(words[0], words[2:])


sys.exit(main(sys.argv[1:]))
