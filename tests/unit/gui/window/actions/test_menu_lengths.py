"""No menu is higher than a laptop's screen: it has at most twelve entries, and submenus one deep."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QApplication, QMenu

from gui.wording import page_texts
from session_host.protocol.values import State
from tests.unit.gui.conftest import WindowHarness

MOST = 12


def lengths(menu: QMenu, *, depth: int = 0) -> list[int]:
    """The lengths of a menu and of its submenus."""
    assert depth < 2, "a submenu has no submenus"
    shown = [action for action in menu.actions() if not action.isSeparator() and action.isVisible()]
    found = [len(shown)]
    for action in shown:
        if isinstance(submenu := action.menu(), QMenu):
            found += lengths(submenu, depth=depth + 1)
    return found


@pytest.mark.parametrize("agent", ["claude", "bash"])
async def test_each_menu_has_at_most_twelve_entries(harness: WindowHarness, agent: str) -> None:
    ids = [await harness.add(name, agent=agent) for name in ("one", "two", "three")]
    ended = await harness.add("four", agent=agent, state=State.EXITED, exit_code=0)
    window = harness.open_window()
    for session_id in ids:
        harness.show(session_id)
    window.open_chat(harness.chat(ended))
    window.tabs.activate(ids[1])
    place = window.mapToGlobal(QPoint(200, 100))
    chats = [harness.chat(session_id) for session_id in (*ids, ended)]

    def measured(open_menu: Callable[[], object]) -> list[int]:
        open_menu()
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        found = lengths(menu)
        menu.close()
        harness.settle()
        return found

    for found in (
        measured(lambda: window.tabs.menu_requested.emit(ids[1], place)),
        measured(lambda: window.tabs.menu_requested.emit(ended, place)),
        measured(lambda: window.sidebar.menu_requested.emit(chats[0], place)),
        measured(lambda: window.sidebar.menu_requested.emit(chats[3], place)),
        measured(lambda: window.sidebar.several_menu_requested.emit(chats, place)),
        measured(lambda: window.sidebar.own_menu_requested.emit(place)),
        measured(lambda: window.menus.show_for_window(window.menu_button)),
    ):
        assert found
        assert max(found) <= MOST, found


async def test_a_terminals_menu_on_a_link_in_a_commands_output_has_at_most_twelve_entries(
    harness: WindowHarness,
) -> None:
    session_id = await harness.add("one")
    harness.open_window()
    output = b"\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n\x1b]133;C\x07https://example.org/" + b"a" * 40
    harness.show(session_id).go_live(b"\x1b[2J\x1b[H" + output + b"\r\n\x1b]133;D;0\x07")
    harness.settle()
    menu = harness.view.context_menu(QPointF(120, 30))
    texts = {action.text() for action in menu.actions()}
    assert {page_texts.OPEN_LINK(), page_texts.THIS_COMMAND()} <= texts
    assert max(lengths(menu)) <= MOST
    menu.close()
