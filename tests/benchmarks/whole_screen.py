"""The time to read and paint a screen of 240×70 cells in which every cell has changed.

Two screens: a log, with long runs of one style, and spans, in which each cell has a colour of its own.

- Our window's share: a terminal in a window of this process, on an X server. The time begins
  when the replica has the screen, and ends when Qt has sent the picture to the X server: the rows are read from the
  engine, compared, painted, and sent. The processor time for it is also reported, since other programs on the machine
  influence it little.
- Compared with other terminals: a program gets a signal and writes the screen. The time begins with the signal, and
  ends when DAMAGE has reported painting and the pixels of the last row have changed. Ours includes the host.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtTest import QTest

from gui import garbage
from gui.terminal.drawing.frame_pacing import LONGEST_INTERVAL_S
from gui.terminal.view import TerminalView
from session_host.protocol.values import GridSize
from session_host.terminal import create
from session_host.terminal.base import Emulator
from tests.benchmarks import peers, streams
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.own_qt import own_qt
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.programs import Gate, program
from tests.support.commands import environment
from tests.support.themes import DARK_TERMINAL
from tests.support.waiting import wait_until
from tests.support.windows import window, xdotool
from tests.support.x_client import Area, XClient

SIZE = GridSize(240, 70)
DISPLAY_PX = 3200, 1800
SCREENS, WARM_UP = 40, 5
"""Screens in a turn, and the number of those at its start that are not counted."""

FILES = 3
PAUSE_S = 0.15
"""Between screens: terminals paint output that comes after a pause at once."""

WAIT_S = 30.0
LIMITS_MS = {"log": 8.0}
"""A frame takes half of the time at most: 8 ms of 16 at 60 frames a second."""

_STRIP_PX = 4


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("whole_screen", f"a screen of {SIZE.columns}×{SIZE.rows} cells, all changed")
    with own_qt(bench, *DISPLAY_PX):
        _paint(report, bench.rounds)
    for kind in streams.SCREENS:
        _compare(report, bench, kind)
    return report


def _add_results(report: Report, series: Series, limit_ms: float | None = None) -> None:
    report.series.append(series)
    p50, p99 = (percentile(series.values, share) for share in (50, 99))
    report.notes.append(f"{series.name}: p50 / p99 {p50:.2f} / {p99:.2f} ms")
    if limit_ms is not None:
        report.verdicts.append(Verdict(f"{series.name}, p50", p50, "ms", limit_ms, False))


# ------------------------------------------------------------ our window's share


def _paint(report: Report, rounds: int) -> None:
    with _view() as (view, emulator):
        for kind, screen in streams.SCREENS.items():
            series = Series(f"{kind}, taken and painted", "ms")
            processor = Series(f"{kind}, the processor's time for it", "ms")
            for number in range(SCREENS * rounds):
                emulator.feed(screen(number, SIZE.columns, SIZE.rows))
                QTest.qWait(round(LONGEST_INTERVAL_S * 1000) + 5)  # After this, the next frame is painted at once.
                began_s, worked_s = time.monotonic(), time.thread_time()
                view.display.on_damage()
                if number >= WARM_UP:
                    series.values.append((view.painted_s - began_s) * 1000)
                    processor.values.append((view.worked_s - worked_s) * 1000)
            _add_results(report, series, LIMITS_MS.get(kind))
            _add_results(report, processor)


class _TimedView(TerminalView):
    """A terminal that records the clock and the thread's processor time after each frame."""

    painted_s = worked_s = 0.0

    def repaint(self, *region: Any) -> None:
        super().repaint(*region)
        self.painted_s, self.worked_s = time.monotonic(), time.thread_time()


@contextmanager
def _view() -> Iterator[tuple[_TimedView, Emulator]]:
    """A terminal in a window, and its emulator; with the garbage collection of the product's window."""
    garbage.start_collecting()
    view = _TimedView(DARK_TERMINAL)
    emulator = create(None, SIZE)
    view.display.show_emulator(emulator)
    cell = view.display.surface.metrics.cell
    view.resize(SIZE.columns * cell.width_px + 16, SIZE.rows * cell.height_px + 16)
    view.show()
    QTest.qWaitForWindowExposed(view)
    yield view, emulator
    view.display.show_emulator(None)
    view.close()
    view.deleteLater()
    emulator.close()


# ------------------------------------------------------------ compared with other terminals


class _ScreenProgram:
    """A program in a terminal that writes a whole screen at each signal, and the timing of these screens."""

    def __init__(self, gate: Gate, size: Path, client: XClient) -> None:
        self._gate = gate
        self._size = size
        self._client = client
        self._window = ""
        self._last_row = Area(0, 0, 1, 1)

    def size(self) -> tuple[int, int, int, int]:
        """The terminal's columns, rows, width and height in pixels."""
        columns, rows, width, height = map(int, self._size.read_text().split())
        return columns, rows, width, height

    def find(self, window_id: str) -> None:
        """Locate the last row's pixels in the window."""
        client = self._client
        area = client.area_of(int(window_id))
        pictures = []
        for _ in range(2):
            self._gate.release()
            time.sleep(1.0)
            pictures.append(client.pixels(area))
        line = len(pictures[0]) // area.height
        changed = max(
            y
            for y in range(area.height)
            if pictures[0][y * line : (y + 1) * line] != pictures[1][y * line : (y + 1) * line]
        )
        self._window = window_id
        self._last_row = Area(area.left, area.top + changed - _STRIP_PX, area.width, _STRIP_PX)

    def turn(self) -> list[float]:
        """Let the program write screens; return the times from signal to pixels, in milliseconds."""
        client, found = self._client, []
        xdotool("windowraise", self._window)
        xdotool("windowactivate", "--sync", self._window)
        time.sleep(PAUSE_S)
        with client.watching():
            for _ in range(SCREENS):
                previous = client.pixels(self._last_row)
                while client.wait_painted(0):
                    pass
                began_s = time.monotonic()
                self._gate.release()
                while True:
                    assert client.wait_painted(WAIT_S), "the screen was not painted"
                    seen_s = time.monotonic()
                    if client.pixels(self._last_row) != previous:
                        break
                found.append((seen_s - began_s) * 1000)
                time.sleep(PAUSE_S)
        return found[WARM_UP:]


def _compare(report: Report, bench: BenchmarkEnvironment, kind: str) -> None:
    files = []
    for number in range(FILES):
        files.append(bench.cache / f"{kind}-{number}")
        files[-1].write_bytes(streams.SCREENS[kind](number, SIZE.columns, SIZE.rows))
    with ExitStack() as stack:
        client = XClient()
        stack.callback(client.close)

        def shown(name: str) -> tuple[list[str], _ScreenProgram]:
            gate = stack.enter_context(Gate(bench.cache / f"{kind}-{name}-gate"))
            size = bench.cache / f"{kind}-{name}-size"
            return program("shown_files", gate.path, size, *files), _ScreenProgram(gate, size, client)

        argv, ours = shown("outlive")
        stack.enter_context(_our_window(bench, argv, ours))
        contestants = {"outlive": ours}
        for name in peers.TERMINALS:
            if lacking := peers.missing(name):
                report.notes.append(lacking)
                continue
            argv, theirs = shown(name)
            stack.enter_context(peers.in_terminal(name, argv, environment(), SIZE.columns, SIZE.rows))
            wait_until(partial(_has_started, theirs), WAIT_S, f"the program in {name}")
            theirs.find(wait_until(partial(_windows_of, name), WAIT_S, f"the window of {name}")[0])
            contestants[name] = theirs
        series = {name: Series(f"{kind}, {name}, signal to pixels", "ms") for name in contestants}
        for _ in range(bench.rounds):
            for name, contestant in contestants.items():
                series[name].values += contestant.turn()
        for name, each in series.items():
            columns, rows, *_ = contestants[name].size()
            _add_results(report, each)
            if (columns, rows) != (SIZE.columns, SIZE.rows):
                report.notes.append(f"{name} has {columns}×{rows} cells")
    bench.end_sessions()


def _has_started(shown: _ScreenProgram) -> bool:
    try:
        return bool(shown.size())
    except FileNotFoundError:
        return False


def _windows_of(name: str) -> list[str]:
    """The visible windows of a program."""
    search = ["xdotool", "search", "--onlyvisible", "--class", name]
    return subprocess.run(search, check=False, capture_output=True, text=True).stdout.split()


@contextmanager
def _our_window(bench: BenchmarkEnvironment, argv: list[str], shown: _ScreenProgram) -> Iterator[None]:
    session = bench.new_session(argv, "screens")["id"]
    with window() as app:
        app.show(session)
        app.wait_connected([session])
        [window_id] = wait_until(app.shown, WAIT_S, "the window")
        lines = xdotool("getwindowgeometry", "--shell", window_id).splitlines()
        facts = {name: int(value) for name, _, value in (line.partition("=") for line in lines)}
        shown.find(window_id)
        columns, rows, width, height = shown.size()
        width_px = facts["WIDTH"] + (SIZE.columns - columns) * (width // columns)
        height_px = facts["HEIGHT"] + (SIZE.rows - rows) * (height // rows)
        xdotool("windowsize", "--sync", window_id, str(width_px), str(height_px))
        time.sleep(1.0)
        shown.find(window_id)
        yield
        app.ask("close")
        app.process.wait(WAIT_S)
