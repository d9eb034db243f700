"""The duration of ``outlive ls`` with 20 running sessions, compared with a Python process that does nothing.

The difference is the command's own time: imports, the store, a request to each of twenty hosts.
"""

from __future__ import annotations

import subprocess
import sys
import time

from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict
from tests.benchmarks.sessions import idle_program
from tests.support.commands import OUTLIVE, environment

SESSIONS = 20
LIMIT_MS = 100.0


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("ls", f"outlive ls with {SESSIONS} sessions")
    for number in range(SESSIONS):
        bench.new_session(idle_program(), f"idle-{number}")
    ours = Series("outlive ls", "ms", command="outlive ls")
    ours_json = Series("outlive ls --json", "ms", command="outlive ls --json")
    bare = Series("python -c pass", "ms", command="python -c pass")
    report.series = [ours, ours_json, bare]
    for _ in range(bench.rounds * 3):
        ours.values.append(milliseconds(bench, [*OUTLIVE, "ls"]))
        bare.values.append(milliseconds(bench, [sys.executable, "-c", "pass"]))
        ours_json.values.append(milliseconds(bench, [*OUTLIVE, "ls", "--json"]))
    report.verdicts = [Verdict("its own time", ours.median - bare.median, "ms", LIMIT_MS, False)]
    return report


def milliseconds(bench: BenchmarkEnvironment, argv: list[str]) -> float:
    """Run a command; return its duration."""
    began_s = time.perf_counter()
    subprocess.run(argv, env=environment(), check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return (time.perf_counter() - began_s) * 1000
