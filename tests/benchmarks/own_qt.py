"""Runs Qt in the benchmark's own process, to measure widgets without the product's window."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QApplication

from tests.benchmarks.environment import BenchmarkEnvironment


@contextmanager
def own_qt(bench: BenchmarkEnvironment, width_px: int = 1600, height_px: int = 1000) -> Iterator[QApplication]:
    """A Qt application on an off-screen display.

    The application ends before the display, since Qt ends the process when its display is gone. This thread and the X
    server get different processors: otherwise a request wakes the server on the processor that sent it, and the
    server's work would be counted as ours.
    """
    server = bench.display(width_px, height_px)
    processors = os.sched_getaffinity(0)
    if len(processors) > 1:
        last = max(processors)
        os.sched_setaffinity(server.process.pid, {last})
        os.sched_setaffinity(0, processors - {last})
    application = QApplication(["outlive"])
    try:
        yield application
    finally:
        application.shutdown()
        os.sched_setaffinity(0, processors)
