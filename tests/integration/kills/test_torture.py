"""Processes of the product are killed at random moments, and nothing is lost; the long form is a benchmark."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks.kills.torture import Torture, plan
from tests.support.area import Area

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("sessions")]

SEED = 20_260_101


@pytest.mark.parametrize(("roles", "kills"), [(("viewer", "command"), 16)])
async def test_kills_lose_nothing(roles: tuple[str, ...], kills: int, area: Area) -> None:
    records = area.root / "records"
    records.mkdir()
    outcome = await Torture(records, plan(SEED, kills, 2, roles), seed=SEED, sessions=2).run()
    assert outcome.losses == []
    assert sum(outcome.killed.values()) == kills
    assert outcome.figures["bytes written"] > 10_000, "the agents were at work"
    logged = [json.loads(line) for line in (records / "kills.jsonl").read_text().splitlines()]
    assert [kill["number"] for kill in logged] == list(range(1, kills + 1))


def test_a_seed_makes_the_same_kills_again() -> None:
    roles = ("host", "keeper", "command")
    first, again, another = plan(7, 50, 3, roles), plan(7, 50, 3, roles), plan(8, 50, 3, roles)
    assert first == again != another
    assert {kill.role for kill in first} == set(roles)
    assert {kill.chat for kill in first} == {0, 1, 2}
