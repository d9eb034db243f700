"""The time from the start of the window's process until 20 chats are connected and the active one is painted.

To store the layout, the benchmark first opens the 20 tabs in a window and closes the window. The clock starts before
``python -m gui``. It stops when the window's control socket reports that all tabs are connected, and a second time when
the window has returned a screenshot, since the active tab is painted then.
"""

from __future__ import annotations

import sys
import time

from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict
from tests.programs import Gate, program
from tests.support.windows import window

SESSIONS = 20
LIMIT_S = 1.5


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("cold_window", f"a window with {SESSIONS} tabs, from the start of its process")
    bench.display()
    with Gate(bench.cache / "gate") as gate:
        argv = program("numbered_lines", 1000, "--colour", "--gate", gate.path, "--stay")
        ids = [bench.new_session(argv, f"chat-{number}")["id"] for number in range(SESSIONS)]
        measure(bench, report, ids)
    return report


def measure(bench: BenchmarkEnvironment, report: Report, ids: list[str]) -> None:
    """Open the tabs once, then start the window once for each round."""
    with window() as app:
        for session in ids:
            app.show(session)
        app.wait_connected(ids)
        app.ask("close")
        app.process.wait(20)
    connected = Series("all tabs connected", "s", command=f"{sys.executable.rpartition('/')[2]} -m gui")
    painted = Series("and the window painted", "s")
    report.series = [connected, painted]
    for turn in range(bench.rounds):
        began_s = time.perf_counter()
        with window() as app:
            app.wait_connected(ids)
            connected.values.append(time.perf_counter() - began_s)
            app.ask("grab", file=str(bench.cache / f"window-{turn}.png"))
            painted.values.append(time.perf_counter() - began_s)
            app.ask("close")
            app.process.wait(20)
    report.verdicts = [Verdict("cold window", painted.median, "s", LIMIT_S, False)]
