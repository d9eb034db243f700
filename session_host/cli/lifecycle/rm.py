"""``outlive rm``: remove an ended chat."""

from __future__ import annotations

import argparse
import sys

from session_host.cli.confirmation import confirmed
from session_host.cli.lifecycle.left import left_line
from session_host.cli.output import print_error, print_line
from session_host.cli.selection import add_selection, selection_of
from session_host.cli.session_argument import add_session_argument, name_and_id, with_store
from session_host.client.chats.remove import remove_chat
from session_host.client.chats.retention import ended_chats
from session_host.client.chats.settings import MIB
from session_host.client.permission import check_may_control
from session_host.client.sessions.listing import find_session, list_sessions
from session_host.client.sessions.selection import Selection
from session_host.errors import OutliveError, UsageError
from session_host.protocol.values import RUNNING_STATES
from session_host.storage.store import Store


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser, to_end=True, optional=True)
    parser.add_argument("--ended", action="store_true", help="remove ended chats, all but pinned ones, or of these:")
    add_selection(parser)
    parser.add_argument("-y", "--yes", action="store_true", help="with --ended: do not ask for confirmation")
    parser.epilog = "Also removes the chat's git worktree. A worktree with work that would be lost is kept, and named."


def run(options: argparse.Namespace) -> int:
    """Remove a chat's record and files."""
    if options.ended == (options.session is not None):
        raise UsageError("name a chat, or use --ended for all ended chats")
    selection = selection_of(options)
    if options.ended:
        return _remove_ended(selection, without_asking=options.yes)
    if selection != Selection():
        raise UsageError("a chat that is named needs no date, agent or project; these choose among --ended")

    def remove(store: Store) -> list[str]:
        info = find_session(store, options.session, to_end=True)
        if info.state in RUNNING_STATES:
            raise OutliveError(f"{info.name} is running; stop it first: outlive stop {info.name}")
        record = store.get(info.id)
        left = left_line(info.id, info.name)
        kept = ""
        if record is not None:
            check_may_control(record)
            kept = remove_chat(store, record)
        return [f"removed {name_and_id(info)}", *([kept] if kept else []), *([left] if left else [])]

    for line in with_store(remove):
        print_line(line)
    return 0


def _remove_ended(selection: Selection, *, without_asking: bool) -> int:
    if not without_asking and not sys.stdin.isatty():
        raise UsageError("rm --ended removes every ended chat; without a terminal, confirm with --yes")

    def remove(store: Store) -> int:
        list_sessions(store, ended=False)  # Mark lost chats as ended.
        chosen = [chat for chat in ended_chats(store) if selection.has(chat.record)]
        chats = [chat for chat in chosen if not chat.record.pinned]
        if pinned := len(chosen) - len(chats):
            print_line(f"{pinned} pinned {'chat stays' if pinned == 1 else 'chats stay'}")
        if not chats:
            print_line("no ended chats" if selection == Selection() else "no such ended chats")
            return 0
        size_mib = sum(chat.size_bytes for chat in chats) // MIB
        counted = "1 ended chat" if len(chats) == 1 else f"{len(chats)} ended chats"
        if not without_asking and not confirmed(f"Permanently remove {counted} ({size_mib} MiB)?"):
            print_line("no chats were removed")
            return 1
        check_may_control(*(chat.record for chat in chats))
        failed = 0
        for chat in chats:
            try:
                left = left_line(chat.record.id, chat.record.name)
                for line in filter(None, (remove_chat(store, chat.record), left)):
                    print_line(line)
            except (OutliveError, OSError) as error:
                failed += 1
                print_error(f"{chat.record.name} ({chat.record.id[:8]}): {error}")
        count = len(chats) - failed
        print_line(f"removed {count} ended {'chat' if count == 1 else 'chats'}, {size_mib} MiB")
        return 1 if failed else 0

    return with_store(remove)
