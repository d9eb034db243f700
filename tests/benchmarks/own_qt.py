"""Qt in a benchmark's own process, to measure parts without the window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QApplication

from tests.benchmarks.setting import Setting


@contextmanager
def own_qt(setting: Setting, width_px: int = 1600, height_px: int = 1000) -> Iterator[QApplication]:
    """Qt on a display off screen. It ends before the display does, which ends the process otherwise."""
    setting.display(width_px, height_px)
    application = QApplication(["outlive"])
    try:
        yield application
    finally:
        application.shutdown()
