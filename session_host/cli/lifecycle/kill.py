"""``outlive kill``: end a chat's agent at once."""

from __future__ import annotations

import argparse

from session_host.cli.output import print_line
from session_host.cli.session_argument import add_session_argument, ask, find, name_and_id, require_running
from session_host.protocol.messages import Kill


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser, to_end=True)


def run(options: argparse.Namespace) -> int:
    """Kill the agent, and wait until it has ended."""
    info = require_running(find(options.session, to_end=True))
    done = ask(info.id, Kill(0))
    print_line(f"killed {name_and_id(info)}" + (f"; {done.note}" if done.note else ""))
    return 0
