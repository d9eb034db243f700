"""Makes journals and stores with content, and reads journals."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable
from pathlib import Path

from session_host.client.sessions.store_access import open_store
from session_host.paths import session_journal
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import CellSize, GridSize, State
from session_host.storage.journal import Entry, Journal, Output, Resize, Snapshot, read
from session_host.storage.store import Store
from session_host.terminal import default_engine
from tests.support.facts import chat_facts

SECOND_NS = 1_000_000_000
BEGAN_NS = 1_767_323_045 * SECOND_NS
"""2026-01-02T03:04:05Z."""


def output(offset: int, data: bytes, at_s: float = 0.0) -> Output:
    """Output, this many seconds after the start."""
    return Output(BEGAN_NS + round(at_s * SECOND_NS), offset, data)


def resize(offset: int, number: int, columns: int = 80, rows: int = 24, at_s: float = 0.0) -> Resize:
    """A resize, this many seconds after the start."""
    return Resize(BEGAN_NS + round(at_s * SECOND_NS), offset, number, GridSize(columns, rows), CellSize(8, 16))


def snapshot(offset: int, data: bytes = b"state", resizes: int = 0, build: str = "pyte-1+1") -> Snapshot:
    """A snapshot with arbitrary bytes."""
    return Snapshot(offset, resizes, build, GridSize(80, 24), 10_000, "a title", data)


def write_journal(directory: Path, entries: Iterable[Entry], **options: int) -> None:
    """Record entries, each with its own write."""
    with Journal.open(directory, **options) as journal:
        for entry in entries:
            journal.append([entry])


def recorded(directory: Path, start: int = 0) -> list[Entry]:
    """All readable entries."""
    return list(read(directory, start))


def recorded_bytes(directory: Path) -> bytes:
    """All readable output."""
    return b"".join(entry.data for entry in read(directory) if isinstance(entry, Output))


def logs(directory: Path) -> list[Path]:
    """The segments, oldest first."""
    return sorted(directory.glob("*.log"))


def names(directory: Path) -> set[str]:
    """The names of the directory's files."""
    return {path.name for path in directory.iterdir()}


def recorded_session(name: str, entries: Iterable[Entry], **fields: object) -> str:
    """Make an ended session with a recording; returns its id."""
    session_id = str(uuid.uuid4())
    values: dict[str, object] = {
        "id": session_id,
        "name": name,
        "agent": "shell",
        "argv": ["sh"],
        "cwd": "/",
        "state": State.EXITED,
        "exit_code": 0,
        "created_at": "2026-01-02T03:04:05.000Z",
        "ended_at": "2026-01-02T03:05:00.000Z",
        "columns": 80,
        "rows": 24,
        "engine": default_engine(),
    }
    with open_store() as store:
        store.insert(chat_facts(**(values | fields)))
    write_journal(session_journal(session_id), entries)
    return session_id


_microseconds = itertools.count()


def one_line(error: BaseException) -> str:
    """The error's message; asserts that it is one line."""
    text = str(error)
    assert text
    assert "\n" not in text
    return text


def make_record(**fields: object) -> ChatFacts:
    """A running shell, later than those made before; with these fields."""
    values: dict[str, object] = {
        "id": str(uuid.uuid4()),
        "name": "notes",
        "agent": "shell",
        "argv": ["/bin/sh", "-i"],
        "cwd": "/tmp",
        "env": {},
        "state": State.RUNNING,
        "created_at": f"2026-01-02T03:04:05.{next(_microseconds):06}Z",
        "columns": 80,
        "rows": 24,
        "engine": "pyte",
    }
    return chat_facts(**(values | fields))


def fill(path: Path, count: int = 50) -> list[ChatFacts]:
    """Insert so many large records that the store's file has several pages; returns the records."""
    records = [make_record(title="x" * 400, created_at="2026-01-02T03:04:05Z") for _ in range(count)]
    with Store.open(path) as store:
        for record in records:
            store.insert(record)
    return records
