"""The user marks chats as unread, to come back to them, or as read."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt

from session_host.protocol.messages import OutputEvent
from tests.support.menus import entries_of_open_menu
from tests.unit.gui.conftest import WindowHarness


def choose(harness: WindowHarness, text: str, *session_ids: str) -> None:
    """Choose an item in the menu of one row in the sidebar, or of several."""
    window, chats = harness.window, [harness.chat(session_id) for session_id in session_ids]
    place = window.mapToGlobal(QPoint(200, 100))
    if len(chats) == 1:
        window.menus.show_for_row(chats[0], place)
    else:
        window.menus.show_for_several(chats, place)
    entries_of_open_menu()[text].trigger()


def unread(harness: WindowHarness) -> list[str]:
    """The names of the chats that the sidebar marks as unread, as screen readers get them."""
    harness.settle()
    model = harness.window.sidebar.model
    accessible_texts = [model.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(model.rowCount())]
    return [text.split(", ")[0] for text in accessible_texts if "unread" in text.split(", ")]


async def test_the_shown_chat_is_unread_until_the_user_comes_back_to_it(harness: WindowHarness) -> None:
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    harness.show(one)
    window.actions_["mark_unread"].trigger()
    assert window.banners.current is not None
    assert window.banners.current.text.startswith("Marked as unread")
    assert unread(harness) == ["one"]
    assert "unread" in window.tabs.active.bar.accessibleTabName(0)
    harness.show(two)
    assert unread(harness) == ["one"]
    harness.show(one)
    assert unread(harness) == []


async def test_the_menus_mark_one_or_several_and_read_them_all(harness: WindowHarness) -> None:
    one, two = [await harness.add(name) for name in ("one", "two")]
    harness.sessions.follow_all()
    harness.open_window()
    choose(harness, "Mark as unread", one)
    assert unread(harness) == ["one"]
    choose(harness, "Mark as read", one, two)
    assert unread(harness) == []
    choose(harness, "Mark as unread", one, two)
    assert unread(harness) == ["one", "two"]
    choose(harness, "Mark as read", one)
    harness.viewers[two].tell(OutputEvent(9))
    assert unread(harness) == ["two"]
