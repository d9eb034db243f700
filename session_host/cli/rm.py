"""``outlive rm``: forget a chat that has ended."""

from __future__ import annotations

import argparse

from session_host.cli.output import say
from session_host.cli.sessions import add_session_argument, called, with_store
from session_host.client.forgetting import forget_chat
from session_host.client.sessions import find_session
from session_host.errors import OutliveError
from session_host.protocol.values import RUNNING_STATES
from session_host.store import Store


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the verb takes."""
    add_session_argument(parser, to_end=True)
    parser.epilog = (
        "A git worktree that was made for the chat goes too, unless that would lose work; what is kept is said."
    )


def run(options: argparse.Namespace) -> int:
    """Remove the record and what was kept beside it."""

    def remove(store: Store) -> list[str]:
        info = find_session(store, options.session, to_end=True)
        if info.state in RUNNING_STATES:
            raise OutliveError(f"{info.name} is running; `outlive stop {info.name}` it first")
        record = store.get(info.id)
        kept = forget_chat(store, record) if record is not None else ""
        return [f"removed {called(info)}", *([kept] if kept else [])]

    for line in with_store(remove):
        say(line)
    return 0
