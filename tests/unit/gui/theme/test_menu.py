"""Menus by keyboard, with real keys, and where their shortcuts are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

from gui.theme.menu import Menu
from gui.theme.theme import Theme
from tests.support.displays import XServer
from tests.support.qt_waiting import delete_now, process_events_until, show_active
from tests.support.themes import OWN
from tests.support.windows import xdotool

WAIT_S = 60.0


@pytest.fixture
def menu(qapp: QApplication, window_manager: None, display: XServer) -> Iterator[Menu]:
    """An open menu of a window with the keyboard."""
    theme = Theme(qapp, OWN, "light")
    window = QWidget()
    window.resize(400, 300)
    show_active(window)
    opened = Menu(window)
    opened.addAction("Copy").setShortcut(QKeySequence("Ctrl+C"))
    opened.addMenu("Close").addAction("Close other tabs")
    opened.addSeparator()
    opened.addAction("Conflicts").setEnabled(False)
    opened.addAction("Continue…").setShortcut(QKeySequence("Ctrl+Shift+Del"))
    opened.addAction("Continue all")
    opened.addAction("E&xit")
    opened.popup(window.mapToGlobal(QPoint(10, 10)))
    process_events_until(opened.isVisible, WAIT_S, "the menu to be open")
    yield opened
    delete_now(opened, window, theme)
    qapp.setStyleSheet("")


def selected(menu: Menu) -> str:
    return "".join(action.text() for action in menu.actions() if action is menu.activeAction())


def test_letters_select_the_entry_that_begins_with_them_and_run_nothing(menu: Menu) -> None:
    ran: list[str] = []
    menu.triggered.connect(lambda action: ran.append(action.text()))

    def type_after_a_pause(keys: str, expected: str) -> None:
        menu._typed_at_s = 0.0
        xdotool("key", "--delay", "1", *keys.split())
        process_events_until(lambda: selected(menu) == expected, WAIT_S, expected)

    type_after_a_pause("c", "Copy")
    type_after_a_pause("c", "Close")
    assert QApplication.activePopupWidget() is menu, "the submenu would get the next letters"
    type_after_a_pause("c o n", "Continue…")
    type_after_a_pause("c o n t i n u e space a", "Continue all")
    type_after_a_pause("c o n t", "Continue…")
    type_after_a_pause("z z", "Continue…")
    assert ran == []
    xdotool("key", "Return")
    process_events_until(lambda: bool(ran), WAIT_S, "Enter to run the entry")
    assert ran == ["Continue…"]


def test_an_access_key_runs_its_entry(menu: Menu) -> None:
    ran: list[str] = []
    menu.triggered.connect(lambda action: ran.append(action.text()))
    xdotool("key", "x")
    process_events_until(lambda: bool(ran), WAIT_S, "the access key")
    assert ran == ["E&xit"]


def test_letters_work_in_a_submenu(menu: Menu) -> None:
    xdotool("key", "--delay", "1", "c", "l", "Right")
    process_events_until(lambda: QApplication.activePopupWidget() is not menu, WAIT_S, "the submenu to be open")
    submenu = QApplication.activePopupWidget()
    assert isinstance(submenu, Menu)


def test_shortcuts_end_at_the_same_edge(menu: Menu) -> None:
    picture = menu.grab().toImage()

    def last_ink(text: str) -> int:
        area = menu.actionGeometry(next(action for action in menu.actions() if action.text() == text))
        ground = picture.pixel(area.right() - 4, area.center().y())
        columns = range(area.right() - 4, area.left(), -1)
        return next(x for x in columns if any(picture.pixel(x, y) != ground for y in range(area.top(), area.bottom())))

    edges = {last_ink("Copy"), last_ink("Continue…")}
    assert max(edges) - min(edges) <= 2
    assert max(edges) > menu.width() - 24
