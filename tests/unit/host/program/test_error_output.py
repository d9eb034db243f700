"""The disk space of a program's standard error."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from session_host.host.program import error_output
from session_host.host.program.error_output import ErrorOutput, last_errors
from tests.support.waiting import eventually


async def test_the_error_output_of_an_agent_that_never_stops_writing_it_takes_little_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_output, "CHECK_S", 0.01)
    path = tmp_path / "stderr.log"
    path.write_bytes(b"")
    watched = ErrorOutput(str(path))
    watched.start()
    try:
        with path.open("ab", buffering=0) as file:
            for _ in range(8):
                file.write(b"an error\n" * 100_000)
                await asyncio.sleep(0)
            file.write(b"the last error\n")
            limit = 2 * error_output.KEPT_BYTES
            await eventually(lambda: path.stat().st_blocks * 512 <= limit, 10, "the space to be freed")
            assert last_errors(str(path)).endswith("an error\nthe last error")
            file.write(b"an error\n" * 500_000)
            await eventually(lambda: path.stat().st_blocks * 512 <= limit, 10, "the space to be freed again")
    finally:
        watched.close()
