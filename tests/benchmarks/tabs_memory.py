"""The memory of a window that has shown 20 long chats, and the time to show a hidden tab again.

Each chat has 12,000 coloured lines. Memory is counted as PSS: pages that are shared with other processes count in part.
"""

from __future__ import annotations

import json
import statistics
import time

from gui.window.panes.tabs import KEPT_REPLICAS, SUSPEND_AFTER_MS
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict
from tests.benchmarks.usage import pss_mb
from tests.programs import Gate, program
from tests.support.waiting import wait_until
from tests.support.windows import Window, window

SESSIONS = 20
LINES = 12_000
LIMIT_MB = 120.0
WAIT_S = 60.0


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("tabs_memory", f"a window, {SESSIONS} chats of {LINES} lines, each tab shown once")
    bench.display()
    with Gate(bench.cache / "gate") as gate:
        argv = program("numbered_lines", LINES, "--width", 90, "--colour", "--gate", gate.path, "--stay")
        measure(bench, report, [bench.new_session(argv, f"chat-{number}")["id"] for number in range(SESSIONS)])
    return report


def measure(bench: BenchmarkEnvironment, report: Report, ids: list[str]) -> None:
    """Show the tabs one after the other, wait until they rest, and show some again."""
    first = Series("one tab shown", "MB", command="PSS of python -m gui")
    largest = Series("while tabs are shown, at most", "MB")
    rested = Series("20 shown, at rest", "MB")
    again = Series("back to a tab that rests", "ms", command="outlive window show")
    report.series = [first, largest, rested, again]
    for _ in range(bench.rounds):
        with window() as app:
            show(app, ids[0])
            first.values.append(pss_mb(app.process.pid))
            most = 0.0
            for session in ids[1:]:
                show(app, session)
                most = max(most, pss_mb(app.process.pid))
            largest.values.append(most)
            time.sleep(SUSPEND_AFTER_MS / 1000 + 2)
            rested.values.append(pss_mb(app.process.pid))
            for session in ids[: SESSIONS - KEPT_REPLICAS - 1 : 4]:
                began_s = time.perf_counter()
                app.show(session)
                again.values.append((time.perf_counter() - began_s) * 1000)
            app.ask("close")
            app.process.wait(20)
    report.verdicts = [Verdict("memory at rest", statistics.median(rested.values), "MB", LIMIT_MB, False)]


def show(app: Window, session: str) -> None:
    """Show a tab, and wait until it is connected."""
    app.show(session)

    def is_connected() -> bool:
        return any(tab["session_id"] == session and tab["connected"] for tab in app.tabs())

    wait_until(is_connected, WAIT_S, lambda: f"the tab to be connected: {json.dumps(app.tabs())}", every_s=0.02)
    time.sleep(0.3)  # The history arrives after the screen.
