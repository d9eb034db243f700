from __future__ import annotations

from PySide6.QtGui import QPaintEvent, QRegion
from PySide6.QtWidgets import QWidget

from gui.window.display_scale import paint_windows
from tests.support.qt_waiting import process_events_until, show


class _Window(QWidget):
    """Notes what is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.painted = QRegion()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        self.painted += event.region()


def test_windows_are_painted_whole_and_keep_their_size(qapp):
    window = _Window()
    window.resize(300, 200)
    show(window)
    process_events_until(lambda: window.painted == QRegion(window.rect()), 10, "the first painting")
    window.painted = QRegion()
    paint_windows()
    whole = QRegion(0, 0, 300, 200)

    def is_painted() -> bool:
        # The X server may send the size in between; the window is then painted in that, too.
        return (window.width(), window.height()) == (300, 200) and whole.subtracted(window.painted).isEmpty()

    process_events_until(is_painted, 10, "the painting")
    window.deleteLater()
