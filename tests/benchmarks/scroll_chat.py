"""A chat view with 2,000 items: the time until it is painted, and each step of scrolling through all of it.

The view in a window of this process, on an X server, gets Qt's input events. A step's time goes from its event to the
end of the paint event that shows the new position; rows are laid out when they come into view. The steps' processor
time is also reported: a late step with less of it than a frame waited for the processor or the X server.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QEventLoop, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.chat.view import ChatView
from gui.theme.theme import Theme
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.own_qt import own_qt
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.support.scripted_chat import long_chat
from tests.support.themes import OWN

ITEMS = 2_000
FRAME_MS = 1000 / 60
OPEN_LIMIT_MS = 500
NOTCHES = 4 * 120
"""Four notches of a wheel in Qt's unit: what a quick turn gives in a frame."""
WAIT_S = 20.0


class _Paints(QObject):
    """Watches a widget's paint events.

    Attributes:
        count: how many there were.
    """

    def __init__(self, widget: QObject) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.UpdateRequest or event.type() == QEvent.Type.Paint:
            self.count += 1
        return False


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("scroll_chat", f"a chat view with {ITEMS:,} items")
    opened, opened_cpu = Series("open", "ms"), Series("open, processor time", "ms")
    with own_qt(bench):
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme = Theme(application, OWN, "dark")
        transcript = long_chat(ITEMS).transcript
        for number in range(bench.rounds):
            view = ChatView(theme, lambda _input: None, "/src")
            view.resize(1000, 800)
            view.show()
            QTest.qWaitForWindowExposed(view)
            paints = _Paints(view.page)
            took_ms, worked_ms = _until_painted(paints, lambda view=view: view.set_transcript(transcript))  # type: ignore[misc]
            opened.values.append(took_ms)
            opened_cpu.values.append(worked_ms)
            if number == bench.rounds - 1:
                _scroll(report, "wheel", view, paints, lambda view=view: _turn_wheel(view))  # type: ignore[misc]
                view.page.scroller.scroll_to_end()
                view.page.setFocus()
                keys = lambda view=view: QTest.keyClick(view.page, Qt.Key.Key_PageUp)  # noqa: E731
                _scroll(report, "page key", view, paints, keys)
            view.close()
            view.deleteLater()
            QApplication.processEvents()
        theme.deleteLater()
    report.series += [opened, opened_cpu]
    report.verdicts.append(Verdict("open", opened.median, "ms", OPEN_LIMIT_MS, False))
    return report


def _until_painted(paints: _Paints, step: Callable[[], object]) -> tuple[float, float]:
    """Run a step; the time until it is painted, and the thread's processor time, in milliseconds."""
    before, began_s, worked_s = paints.count, time.monotonic(), time.thread_time()
    step()
    while paints.count == before:
        assert time.monotonic() - began_s < WAIT_S, "the step was not painted"
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
    QApplication.processEvents()
    return (time.monotonic() - began_s) * 1000, (time.thread_time() - worked_s) * 1000


def _scroll(report: Report, name: str, view: ChatView, paints: _Paints, step: Callable[[], object]) -> None:
    """Scroll from the end to the beginning, and add the times of the steps to the report."""
    series, worked_ms = Series(f"a step of the {name}", "ms"), list[float]()
    bar = view.page.scroller.bar
    QTest.qWait(200)
    while bar.value() > 0:
        took_ms, work_ms = _until_painted(paints, step)
        series.values.append(took_ms)
        worked_ms.append(work_ms)
    report.series.append(series)
    for what, values in (("time", series.values), ("processor time", worked_ms)):
        shown = " / ".join(f"{percentile(values, share):.1f}" for share in (50, 99, 100))
        report.notes.append(f"{series.name}, {what}: p50 / p99 / worst {shown} ms of {len(values)}")
    too_long = float(sum(work > FRAME_MS for work in worked_ms))
    report.verdicts.append(Verdict(f"{series.name} with more processor time than a frame", too_long, "", 0, False))


def _turn_wheel(view: ChatView) -> None:
    page = view.page
    position = QPointF(page.rect().center())
    event = QWheelEvent(
        position,
        page.mapToGlobal(position),
        QPoint(),
        QPoint(0, NOTCHES),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(page, event)
