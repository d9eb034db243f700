"""Links under the mouse: those that a program set, and those in plain text."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QClipboard, QContextMenuEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.bridge.named_files import FilesHere
from gui.terminal.links import link_pointer
from gui.terminal.links.links import LinkRules
from tests.e2e.view.conftest import WAIT_S, ShownView
from tests.e2e.view.test_mouse import CONTROL, LEFT
from tests.support.qt_waiting import process_events_until
from tests.support.windows import xdotool

LINK = "\x1b]8;;https://example.org/a\x1b\\link\x1b]8;;\x1b\\ \x1b]8;;javascript:alert(1)\x1b\\bad\x1b]8;;\x1b\\"


def test_ctrl_click_opens_a_link_of_an_allowed_kind(show_view):
    terminal = show_view()
    opened: list[str] = []
    notices: list[str] = []
    terminal.view.links.marked_opened.connect(opened.append)
    terminal.view.notice.connect(notices.append)
    terminal.feed(LINK)
    terminal.click(1, 0)
    assert opened == []
    terminal.click(1, 0, modifiers=CONTROL)
    assert opened == ["https://example.org/a"]
    terminal.click(6, 0, modifiers=CONTROL)
    assert opened == ["https://example.org/a"]
    assert "javascript" in notices[0]


def test_a_links_target_is_shown_before_it_is_followed(show_view):
    terminal = show_view()
    terminal.feed(LINK)
    terminal.move((1, 0), held=Qt.MouseButton.NoButton, modifiers=CONTROL)
    assert terminal.view.cursor().shape() == Qt.CursorShape.PointingHandCursor
    terminal.move((20, 3), held=Qt.MouseButton.NoButton)
    assert terminal.view.cursor().shape() == Qt.CursorShape.IBeamCursor


def test_a_programs_link_over_a_soft_wrap_is_underlined_completely(show_view):
    terminal = show_view()
    columns, rows = terminal.emulator.size.columns, range(4)
    link = LINK.replace("link", "a link over \x1b[1mtwo rows")
    terminal.feed(f"\x1b[2;{columns - 9}H{link}")
    plain = [terminal.cell_image(0, row, columns) for row in rows]
    for row, column in ((1, columns - 3), (2, 4)):
        terminal.move((column, row), held=Qt.MouseButton.NoButton, modifiers=CONTROL)
        terminal.settle()
        assert [terminal.cell_image(0, row, columns) == plain[row] for row in rows] == [True, False, False, True]
        assert terminal.view.links.link_at(QPointF(terminal.point(column, row))).spans == (
            (1, columns - 10, columns - 1),
            (2, 0, 9),
        )
        terminal.move((20, 3), held=Qt.MouseButton.NoButton)


def test_the_context_menu(show_view):
    terminal = show_view()
    terminal.feed(LINK)
    QGuiApplication.clipboard().setText("something")
    menu = terminal.view.context_menu.build(QPointF(terminal.point(1, 0)))
    texts = {action.text(): action.isEnabled() for action in menu.actions() if action.text()}
    assert texts == {"Open link": True, "Copy link": True, "Copy": False, "Paste": True, "Select all": True}
    menu.deleteLater()
    plain = terminal.view.context_menu.build(QPointF(terminal.point(30, 5)))
    assert "Open link" not in [action.text() for action in plain.actions()]
    plain.deleteLater()


def test_a_url_over_a_soft_wrap_is_underlined_opened_copied_and_selected_completely(show_view):
    terminal = show_view(columns=30)
    address = "https://example.org/" + "long/" * 5 + "end"
    opened: list[str] = []
    terminal.view.links.address_opened.connect(opened.append)
    terminal.feed(f"docs: {address}. More\r\n")
    plain = terminal.cell_image(0, 1, 10)
    terminal.move((10, 0), held=Qt.MouseButton.NoButton, modifiers=CONTROL)
    terminal.settle()
    assert terminal.view.cursor().shape() == Qt.CursorShape.PointingHandCursor
    assert terminal.cell_image(0, 1, 10) != plain, "underlined in both rows"
    terminal.click(2, 1, modifiers=CONTROL)
    terminal.click(2, 0, modifiers=CONTROL)
    assert opened == [address]
    QApplication.sendEvent(terminal.view, QEvent(QEvent.Type.Leave))
    terminal.settle()
    assert terminal.cell_image(0, 1, 10) == plain
    terminal.real_clicks(3, 1, 2)
    assert terminal.emulator.selected_text() == address
    menu = terminal.view.context_menu.build(QPointF(terminal.point(3, 1)))
    next(action for action in menu.actions() if action.text() == "Copy link").trigger()
    assert QGuiApplication.clipboard().text() == address
    menu.deleteLater()


def test_a_file_and_its_line_are_opened_if_the_file_exists(show_view, tmp_path):
    terminal = show_view()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("x")
    terminal.view.links.files.find = FilesHere(lambda: (str(tmp_path),))
    opened: list[Any] = []
    terminal.view.links.file_opened.connect(opened.append)
    terminal.feed("src/app.py:12:5: error\r\nsrc/gone.py:1: error\r\nand/or\r\n")
    for row in reversed(range(3)):
        terminal.click(2, row, modifiers=CONTROL)
    terminal.until(lambda: opened, "the file to be opened")
    assert opened == [(str(tmp_path / "src" / "app.py"), 12, 5)]
    terminal.real_clicks(2, 0, 2)
    assert terminal.emulator.selected_text() == "src/app.py:12:5"


def test_a_double_click_on_the_name_of_a_file_and_its_line_selects_both(show_view, tmp_path):
    terminal = show_view()
    (tmp_path / "app.py").write_text("x")
    terminal.view.links.files.find = FilesHere(lambda: (str(tmp_path),))
    terminal.feed("in app.py:12 and gone.py:3")
    for column, text in ((5, "app.py:12"), (20, "gone.py")):
        terminal.click(column, 0)
        terminal.until(lambda: not terminal.view.links.files._running, "it to be known whether there is such a file")
        terminal.real_clicks(column, 0, 2)
        assert terminal.emulator.selected_text().startswith(text)
        assert ("12" in text) == ("12" in terminal.emulator.selected_text())


def test_a_drag_that_begins_with_a_double_click_on_a_link_keeps_the_whole_link(show_view, monkeypatch):
    made = show_view()
    made.feed("see first https://example.org/a?b=c and last words")
    monkeypatch.setattr(QApplication, "doubleClickInterval", lambda: 60_000)
    QTest.mouseClick(made.view, LEFT, Qt.KeyboardModifier.NoModifier, made.point(20, 0))
    QTest.mousePress(made.view, LEFT, Qt.KeyboardModifier.NoModifier, made.point(20, 0))
    for column, text in (
        (20, "https://example.org/a?b=c"),
        (42, "https://example.org/a?b=c and last"),
        (6, "first https://example.org/a?b=c"),
        (24, "https://example.org/a?b=c"),
    ):
        made.move((column, 0))
        assert made.emulator.selected_text() == text
    made.move((6, 0))
    QTest.mouseRelease(made.view, LEFT, Qt.KeyboardModifier.NoModifier, made.point(6, 0))
    assert QGuiApplication.clipboard().text(QClipboard.Mode.Selection) == "first https://example.org/a?b=c"


def press_twice(made: ShownView, column: int, row: int) -> None:
    """Double click, and keep the button pressed."""
    made.click(column, row)
    QTest.mousePress(made.view, LEFT, Qt.KeyboardModifier.NoModifier, made.point(column, row))


def test_a_drag_by_words_selects_each_link_as_a_whole(show_view, monkeypatch):
    made = show_view()
    link = "https://example.org/Foo_(bar),baz"
    made.feed(f"first {link} second words")
    monkeypatch.setattr(QApplication, "doubleClickInterval", lambda: 60_000)
    press_twice(made, 1, 0)
    for column, text in ((9, f"first {link}"), (34, f"first {link}"), (40, f"first {link} second"), (2, "first")):
        made.move((column, 0))
        assert made.emulator.selected_text() == text
    QTest.mouseRelease(made.view, LEFT, Qt.KeyboardModifier.NoModifier, made.point(2, 0))
    press_twice(made, 42, 0)
    made.move((34, 0))
    assert made.emulator.selected_text() == f"{link} second"


def test_a_drag_that_begins_on_a_link_keeps_it_while_output_scrolls(show_view, monkeypatch):
    made = show_view()
    link = "https://example.org/Foo_(bar),baz"
    rows = made.emulator.size.rows
    made.feed("\r\n" * (rows - 1) + f"see {link} here\r\n")
    monkeypatch.setattr(QApplication, "doubleClickInterval", lambda: 60_000)
    press_twice(made, 10, rows - 2)
    made.feed("more output\r\nand more\r\n")
    made.move((2, rows - 3))
    assert made.emulator.selected_text() == f"{link} here\nmore"
    made.move((1, rows - 4))
    assert made.emulator.selected_text() == f"see {link}"


def test_output_and_mouse_moves_without_ctrl_do_not_search_for_links(show_view, monkeypatch):
    terminal = show_view()
    monkeypatch.setattr("gui.terminal.links.link_pointer.line_at", lambda *_: pytest.fail("looked for a link"))
    terminal.feed("https://example.org/\r\n" * 30)
    terminal.move((3, 3), held=Qt.MouseButton.NoButton)
    terminal.drag((0, 0), (10, 2))


@pytest.fixture
def dead_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, threading.Event]]:
    """A directory with a file ``app.py`` in which file operations hang until the event is set."""
    answers, asked_here = threading.Event(), threading.get_ident()
    (tmp_path / "app.py").write_text("x")
    is_file = Path.is_file

    def hanging(path: Path) -> bool:
        if path.is_relative_to(tmp_path):
            assert threading.get_ident() != asked_here, "the window waits for the disk"
            assert answers.wait(60)
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", hanging)
    yield tmp_path, answers
    answers.set()


def test_pointing_at_a_path_on_a_dead_network_mount_does_not_freeze_the_window(show_view, dead_mount, monkeypatch):
    monkeypatch.setattr(link_pointer, "OPENS_WITHIN_S", WAIT_S)
    directory, answers = dead_mount
    terminal = show_view()
    terminal.view.links.files.find = FilesHere(lambda: (str(directory),))
    opened: list[Any] = []
    terminal.view.links.file_opened.connect(opened.append)
    terminal.feed("app.py:3: error\r\nhttps://example.org/\r\n")
    plain = terminal.cell_image(2, 0)
    terminal.focus()
    xdotool(*terminal.way_to(2, 0), "keydown", "Control_L")
    try:
        terminal.until(lambda: terminal.view.links.files._running, "the file to be looked up")
        terminal.settle()
        assert terminal.cell_image(2, 0) == plain, "it is not known yet"
        menu = terminal.view.context_menu.build(QPointF(terminal.point(2, 0)))
        assert "Open file" not in [action.text() for action in menu.actions()]
        menu.deleteLater()
        xdotool("click", "1")
        terminal.feed("more output\r\n")
        assert opened == []
        answers.set()
        terminal.until(lambda: opened, "the click to open the file")
        assert opened == [(str(directory / "app.py"), 3, 0)]
        terminal.until(lambda: terminal.cell_image(2, 0) != plain, "the underline")
    finally:
        xdotool("keyup", "Control_L")
    terminal.until(lambda: terminal.cell_image(2, 0) == plain, "the underline to go with the key")


def test_the_context_menu_opens_while_a_file_is_being_looked_up(show_view, dead_mount):
    directory, answers = dead_mount
    terminal = show_view()
    terminal.view.links.files.find = FilesHere(lambda: (str(directory),))
    terminal.feed("app.py:3: error\r\n")

    def right_click() -> list[str]:
        place = terminal.point(2, 0)
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, terminal.view.mapToGlobal(place))
        QApplication.sendEvent(terminal.view, event)
        menu = process_events_until(QApplication.activePopupWidget, 5, "the menu")
        assert menu is not None
        texts = [action.text() for action in menu.actions()]
        menu.close()
        return texts

    assert "Open file" not in right_click()
    answers.set()
    terminal.until(lambda: not terminal.view.links.files._running, "the file to be known")
    assert right_click()[:2] == ["Open file", "Copy path"]


def test_a_click_opens_a_link_if_it_is_set_to_and_a_drag_selects_it(show_view):
    terminal = show_view()
    opened: list[str] = []
    terminal.view.links.address_opened.connect(opened.append)
    terminal.view.links.rules = LinkRules("click")
    terminal.feed("https://example.org/ text")
    terminal.move((3, 0), held=Qt.MouseButton.NoButton)
    assert terminal.view.cursor().shape() == Qt.CursorShape.PointingHandCursor
    terminal.click(22, 0)
    terminal.drag((0, 0), (7, 0))
    assert terminal.emulator.selected_text() == "https://"
    assert opened == []
    terminal.click(3, 0)
    terminal.click(3, 0, modifiers=CONTROL)
    assert opened == ["https://example.org/"] * 2
    terminal.feed("\x1b[?1000h")
    terminal.click(3, 0)
    assert len(opened) == 2, "the program wants the click"
    assert terminal.sink.of("mouse")
    terminal.click(3, 0, modifiers=CONTROL)
    assert len(opened) == 3


def test_the_menu_still_opens_links_if_clicks_are_set_not_to(show_view):
    terminal = show_view()
    opened: list[str] = []
    terminal.view.links.marked_opened.connect(opened.append)
    terminal.view.links.rules = LinkRules("never")
    terminal.feed(LINK)
    terminal.move((1, 0), held=Qt.MouseButton.NoButton, modifiers=CONTROL)
    assert terminal.view.cursor().shape() == Qt.CursorShape.IBeamCursor
    terminal.click(1, 0)
    terminal.click(1, 0, modifiers=CONTROL)
    assert opened == []
    menu = terminal.view.context_menu.build(QPointF(terminal.point(1, 0)))
    next(action for action in menu.actions() if action.text() == "Open link").trigger()
    assert opened == ["https://example.org/a"]
    menu.deleteLater()


def test_a_setting_makes_file_names_no_links(show_view, tmp_path):
    terminal = show_view()
    (tmp_path / "app.py").write_text("x")
    terminal.view.links.files.find = FilesHere(lambda: (str(tmp_path),))
    terminal.view.links.rules = LinkRules(files=False)
    terminal.feed("app.py:12\r\nhttps://example.org/")
    assert terminal.view.links.link_at(QPointF(terminal.point(2, 0))) is None
    assert terminal.view.links.link_at(QPointF(terminal.point(2, 1))) is not None
    terminal.view.links.rules = LinkRules()
    assert terminal.view.links.link_at(QPointF(terminal.point(2, 0))) is not None
