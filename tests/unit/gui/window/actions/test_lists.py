"""The lists from which the user chooses: chats, commands and prompts, an agent’s settings, notifications."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from gui.window.sheets.chooser import Chooser
from gui.window.windows import MainWindow
from gui.wording import page_texts
from session_host.protocol.messages import ChangeSetting
from session_host.protocol.values import State
from session_host.structured.items import FileChange, Item, Setting, SettingChoice, SettingsChanged
from tests.e2e.view.test_prompts import LONG, WAITING, command
from tests.support.scripted_chat import ScriptedChat
from tests.unit.gui.conftest import FakeViewer, WindowHarness

from .codex_chats import add_chat, with_prompts
from .test_links import menu_of

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


async def show_shell(harness: WindowHarness) -> Callable[[str], Chooser]:
    """Show a shell that ran three commands; returns how to list them for a typed text."""
    viewer = await harness.open("shell")
    window = harness.window
    assert viewer.replica.emulator is not None
    viewer.replica.emulator.commands.start_numbers(1)
    failed = command("grep x none", "none: no such file\r\n", 2)
    done = command("seq 30", LONG, 0) + command("ls", "src\r\n", 0)
    viewer.replica.emulator.feed(("\x1b[?2004h" + failed + done + WAITING).encode())
    view, rows = harness.view, viewer.replica.emulator.scrollback_rows
    view.display.on_damage()
    await harness.until(lambda: view.display.surface.viewport.history_rows == rows, "the rows to be shown")

    def listed(typed: str) -> Chooser:
        window.actions_["commands"].trigger()
        window.sheets.chooser.field.setText(typed)
        return window.sheets.chooser

    return listed


def rows(chooser: Chooser) -> list[str]:
    return [chooser.items.item(row).text() for row in range(chooser.items.rowCount())]


async def test_a_failed_command_is_found_by_the_word_failed_and_enter_goes_there(harness: WindowHarness) -> None:
    listed = await show_shell(harness)
    assert rows(listed("")) == ["ls", "seq 30", "grep x none"], "newest first"
    chooser = listed("failed")
    assert rows(chooser) == ["grep x none"]
    view = harness.view
    assert not view.display.scrolled_back
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert not chooser.is_open
    await harness.until(lambda: view.display.scrolled_back, "the command to be in view")
    chosen = view.prompts.chosen()
    assert chosen is not None
    assert chosen.exit_code == 2


@pytest.mark.parametrize(
    ("key", "modifiers", "expected"),
    [
        (Qt.Key.Key_C, CTRL, "grep x none"),
        (Qt.Key.Key_C, CTRL | SHIFT, "grep x none\nnone: no such file"),
    ],
    ids=["copy", "copy with output"],
)
async def test_a_listed_command_is_copied_by_a_key(
    harness: WindowHarness, key: Qt.Key, modifiers: Qt.KeyboardModifier, expected: str
) -> None:
    chooser = (await show_shell(harness))("grep")
    assert "Ctrl+C copy · Ctrl+Shift+C copy with output" in chooser.foot.text().replace("\u00a0", " ")
    QTest.keyClick(chooser.field, key, modifiers)
    assert (chooser.is_open, QGuiApplication.clipboard().text()) == (False, expected)


async def test_ctrl_c_copies_what_is_selected_in_the_lists_field(harness: WindowHarness) -> None:
    chooser = (await show_shell(harness))("grep")
    chooser.field.selectAll()
    QTest.keyClick(chooser.field, Qt.Key.Key_C, CTRL)
    assert (chooser.is_open, QGuiApplication.clipboard().text()) == (True, "grep")


async def test_a_listed_command_is_put_at_the_prompt_to_be_edited(harness: WindowHarness) -> None:
    chooser = (await show_shell(harness))("seq")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    [viewer] = harness.viewers.values()
    assert [call for call in viewer.calls if call[0] == "paste"] == [("paste", "seq 30")]


async def test_a_command_that_was_erased_while_the_list_was_open_is_not_copied(harness: WindowHarness) -> None:
    chooser = (await show_shell(harness))("ls")
    QGuiApplication.clipboard().setText("mine")
    emulator = harness.view.display.emulator
    assert emulator is not None
    emulator.feed(b"\x1b[H\x1b[2J\x1b[3J")
    QTest.keyClick(chooser.field, Qt.Key.Key_C, CTRL)
    assert QGuiApplication.clipboard().text() == "mine"
    assert harness.view.prompts.label.text in {page_texts.NO_COMMAND(), page_texts.COMMAND_NOT_KNOWN()}


async def test_a_chat_views_prompts_are_listed_and_an_answer_is_copied(harness: WindowHarness) -> None:
    chat = await add_chat(harness)
    window = harness.open_window()
    page = with_prompts(
        harness,
        chat,
        Item("one", "user", 0, "Fix it", "done"),
        Item("e", "tool", 0, tool="edit", changes=(FileChange("a.py", "@@ -1 +1 @@\n-a\n+b\n"),), status="done"),
        Item("a", "agent", 0, "Fixed."),
        Item("two", "user", 0, "Why?", "done"),
    )
    chooser = window.sheets.chooser
    window.actions_["commands"].trigger()
    assert rows(chooser) == ["Fix it", "Why?"], "as the ticks at the page's edge"
    assert chooser.body.accessibleName() == window.actions_["commands"].text() == "Outline…"
    assert chooser.list.currentIndex().row() == 1, "one is at the last prompt"
    chooser.field.setText("edited 1 file")
    assert rows(chooser) == ["Fix it"], "found by what became of it"
    chooser.field.setText("fix")
    QTest.keyClick(chooser.field, Qt.Key.Key_C, CTRL | SHIFT)
    assert QGuiApplication.clipboard().text() == "Fixed."
    window.actions_["commands"].trigger()
    chooser.field.setText("fix")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert page.view.page.scroller.gone_to == 0


def palette_of(harness: WindowHarness, typed: str) -> list[str]:
    """The titles in the palette for this text."""
    harness.window.actions_.show_palette()
    chooser = harness.window.sheets.chooser
    chooser.field.setText(typed)
    found = rows(chooser)
    chooser.dismiss()
    return found


async def test_the_palette_offers_commands_where_there_are_some_to_list(harness: WindowHarness) -> None:
    await show_shell(harness)
    for typed in ("commands", "pager", "rerun", "copy command", "failed", "select output"):
        assert "Commands…" in palette_of(harness, typed), typed
    for fields in ({}, {"agent": "claude", "argv": ["claude"]}):
        harness.show(await harness.add("new", **fields))
        assert "Commands…" not in palette_of(harness, "commands"), fields
    chat = await add_chat(harness)
    with_prompts(harness, chat)
    assert "Outline…" not in palette_of(harness, "outline")
    with_prompts(harness, chat, Item("one", "user", 0, "Fix it", "done"))
    assert "Outline…" in palette_of(harness, "outline")


async def test_ended_chats_are_removed_from_the_palette(harness: WindowHarness) -> None:
    harness.open_window()
    assert "Remove ended chats…" not in palette_of(harness, "clean up")
    await harness.add("over", state=State.EXITED, exit_code=0)
    assert "Remove ended chats…" in palette_of(harness, "clean up")
    harness.window.actions_["remove_ended"].trigger()
    assert harness.window.sheets.remove_ended.is_open


async def test_the_switcher_finds_the_chat_of_last_march(harness: WindowHarness):
    for name, day in (
        ("login", "2025-03-10"),
        ("login", "2025-08-01"),
        ("march", "2025-08-02"),
        ("docs", "2025-03-11"),
    ):
        ended = {"created_at": f"{day}T10:00:00Z", "ended_at": f"{day}T11:00:00Z"}
        await harness.add(name, state=State.EXITED, exit_code=0, title="the parser", **ended)
    window = harness.open_window()
    chooser = window.sheets.chooser
    window.commands.lists.switch_chat()

    def found(typed: str) -> list[tuple[str, str]]:
        chooser.field.setText(typed)
        rows = [
            chooser.items.item(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(chooser.items.rowCount())
        ]
        return [(row.partition(",")[0], " ".join(re.findall(r"\d+ (?:Mar|Aug) 2025", row))) for row in rows]

    assert found("march 2025") == [("docs", "11 Mar 2025"), ("login", "10 Mar 2025")]
    assert found("login 2025-03") == [("login", "10 Mar 2025")]
    assert found("march")[0] == ("march", "2 Aug 2025"), "its name"
    assert found("last week") == []


MODELS = (SettingChoice("fast", "Fast"), SettingChoice("careful", "Careful", "Thinks longer"))


async def open_chat(harness: WindowHarness, *settings: Setting) -> tuple[MainWindow, FakeViewer]:
    """A window that shows a chat with these settings, and the chat's viewer."""
    chat = ScriptedChat()
    chat.apply(SettingsChanged(settings))
    viewer = await harness.open_chat_view(chat.transcript)
    return harness.window, viewer


async def test_a_model_is_chosen_by_typing_a_part_of_its_name(harness: WindowHarness):
    window, viewer = await open_chat(harness, Setting("m", "Model", "careful", MODELS, "model"))
    chooser = window.sheets.chooser
    window.actions_["choose_model"].trigger()
    assert chooser.list.currentIndex().data() == "Careful"
    QTest.keyClicks(chooser.field, "fa")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert viewer.sent == [ChangeSetting("m", "fast")]


async def test_a_setting_that_the_agent_does_not_offer_is_named(harness: WindowHarness):
    window, viewer = await open_chat(harness, Setting("m", "Model", "careful", MODELS, "model"))
    window.actions_["choose_mode"].trigger()
    assert not window.sheets.chooser.is_open
    assert harness.banner == "The agent of one does not offer this setting"
    assert not viewer.sent


ALL = ["Mute all chats for an hour", "Mute all chats until tomorrow morning"]


def choose(harness: WindowHarness, typed: str) -> tuple[str, str]:
    """Choose a line of the sheet by typing; returns the line and the banner that follows."""
    chooser = harness.window.sheets.chooser
    harness.window.actions_["notifications"].trigger()
    chooser.field.setText(typed)
    line = rows(chooser)[0]
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    harness.settle()
    banner = harness.window.banners.current
    assert banner is not None
    return line, banner.text


async def test_each_line_of_one_chat_names_the_state_that_enter_produces(harness: WindowHarness) -> None:
    chat = harness.chat(await harness.add("api"))
    window = harness.open_window()
    harness.show(chat.id)
    muting = harness.sessions.muting
    assert choose(harness, "mute this") == ("Mute this chat", "Notifications from api are muted")
    assert muting.muted == [chat.id]
    assert choose(harness, "mute this") == ("Unmute this chat", "Notifications from api are on")
    assert muting.muted == []
    watches = "You get a notification when api has been quiet for 10 s, or ends"
    assert choose(harness, "quiet") == ("Notify once when this chat is quiet", watches)
    assert harness.sessions.quiet_watch.is_watched(chat)
    ends = "You get no notification when api is quiet"
    assert choose(harness, "quiet") == ("Don’t notify when this chat is quiet", ends)
    assert not harness.sessions.quiet_watch.is_watched(chat)
    window.actions_["notifications"].trigger()
    assert window.sheets.chooser.field.placeholderText() == "Notifications of api"


async def test_all_chats_are_muted_for_an_hour_and_unmuted(harness: WindowHarness) -> None:
    window = harness.open_window()
    muting, chooser = harness.sessions.muting, window.sheets.chooser
    window.actions_["notifications"].trigger()
    assert rows(chooser) == ALL, "no chat is shown"
    line, banner = choose(harness, "hour")
    assert (line, muting.until is None) == (ALL[0], False)
    assert banner.startswith("Notifications are muted until ")
    window.actions_["notifications"].trigger()
    assert rows(chooser) == ["Unmute all chats"]
    assert choose(harness, "") == ("Unmute all chats", "Notifications are on")
    assert muting.until is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"state": State.EXITED, "exit_code": 0}, ALL),
        ({"agent": "codex", "runtime": "structured", "argv": ["codex"]}, ["Mute this chat", *ALL]),
    ],
    ids=["ended", "chat view"],
)
async def test_only_what_applies_to_the_shown_chat_is_listed(
    harness: WindowHarness, fields: dict[str, object], expected: list[str]
) -> None:
    session_id = await harness.add("api", **fields)
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    window.actions_["notifications"].trigger()
    assert rows(window.sheets.chooser) == expected


async def test_a_rows_menu_opens_the_notifications_of_that_chat(harness: WindowHarness) -> None:
    shown, other = await harness.add("shown"), await harness.add("other")
    window = harness.open_window()
    harness.show(shown)
    menu_of(harness, other)["Notifications…"].trigger()
    chooser: Chooser = window.sheets.chooser
    assert chooser.field.placeholderText() == "Notifications of other"
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert harness.sessions.muting.muted == [other]
