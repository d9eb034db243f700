"""Processes of each role are killed at random moments, and nothing is lost; ``torture`` is the long form."""

from __future__ import annotations

import json

import pytest

from tests.kills.torture import Torture, plan
from tests.support.area import Area
from tests.support.fuzzing import times

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("sessions")]

SEED = 20_260_101


@pytest.mark.parametrize(
    ("roles", "kills"),
    [
        (("host", "structured host", "keeper", "viewer", "command"), times(6)),
        (("standby", "two", "sequence"), times(3)),
    ],
)
async def test_random_kills_lose_nothing(roles: tuple[str, ...], kills: int, area: Area) -> None:
    records = area.root / "records"
    records.mkdir()
    outcome = await Torture(records, plan(SEED, kills, 2, roles), seed=SEED, sessions=2).run()
    assert outcome.losses == []
    assert sum(outcome.killed.values()) == kills
    assert outcome.figures["bytes written"] > 10_000, "the agents were at work"
    logged = [json.loads(line) for line in (records / "kills.jsonl").read_text().splitlines()]
    assert [kill["number"] for kill in logged] == list(range(1, kills + 1))
