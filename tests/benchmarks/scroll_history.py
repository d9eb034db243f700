"""Scrolling through 10,000 lines of history, 60 steps a second: by wheel, by page keys, by dragging the scroll bar.

A terminal in a window of this process, on an X server, gets Qt's input events. A step's time goes from its event to the
end of the paint event that shows the new scroll position. A frame is late if it takes longer than a sixtieth of a
second. The steps' processor time is also reported: a late step with less of it than a frame waited for the processor
or the X server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPaintEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.terminal.scrolling import HistoryBar
from gui.terminal.view import TerminalView
from session_host.protocol.values import GridSize
from session_host.terminal import create
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.own_qt import own_qt
from tests.benchmarks.peers import COLUMNS, ROWS
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.benchmarks.streams import coloured_line
from tests.support.themes import DARK_TERMINAL

SIZE = GridSize(COLUMNS, ROWS)
LINES = 10_000
FRAME_S = 1 / 60
NOTCH = 120
"""Qt's unit for one notch of a wheel."""

PIXELS_PER_STEP = 1
"""Movement of the scroll bar's handle in each step of a slow drag."""

_HANDLE_PX = 10
"""Distance from the bar's end to a point on its handle."""

WAIT_S = 20.0

SLOWEST = 5
"""The report names this many steps, with their processor time."""


class _WatchedView(TerminalView):
    """A view that records when it was painted.

    Attributes:
        painted_s: the time at the end of the last paint event; 0 if there was none in the current step.
        worked_s: the thread's processor time then.
    """

    painted_s = worked_s = 0.0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        self.painted_s, self.worked_s = time.monotonic(), time.thread_time()


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("scroll_history", f"{LINES:,} lines of history, 60 steps a second")
    with own_qt(bench), _view() as view:
        bar = view.findChild(HistoryBar)
        assert bar is not None
        ways: dict[str, Callable[[], None]] = {
            "wheel": lambda: _turn_wheel(view),
            "page keys": lambda: QTest.keyClick(view, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ShiftModifier),
        }
        for name, step in ways.items():
            _scroll(report, name, view, bar, step)
        _scroll(report, "scroll bar", view, bar, _Drag(view, bar))
    return report


def _scroll(report: Report, name: str, view: _WatchedView, bar: HistoryBar, step: Callable[[], None]) -> None:
    """Scroll from the newest line to the oldest, and add the times of the steps to the report."""
    view.scroller.scroll_to_end()
    QTest.qWait(200)
    assert bar.value() == bar.maximum() == LINES
    series = Series(f"a step of the {name}", "ms")
    worked_ms: list[float] = []
    due_s = time.monotonic()
    while bar.value() > 0:
        while (left_s := due_s - time.monotonic()) > 0:
            QTest.qWait(max(int(left_s * 1000), 1))
        view.painted_s = 0.0
        began_s, worked_s = time.monotonic(), time.thread_time()
        due_s = began_s + FRAME_S
        step()
        while not view.painted_s:
            assert time.monotonic() - began_s < WAIT_S, "the step was not painted"
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        series.values.append((view.painted_s - began_s) * 1000)
        worked_ms.append((view.worked_s - worked_s) * 1000)
    late = sum(value > FRAME_S * 1000 for value in series.values)
    quantiles = " / ".join(f"{percentile(series.values, share):.1f}" for share in (50, 99, 100))
    report.series.append(series)
    report.notes.append(f"{series.name}: p50 / p99 / worst {quantiles} ms, {late} of {len(series.values)} late")
    slowest = sorted(zip(series.values, worked_ms, strict=True), reverse=True)[:SLOWEST]
    times = ", ".join(f"{took:.1f} ({work:.1f})" for took, work in slowest)
    report.notes.append(f"{series.name}, the slowest, and their processor time: {times} ms")
    report.verdicts.append(Verdict(f"late frames, {name}", float(late), "", 0, False))
    too_long = float(sum(work > FRAME_S * 1000 for work in worked_ms))
    report.verdicts.append(Verdict(f"{series.name} with more processor time than a frame", too_long, "", 0, False))


def _turn_wheel(view: _WatchedView) -> None:
    position = QPointF(view.rect().center())
    event = QWheelEvent(
        position,
        view.mapToGlobal(position),
        QPoint(),
        QPoint(0, NOTCH),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


class _Drag:
    """A drag of the scroll bar's handle; each call moves the handle up."""

    def __init__(self, view: _WatchedView, bar: HistoryBar) -> None:
        view.scroller.scroll_to_end()
        QTest.qWait(200)
        self._bar = bar
        self._position = QPointF(bar.width() / 2, bar.height() - _HANDLE_PX)
        self._send(QEvent.Type.MouseButtonPress)

    def __call__(self) -> None:
        self._position -= QPointF(0, PIXELS_PER_STEP)
        self._send(QEvent.Type.MouseMove)

    def _send(self, kind: QEvent.Type) -> None:
        pressed = Qt.MouseButton.LeftButton if kind == QEvent.Type.MouseButtonPress else Qt.MouseButton.NoButton
        event = QMouseEvent(
            kind,
            self._position,
            self._bar.mapToGlobal(self._position),
            pressed,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(self._bar, event)


@contextmanager
def _view() -> Iterator[_WatchedView]:
    """A terminal view in a window, with a full history."""
    view = _WatchedView(DARK_TERMINAL)
    emulator = create(None, SIZE, scrollback_lines=LINES)
    for number in range(LINES + 2 * SIZE.rows):
        emulator.feed(coloured_line(number).replace("\n", "\r\n").encode())
    view.display.show_emulator(emulator)
    cell = view.display.surface.metrics.cell
    view.resize(SIZE.columns * cell.width_px + 16, SIZE.rows * cell.height_px + 16)
    view.show()
    QTest.qWaitForWindowExposed(view)
    yield view
    view.display.show_emulator(None)
    view.close()
    view.deleteLater()
    emulator.close()
