"""Kills the product's processes at random moments while sessions work, and reports what was lost.

``python -m tests.benchmarks.torture [--kills N] [--seed S] [--sessions K] [--roles ROLE,…] [--keep] [--json]``

SIGKILL hits hosts, the keeper, its standby, two of these at the same time, a sequence of them 20 ms apart, a process
with viewers, commands, and with ``--roles …,window`` the window (on an off-screen display). The relay of a structured
chat is killed, stopped for a while or slowed down, or its server is killed. The programs record all that they write and
read, and a permanent viewer records all that it receives; both records are compared with the journal and with the typed
input. The same seed makes the same kills; ``kills.jsonl`` lists them with their times and PIDs.

Exit status: 0; 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import sys
import tempfile
from pathlib import Path

from session_host.system import event_loop
from tests.benchmarks import peers
from tests.benchmarks.environment import BenchmarkEnvironment, benchmark_environment
from tests.benchmarks.kills.torture import ROLES, Outcome, Torture, plan
from tests.benchmarks.report import Report, Series, Verdict, render_json

DEFAULT_ROLES = ("host", "structured host", "relay", "keeper", "standby", "two", "sequence", "viewer", "command")
KILLS_A_ROUND = 10
SHOWN_LOSSES = 40


def run(bench: BenchmarkEnvironment) -> Report:
    """Run ``KILLS_A_ROUND`` kills for each round; for ``python -m tests.benchmarks``."""
    seed = random.SystemRandom().randrange(1_000_000)
    return make_report(torture(bench, bench.rounds * KILLS_A_ROUND, seed, 3, DEFAULT_ROLES), seed)


def torture(bench: BenchmarkEnvironment, kills: int, seed: int, sessions: int, roles: tuple[str, ...]) -> Outcome:
    """Make the kills of a seed and return what was lost."""
    if "window" in roles:
        bench.display()
    run = Torture(bench.cache, plan(seed, kills, sessions, roles), seed=seed, sessions=sessions, say=_say)
    return event_loop.run(run.run())


def make_report(outcome: Outcome, seed: int) -> Report:
    """Make the report of an outcome."""
    killed = sum(outcome.killed.values())
    roles = ", ".join(f"{count} × {role}" for role, count in sorted(outcome.killed.items()))
    report = Report("torture", f"{killed} kills ({roles}), seed {seed}")
    report.series = [
        Series(f"{role}: kill → it answers", "ms", values, command="python -m tests.benchmarks.torture")
        for role, values in sorted(outcome.recovery_ms.items())
    ]
    if outcome.alone_ms:
        report.series.append(Series("host: kill → another is forked", "ms", outcome.alone_ms))
    report.verdicts = [Verdict("losses", len(outcome.losses), "", 0, False)]
    report.notes = [f"{what}: {number:,}" for what, number in outcome.figures.items()] + outcome.notes
    report.notes += [f"LOSS {loss}" for loss in outcome.losses[:SHOWN_LOSSES]]
    if len(outcome.losses) > SHOWN_LOSSES:
        report.notes.append(f"and {len(outcome.losses) - SHOWN_LOSSES} more losses")
    return report


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Run the kills that the command line describes; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.torture", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="a run's seed, to have the same kills again")
    parser.add_argument("--sessions", type=int, default=3)
    parser.add_argument("--roles", default=",".join(DEFAULT_ROLES), help=f"some of {','.join(ROLES)}")
    parser.add_argument("--keep", action="store_true", help="keep all records, even if nothing was lost")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    options = parser.parse_args()
    roles = tuple(options.roles.split(","))
    if unknown := set(roles) - set(ROLES):
        parser.error(f"there is no role {', '.join(sorted(unknown))}; there are {', '.join(ROLES)}")
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    _say(f"seed {seed}")
    with benchmark_environment(1) as bench:
        try:
            outcome = torture(bench, options.kills, seed, options.sessions, roles)
        except BaseException:
            _keep(bench)
            raise
        report = make_report(outcome, seed)
        if outcome.losses or options.keep:
            report.notes.append(f"records and logs are kept in {_keep(bench)}")
    print(render_json(peers.machine(), [report]) if options.json else report.as_text())
    return 1 if outcome.losses else 0


def _keep(bench: BenchmarkEnvironment) -> Path:
    """Copy the witnesses', viewers' and hosts' files and the journals to a directory that outlives this run."""
    kept = Path(tempfile.mkdtemp(prefix="torture-", dir="/tmp"))
    for directory in (bench.cache, bench.area.state):
        # copytree reports sockets and FIFOs as errors.
        with contextlib.suppress(shutil.Error):
            shutil.copytree(directory, kept / directory.name, ignore=lambda _, names: {"orders"} & set(names))
    return kept


if __name__ == "__main__":
    sys.exit(main())
