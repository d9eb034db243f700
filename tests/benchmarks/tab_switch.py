"""The time from Ctrl+PageDown to the next tab's pixels, and whether anything else is shown in between.

The window has 20 chats of 12,000 coloured lines each and gets key events from the X server. Each change of the pixels
is compared with the pictures of the previous tab and the next one. Hidden tabs free their replicas after some seconds,
except the one that was shown last.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from gui.window.panes.tabs import SUSPEND_AFTER_MS
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.benchmarks.tabs_memory import LINES, SESSIONS, show
from tests.programs import Gate, program
from tests.support.waiting import wait_until
from tests.support.windows import Window, window, xdotool
from tests.support.x_client import Area, XClient

LIMIT_MS = 16.7
BUSY_LOOPS = 2
SWITCHES = 100
PAUSE_S = 0.35
"""Between switches: a tab's history arrives after its screen."""
WAIT_S = 20.0
SEEN_WIDTH_PX, SEEN_HEIGHT_SHARE = 240, 0.8
"""The compared area: the beginnings of the lines, which differ between chats, without the cursor's row."""


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("tab_switch", f"from the key to the other tab's pixels; {SESSIONS} chats of {LINES} lines")
    bench.display()
    with ExitStack() as stack:
        gate = stack.enter_context(Gate(bench.cache / "gate"))
        ids = [
            bench.new_session(
                program(
                    "numbered_lines", LINES, "--prefix", f"chat-{number:02}-", "--width", 90, "--colour",
                    "--gate", gate.path, "--stay",
                ),
                f"chat-{number}",
            )["id"]
            for number in range(SESSIONS)
        ]  # fmt: skip
        app = stack.enter_context(window())
        client = XClient()
        stack.callback(client.close)
        for session in ids:
            show(app, session)
        switching = Switching(app, client)
        for busy in (0, BUSY_LOOPS):
            with busy_loops(busy):
                measure(switching, report, bench.rounds, f", {busy} busy loops" if busy else "")
        app.ask("close")
        app.process.wait(20)
    return report


def measure(switching: Switching, report: Report, rounds: int, beside: str) -> None:
    """Switch back and forth between two tabs, then through all tabs at rest."""
    alive = Series(f"to a tab that is alive{beside}", "ms", command="xdotool key ctrl+Next")
    freed = Series(f"to a tab at rest{beside}", "ms")
    report.series += [alive, freed]
    count = max(SWITCHES * rounds // 5, SESSIONS)
    switching.go("Next")
    for number in range(count):
        alive.values.append(switching.go("Prior" if number % 2 == 0 else "Next"))
    time.sleep(SUSPEND_AFTER_MS / 1000 + 1.5)
    for _ in range(count):
        freed.values.append(switching.go("Next"))
    for series in (alive, freed):
        quantiles = " / ".join(f"{percentile(series.values, share):.1f}" for share in (50, 99, 100))
        report.notes.append(f"{series.name}: p50 / p99 / max {quantiles} ms")
        limit = None if beside else False
        report.verdicts.append(Verdict(f"{series.name}, p99", percentile(series.values, 99), "ms", LIMIT_MS, limit))
    report.verdicts.append(Verdict(f"other pictures between{beside}", float(switching.strange), "", 0, False))
    switching.strange = 0


class Switching:
    """Switches tabs of a window by keys.

    Attributes:
        strange: the number of pictures that show neither the previous tab nor the next one.
    """

    def __init__(self, app: Window, client: XClient) -> None:
        self._client = client
        self.strange = 0
        app.focus()
        self._area = terminal_area(app)
        self._index = SESSIONS - 1
        self._pictures: list[bytes] = [b""] * SESSIONS
        for _ in range(SESSIONS):
            self._step("Next")
            time.sleep(PAUSE_S)
            self._pictures[self._index] = client.pixels(self._area)
        assert len(set(self._pictures)) == SESSIONS, "tabs look alike"

    def _step(self, key: str) -> float:
        self._index = (self._index + (1 if key == "Next" else -1)) % SESSIONS
        return self._client.press("Control_L", key)

    def go(self, key: str) -> float:
        """Go to the next (``Next``) or previous (``Prior``) tab; return the milliseconds until it was shown."""
        client, previous = self._client, self._pictures[self._index]
        with client.watching():
            began_s = self._step(key)
            wanted = self._pictures[self._index]
            while True:
                assert client.wait_painted(began_s + WAIT_S - time.monotonic()), "the tab is not shown"
                seen = client.pixels(self._area)
                seen_s = time.monotonic()
                if seen == wanted:
                    break
                self.strange += seen != previous
            end_s = time.monotonic() + PAUSE_S
            while (left_s := end_s - time.monotonic()) > 0:
                if client.wait_painted(left_s):
                    self.strange += client.pixels(self._area) != wanted
        return (seen_s - began_s) * 1000


def terminal_area(app: Window) -> Area:
    """The screen area with the beginnings of the visible terminal's lines."""
    [found] = wait_until(app.shown, WAIT_S, "the window to be shown")
    lines = xdotool("getwindowgeometry", "--shell", found).splitlines()
    facts = {name: int(value) for name, _, value in (line.partition("=") for line in lines)}
    sidebar_px, bar_px = 280, 60
    height = round((facts["HEIGHT"] - bar_px) * SEEN_HEIGHT_SHARE)
    return Area(facts["X"] + sidebar_px, facts["Y"] + bar_px, SEEN_WIDTH_PX, height)


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Run processes that keep the processors busy."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
