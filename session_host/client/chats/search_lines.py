"""The search in a machine's chats, as another one asks for it: in short calls, repeated while chats are indexed."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import NamedTuple

from session_host.client.sessions.store_access import open_store
from session_host.protocol.untrusted_text import plain
from session_host.storage.search import Found, Hit, Query, Search

WORK_S = 0.5
"""How long a call indexes chats."""

MAX_LINES = 1000

LINE_CHARACTERS = 4096
"""The longest line that is taken from another machine."""


class Searched(NamedTuple):
    """Matching lines.

    Attributes:
        found: those of each chat.
        behind: the number of chats that are not indexed yet.
        total: the number of all searched chats.
    """

    found: list[Found]
    behind: int
    total: int


def search_lines(query: Query, session_id: str, limit: int, each: int) -> Searched:
    """The newest matching lines of a chat, or of all that no other continues (""); see ``Search.find_by_session``."""
    if session_id:
        ids = [session_id]
    else:
        with open_store() as store:
            records = store.all()
        records.sort(key=lambda record: record.outcome.ended_at or record.origin.created_at, reverse=True)
        ids = [record.id for record in records if record.entry.continued_by is None or not record.outcome.is_over]
    end_s = time.monotonic() + WORK_S
    with Search() as search:
        search.update(ids, lambda: time.monotonic() > end_s)
        return Searched(search.find_by_session(query, min(limit, MAX_LINES), each, set(ids)), search.behind, len(ids))


def lines_around(hit: Hit, before: int, after: int) -> list[Hit]:
    """See ``Search.around``."""
    with Search() as search:
        return search.around(hit, min(before, MAX_LINES), min(after, MAX_LINES))


def checked(found: list[Found], ids: Collection[str], limit: int) -> list[Found]:
    """Another machine's results, as far as they are about these chats: bounded, and with texts that only show."""
    return [
        Found(
            [checked_hit(hit) for hit in each.hits],
            [max(count, 1) for count in each.times],
            max(each.more, 0),
            each.is_counted,
        )
        for each in found[:limit]
        if len(own := {hit.session_id for hit in each.hits}) == 1
        and own <= set(ids)
        and len(each.hits) == len(each.times) <= limit
    ]


def checked_hit(hit: Hit) -> Hit:
    """A line of another machine, without what could mislead the user, or is too long."""
    return hit._replace(text=plain(hit.text, LINE_CHARACTERS))
