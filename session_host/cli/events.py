"""``outlive events``: print what happens in all chats, one line each, as it comes. Nothing is lost, or comes twice.

First comes ``hello`` with a cursor, then the state of each chat at that place, then the events after it. With
``--since`` come the events after that cursor instead. The cursor of any line is a place to go on from.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from session_host.client.sessions.following import Follower, events_since
from session_host.client.sessions.store_access import open_store
from session_host.errors import LedgerLost, UsageError
from session_host.machines.names import HERE
from session_host.protocol.events import (
    KINDS,
    Answered,
    Asked,
    ChatState,
    CommandEnded,
    Ended,
    Event,
    Gap,
    Hello,
    Interrupted,
    Removed,
    Renamed,
    Reset,
    Started,
    StatusChanged,
    TurnEnded,
    TurnStarted,
    Withdrawn,
    kind_of,
)
from session_host.protocol.facts import AgentStatus, ChatFacts, Outcome
from session_host.protocol.untrusted_text import escaped, one_line
from session_host.protocol.values import Activity, State
from session_host.standing.endings import end_of
from session_host.storage.store.ledger import LedgerEntry, Position
from session_host.structured.items import PLACES
from session_host.structured.text import duration
from session_host.system.clock import now
from session_host.system.processes.permission import UNKNOWN, agent_chats, split

from .output import has_colors, time_of_day
from .session_argument import find

VERSION: Final = 1
"""The version of the lines; a new field does not change it."""

_Printed = Event | Hello | Reset | ChatState
_BY: Final = PLACES | {"dialog": "in its own dialog"}
_NAME_COLUMNS: Final = 20
_DETAIL_CHARACTERS: Final = 200
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


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
    parser.add_argument("--once", action="store_true", help="do not wait for more")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.epilog = "A cursor that is lost gives exit code 11: it is too old, or of another database of chats."


def run(options: argparse.Namespace) -> int:
    """Print the events until the reader goes, or all that are there."""
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
    if since is None:
        printer.print_event(position, Hello())
        printer.print_states(position, running, last)
        since = position
    elif options.json:
        printer.print_event(since, Hello())
    printer.flush()
    if options.once:
        with open_store() as store:
            while entries := events_since(store, since):
                printer.print_entries(since.ledger, entries)
                since = since._replace(number=entries[-1].number)
        printer.flush()
        return 0
    with Follower(since, _stdout()) as follower:
        while came := follower.wait():
            printer.print_entries(since.ledger, came)
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


class _Printer:
    """Prints the lines of the chats that are asked for."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._is_json = options.json
        self._kinds: Collection[str] = options.event or KINDS
        self._shows_states = not options.event
        self._chats = {find(each).id for each in options.chats} if options.chats else None
        self._is_colored = not options.json and has_colors()
        self._own = ""
        if options.mine:
            self._own = next(iter(agent_chats(os.getpid())), "")
            if self._own in {"", UNKNOWN}:
                raise UsageError("--mine is for an agent that Outlive runs; it prints the chats that the agent started")
        self._started_here: dict[str, bool] = {}

    def print_event(self, position: Position, event: Hello | Reset) -> None:
        """Print a line that is about no chat."""
        self._print(position.cursor, now(), None, event)

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
            self._print(position.cursor, at, (facts.id, facts.entry.name), state)

    def print_entries(self, ledger: str, entries: Iterable[LedgerEntry]) -> None:
        """Print events of the ledger."""
        for each in entries:
            if self._is_wanted(each.chat) and (kind_of(each.event) in self._kinds or isinstance(each.event, Gap)):
                self._print(Position(ledger, each.number).cursor, each.at, (each.chat, each.name), each.event)

    def flush(self) -> None:
        """Give the reader what was printed."""
        sys.stdout.flush()

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

    def _print(self, cursor: str, at: str, chat: tuple[str, str] | None, event: _Printed) -> None:
        if self._is_json:
            line = {
                "version": VERSION,
                "cursor": cursor,
                "time": at,
                "machine": HERE,
                "chat": None if chat is None else {"id": chat[0], "name": chat[1]},
                "event": msgspec.to_builtins(event),
            }
            print(escaped(msgspec.json.encode(line).decode()))
        elif chat is not None and (words := _words(event)):
            name = one_line(chat[1])
            bold, plain = (_BOLD, _PLAIN) if self._is_colored else ("", "")
            print(f"{time_of_day(at)}  {bold}{name:<{_NAME_COLUMNS}}{plain}  {one_line(words)}")


def _words(event: _Printed) -> str:  # noqa: C901 - one case for each event
    """An event in words; "" for one that people need not see."""
    match event:
        case Started(agent=agent, directory=directory):
            return f"started: {agent} in {directory}"
        case StatusChanged(after=after, source=source):
            return "" if after is Activity.NO_SIGNAL and not source else _status_words(event)  # The end follows.
        case ChatState(status=status):
            return _status_words(status) if status is not None else "running"
        case Asked(title=title):
            return f"asks: {title}"
        case Answered(by=by, name=name):
            return f"answered {_BY.get(by, by)}{f': {name}' if name else ''}"
        case Withdrawn():
            return "asks this no more"
        case TurnStarted(turn=turn):
            return f"turn {turn} began"
        case TurnEnded(turn=turn, outcome=outcome, error=error):
            return f"turn {turn} ended: {outcome}" + (f": {error}" if error else "")
        case CommandEnded(exit_code=code, duration_s=seconds):
            return f"command ended after {duration(round(seconds * 1000))}" + (f": exit code {code}" if code else "")
        case Ended(exit_code=code, exit_signal=signal, end_request=request, error=error):
            state = State.LOST if code is None and signal is None and error else State.EXITED
            return f"ended: {end_of(Outcome(state, code, signal, request, error)).status}"
        case Interrupted():
            return "interrupted by a restart of the computer"
        case Renamed(before=before):
            return f"renamed; it was {before}"
        case Removed():
            return "removed"
        case Gap(count=count):
            return f"{count} events are missing: the disk did not take them"
        case _:
            return ""


def _status_words(event: StatusChanged) -> str:
    words = AgentStatus(event.after, failed=event.failed).words
    detail = one_line(event.detail)[:_DETAIL_CHARACTERS]
    return f"{words}: {detail}" if detail else words
