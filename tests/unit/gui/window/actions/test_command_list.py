"""*Commands…* lists what was run in a shell, or asked in a chat view: Enter goes there, keys copy and run it again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from gui.window.sheets.chooser import Chooser
from gui.wording import page_texts
from session_host.structured.items import Item
from tests.e2e.view.test_prompts import LONG, WAITING, command
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.actions.test_directory_actions import palette_of
from tests.unit.gui.window.actions.test_forking import add_chat, with_prompts

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


async def show_shell(harness: WindowHarness) -> Callable[[str], Chooser]:
    """Show a shell that ran three commands; returns how to list them for a typed text."""
    session_id = await harness.add("shell")
    window = harness.open_window()
    viewer = harness.show(session_id)
    assert viewer.emulator is not None
    viewer.emulator.commands.start_numbers(1)
    failed = command("grep x none", "none: no such file\r\n", 2)
    done = command("seq 30", LONG, 0) + command("ls", "src\r\n", 0)
    viewer.emulator.feed(("\x1b[?2004h" + failed + done + WAITING).encode())
    view, rows = harness.view, viewer.emulator.scrollback_rows
    view.on_damage()
    await harness.until(lambda: view.surface.viewport.history_rows == rows, "the rows to be shown")

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
    assert not view.scrolled_back
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert not chooser.is_open
    await harness.until(lambda: view.scrolled_back, "the command to be in view")
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
    emulator = harness.view.emulator
    assert emulator is not None
    emulator.feed(b"\x1b[H\x1b[2J\x1b[3J")
    QTest.keyClick(chooser.field, Qt.Key.Key_C, CTRL)
    assert QGuiApplication.clipboard().text() == "mine"
    assert harness.view.prompts.label.text in {page_texts.NO_COMMAND(), page_texts.COMMAND_NOT_KNOWN()}


async def test_a_chat_views_prompts_are_listed_and_an_answer_is_copied(harness: WindowHarness) -> None:
    chat = await add_chat(harness)
    window = harness.open_window()
    page = with_prompts(
        harness, chat,
        Item("one", "user", 0, "Fix it", "done"), Item("a", "agent", 0, "Fixed."),
        Item("two", "user", 0, "Why?", "done"),
    )  # fmt: skip
    chooser = window.sheets.chooser
    window.actions_["commands"].trigger()
    assert rows(chooser) == ["Why?", "Fix it"]
    chooser.field.setText("fix")
    QTest.keyClick(chooser.field, Qt.Key.Key_C, CTRL | SHIFT)
    assert QGuiApplication.clipboard().text() == "Fixed."
    window.actions_["commands"].trigger()
    chooser.field.setText("fix")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert page.view.turns._at is not None
    assert page.view.turns._at[0] == "one"


async def test_the_palette_offers_commands_where_there_are_some_to_list(harness: WindowHarness) -> None:
    await show_shell(harness)
    for typed in ("commands", "pager", "rerun", "copy command", "failed", "select output"):
        assert "Commands…" in palette_of(harness, typed), typed
    for fields in ({}, {"agent": "claude", "argv": ["claude"]}):
        harness.show(await harness.add("new", **fields))
        assert "Commands…" not in palette_of(harness, "commands"), fields
    chat = await add_chat(harness)
    with_prompts(harness, chat)
    assert "Commands…" not in palette_of(harness, "commands")
    with_prompts(harness, chat, Item("one", "user", 0, "Fix it", "done"))
    assert "Commands…" in palette_of(harness, "commands")
