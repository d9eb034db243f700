"""Links under the mouse: those that a program set, and those in plain text."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from tests.e2e.view.conftest import Stage
from tests.e2e.view.test_mouse import CONTROL, ReleaseWatcher

LINK = "\x1b]8;;https://example.org/a\x1b\\link\x1b]8;;\x1b\\ \x1b]8;;javascript:alert(1)\x1b\\bad\x1b]8;;\x1b\\"


def test_ctrl_click_opens_a_link_of_an_allowed_kind(stage):
    made = stage()
    opened: list[str] = []
    notices: list[str] = []
    made.view.linkActivated.connect(opened.append)
    made.view.notice.connect(notices.append)
    made.feed(LINK)
    made.click(1, 0)
    assert opened == []
    made.click(1, 0, modifiers=CONTROL)
    assert opened == ["https://example.org/a"]
    made.click(6, 0, modifiers=CONTROL)
    assert opened == ["https://example.org/a"]
    assert "javascript" in notices[0]


def test_a_links_target_is_shown_before_it_is_followed(stage):
    made = stage()
    made.feed(LINK)
    made.move((1, 0), held=Qt.MouseButton.NoButton, modifiers=CONTROL)
    assert made.view.cursor().shape() == Qt.CursorShape.PointingHandCursor
    made.move((20, 3), held=Qt.MouseButton.NoButton)
    assert made.view.cursor().shape() == Qt.CursorShape.IBeamCursor


def test_the_context_menu(stage):
    made = stage()
    made.feed(LINK)
    QGuiApplication.clipboard().setText("something")
    menu = made.view.context_menu(QPointF(made.point(1, 0)))
    texts = {action.text(): action.isEnabled() for action in menu.actions() if action.text()}
    assert texts == {"Open link": True, "Copy link": True, "Copy": False, "Paste": True, "Select all": True}
    menu.deleteLater()
    plain = made.view.context_menu(QPointF(made.point(30, 5)))
    assert "Open link" not in [action.text() for action in plain.actions()]
    plain.deleteLater()


def double_click(made: Stage, column: int, row: int) -> None:
    place = made.view.mapToGlobal(made.point(column, row))
    released: list[object] = []
    made.view.installEventFilter(watcher := ReleaseWatcher(released, made.view))
    command = ["xdotool", "mousemove", str(place.x()), str(place.y()), "click", "--repeat", "2", "--delay", "20", "1"]
    subprocess.run(command, check=True, timeout=20)
    made.until(lambda: len(released) == 2, "both clicks")
    made.view.removeEventFilter(watcher)


def test_an_address_over_a_soft_wrap_is_underlined_opened_copied_and_selected_whole(stage):
    made = stage(columns=30)
    address = "https://example.org/" + "long/" * 5 + "end"
    opened: list[str] = []
    made.view.linkActivated.connect(opened.append)
    made.feed(f"docs: {address}. More\r\n")
    plain = made.cell_image(0, 1, 10)
    made.move((10, 0), held=Qt.MouseButton.NoButton, modifiers=CONTROL)
    made.settle()
    assert made.view.cursor().shape() == Qt.CursorShape.PointingHandCursor
    assert made.cell_image(0, 1, 10) != plain, "underlined in both rows"
    made.click(2, 1, modifiers=CONTROL)
    made.click(2, 0, modifiers=CONTROL)
    assert opened == [address]
    QApplication.sendEvent(made.view, QEvent(QEvent.Type.Leave))
    made.settle()
    assert made.cell_image(0, 1, 10) == plain
    double_click(made, 3, 1)
    assert made.emulator.selected_text() == address
    menu = made.view.context_menu(QPointF(made.point(3, 1)))
    next(action for action in menu.actions() if action.text() == "Copy link").trigger()
    assert QGuiApplication.clipboard().text() == address
    menu.deleteLater()


def test_a_file_and_its_line_are_opened_if_the_file_exists(stage, tmp_path):
    made = stage()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("x")
    made.view.directories = (str(tmp_path),)
    opened: list[Any] = []
    made.view.fileActivated.connect(opened.append)
    made.feed("src/app.py:12:5: error\r\nsrc/gone.py:1: error\r\nand/or\r\n")
    for row in range(3):
        made.click(2, row, modifiers=CONTROL)
    assert opened == [(str(tmp_path / "src" / "app.py"), 12, 5)]
    double_click(made, 2, 0)
    assert made.emulator.selected_text() == "src/app.py:12:5"


def test_text_is_not_searched_for_links_while_nobody_asks(stage, monkeypatch):
    made = stage()
    monkeypatch.setattr("gui.terminal.hovering.line_at", lambda *_: pytest.fail("looked for a link"))
    made.feed("https://example.org/\r\n" * 30)
    made.move((3, 3), held=Qt.MouseButton.NoButton)
    made.drag((0, 0), (10, 2))
