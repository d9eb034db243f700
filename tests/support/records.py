"""Fills stores with records, and checks error messages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from session_host.storage.store import SessionRecord, Store

MakeRecord = Callable[..., SessionRecord]


def one_line(error: BaseException) -> str:
    """The error's message; asserts that it is one line."""
    text = str(error)
    assert text
    assert "\n" not in text
    return text


def fill(path: Path, make_record: MakeRecord, count: int = 50) -> list[SessionRecord]:
    """Insert so many large records that the store's file has several pages; returns the records."""
    records = [make_record(title="x" * 400, created_at="2026-01-02T03:04:05Z") for _ in range(count)]
    with Store.open(path) as store:
        for record in records:
            store.insert(record)
    return records
