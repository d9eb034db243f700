"""``outlive search``: search the text of all chats, running and ended."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Self

from session_host.cli.arguments import AFTER_DASHES, Parser
from session_host.cli.output import one_line, print_error, print_json, terminal_columns
from session_host.cli.selection import add_selection, selection_of
from session_host.cli.text_columns import cut
from session_host.cli.times import local_time
from session_host.client.sessions.session_info import SessionInfo, info_of, resolve_stale_row
from session_host.client.sessions.store_access import open_store
from session_host.errors import OutliveError, StoreCorrupt, UsageError
from session_host.protocol.values import RUNNING_STATES
from session_host.storage.search import Hit, Query, Search
from session_host.storage.store import SessionRecord, Store

DEFAULT_LINES = 100
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
        "text", metavar="TEXT", nargs="*",
        help="words that a line must contain, in any order and case; a phrase goes into double quotes: '\"exit code\"'",
    )  # fmt: skip
    parser.add_argument("--session", metavar="CHAT", help="only in this chat")
    parser.add_argument(
        "--limit", metavar="N", type=int, default=DEFAULT_LINES, help="show at most N lines (default: 100)"
    )
    add_selection(parser)
    parser.add_argument("--json", action="store_true", help="print chat, time, number and offset of each line as JSON")


def run(options: argparse.Namespace) -> int:
    """Update the index, and print matching lines, newest first."""
    if options.limit < 1:
        raise UsageError("--limit needs a number of lines, 1 or more")
    selection = selection_of(options)
    text = " ".join([*options.text, *(getattr(options, AFTER_DASHES) or [])])
    query = Query.of(text)
    with _store() as store, Search() as search:
        records = store.all()
        search.keep_only({record.id for record in records})
        named = [store.find(options.session)] if options.session else records
        searched = [record for record in named if selection.has(record)]
        _update(search, searched)
        hits = search.find(query, options.limit, {record.id for record in searched})
        found = {hit.session_id for hit in hits}
        for problem in search.problems.values():
            print_error(f"cannot search: {problem}")
        chats = {record.id: info_of(resolve_stale_row(store, record)) for record in searched if record.id in found}
        began_s = time.monotonic()
        search.free_space(lambda: time.monotonic() - began_s > _FREE_S)
    if options.json:
        print_json([as_json(hit, chats[hit.session_id]) for hit in hits])
        return 0 if hits else 1
    if not hits:
        where = "that chat" if options.session else f"{len(searched)} chats" if len(searched) != 1 else "one chat"
        raise OutliveError(f"no matches for {text!r} in {where}; try fewer or shorter words")
    columns = terminal_columns()
    for line in grouped(hits, chats, query, columns, is_colored=columns is not None and not os.environ.get("NO_COLOR")):
        print(line)
    if len(hits) == options.limit:
        shown = "newest line" if options.limit == 1 else f"newest {options.limit} lines"
        print(f"{shown}; use --limit for more", file=sys.stderr)
    return 0


def _store() -> Store:
    try:
        return open_store()
    except StoreCorrupt:
        from session_host.cli.session_argument import all_sessions

        all_sessions(ended=False)  # recreates the store
        return open_store()


def _update(search: Search, records: Iterable[SessionRecord]) -> None:
    """Index new output, of running chats first, then of the newest."""
    newest = sorted(records, key=lambda record: record.created_at, reverse=True)
    newest.sort(key=lambda record: record.state not in RUNNING_STATES)
    outdated = search.outdated(record.id for record in newest)
    with _Progress(len(outdated)) as progress:
        search.update(outdated, should_stop=progress.print_progress, on_indexed=progress.next)


class _Progress:
    """Shows the progress of indexing on a terminal, once it takes long."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._began_s = time.monotonic()
        self._is_shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def next(self, _session_id: str) -> None:
        self._done += 1

    def print_progress(self) -> bool:
        """Print the progress; returns False, since nothing stops the update."""
        if time.monotonic() - self._began_s > _QUIET_S and sys.stderr.isatty():
            self._is_shown = True
            line = f"\rindexing chats: {self._done} of {self._total}\x1b[K"
            print(line, end="", file=sys.stderr, flush=True)
        return False


def as_json(hit: Hit, chat: SessionInfo) -> dict[str, Any]:
    """A match as the documented JSON object."""
    return {
        "session_id": hit.session_id,
        "name": chat.name,
        "agent": chat.agent,
        "state": chat.state,
        "time": hit.moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "line": hit.number,
        "text": hit.text,
        "offset": hit.offset,
    }


def grouped(
    hits: list[Hit], chats: dict[str, SessionInfo], query: Query, columns: int | None, *, is_colored: bool
) -> Iterator[str]:
    """The matches grouped by chat; the chat with the newest match comes first.

    Args:
        hits: the matches, newest first.
        chats: the matches' chats, by id.
        query: the words to mark.
        columns: lines are cut to this width; None does not cut them.
        is_colored: whether to mark matches.
    """
    now = datetime.now(UTC)
    for session_id in dict.fromkeys(hit.session_id for hit in hits):
        own = [hit for hit in hits if hit.session_id == session_id]
        chat = chats[session_id]
        head = f"{one_line(chat.name)}  {session_id[:8]}  {one_line(chat.agent)}, {chat.state}"
        yield f"\x1b[1m{head}{_PLAIN}" if is_colored else head
        counts: dict[str, int] = {}
        for hit in own:
            counts[hit.text] = counts.get(hit.text, 0) + 1
        width = max(len(str(hit.number)) for hit in own)
        for hit in own:
            # Print a line that occurs several times once, where it occurs last.
            if count := counts.pop(hit.text, 0):
                yield _line(hit, query, now, width, columns, count, is_colored=is_colored)


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
