"""Recordings for tests of the search."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from session_host.paths import session_journal
from session_host.protocol.values import GridSize
from session_host.storage.journal import Entry, Journal
from session_host.storage.search import Query, Search
from tests.support.journals import output, resize

SIZE = GridSize(40, 10)

Record = Callable[..., None]


@pytest.fixture
def search() -> Iterator[Search]:
    with Search() as opened:
        yield opened


@pytest.fixture
def record() -> Record:
    """Records output of a session in parts; a part may have a time in seconds."""
    ends: dict[str, tuple[int, float]] = {}

    def write(session_id: str, *parts: bytes | tuple[float, bytes], size: GridSize = SIZE) -> None:
        offset, at_s = ends.get(session_id, (0, 0.0))
        entries: list[Entry] = [] if offset else [resize(0, 1, size.columns, size.rows)]
        for part in parts:
            at_s, data = part if isinstance(part, tuple) else (at_s + 0.01, part)
            entries.append(output(offset, data, at_s))
            offset += len(data)
        with Journal.open(session_journal(session_id)) as journal:
            journal.append(entries)
        ends[session_id] = offset, at_s

    return write


def texts(search: Search, text: str, limit: int = 1000) -> list[str]:
    """The lines that match, newest first."""
    return [hit.text for hit in search.find(Query.of(text), limit)]
