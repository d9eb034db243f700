"""``outlive events``: print what happens in all chats, one line each, as it comes. Nothing is lost, or comes twice.

First comes ``hello`` with a cursor, then the state of each chat at that place, then the events after it. With
``--since`` come the events after that cursor instead. The cursor of any line is a place to go on from.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection, Iterable

from session_host.cli.session_argument import find
from session_host.client.sessions.following import Follower, events_since
from session_host.client.sessions.store_access import open_store
from session_host.errors import LedgerLost, UsageError
from session_host.machines.names import HERE
from session_host.protocol.events import KINDS, ChatState, Gap, Hello, Reset, StatusChanged, kind_of
from session_host.protocol.facts import ChatFacts
from session_host.storage.store.ledger import LedgerEntry, Position
from session_host.system.clock import now
from session_host.system.processes.permission import UNKNOWN, agent_chats, split

from .lines import VERSION, EventLine, LinePrinter, NamedChat, Printed


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("chats", metavar="CHAT", nargs="*", help="name, id or unique id prefix; all without any")
    parser.add_argument("--since", metavar="CURSOR", help="what came after this cursor, in place of all states")
    parser.add_argument("--anyway", action="store_true", help="with a cursor that is lost, begin again with all states")
    parser.add_argument(
        "--event",
        metavar="KIND",
        action="append",
        choices=KINDS,
        help=f"only events of this kind, and no states: {', '.join(KINDS)}",
    )
    parser.add_argument("--mine", action="store_true", help="only chats that the calling agent started")
    parser.add_argument("--on", metavar="NAME", default="", help="of another machine; all: of all machines")
    parser.add_argument("--once", action="store_true", help="do not wait for more")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object a line")
    form.add_argument("--bell", action="store_true", help="ring the terminal's bell with each event")
    parser.epilog = "A cursor that is lost gives exit code 11: it is too old, or of another database of chats."


def run(options: argparse.Namespace) -> int:
    """Print the events until the reader goes, or all that are there."""
    if options.on not in {"", HERE}:
        from .machines import follow_machines  # rarely needed

        return follow_machines(options)
    since = _position(options.since) if options.since is not None else None
    printer = _Printer(options)
    with open_store() as store:
        position, running, last = store.status_at()
        if since is not None:
            try:
                events_since(store, since, limit=1)
            except LedgerLost:
                if not options.anyway:
                    raise
                since = None
                printer.print_event(position, Reset())
    printer.print_event(position if since is None else since, Hello())
    if since is None:
        printer.print_states(position, running, last)
        since = position
    printer.flush()
    if options.once:
        with open_store() as store:
            while (found := events_since(store, since)).position != since:
                printer.print_entries(since, found.entries)
                since = found.position
        printer.flush()
        return 0
    with Follower(since, _stdout()) as follower:
        while came := follower.wait():
            printer.print_entries(since, came)
            printer.flush()
    return 0


def _position(cursor: str) -> Position:
    if (position := Position.of(cursor)) is None:
        raise UsageError("--since needs a cursor that `outlive events --json` or `outlive ls --json` printed")
    return position


def _stdout() -> int | None:
    try:
        return sys.stdout.fileno()
    except (OSError, ValueError):
        return None


class _Printer(LinePrinter):
    """Prints the lines of the chats here that are asked for."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__(is_json=options.json, rings=options.bell)
        self._kinds: Collection[str] = options.event or KINDS
        self._shows_states = not options.event
        self._chats = {find(each).id for each in options.chats} if options.chats else None
        self._own = ""
        if options.mine:
            self._own = next(iter(agent_chats(os.getpid())), "")
            if self._own in {"", UNKNOWN}:
                raise UsageError("--mine is for an agent that Outlive runs; it prints the chats that the agent started")
        self._started_here: dict[str, bool] = {}

    def print_event(self, position: Position, event: Hello | Reset) -> None:
        """Print a line that is about no chat."""
        self._print(position, now(), None, event)

    def print_states(self, position: Position, running: Iterable[ChatFacts], last: Iterable[LedgerEntry]) -> None:
        """Print the state of each running chat at a place."""
        statuses = {each.chat: each for each in last}
        for facts in running:
            if not self._shows_states or not self._is_wanted(facts.id):
                continue
            entry = statuses.get(facts.id)
            event = entry.event if entry is not None and isinstance(entry.event, StatusChanged) else None
            state = ChatState(agent=facts.origin.agent, directory=facts.origin.cwd, status=event)
            at = entry.at if entry is not None else facts.origin.created_at
            self._print(position, at, NamedChat(facts.id, facts.entry.name), state)

    def print_entries(self, position: Position, entries: Iterable[LedgerEntry]) -> None:
        """Print events of the ledger of a place."""
        for each in entries:
            if self._is_wanted(each.chat) and (kind_of(each.event) in self._kinds or isinstance(each.event, Gap)):
                self._print(position._replace(number=each.number), each.at, NamedChat(each.chat, each.name), each.event)

    def _is_wanted(self, chat: str) -> bool:
        if self._chats is not None and chat not in self._chats:
            return False
        if not self._own:
            return True
        if chat not in self._started_here:
            with open_store() as store:
                facts = store.get(chat)
            self._started_here[chat] = facts is not None and self._own in split(facts.origin.agent_chats)
        return chat != self._own and self._started_here[chat]

    def _print(self, position: Position, at: str, chat: NamedChat | None, event: Printed) -> None:
        self.print(EventLine(VERSION, position.cursor, at, HERE, chat, event))
