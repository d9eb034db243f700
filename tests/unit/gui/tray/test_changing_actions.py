"""Entries of a menu that may change after the desktop has read it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from gui.tray.tray import MAX_HIDDEN, ChangingActions, Entry

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def menu() -> Iterator[QMenu]:
    menu = QMenu()
    yield menu
    menu.deleteLater()


def shown(menu: QMenu) -> list[QAction]:
    return [action for action in menu.actions() if action.isVisible()]


@pytest.mark.parametrize("last", ["Quit", ""])
def test_a_click_on_a_moved_or_removed_entry_never_triggers_another(menu: QMenu, last: str):
    chosen: list[str] = []
    changing = ChangingActions(menu, menu.addAction(last) if last else None, chosen.append)
    fixed = [last] if last else []
    read: dict[QAction, str] = {}
    draw = random.Random(1)
    for _ in range(50):
        keys = draw.sample("abcdefghijkl", draw.randint(0, 10))
        changing.show([Entry(key, key) for key in keys])
        assert [action.text() for action in shown(menu)] == keys + fixed
        assert len(menu.actions()) <= len(keys) + len(fixed) + MAX_HIDDEN
        actions = menu.actions()
        read = {action: key for action, key in read.items() if action in actions}
        for action, key in read.items():
            action.trigger()
            assert chosen.pop() == key
            assert not chosen
        read |= dict(zip(shown(menu), keys, strict=False))
    assert len(read) > MAX_HIDDEN


def test_as_many_entries_as_possible_keep_their_position(menu: QMenu):
    changing = ChangingActions(menu, None, print)
    changing.show([Entry(key, key) for key in "abcdef"])
    before = shown(menu)
    changing.show([Entry(key, key) for key in "fabcde"])
    assert shown(menu)[1:] == before[:5]
    changing.show([Entry(key, key) for key in "abcdef"])
    assert shown(menu) == before, "also the one that was hidden"
