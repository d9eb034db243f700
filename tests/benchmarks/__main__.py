"""``python -m tests.benchmarks [NAME…] [--rounds N] [--json]``."""

from __future__ import annotations

import argparse
import importlib
import sys

from tests.benchmarks import peers
from tests.benchmarks.environment import benchmark_environment
from tests.benchmarks.report import Report, render_json

NAMES = (
    "flood_detached",
    "flood_attached",
    "echo",
    "attach_echo",
    "sessions",
    "cold_window",
    "tabs_memory",
    "key_to_pixel",
    "whole_screen",
    "scroll_history",
    "scroll_chat",
    "pictures",
    "takeover",
    "chat_takeover",
    "far_echo",
    "list_machines",
    "slow_line",
    "ssh_echo",
    "cuts",
    "idle_machines",
    "events",
    "list_500",
    "web",
    "working_trees",
)


def main() -> int:
    """Run the benchmarks named on the command line; return 1 if a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Outlive against its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of: {', '.join(NAMES)}; default: all")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contestant (5)")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    machine = peers.machine()
    reports: list[Report] = []
    if not options.json:
        print("  ".join(f"{name} {fact}" for name, fact in machine.items()) + "\n", flush=True)
    for name in options.names or NAMES:
        benchmark = importlib.import_module(f"tests.benchmarks.{name}")
        with benchmark_environment(options.rounds) as bench:
            report: Report = benchmark.run(bench)
        reports.append(report)
        if not options.json:
            print(report.as_text(), flush=True)
    if options.json:
        print(render_json(machine, reports))
    missed = [verdict for report in reports for verdict in report.verdicts if not verdict.met]
    for verdict in missed:
        print(f"missed: {verdict}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
