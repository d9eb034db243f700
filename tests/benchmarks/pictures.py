"""A chat view with 60 flat pictures: some kilobytes each, and 150 MB once one is decoded; opened, and scrolled through.

The view in a window of this process, on an X server. Memory is the growth of the resident pages over the view's start;
a stall is a time in which a timer of 5 ms did not get its turn: in it, the window would not have answered its user.
"""

from __future__ import annotations

import threading
import time
import zlib

from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.chat.view import ChatView
from gui.theme.theme import Theme
from session_host.protocol.values import Image
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.own_qt import own_qt
from tests.benchmarks.report import Report, Series, Verdict
from tests.support.scripted_chat import ScriptedChat
from tests.support.themes import OWN

PICTURES = 60
COLUMNS, ROWS = 16_000, 2_400
NOTCH = 120
STEP_S = 0.016
REST_S = 5.0
MEMORY_LIMIT_MB, STALL_LIMIT_MS = 600.0, 250.0
_PAGE_MB = 4096 / 1e6


def flat_pictures(count: int, columns: int = COLUMNS, rows: int = ROWS) -> list[Image]:
    """PNG files of one colour, of which no two are equal."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = chunk(b"IHDR", columns.to_bytes(4, "big") + rows.to_bytes(4, "big") + bytes((8, 6, 0, 0, 0)))
    pixels = chunk(b"IDAT", zlib.compress(bytes((1 + 4 * columns) * rows), 1))
    return [
        Image(
            "image/png",
            b"\x89PNG\r\n\x1a\n" + head + chunk(b"tEXt", f"Comment\0{number}".encode()) + pixels + chunk(b"IEND", b""),
        )
        for number in range(count)
    ]


class Watch:
    """Watches this process while it works.

    Attributes:
        memory_mb: the most that its resident memory has grown.
        threads: the most threads beside those at the start.
        stall_ms: the longest time without a turn for Qt's timers.
    """

    def __init__(self) -> None:
        self.memory_mb = self.stall_ms = 0.0
        self.threads = 0
        self._start_mb, self._start_threads = _resident_mb(), threading.active_count()
        self._last_s = time.perf_counter()
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(5)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _tick(self) -> None:
        now_s = time.perf_counter()
        self.stall_ms = max(self.stall_ms, (now_s - self._last_s) * 1000 - 5)
        self._last_s = now_s

    def _sample(self) -> None:
        while not self._is_over.wait(0.005):
            self.memory_mb = max(self.memory_mb, _resident_mb() - self._start_mb)
            self.threads = max(self.threads, threading.active_count() - self._start_threads - 1)

    def stop(self) -> None:
        """End the watch."""
        self._tick()
        self._timer.stop()
        self._is_over.set()
        self._thread.join()


def _resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * _PAGE_MB


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("pictures", f"a chat view, {PICTURES} flat pictures of {COLUMNS} × {ROWS} pixels")
    memory, stall, threads = Series("memory at most", "MB"), Series("longest stall", "ms"), Series("threads", "")
    chat = ScriptedChat()
    for image in flat_pictures(PICTURES):
        chat.put("agent", "look", status="done", images=(image,))
    with own_qt(bench):
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        view = ChatView(Theme(application, OWN, "dark"), lambda _input: None, "/src")
        view.resize(1000, 800)
        view.show()
        QTest.qWaitForWindowExposed(view)
        QTest.qWait(500)
        watch = Watch()
        view.set_transcript(chat.transcript)
        QTest.qWait(300)
        page = view.page
        for _ in range(200):
            middle = QPointF(page.width() / 2, page.height() / 2)
            wheel = QWheelEvent(
                middle,
                QPointF(page.mapToGlobal(middle.toPoint())),
                QPoint(0, 0),
                QPoint(0, NOTCH),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.postEvent(page, wheel)
            QTest.qWait(round(STEP_S * 1000))
        QTest.qWait(round(REST_S * 1000))
        watch.stop()
        view.deleteLater()
    memory.values.append(watch.memory_mb)
    stall.values.append(watch.stall_ms)
    threads.values.append(float(watch.threads))
    report.series = [memory, stall, threads]
    report.verdicts = [
        Verdict("memory at most", watch.memory_mb, "MB", MEMORY_LIMIT_MB, False),
        Verdict("longest stall", watch.stall_ms, "ms", STALL_LIMIT_MS, False),
    ]
    return report
