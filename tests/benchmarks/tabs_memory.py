"""The memory of a window that has shown 20 long chats, and the time to show a hidden tab again.

Each chat has 12,000 coloured lines. Memory is counted as PSS: pages that are shared with other processes count in part.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

from gui.window.tabs.tabs import KEPT_REPLICAS, SUSPEND_AFTER_MS
from tests.benchmarks.report import Report, Series, Verdict
from tests.benchmarks.setting import Setting
from tests.programs import Gate, program
from tests.support.waiting import wait_until
from tests.support.windows import Window, window

SESSIONS = 20
LINES = 12_000
LIMIT_MB = 120.0
WAIT_S = 60.0


def run(setting: Setting) -> Report:
    """Run the benchmark and return its report."""
    report = Report("tabs_memory", f"a window, {SESSIONS} chats of {LINES} lines, each tab shown once")
    setting.display()
    with Gate(setting.cache / "gate") as gate:
        argv = program("numbered_lines", LINES, "--width", 90, "--colour", "--gate", gate.path, "--stay")
        measure(setting, report, [setting.new_session(argv, f"chat-{number}")["id"] for number in range(SESSIONS)])
    return report


def measure(setting: Setting, report: Report, ids: list[str]) -> None:
    """Show the tabs one after the other, wait until they rest, and show some again."""
    first = Series("one tab shown", "MB", command="PSS of python -m gui")
    largest = Series("while tabs are shown, at most", "MB")
    rested = Series("20 shown, at rest", "MB")
    again = Series("back to a tab that rests", "ms", command="outlive window show")
    report.series = [first, largest, rested, again]
    for _ in range(setting.rounds):
        with window() as own:
            show(own, ids[0])
            first.values.append(pss_mb(own))
            most = 0.0
            for session in ids[1:]:
                show(own, session)
                most = max(most, pss_mb(own))
            largest.values.append(most)
            time.sleep(SUSPEND_AFTER_MS / 1000 + 2)
            rested.values.append(pss_mb(own))
            for session in ids[: SESSIONS - KEPT_REPLICAS - 1 : 4]:
                began_s = time.perf_counter()
                own.show(session)
                again.values.append((time.perf_counter() - began_s) * 1000)
            own.ask("close")
            own.process.wait(20)
    report.verdicts = [Verdict("memory at rest", statistics.median(rested.values), "MB", LIMIT_MB, False)]


def show(own: Window, session: str) -> None:
    """Show a tab, and wait until it is connected."""
    own.show(session)

    def is_connected() -> bool:
        return any(tab["session_id"] == session and tab["connected"] for tab in own.tabs())

    wait_until(is_connected, WAIT_S, lambda: f"the tab to be connected: {json.dumps(own.tabs())}", every_s=0.02)
    time.sleep(0.3)  # The history arrives after the screen.


def pss_mb(own: Window) -> float:
    """The memory (PSS) of the window's process."""
    text = Path(f"/proc/{own.process.pid}/smaps_rollup").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("Pss:"))) / 1024
