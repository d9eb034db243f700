"""The fixtures for windows: display, window manager and application."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support import displays
from tests.support.qt_messages import QtMessages
from tests.support.qt_waiting import process_events_until
from tests.support.waiting import WaitTimeout

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


def test_a_test_has_no_display_unless_it_asks() -> None:
    assert "DISPLAY" not in os.environ
    assert "WAYLAND_DISPLAY" not in os.environ


def test_the_display_is_usable(display: displays.XServer) -> None:
    assert os.environ["DISPLAY"] == display.display
    answer = subprocess.run(["xdotool", "getdisplaygeometry"], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["1600", "1000"]


def test_a_tests_own_x_server_can_be_killed() -> None:
    with displays.x_server(width_px=320, height_px=200) as server:
        server.kill()
        assert server.process.returncode == -9


def test_a_window_is_shown_and_raised(qapp: QApplication, window_manager: None, display: displays.XServer) -> None:
    from PySide6.QtWidgets import QWidget

    below, above = QWidget(), QWidget()
    for window in (below, above):
        window.resize(300, 200)
        window.show()
        process_events_until(window.isActiveWindow, 10, "the new window to be active")
    subprocess.run(["xdotool", "windowactivate", "--sync", str(int(below.winId()))], check=True)
    process_events_until(below.isActiveWindow, 10, "the raised window to be active")
    assert not above.isActiveWindow()


def test_windows_of_other_tests_are_gone(qapp: QApplication) -> None:
    assert qapp.topLevelWidgets() == []
    with pytest.raises(WaitTimeout, match="a window"):
        process_events_until(qapp.topLevelWidgets, 0.05, "a window", is_exact=True)


def test_a_complaint_of_the_application_is_noticed(qapp: QApplication, qt_messages: QtMessages) -> None:
    from PySide6.QtGui import QPainter, QPixmap

    pixmap = QPixmap()
    painter = QPainter()
    painter.begin(pixmap)
    assert any("QPainter::begin" in line for line in qt_messages.take_complaints())
