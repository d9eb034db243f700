"""``outlive stop``: ask a chat's agent to exit."""

from __future__ import annotations

import argparse

from session_host.cli.lifecycle.left import end_left
from session_host.cli.output import print_line
from session_host.cli.session_argument import add_session_argument, ask, find, name_and_id, require_running
from session_host.protocol.messages import Stop


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser, to_end=True)
    parser.epilog = (
        "Sends SIGTERM, then SIGHUP (to a shell SIGHUP first), and SIGKILL if the agent still runs. Of a chat that has "
        "ended, it ends the processes that the agent left behind."
    )


def run(options: argparse.Namespace) -> int:
    """Ask the agent to exit, and wait until it has ended."""
    info = find(options.session, to_end=True)
    if end_left(info, gracefully=True):
        return 0
    require_running(info)
    ask(info.id, Stop(0))
    print_line(f"stopped {name_and_id(info)}")
    return 0
