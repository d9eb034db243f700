"""An area that scrolls only while its content does not fit."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QFrame, QPushButton, QVBoxLayout, QWidget

from gui.theme.controls import flow
from gui.window.widgets.parts import Scrolled


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
