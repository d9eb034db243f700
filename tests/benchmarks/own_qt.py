"""Qt in a benchmark's own process, to measure parts without the window."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QApplication

from tests.benchmarks.setting import Setting


@contextmanager
def own_qt(setting: Setting, width_px: int = 1600, height_px: int = 1000) -> Iterator[QApplication]:
    """Qt on a display off screen. It ends before the display does, which ends the process otherwise.

    This thread and the X server get processors of their own: a request wakes the server on the processor that sent it,
    and its work would be taken for ours.
    """
    server = setting.display(width_px, height_px)
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
