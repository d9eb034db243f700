"""Raising a window that the window manager has not shown yet."""

from __future__ import annotations

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from gui.window.widgets import activation
from tests.support.waiting import eventually


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
