"""What an agent does now is told at most once a second, and the last of it always."""

from __future__ import annotations

import pytest

from session_host.host.watchers import shown_step
from session_host.host.watchers.shown_step import ShownStep
from tests.support.waiting import eventually


async def test_steps_that_follow_quickly_are_told_once_and_the_last_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_step, "PAUSE_S", 0.01)
    told: list[str] = []
    step = ShownStep(lambda: told.append(step.line))
    for line in ("Reading a", "Reading b", "Editing a"):
        step.show(line)
    assert told == ["Reading a"]
    await eventually(lambda: told == ["Reading a", "Editing a"], 10, "the last step")
    step.show("Editing a")
    step.show("")
    await eventually(lambda: told[-1] == "", 10, "no step")
    assert told == ["Reading a", "Editing a", ""]
    step.close()
