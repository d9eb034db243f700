"""The window for a screen reader: roles and plain names."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6 import QtWidgets
from PySide6.QtGui import QAccessible, QAccessibleInterface

from gui.window.page.banners import Banner
from gui.window.sheets.question import Question
from gui.window.sheets.sheet import Sheet
from gui.window.widgets.accessibility import ROLES, install_roles
from gui.window.widgets.tab_page import TabPage
from session_host.protocol.values import State
from tests.unit.gui.conftest import WindowHarness

TEXTS = (QAccessible.Text.Name, QAccessible.Text.Description, QAccessible.Text.Help, QAccessible.Text.Value)

NAMED = {
    QAccessible.Role.Window,
    QAccessible.Role.Pane,
    QAccessible.Role.Dialog,
    QAccessible.Role.AlertMessage,
    QAccessible.Role.Terminal,
    QAccessible.Role.PropertyPage,
    QAccessible.Role.PageTab,
    QAccessible.Role.List,
    QAccessible.Role.ListItem,
    QAccessible.Role.Button,
    QAccessible.Role.CheckBox,
    QAccessible.Role.RadioButton,
    QAccessible.Role.EditableText,
    QAccessible.Role.Grouping,
    QAccessible.Role.StatusBar,
    QAccessible.Role.Notification,
}
"""Parts with these roles need a name. Qt names a tab list after its current tab, so an empty one has none."""


@pytest.fixture(autouse=True)
def roles() -> None:
    install_roles()


def _parts(part: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    yield part
    for number in range(part.childCount()):
        child = part.child(number)
        if child.isValid():  # Qt counts closed tabs, too, until the same number is open again.
            yield from _parts(child)


def _seen(harness: WindowHarness) -> list[QAccessibleInterface]:
    """Check the texts of all parts of the window, and return these parts."""
    harness.settle()
    parts = list(_parts(QAccessible.queryAccessibleInterface(harness.window)))
    for part in parts:
        name = part.text(QAccessible.Text.Name)
        for which in TEXTS:
            text = part.text(which)
            assert not [mark for mark in ("<p", "</", "style=", "&lt;", "&amp;") if mark in text], (part.role(), text)
        if part.role() in NAMED and not part.state().invisible:
            assert name, (part.role(), part.object())
    return parts


def _names(parts: list[QAccessibleInterface], role: QAccessible.Role) -> list[str]:
    """The names of the visible parts with a role."""
    return [part.text(QAccessible.Text.Name) for part in parts if part.role() == role and not part.state().invisible]


async def _two_chats(harness: WindowHarness) -> None:
    running = await harness.add("fix <b> & go")
    ended = await harness.add("two", state=State.EXITED, exit_code=1, ended_at="2026-01-02T03:05:00Z")
    harness.open_window()
    harness.show(running)
    for session_id in (ended, running):
        harness.window.open_chat(harness.chat(session_id))


async def test_a_screen_reader_finds_window_sidebar_tabs_and_terminal_by_role_and_name(harness: WindowHarness):
    await _two_chats(harness)
    parts = _seen(harness)
    roles = QAccessible.Role
    assert parts[0].role() == roles.Window
    assert _names(parts, roles.Window) == ["fix <b> & go — Outlive"]
    assert _names(parts, roles.Pane) == ["Sidebar"]
    assert _names(parts, roles.PageTabList) == ["fix <b> & go, running"]
    assert _names(parts, roles.PageTab) == ["fix <b> & go, running", "two, ended with an error"]
    tabs = [part for part in parts if part.role() == roles.PageTab]
    described, place, began, code = tabs[1].text(QAccessible.Text.Description).split("\n")
    assert (described, place, code) == ("two: ended with an error", "/tmp", "Ended with exit code 1")
    assert began.startswith("Started ")
    assert _names(parts, roles.Terminal) == ["Terminal of fix <b> & go"]
    [chats] = [part for part in parts if part.role() == roles.List and not part.state().invisible]
    assert chats.text(QAccessible.Text.Name) == "Chats"
    headings = [name for name in _names(parts, roles.ListItem) if "chat" in name]
    assert headings == ["running, 1 chat", "ended, 1 chat"]
    [row] = [name for name in _names(parts, roles.ListItem) if name.startswith("fix")]
    assert row.startswith("fix <b> & go, Command, running, open, tmp, ")
    assert _names(parts, roles.StatusBar) == ["Status"]


async def test_a_screen_reader_opens_a_chat_and_unfolds_a_group_by_their_action(harness: WindowHarness):
    await _two_chats(harness)
    harness.settle()
    chats = QAccessible.queryAccessibleInterface(harness.window.sidebar.list)

    def entries() -> dict[str, QAccessibleInterface]:
        found = [chats.child(number) for number in range(chats.childCount())]
        assert [chats.indexOfChild(entry) for entry in found] == list(range(len(found)))
        return {entry.text(QAccessible.Text.Name).split(",")[0]: entry for entry in found}

    def run(name: str, action: str) -> None:
        offered = entries()[name].actionInterface()
        assert offered.actionNames() == [action]
        offered.doAction(action)
        harness.settle()

    open_chat, ended = entries()["fix <b> & go"], entries()["ended"]
    assert (open_chat.state().active, entries()["running"].state().expanded) == (True, True)
    assert (ended.state().expandable, ended.state().collapsed, ended.state().expanded) == (True, True, False)
    run("ended", "Expand")
    assert (ended.state().collapsed, ended.state().expanded) == (False, True)
    run("two", "Open")
    assert harness.page.chat.full_name == "two"
    assert not open_chat.state().active
    run("ended", "Collapse")
    harness.window.sidebar.take_focus()
    focused = chats.focusChild()
    assert focused.state().focused
    assert chats.childAt(*focused.rect().center().toTuple()).object() is focused.object()


async def test_a_screen_reader_finds_the_pages_without_a_chat(harness: WindowHarness):
    await _two_chats(harness)
    for action, name in (("show_changes", "Changes"), ("timeline", "Timeline"), ("usage", "Usage")):
        harness.window.actions_[action].trigger()
        harness.settle()
        assert name in _names(_seen(harness), QAccessible.Role.PropertyPage)
        page = harness.window.tabs.front
        assert isinstance(page, TabPage)
        page.close()


async def test_a_screen_reader_announces_banners_and_questions(harness: WindowHarness):
    await _two_chats(harness)
    harness.window.banners.show_banner(Banner("The disk is <full>", action="Show", lasting=True, kind="failed"))
    assert _names(_seen(harness), QAccessible.Role.AlertMessage) == ["The disk is <full>"]
    harness.page.question.ask(Question("Paste 2 lines?", "Paste", lambda: None, subject="make\nmake <install>"))
    parts = _seen(harness)
    assert _names(parts, QAccessible.Role.Dialog) == ["Paste 2 lines?"]
    assert {"Paste", "Cancel"} <= set(_names(parts, QAccessible.Role.Button))


async def test_a_screen_reader_finds_a_name_on_every_part_of_each_sheet(harness: WindowHarness):
    await _two_chats(harness)
    window, sheets = harness.window, harness.window.sheets
    actions = window.actions_
    places: dict[str, Callable[[], object]] = {
        "New chat": lambda: window.commands.starting.new_chat("command", "/usr"),
        "Choose a directory": sheets.new_chat.directory_row.browser.browse,
        "Rename chat": lambda: window.commands.chat_actions.rename(harness.page.chat),
        "Export chat": lambda: window.commands.chat_actions.export(harness.page.chat),
        "Status details": actions["explain"].trigger,
        "Send text": actions["send"].trigger,
        "Search all chats": actions["search"].trigger,
    }
    choices: dict[str, list[str]] = {}
    for name, opens in places.items():
        opens()
        parts = _seen(harness)
        assert name in _names(parts, QAccessible.Role.Dialog)
        choices[name] = _names(parts, QAccessible.Role.RadioButton)
        for sheet in window.findChildren(Sheet):
            sheet.dismiss()
    assert {"Shell", "Command"} <= set(choices["New chat"])
    assert choices["Export chat"][0] == "Format: Page"


async def test_a_screen_reader_finds_the_find_bar_and_the_terminals_text(harness: WindowHarness):
    await _two_chats(harness)
    harness.window.actions_["find"].trigger()
    parts = _seen(harness)
    assert "Find in this chat" in _names(parts, QAccessible.Role.EditableText)
    [terminal] = [part for part in parts if part.role() == QAccessible.Role.Terminal and not part.state().invisible]
    text = terminal.textInterface()
    assert text.text(0, text.characterCount()) == "hello\n"
    assert text.cursorPosition() == text.characterCount()


async def test_tabs_and_sheets_come_and_go_many_times_while_a_screen_reader_listens(
    harness: WindowHarness, request: pytest.FixtureRequest
):
    """Qt frees accessible interfaces made in Python, and the garbage collector finds their Python objects later."""
    request.addfinalizer(lambda: QAccessible.setActive(False))
    QAccessible.setActive(True)
    await _two_chats(harness)
    window, chats = harness.window, [page.chat for page in harness.window.tabs.pages()]
    for number in range(10):
        window.commands.chat_actions.rename(chats[0])
        window.banners.inform(f"message {number}")
        for page in window.tabs.pages():
            page.question.ask(Question("Stop it?", "Stop", lambda: None, subject="x"))
        terminals = _names(_seen(harness), QAccessible.Role.Terminal)
        assert terminals == [f"Terminal of {harness.page.chat.name}"]
        for chat in chats:
            window.tabs.close(chat.id)
        _seen(harness)
        gc.collect(1)  # Objects opened since the last collection and closed now are in the younger generations.
        for chat in chats:
            window.open_chat(chat)
    gc.collect()
    assert len(window.tabs.pages()) == 2


def test_each_class_with_a_role_exists() -> None:
    sources = (path.read_text() for path in (Path(__file__).parents[5] / "gui").rglob("*.py"))
    classes = {name for source in sources for name in re.findall(r"^class (\w+)", source, re.MULTILINE)}
    assert [name for name in ROLES if name not in classes and not hasattr(QtWidgets, name)] == []
