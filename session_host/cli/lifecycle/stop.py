"""``outlive stop``: ask a chat's agent to exit."""

from __future__ import annotations

import argparse

from session_host.cli.output import print_line
from session_host.cli.session_argument import add_session_argument, ask, find, name_and_id, require_running
from session_host.protocol.messages import Stop


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser, to_end=True)
    parser.epilog = "Sends SIGTERM, then SIGHUP (to a shell SIGHUP first), and SIGKILL if the agent still runs."


def run(options: argparse.Namespace) -> int:
    """Ask the agent to exit, and wait until it has ended."""
    info = require_running(find(options.session, to_end=True))
    ask(info.id, Stop(0))
    print_line(f"stopped {name_and_id(info)}")
    return 0
