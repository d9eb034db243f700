"""``outlive kill``: end a chat's agent at once."""

from __future__ import annotations

import argparse

from session_host.cli.output import say
from session_host.cli.sessions import add_session_argument, ask, find, require_running
from session_host.protocol.messages import Kill


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the verb takes."""
    add_session_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Kill the agent; returns when it is gone."""
    done = ask(require_running(find(options.session)).id, Kill(0))
    if done.note:
        say(done.note)
    return 0
