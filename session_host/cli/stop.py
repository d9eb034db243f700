"""``outlive stop``: end a chat's agent politely."""

from __future__ import annotations

import argparse

from session_host.cli.sessions import add_session_argument, ask, find, require_running
from session_host.protocol.messages import Stop


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the verb takes."""
    add_session_argument(parser)
    parser.epilog = "The agent gets SIGHUP, then SIGTERM, and at last SIGKILL, each after a while."


def run(options: argparse.Namespace) -> int:
    """Ask the agent to end; returns when it has."""
    ask(require_running(find(options.session)).id, Stop(0))
    return 0
