"""``outlive pin`` and ``outlive rename``: change a chat's record."""

from __future__ import annotations

import argparse

from session_host.client.permission import check_may_control
from session_host.client.sessions.session_info import find_session
from session_host.errors import HostUnavailable, SessionEnded
from session_host.protocol.messages import Rename
from session_host.protocol.values import RUNNING_STATES
from session_host.storage.store import Store

from .arguments import add_session_argument
from .output import print_line
from .session_argument import ask, name_and_id, with_store
from .starting import checked_name


def configure_pin(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("--off", action="store_true", help="unpin the chat")


def run_pin(options: argparse.Namespace) -> int:
    """Pin or unpin a chat."""

    def pin(store: Store) -> str:
        info = find_session(store, options.session)
        check_may_control(info.facts)
        store.update(info.id, pinned=not options.off)
        return name_and_id(info)

    print_line(f"{'unpinned' if options.off else 'pinned'} {with_store(pin)}")
    return 0


def configure_rename(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("name", metavar="NAME", help="new name")


def run_rename(options: argparse.Namespace) -> int:
    """Rename a chat in the store and, if it runs, at its host, which informs every viewer."""
    name = checked_name(options.name)

    def rename(store: Store) -> str:
        info = find_session(store, options.session)
        check_may_control(info.facts)
        if info.state in RUNNING_STATES:
            try:
                ask(info.id, Rename(0, name))
            except (HostUnavailable, SessionEnded):
                # The chat has just ended, or its host is hung: the store is the authority on names.
                pass
        store.rename(info.id, name)
        return name_and_id(info)

    print_line(f"renamed {with_store(rename)} to {name}")
    return 0
