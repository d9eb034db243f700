"""A journal writer with its own output and journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from session_host.host.program import journal_writer
from tests.support.recording import Recorded


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits before a batch is written and before a refused write is tried again."""
    monkeypatch.setattr(journal_writer, "FLUSH_S", 0.005)
    monkeypatch.setattr(journal_writer, "RETRY_S", 0.01)


@pytest.fixture
async def recording(tmp_path: Path, at_once: None) -> AsyncIterator[Recorded]:
    recording = Recorded(tmp_path / "journal")
    yield recording
    await recording.close()
