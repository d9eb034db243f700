"""``outlive search``: search the text of all chats, running and ended."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import NamedTuple, Self

from session_host.cli.arguments import AFTER_DASHES, Parser
from session_host.cli.json_forms import FoundLine
from session_host.cli.output import cut, has_colors, local_time, print_error, print_json, terminal_columns
from session_host.cli.session_argument import add_selection, all_sessions, selection_of
from session_host.client.chats.search_scopes import scopes
from session_host.client.sessions.selection import Selection
from session_host.client.sessions.session_info import SessionInfo, info_of
from session_host.client.sessions.stale_rows import resolve_stale_row
from session_host.client.sessions.store_access import open_store
from session_host.errors import OutliveError, StoreCorrupt, UsageError
from session_host.protocol.facts import ChatFacts
from session_host.protocol.untrusted_text import one_line
from session_host.storage.search import MAX_COUNTED, Found, Hit, Query, Search
from session_host.storage.store import Store
from session_host.system.clock import written

DEFAULT_LINES = 100
LINES_OF_CHAT = 5
"""The most lines of a chat, if others have matches, too."""

_BATCH_S = 0.5
"""How often what was found is printed while chats are indexed."""

_FREE_S = 0.2
"""The longest time for freeing the space of removed chats; without a window, nothing else does it."""
_QUIET_S = 0.5
"""Indexing that takes longer shows its progress."""

_MARK, _UNMARK = "\x1b[1;31m", "\x1b[0m"
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
_MIN_TEXT_COLUMNS = 20


def configure(parser: Parser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.takes_arguments = True
    parser.add_argument(
        "text",
        metavar="TEXT",
        nargs="*",
        help="words that a line must contain, in any order and case; a phrase goes into double quotes: "
        "'\"exit code\"'; an agent, a project or a time among them narrows the search: error codex last week",
    )
    parser.add_argument("--session", metavar="CHAT", help="only in this chat")
    parser.add_argument(
        "--limit", metavar="N", type=int, default=DEFAULT_LINES, help="show at most N lines (default: 100)"
    )
    add_selection(parser)
    parser.add_argument("--json", action="store_true", help="print chat, time, number and offset of each line as JSON")


def run(options: argparse.Namespace) -> int:
    """Print matching lines, of the newest chats first, while the index is brought up to date."""
    if options.limit < 1:
        raise UsageError("--limit needs a number of lines, 1 or more")
    selection = selection_of(options)
    text = " ".join([*options.text, *(getattr(options, AFTER_DASHES) or [])])
    Query.of(text)  # It has words.
    if options.on:  # "all", as another command runs on its machine.
        return _run_on_all(options, text, selection)
    with _store() as store, Search() as search:
        if options.session:
            named = [store.find(options.session)]
        else:
            named = store.all()
            search.keep_only({record.id for record in named})
        query = Query.of(text, scopes(named, _today()))
        searched = {record.id: record for record in _newest_first(named) if selection.has(record)}
        with _Progress(search, len(searched)) as progress:
            if options.json:
                search.update(searched, progress.show)
                hits = search.find(query, options.limit, searched)
                found = {hit.session_id for hit in hits}
                chats = {each: info_of(resolve_stale_row(store, searched[each])) for each in found}
                progress.clear()
                print_json([as_json(hit, chats[hit.session_id]) for hit in hits])
                count = len(hits)
            else:
                each = options.limit if options.session else LINES_OF_CHAT
                output = _Output(store, search, searched, text, query, progress)
                count = output.print_found(options.limit, each)
        for problem in search.problems.values():
            print_error(f"cannot search: {problem}")
        began_s = time.monotonic()
        search.free_space(lambda: time.monotonic() - began_s > _FREE_S)
    return _exit_code(options, text, count, len(searched))


def _exit_code(options: argparse.Namespace, text: str, count: int, total: int) -> int:
    """Report that nothing was found in these many chats, or more than is shown; returns the exit code."""
    if not count and not options.json:
        where = "that chat" if options.session else f"{total} chats" if total != 1 else "one chat"
        raise OutliveError(f"no matches for {text!r} in {where}; try fewer or shorter words")
    if count == options.limit and not options.json:
        shown = "newest line" if options.limit == 1 else f"newest {options.limit} lines"
        print(f"{shown}; use --limit for more", file=sys.stderr)
    return 0 if count else 1


class _FoundIn(NamedTuple):
    """The matching lines of a chat; ``machine``: where it is."""

    machine: str
    chat: SessionInfo
    found: Found


def _run_on_all(options: argparse.Namespace, text: str, selection: Selection) -> int:
    """Print the matching lines of all machines, those of the chat with the newest one first."""
    from session_host.machines.names import HERE  # rarely needed
    from session_host.machines.searching import found_elsewhere

    if options.session:
        raise UsageError("--session and --on all exclude each other; a chat on a machine is MACHINE:CHAT")
    each = options.limit if options.json else LINES_OF_CHAT
    elsewhere, errors = found_elsewhere(text, _today(), selection, options.limit, each)
    with _store() as store, Search() as search:
        records = store.all()
        query = Query.of(text, scopes(records, _today()))
        searched = {record.id: record for record in _newest_first(records) if selection.has(record)}
        with _Progress(search, len(searched)) as progress:
            search.update(searched, progress.show)
        here = search.find_by_session(query, options.limit, each, searched)
        found = [
            _FoundIn(HERE, info_of(resolve_stale_row(store, searched[lines.hits[0].session_id])), lines)
            for lines in here
        ]
    found += [_FoundIn(there.machine, chat, lines) for there in elsewhere for chat, lines in there.found]
    found.sort(key=lambda chat: chat.found.hits[0].order, reverse=True)
    if options.json:
        hits = [(hit, chat) for chat in found for hit in chat.found.hits]
        hits = sorted(hits, key=lambda pair: pair[0].order, reverse=True)[: options.limit]
        print_json([as_json(hit, chat.chat, chat.machine) for hit, chat in hits])
        count = len(hits)
    else:
        count = _print_chats(found, options.limit, text, HERE)
    for error in errors:
        print_error(str(error))
    return _exit_code(options, text, count, len(searched) + sum(there.total for there in elsewhere))


def _print_chats(chats: list[_FoundIn], limit: int, text: str, here: str) -> int:
    """Print the first lines of chats; returns their number."""
    columns, left = terminal_columns(), limit
    is_colored = has_colors()
    for machine, chat, lines in chats:
        if (found := lines.first(left)).hits:
            left -= len(found.hits)
            place = "" if machine == here else f"{machine}:"
            for line in lines_of_chat(
                found, chat, text, columns, datetime.now(UTC), is_colored=is_colored, place=place
            ):
                print(line)
    return limit - left


def _today() -> date:
    return datetime.now().astimezone().date()


def _store() -> Store:
    try:
        return open_store()
    except StoreCorrupt:
        all_sessions(ended=False)  # recreates the store
        return open_store()


def _newest_first(records: list[ChatFacts]) -> list[ChatFacts]:
    """Running chats, then the ended ones from the last."""
    newest = sorted(records, key=lambda record: record.outcome.ended_at or record.origin.created_at, reverse=True)
    return sorted(newest, key=lambda record: record.outcome.is_over)


class _Progress:
    """Shows on a terminal how many chats are indexed, once it takes long."""

    def __init__(self, search: Search, total: int) -> None:
        self._search, self._total = search, total
        self._began_s = time.monotonic()
        self._is_shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown:
            self._is_shown = False
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def show(self) -> bool:
        """Print the line; returns False, since nothing stops the update."""
        if self._search.behind and time.monotonic() - self._began_s > _QUIET_S and sys.stderr.isatty():
            self._is_shown = True
            line = f"\r{self._total - self._search.behind:,} of {self._total:,} chats are indexed\x1b[K"
            print(line, end="", file=sys.stderr, flush=True)
        return False


class _Output:
    """Prints the matching lines of chats as these are indexed."""

    def __init__(
        self,
        store: Store,
        search: Search,
        searched: dict[str, ChatFacts],
        text: str,
        query: Query,
        progress: _Progress,
    ) -> None:
        self._store, self._search, self._searched = store, search, searched
        self._text, self._query, self._progress = text, query, progress
        self._columns = terminal_columns()
        self._is_colored = has_colors()
        self._left = self._each = 0
        self._indexed: list[str] = []
        """The chats that are indexed, and not searched yet."""
        self._printed_s = time.monotonic()

    def print_found(self, limit: int, each: int) -> int:
        """Index the chats, and print the newest matching lines of each.

        Args:
            limit: the maximum number of lines; once they are printed, older chats are not even indexed.
            each: the maximum number of one chat, unless no other has any.

        Returns:
            The number of printed lines.
        """
        self._left, self._each = limit, each
        for session_id in self._search.indexed(self._searched, self._is_over):
            self._indexed.append(session_id)
            if self._is_over():
                break
        if self._indexed and self._left > 0:
            if len(self._indexed) == len(self._searched) and len(self._found()) == 1:
                self._each = limit
            self._print_batch()
        return limit - self._left

    def _is_over(self) -> bool:
        if self._indexed and time.monotonic() - self._printed_s > _BATCH_S:
            self._print_batch()
        self._progress.show()
        return self._left <= 0

    def _found(self) -> list[Found]:
        return self._search.find_by_session(self._query, self._left, self._each, self._searched, self._indexed)

    def _print_batch(self) -> None:
        found = self._found()
        self._indexed = []
        self._printed_s = time.monotonic()
        if found:
            self._progress.clear()
        now = datetime.now(UTC)
        for lines in found:
            if self._left > 0:
                cut = lines.first(self._left)
                self._left -= len(cut.hits)
                chat = info_of(resolve_stale_row(self._store, self._searched[cut.hits[0].session_id]))
                for line in lines_of_chat(cut, chat, self._text, self._columns, now, is_colored=self._is_colored):
                    print(line, flush=True)


def as_json(hit: Hit, chat: SessionInfo, machine: str = "") -> FoundLine:
    """A match as the documented JSON object."""
    time = written(hit.moment)
    return FoundLine(
        hit.session_id,
        chat.name,
        chat.facts.origin.agent,
        chat.state,
        time,
        hit.number,
        hit.text,
        hit.offset,
        machine,
    )


def lines_of_chat(
    found: Found,
    chat: SessionInfo,
    text: str,
    columns: int | None,
    now: datetime,
    *,
    is_colored: bool,
    place: str = "",
) -> Iterator[str]:
    """The matching lines of a chat, below its name.

    Args:
        found: the lines.
        chat: the chat.
        text: the user's query.
        columns: lines are cut to this width; None does not cut them.
        now: the present time.
        is_colored: whether to mark matches.
        place: what is before the name of a chat on another machine.
    """
    head = f"{place}{one_line(chat.name)}  {chat.id[:8]}  {one_line(chat.facts.origin.agent)}, {chat.state}"
    yield f"\x1b[1m{head}{_PLAIN}" if is_colored else head
    width = max(len(str(hit.number)) for hit in found.hits)
    query = Query.of(text)
    for hit, count in zip(found.hits, found.times, strict=True):
        yield _line(hit, query, now, width, columns, count, is_colored=is_colored)
    if found.more:
        more = f"{found.more:,}" if found.is_counted else f"{MAX_COUNTED:,} or more"
        line = f"  +{more} in this chat: outlive search --session {place}{chat.id[:8]} {shlex.quote(one_line(text))}"
        yield f"{_DIM}{line}{_PLAIN}" if is_colored else line


def _line(
    hit: Hit, query: Query, now: datetime, width: int, columns: int | None, count: int, *, is_colored: bool
) -> str:
    times = f"  ×{count}" if count > 1 else ""
    margin = f"  {local_time(hit.moment, now)}  {hit.number:>{width}}  "
    text = one_line(hit.text).strip()
    if columns is not None:
        text = cut(text, query.spans(text), max(columns - len(margin) - len(times), _MIN_TEXT_COLUMNS))
    if not is_colored:
        return f"{margin}{text}{times}"
    return f"{_DIM}{margin}{_PLAIN}{marked(text, query.spans(text))}{_DIM}{times}{_PLAIN}"


def marked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with the spans in colour."""
    parts, printed = [], 0
    for first, end in spans:
        parts += [text[printed:first], _MARK, text[first:end], _UNMARK]
        printed = end
    return "".join([*parts, text[printed:]])
