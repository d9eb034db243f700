"""A store, and records for it."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from session_host.protocol.values import State
from session_host.storage.store import SessionRecord, Store

MakeRecord = Callable[..., SessionRecord]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outlive.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


@pytest.fixture
def make_record() -> MakeRecord:
    seconds = itertools.count()

    def make(**fields: object) -> SessionRecord:
        values: dict[str, object] = {
            "id": str(uuid.uuid4()),
            "name": "notes",
            "agent": "shell",
            "argv": ["/bin/sh", "-i"],
            "cwd": "/tmp",
            "env": {},
            "state": State.RUNNING,
            "created_at": f"2026-01-02T03:04:{next(seconds):02}Z",
            "columns": 80,
            "rows": 24,
            "engine": "pyte",
        }
        return SessionRecord(**(values | fields))  # type: ignore[arg-type]

    return make
