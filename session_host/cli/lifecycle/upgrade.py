"""``outlive upgrade``: update running chats to the installed version."""

from __future__ import annotations

import argparse

from session_host.cli.output import print_error
from session_host.cli.session_argument import find, require_running, with_store
from session_host.client.sessions.upgrade import upgrade


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("session", metavar="CHAT", nargs="?", help="only this chat: name, id or unique id prefix")


def run(options: argparse.Namespace) -> int:
    """Replace the keeper and the hosts, one after the other; a host that cannot be replaced keeps running."""
    session_id = require_running(find(options.session)).id if options.session is not None else None

    results = with_store(lambda store: upgrade(store, session_id))
    for result in results:
        if result.ok:
            print(f"{result.name}: {result.message}")
        else:
            print_error(f"{result.name}: {result.message}")
    if not results:
        print("no running chats to upgrade")
    return 0 if all(result.ok for result in results) else 1
