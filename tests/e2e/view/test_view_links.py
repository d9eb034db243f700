"""Links under the mouse: those that a program set, and those in plain text."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication

from gui.terminal.links.links import LinkRules
from tests.e2e.view.test_mouse import CONTROL
from tests.support.qt_waiting import process_events_until
from tests.support.windows import xdotool

LINK = "\x1b]8;;https://example.org/a\x1b\\link\x1b]8;;\x1b\\ \x1b]8;;javascript:alert(1)\x1b\\bad\x1b]8;;\x1b\\"


def test_ctrl_click_opens_a_link_of_an_allowed_kind(show_view):
    made = show_view()
    opened: list[str] = []
    notices: list[str] = []
    made.view.markedLinkActivated.connect(opened.append)
    made.view.notice.connect(notices.append)
    made.feed(LINK)
    made.click(1, 0)
    assert opened == []
    made.click(1, 0, modifiers=CONTROL)
    assert opened == ["https://example.org/a"]
    made.click(6, 0, modifiers=CONTROL)
    assert opened == ["https://example.org/a"]
    assert "javascript" in notices[0]


def test_a_links_target_is_shown_before_it_is_followed(show_view):
    made = show_view()
    made.feed(LINK)
    made.move((1, 0), held=Qt.MouseButton.NoButton, modifiers=CONTROL)
    assert made.view.cursor().shape() == Qt.CursorShape.PointingHandCursor
    made.move((20, 3), held=Qt.MouseButton.NoButton)
    assert made.view.cursor().shape() == Qt.CursorShape.IBeamCursor


def test_the_context_menu(show_view):
    made = show_view()
    made.feed(LINK)
    QGuiApplication.clipboard().setText("something")
    menu = made.view.context_menu(QPointF(made.point(1, 0)))
    texts = {action.text(): action.isEnabled() for action in menu.actions() if action.text()}
    assert texts == {"Open link": True, "Copy link": True, "Copy": False, "Paste": True, "Select all": True}
    menu.deleteLater()
    plain = made.view.context_menu(QPointF(made.point(30, 5)))
    assert "Open link" not in [action.text() for action in plain.actions()]
    plain.deleteLater()


def test_a_url_over_a_soft_wrap_is_underlined_opened_copied_and_selected_completely(show_view):
    made = show_view(columns=30)
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
    made.real_clicks(3, 1, 2)
    assert made.emulator.selected_text() == address
    menu = made.view.context_menu(QPointF(made.point(3, 1)))
    next(action for action in menu.actions() if action.text() == "Copy link").trigger()
    assert QGuiApplication.clipboard().text() == address
    menu.deleteLater()


def test_a_file_and_its_line_are_opened_if_the_file_exists(show_view, tmp_path):
    made = show_view()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("x")
    made.view.find_files_in(lambda: (str(tmp_path),))
    opened: list[Any] = []
    made.view.fileActivated.connect(opened.append)
    made.feed("src/app.py:12:5: error\r\nsrc/gone.py:1: error\r\nand/or\r\n")
    for row in reversed(range(3)):
        made.click(2, row, modifiers=CONTROL)
    made.until(lambda: opened, "the file to be opened")
    assert opened == [(str(tmp_path / "src" / "app.py"), 12, 5)]
    made.real_clicks(2, 0, 2)
    assert made.emulator.selected_text() == "src/app.py:12:5"


def test_a_double_click_on_the_name_of_a_file_and_its_line_selects_both(show_view, tmp_path):
    made = show_view()
    (tmp_path / "app.py").write_text("x")
    made.view.find_files_in(lambda: (str(tmp_path),))
    made.feed("in app.py:12 and gone.py:3")
    for column, text in ((5, "app.py:12"), (20, "gone.py")):
        made.click(column, 0)
        made.until(lambda: not made.view._links.files._running, "it to be known whether there is such a file")
        made.real_clicks(column, 0, 2)
        assert made.emulator.selected_text().startswith(text)
        assert ("12" in text) == ("12" in made.emulator.selected_text())


def test_output_and_mouse_moves_without_ctrl_do_not_search_for_links(show_view, monkeypatch):
    made = show_view()
    monkeypatch.setattr("gui.terminal.links.hovering.line_at", lambda *_: pytest.fail("looked for a link"))
    made.feed("https://example.org/\r\n" * 30)
    made.move((3, 3), held=Qt.MouseButton.NoButton)
    made.drag((0, 0), (10, 2))


@pytest.fixture
def dead_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, threading.Event]]:
    """A directory with a file ``app.py`` in which file operations hang until the event is set."""
    answers, asked_here = threading.Event(), threading.get_ident()
    (tmp_path / "app.py").write_text("x")
    is_file = Path.is_file

    def hanging(path: Path) -> bool:
        if path.is_relative_to(tmp_path):
            assert threading.get_ident() != asked_here, "the window waits for the disk"
            assert answers.wait(20)
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", hanging)
    yield tmp_path, answers
    answers.set()


def test_pointing_at_a_path_on_a_dead_network_mount_does_not_freeze_the_window(show_view, dead_mount):
    directory, answers = dead_mount
    made = show_view()
    made.view.find_files_in(lambda: (str(directory),))
    opened: list[Any] = []
    made.view.fileActivated.connect(opened.append)
    made.feed("app.py:3: error\r\nhttps://example.org/\r\n")
    plain = made.cell_image(2, 0)
    made.focus()
    xdotool(*made.way_to(2, 0), "keydown", "Control_L")
    try:
        made.until(lambda: made.view._links.files._running, "the file to be looked up")
        made.settle()
        assert made.cell_image(2, 0) == plain, "it is not known yet"
        menu = made.view.context_menu(QPointF(made.point(2, 0)))
        assert "Open file" not in [action.text() for action in menu.actions()]
        menu.deleteLater()
        xdotool("click", "1")
        made.feed("more output\r\n")
        assert opened == []
        answers.set()
        made.until(lambda: opened, "the click to open the file")
        assert opened == [(str(directory / "app.py"), 3, 0)]
        made.until(lambda: made.cell_image(2, 0) != plain, "the underline")
    finally:
        xdotool("keyup", "Control_L")
    made.until(lambda: made.cell_image(2, 0) == plain, "the underline to go with the key")


def test_the_context_menu_opens_while_a_file_is_being_looked_up(show_view, dead_mount):
    directory, answers = dead_mount
    made = show_view()
    made.view.find_files_in(lambda: (str(directory),))
    made.feed("app.py:3: error\r\n")

    def right_click() -> list[str]:
        place = made.point(2, 0)
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, made.view.mapToGlobal(place))
        QApplication.sendEvent(made.view, event)
        menu = process_events_until(QApplication.activePopupWidget, 5, "the menu")
        assert menu is not None
        texts = [action.text() for action in menu.actions()]
        menu.close()
        return texts

    assert "Open file" not in right_click()
    answers.set()
    made.until(lambda: not made.view._links.files._running, "the file to be known")
    assert right_click()[:2] == ["Open file", "Copy path"]


def test_a_click_opens_a_link_if_it_is_set_to_and_a_drag_selects_it(show_view):
    made = show_view()
    opened: list[str] = []
    made.view.linkActivated.connect(opened.append)
    made.view.set_links(LinkRules("click"))
    made.feed("https://example.org/ text")
    made.move((3, 0), held=Qt.MouseButton.NoButton)
    assert made.view.cursor().shape() == Qt.CursorShape.PointingHandCursor
    made.click(22, 0)
    made.drag((0, 0), (7, 0))
    assert made.emulator.selected_text() == "https://"
    assert opened == []
    made.click(3, 0)
    made.click(3, 0, modifiers=CONTROL)
    assert opened == ["https://example.org/"] * 2
    made.feed("\x1b[?1000h")
    made.click(3, 0)
    assert len(opened) == 2, "the program wants the click"
    assert made.sink.of("mouse")
    made.click(3, 0, modifiers=CONTROL)
    assert len(opened) == 3


def test_the_menu_still_opens_links_if_clicks_are_set_not_to(show_view):
    made = show_view()
    opened: list[str] = []
    made.view.markedLinkActivated.connect(opened.append)
    made.view.set_links(LinkRules("never"))
    made.feed(LINK)
    made.move((1, 0), held=Qt.MouseButton.NoButton, modifiers=CONTROL)
    assert made.view.cursor().shape() == Qt.CursorShape.IBeamCursor
    made.click(1, 0)
    made.click(1, 0, modifiers=CONTROL)
    assert opened == []
    menu = made.view.context_menu(QPointF(made.point(1, 0)))
    next(action for action in menu.actions() if action.text() == "Open link").trigger()
    assert opened == ["https://example.org/a"]
    menu.deleteLater()


def test_a_setting_makes_file_names_no_links(show_view, tmp_path):
    made = show_view()
    (tmp_path / "app.py").write_text("x")
    made.view.find_files_in(lambda: (str(tmp_path),))
    made.view.set_links(LinkRules(files=False))
    made.feed("app.py:12\r\nhttps://example.org/")
    assert made.view.link_at(QPointF(made.point(2, 0))) is None
    assert made.view.link_at(QPointF(made.point(2, 1))) is not None
    made.view.set_links(LinkRules())
    assert made.view.link_at(QPointF(made.point(2, 0))) is not None
