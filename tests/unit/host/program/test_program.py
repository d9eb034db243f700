"""A session's program before it runs."""

from __future__ import annotations

from typing import Any

from session_host.host.program.program import Program


async def test_a_terminal_echoes_before_its_program_runs() -> None:
    """A text that came so early was typed at once, and the agent discarded it when it set its terminal."""
    nothing: Any = None
    assert Program(nothing, nothing, nothing).is_echoing()
