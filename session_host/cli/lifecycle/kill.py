"""``outlive kill``: end a chat's agent at once."""

from __future__ import annotations

import argparse

from session_host.cli.lifecycle.left import end_left
from session_host.cli.output import print_line
from session_host.cli.session_argument import add_session_argument, ask, find, name_and_id, require_running
from session_host.protocol.messages import Kill


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser, to_end=True)
    parser.epilog = "Of a chat that has ended, it ends the processes that the agent left behind."


def run(options: argparse.Namespace) -> int:
    """Kill the agent, and wait until it has ended."""
    info = find(options.session, to_end=True)
    if end_left(info, gracefully=False):
        return 0
    require_running(info)
    done = ask(info.id, Kill(0))
    print_line(f"killed {name_and_id(info)}" + (f"; {done.note}" if done.note else ""))
    return 0
