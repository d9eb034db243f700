"""A process of the product is killed at one of its system calls, and nothing is lost; ``every_instant`` tries all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.benchmarks.environment import BenchmarkEnvironment, benchmark_environment
from tests.kills.every_instant import examine
from tests.kills.trace import CannotTrace
from tests.support.fuzzing import times

pytestmark = pytest.mark.slow

SAMPLED = (
    "host at work",
    "slow host at work",
    "host at a turn's end",
    "host at a due prompt",
    "host at launch",
    "host at recovery",
    "keeper at launch",
    "keeper at recovery",
    "keeper at hand-over",
    "keeper at replacement",
    "keeper at launch of a short program",
    "standby at work",
    "standby at takeover",
    "keeper at takeover",
    "keeper at the standby's death",
    "keeper after the standby's death",
    "command at launch",
    "host at upgrade",
    "replacement at upgrade",
    "structured host at work",
    "structured host at launch",
    "structured host at recovery",
    "structured host at a due prompt",
    "restore",
    "discard",
    "take back",
    "removal of a worktree",
    "rm",
)
"""The scenarios; other ones take too long under a tracer for a test."""


@pytest.fixture
def bench() -> Iterator[BenchmarkEnvironment]:
    with benchmark_environment(1) as bench:
        yield bench


@pytest.mark.parametrize("name", SAMPLED)
async def test_a_kill_at_any_system_call_loses_nothing(name: str, bench: BenchmarkEnvironment) -> None:
    spread = times(1)
    try:
        result = await examine(bench, name, spread=spread)
    except CannotTrace as error:
        pytest.skip(f"nothing can be traced here: {error}")
    assert result.failures == []
    assert result.lost == [], "\n".join(result.report())
    # The number of calls varies between runs, so some kill points are after the end.
    assert sum(each.traced.killed_at is not None for each in result.kills) >= spread / 3, "there were kills"
