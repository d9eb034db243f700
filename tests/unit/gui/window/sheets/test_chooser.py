"""The command palette finds actions by the words that users type."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from gui.window.actions import action_table
from gui.window.sheets.chooser import _CHOICE_ROLE, _POSITIONS_ROLE, Choice, _elided
from gui.wording import notice_texts
from session_host.protocol.values import State
from tests.unit.gui.conftest import WindowHarness

FIRST = {
    "Dark": "Light or dark…",
    "color theme": "Choose a theme…",
    "font": "Larger text",
    "font size": "Larger text",
    "help": "Guide",
    "preferences": "Settings…",
    "toggle sidebar": "Hide sidebar",
    "hide": "Hide sidebar",
    "hints": "Link hints",
    "history": "Search all chats…",
    "new session": "New chat…",
    "new thread": "New chat…",
    "open recent": "Switch to a chat…",
    "quick open": "Switch to a chat…",
    "quit": "Close window (chats keep running)",
    "explain": "Status details",
    "search": "Search all chats…",
    "stop chat": "Stop chat",
    "split d": "Split down",
    "split editor": "Split right",
    "split r": "Split right",
    "terminal": "New shell in this directory",
    "zoom out": "Smaller text",
}


async def test_an_action_is_found_by_its_title_and_by_other_programs_words(harness: WindowHarness) -> None:
    await harness.open("work")
    window = harness.window
    window.actions_.show_palette()
    chooser = window.sheets.chooser
    found = {}
    for typed in FIRST:
        chooser.field.setText(typed)
        found[typed] = chooser.items.item(0).text() if chooser.items.rowCount() else ""
    assert found == FIRST


async def test_the_palette_lists_the_actions_first_that_were_chosen_last(harness: WindowHarness) -> None:
    first, second = await harness.add("one"), await harness.add("two")
    window = harness.open_window()
    harness.show(first)
    chooser = window.sheets.chooser

    def choose(typed: str) -> None:
        window.actions_.show_palette()
        chooser.field.setText(typed)
        chooser._accept_choice(chooser.items.index(0, 0))

    def first_titles() -> list[str]:
        window.actions_.show_palette()
        titles = [chooser.items.item(row).text() for row in range(4)]
        chooser.dismiss()
        return titles

    usual = first_titles()
    for typed in ("hide status", "copy name", "show status", "close window"):
        choose(typed)
    window.show()
    expected = ["Hide status line", "Copy chat name", *usual[:2]]
    assert first_titles() == expected, "Enter alone never closes a window"
    assert harness.window.layout_state.recent_actions == ["status_line", "copy_name"]
    window.open_chat(harness.chat(second))
    choose("copy name")
    assert first_titles()[:2] == ["Copy chat name", "Hide status line"]


async def test_scattered_letters_find_an_action_only_without_a_better_match(harness: WindowHarness) -> None:
    await harness.open("work")
    window = harness.window
    window.actions_.show_palette()
    chooser = window.sheets.chooser

    def found(typed: str) -> list[str]:
        chooser.field.setText(typed)
        return [chooser.items.item(row).text() for row in range(chooser.items.rowCount())]

    assert found("send") == ["Send text to chat…"]
    assert "New chat…" in found("nwcht")
    # Letters scattered over an action's title and key, or over its other words, find nothing.
    for typed in ("logout", "api key", "update"):
        assert found(typed) == []


async def test_delete_removes_an_ended_chat_and_says_why_a_running_one_stays(harness: WindowHarness) -> None:
    running, ended = await harness.add("one"), await harness.add("two", state=State.EXITED, exit_code=0)
    window = harness.open_window()
    for session_id in (running, ended):
        window.open_chat(harness.chat(session_id))
        harness.settle()
        window.actions_.show_palette()
        window.sheets.chooser.field.setText("delete")
        window.sheets.chooser._accept_choice(window.sheets.chooser.items.index(0, 0))
        assert window.banners.current is not None
        is_removed = session_id == ended
        assert window.banners.current.action == (notice_texts.UNDO() if is_removed else "")
    assert [chat.id for chats in harness.sessions.listed.groups().values() for chat in chats] == [running]


async def test_a_long_detail_is_cut_at_its_end_and_complete_in_the_tool_tip(harness: WindowHarness) -> None:
    window = harness.open_window()
    chooser = window.sheets.chooser
    detail = "Look at the error handling, the tests and the documentation of all that changed since the last release"
    choice = Choice("review", detail, lambda: None, cut=Qt.TextElideMode.ElideRight)
    chooser.ask("Prompts", "", [choice])
    view = chooser.list
    place = view.visualRect(chooser.items.index(0, 0)).center()
    event = QHelpEvent(QEvent.Type.ToolTip, place, view.viewport().mapToGlobal(place))
    QApplication.sendEvent(view.viewport(), event)
    assert detail in QToolTip.text()
    QToolTip.hideText()
    assert _elided(choice, view.viewport().width())[1].startswith("Look at the error handling, the tests")


async def test_a_long_title_is_cut_at_its_end_and_what_matches_in_it_is_underlined(harness: WindowHarness) -> None:
    window = harness.open_window()
    chooser = window.sheets.chooser
    title = "Look at the error handling, the tests and the documentation of all that changed since the last release"
    chooser.ask("Outline", "", [Choice(title, "edited 3 files", lambda: None)])
    harness.settle()
    shown, detail = _elided(chooser.items.item(0).data(_CHOICE_ROLE), chooser.list.viewport().width())
    assert (shown[-1], detail) == ("…", "edited 3 files")
    assert title.startswith(shown[:-1])
    plain = chooser.list.viewport().grab().toImage()
    chooser.field.setText("Look at the")
    await harness.until(lambda: bool(chooser.items.item(0).data(_POSITIONS_ROLE)), "the matches")
    harness.settle()
    assert chooser.list.viewport().grab().toImage() != plain


async def test_a_low_window_shows_whole_rows_and_the_last_one_when_it_is_marked(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.resize(420, 300)
    chooser = window.sheets.chooser
    chooser.ask("Commands", "", [Choice(f"Choice {number}", "", lambda: None) for number in range(30)])
    await harness.until(lambda: chooser.list.viewport().height() > 0, "the list")
    harness.settle()
    QTest.keyClick(chooser.field, Qt.Key.Key_Up)
    harness.settle()
    results, viewport = chooser.list, chooser.list.viewport()
    last = results.visualRect(results.items.index(29, 0))
    assert results.currentIndex().row() == 29
    assert viewport.rect().contains(last)
    assert viewport.height() % last.height() == 0
    bottom = viewport.mapTo(chooser.body, viewport.rect().bottomLeft()).y()
    assert bottom < chooser.body.height(), "the sheet does not cut the list"
    window.resize(1120, 720)
    await harness.until(lambda: viewport.height() == 10 * last.height(), "ten rows in a high window")


async def test_the_rows_of_a_long_list_are_made_when_they_are_scrolled_to(harness: WindowHarness) -> None:
    chooser = harness.open_window().sheets.chooser
    choices = [Choice(f"Choice {number}", "", lambda: None) for number in range(2000)]
    chooser.ask("Choices", "", choices)
    await harness.until(lambda: chooser.list.viewport().height() > 0, "the list")
    assert chooser.items.rowCount() < 100
    chooser.field.setText("choice 1")
    assert chooser.items.rowCount() < 100
    harness.settle()
    for key in (*[Qt.Key.Key_Down] * 20, *[Qt.Key.Key_PageDown] * 10, *[Qt.Key.Key_Down] * 5):
        QTest.keyClick(chooser.field, key)
    assert chooser.list.currentIndex().row() == 125
    QTest.keyClick(chooser.field, Qt.Key.Key_PageUp)
    assert chooser.list.currentIndex().row() == 115
    assert chooser.items.rowCount() < 200
    chooser.ask("Choices", "", choices)
    QTest.keyClick(chooser.field, Qt.Key.Key_Up)
    assert chooser.list.currentIndex().data() == "Choice 1999", "above the first row is the last one"


async def test_the_palette_of_an_empty_window_offers_no_list_without_lines(harness: WindowHarness) -> None:
    actions = harness.open_window().actions_

    def offered() -> set[str]:
        return {choice.title for choice in actions.choices()}

    lists = {action_table.title(name) for name in ("switch_chat", "search", "send")}
    assert not offered() & lists
    await harness.add("one")
    assert offered() >= lists


async def test_the_palette_shows_groups_and_names_the_state_that_a_switch_will_produce(harness: WindowHarness) -> None:
    window = harness.open_window()

    def shown(name: str) -> str:
        entry = next(each for each in action_table.TABLE if each.name == name)
        titles = {entry.title_in(on=on) for on in (False, True)}
        [choice] = [choice for choice in window.actions_.choices() if choice.title in titles]
        return f"{choice.group}: {choice.title}"

    assert shown("sidebar") == "Window: Hide sidebar"
    window.actions_["sidebar"].trigger()
    assert shown("sidebar") == "Window: Show sidebar"
    groups = [choice.group for choice in window.actions_.choices()]
    assert list(dict.fromkeys(groups)) == ["Chat", "Window", "Page", "Settings"], "each group once, in one piece"


async def test_a_held_enter_chooses_nothing_from_the_list_that_follows(harness: WindowHarness) -> None:
    await harness.open("work")
    chooser = harness.window.sheets.chooser
    chosen: list[str] = []
    second = [Choice("remove", "", lambda: chosen.append("remove"))]
    chooser.ask("one", "one", [Choice("machine", "", lambda: chooser.ask("two", "two", second))])
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    harness.settle()
    assert chooser.items.item(0).text() == "remove"
    held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return.value, Qt.KeyboardModifier.NoModifier, "\r", True)
    QApplication.sendEvent(chooser.field, held)
    assert chosen == []
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert chosen == ["remove"]
