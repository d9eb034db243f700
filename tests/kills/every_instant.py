"""Kills processes of the product at each of their system calls in turn, and reports what each kill lost.

``python -m tests.kills.every_instant [SCENARIO…] [--from K] [--to K] [--step N] [--parallel N]``

A scenario is a piece of work and a process that is killed during it (``--list`` lists the scenarios; default: all).
Each scenario runs once without a kill, to count the process's system calls. Then it runs once for each call; the
process is killed at the entry of that call. The table has a line for each system call: the number of kills, how many
of them lost nothing, and how many lost something.

Exit status: 0; 1 if there was a loss; 2 if this system does not allow tracing.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from dataclasses import dataclass, field

from session_host.system import event_loop
from tests.benchmarks.environment import BenchmarkEnvironment, benchmark_environment
from tests.kills.kill_points import TOGETHER, KillResult, Workspace
from tests.kills.scenarios import SCENARIOS
from tests.kills.trace import CannotTrace
from tests.support.waiting import WaitTimeout

MORE_CALLS = 1.1
"""Kill points to try per counted call: above 1, since the number of calls differs from run to run."""

SHOWN_LOSSES = 30


@dataclass
class ScenarioResult:
    """The results of one scenario's kills."""

    scenario: str
    calls: int = 0
    kills: list[KillResult] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def lost(self) -> list[KillResult]:
        """The kills with a loss."""
        return [each for each in self.kills if each.losses]

    def report(self) -> list[str]:
        """The results in lines: a table with a row for each system call, the losses and the failures."""
        lines = [
            f"{self.scenario}: {self.calls} calls counted, {len(self.kills)} kills, {len(self.lost)} with a loss",
            f"  {'call':<24}{'kills':>9}{'lost':>9}",
        ]
        kills, lost = Counter(map(_call_of, self.kills)), Counter(map(_call_of, self.lost))
        lines += [f"  {name:<24}{count:>9}{lost[name]:>9}" for name, count in kills.most_common()]
        for each in self.lost[:SHOWN_LOSSES]:
            at = f"call {each.number} ({each.traced.name}, {each.traced.thread} thread)"
            lines += [f"  LOSS {self.scenario}, {at}: {loss}" for loss in each.losses[:4]]
        return lines + [f"  FAILURE {failure}" for failure in self.failures[:SHOWN_LOSSES]]


def _call_of(kill: KillResult) -> str:
    return kill.traced.name or "(its work was done)"


async def examine(
    bench: BenchmarkEnvironment,
    name: str,
    *,
    first: int = 1,
    last: int = 0,
    step: int = 1,
    spread: int = 0,
    parallel: int = 2,
) -> ScenarioResult:
    """Run one scenario without a kill, then once for each chosen kill point, with a kill there.

    Args:
        bench: the environment of the run.
        name: the scenario.
        first, last, step: the kill points; ``last`` 0 means up to the end.
        spread: the number of evenly spread kill points, instead of ``step``; 0 for none.
        parallel: the number of concurrent runs, for scenarios that share nothing.

    Raises:
        CannotTrace: the system does not allow tracing.
    """
    result = ScenarioResult(name)
    directory = bench.cache / name.replace(" ", "-")
    directory.mkdir()
    workspace = Workspace(directory)
    whole = await SCENARIOS[name](workspace, 0)
    result.calls = whole.traced.calls
    result.failures += [f"without any kill: {loss}" for loss in whole.losses]
    if spread:
        # A run with a later kill point is nearly always one without a kill, as the first one.
        waiting = _spread(first, last or result.calls, spread)
    else:
        waiting = list(range(first, (last or int(result.calls * MORE_CALLS)) + 1, step))
    at_once = parallel if name in TOGETHER else 1

    async def work() -> None:
        while waiting:
            number = waiting.pop(0)
            try:
                killed = await SCENARIOS[name](workspace, number)
            except (WaitTimeout, CannotTrace) as error:
                result.failures.append(f"{name}, call {number}: {error}")
                continue
            result.kills.append(killed)
            if spread and killed.traced.killed_at is None and len(result.kills) <= 2 * spread:
                # This run had fewer calls than the first: a process on a busy machine waits, and so calls, more often.
                waiting[:] = _spread(first, killed.traced.calls, len(waiting)) or [_late(killed.traced.calls)]

    await asyncio.gather(*(work() for _ in range(at_once)))
    return result


def _spread(first: int, last: int, count: int) -> list[int]:
    """``count`` call numbers, evenly spread between the first and the last, without these two."""
    return [first + (last - first) * index // (count + 1) for index in range(1, count + 1)]


def _late(calls: int) -> int:
    """A call near the end, but not so near that another run may have fewer calls."""
    return max(1, int(calls / MORE_CALLS))


def main() -> int:
    """Run the scenarios that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills.every_instant", description=__doc__.split("\n")[0])
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    parser.add_argument("--from", dest="first", type=int, default=1, metavar="K")
    parser.add_argument("--to", dest="last", type=int, default=0, metavar="K")
    parser.add_argument("--step", type=int, default=1, metavar="N")
    parser.add_argument("--spread", type=int, default=0, metavar="N", help="so many kill points over the whole")
    parser.add_argument("--parallel", type=int, default=2, metavar="N")
    options = parser.parse_args()
    if options.list:
        print("\n".join(f"{name}: {(scenario.__doc__ or '').strip()}" for name, scenario in SCENARIOS.items()))
        return 0
    if unknown := set(options.scenarios) - set(SCENARIOS):
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    is_lost = False
    try:
        for name in options.scenarios or SCENARIOS:
            with benchmark_environment(1) as bench:
                chosen = {key: getattr(options, key) for key in ("first", "last", "step", "spread", "parallel")}
                result = event_loop.run(examine(bench, name, **chosen))
            print(*result.report(), sep="\n", flush=True)
            is_lost = is_lost or bool(result.lost or result.failures)
    except CannotTrace as error:
        print(f"nothing can be traced here: {error}", file=sys.stderr)
        return 2
    return 1 if is_lost else 0


if __name__ == "__main__":
    sys.exit(main())
