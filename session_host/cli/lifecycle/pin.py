"""``outlive pin``: keep a chat on top of the lists, and from the limit of ended chats."""

from __future__ import annotations

import argparse

from session_host.cli.output import print_line
from session_host.cli.session_argument import add_session_argument, name_and_id, with_store
from session_host.client.permission import check_may_control
from session_host.client.sessions.listing import find_session
from session_host.storage.store import Store


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("--off", action="store_true", help="unpin the chat")


def run(options: argparse.Namespace) -> int:
    """Pin or unpin a chat."""

    def pin(store: Store) -> str:
        info = find_session(store, options.session)
        if (record := store.get(info.id)) is not None:
            check_may_control(record)
        store.update(info.id, pinned=not options.off)
        return name_and_id(info)

    print_line(f"{'unpinned' if options.off else 'pinned'} {with_store(pin)}")
    return 0
