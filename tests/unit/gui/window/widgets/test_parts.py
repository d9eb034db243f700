"""Small widgets, and a window that is raised."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QPushButton, QVBoxLayout, QWidget

from gui.theme.controls import flow
from gui.window.widgets import activation
from gui.window.widgets.parts import Scrolled
from tests.support.waiting import eventually


@pytest.fixture
def buttons(qapp: QApplication) -> QWidget:
    """Two buttons that fit side by side only without a scroll bar."""
    inner = QWidget()
    row = flow(QPushButton("one"), QPushButton("two"))
    row.setMinimumWidth(1)
    layout = QVBoxLayout(inner)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(row)
    return inner


def test_a_scroll_bar_disappears_when_the_content_fits_without_it(buttons: QWidget) -> None:
    window = QWidget()
    area = Scrolled(buttons, 1000, "buttons")
    area.setParent(window)
    area.setFrameShape(QFrame.Shape.NoFrame)
    width, line = buttons.sizeHint().width(), buttons.sizeHint().height()
    window.show()
    for height, scrolls in ((line // 2, True), (line, False), (line // 2, True), (line + 1, False)):
        area.resize(width, height)
        QApplication.processEvents()
        assert area.verticalScrollBar().isVisible() is scrolls
    window.close()


class CountingWindow(QWidget):
    """A window that counts how often it was hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = 0

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        activation.watch_exposure(self, event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.hidden += 1


async def test_a_window_that_a_slow_window_manager_has_not_shown_yet_is_not_hidden(
    qapp: QApplication, window_manager: None
) -> None:
    window = CountingWindow()

    def is_exposed() -> bool:
        qapp.processEvents()
        return window.windowHandle().isExposed()

    for shown in range(2):  # Also when the window returns from the tray.
        window.show()
        activation._bring_here(window)
        assert window.hidden == shown
        await eventually(is_exposed, 10, "the window to be on the screen")
        window.hide()
    window.deleteLater()
