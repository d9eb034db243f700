"""A process of the product is killed at selected system calls, and nothing is lost; ``every_instant`` tries all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.benchmarks.environment import BenchmarkEnvironment, benchmark_environment
from tests.kills.every_instant import examine
from tests.kills.trace import CannotTrace

pytestmark = pytest.mark.slow

SPREADS = {
    "host at work": 6,
    "slow host at work": 2,
    "host at launch": 3,
    "host at recovery": 3,
    "keeper at launch": 3,
    "keeper at recovery": 3,
    "keeper at hand-over": 2,
    "keeper at replacement": 3,
    "keeper at launch of a short program": 3,
    "standby at work": 3,
    "standby at takeover": 2,
    "keeper at takeover": 2,
    "keeper at the standby's death": 2,
    "keeper after the standby's death": 2,
    "command at launch": 2,
    "host at upgrade": 4,
    "replacement at upgrade": 2,
    "structured host at work": 3,
    "structured host at launch": 2,
    "structured host at recovery": 3,
    "relay at work": 2,
}
"""The number of kill points of each scenario; other scenarios take too long under a tracer for a test."""


@pytest.fixture
def bench() -> Iterator[BenchmarkEnvironment]:
    with benchmark_environment(1) as bench:
        yield bench


@pytest.mark.parametrize(("name", "spread"), SPREADS.items())
async def test_a_kill_at_any_system_call_loses_nothing(name: str, spread: int, bench: BenchmarkEnvironment) -> None:
    try:
        result = await examine(bench, name, spread=spread)
    except CannotTrace as error:
        pytest.skip(f"nothing can be traced here: {error}")
    assert result.failures == []
    assert result.lost == [], "\n".join(result.report())
    # The number of calls varies between runs, so some kill points are after the end.
    assert sum(each.traced.killed_at is not None for each in result.kills) >= spread / 3, "there were kills"
