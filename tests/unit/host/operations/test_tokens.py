"""The tokens of a chat view's turn, from the agent's record."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from session_host.host.operations.runner import OperationRunner
from session_host.structured.operations import AnyResult, CountTokens, OperationDone
from tests.support.session_harness import spec_of

RECORDING = Path(__file__).parents[3] / "recordings" / "agents" / "opencode-work.sql"
CONVERSATION = "ses_dfcb487deffevv0UhKnqnsXPqm"
SECOND_MS = 1796069092758
"""When the second turn began."""


@pytest.mark.parametrize(("has_record", "text"), [(True, "10 0 10"), (False, "")])
async def test_the_tokens_since_a_turn_began_are_those_of_the_record(
    tmp_path: Path, *, has_record: bool, text: str
) -> None:
    if has_record:
        path = tmp_path / ".local/share/opencode/opencode.db"
        path.parent.mkdir(parents=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(RECORDING.read_text(encoding="utf-8"))
    results: asyncio.Queue[AnyResult] = asyncio.Queue()
    spec = spec_of(agent="opencode", cwd=str(tmp_path), env={"HOME": str(tmp_path)})
    OperationRunner(spec, results.put_nowait).start(CountTokens(1, CONVERSATION, SECOND_MS))
    assert await asyncio.wait_for(results.get(), 60) == OperationDone(1, text)
