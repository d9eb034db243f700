"""Saved prompts in the window: inserted into terminals, chat views and new chats, and saved from there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gui.window.sheets.chooser import Chooser
from gui.window.sheets.save_prompt import suggested_name
from session_host import paths
from session_host.client.chats.saved_prompts import prompts_directory
from session_host.protocol.values import FileLocation, State
from session_host.structured.transcript import Transcript
from tests.support.widgets import open_menu
from tests.unit.gui.conftest import WindowHarness

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
LAST = ["New saved prompt…", "Edit a saved prompt…", "Show saved prompts in file manager"]


def save(name: str, text: str) -> Path:
    directory = prompts_directory(paths.config_dir())
    directory.mkdir(exist_ok=True)
    path = directory / f"{name}.md"
    path.write_text(text)
    return path


def focused() -> QWidget:
    found = QApplication.focusWidget()
    assert found is not None
    return found


def offered(chooser: Chooser) -> list[str]:
    assert chooser.is_open
    return [chooser.items.item(row).text() for row in range(chooser.items.rowCount())]


async def opened(harness: WindowHarness) -> Chooser:
    """Press the list's key in the widget that has the keyboard; returns the opened list."""
    QTest.keyClick(focused(), Qt.Key.Key_R, CTRL_SHIFT)
    harness.settle()
    return harness.window.sheets.chooser


async def test_nothing_is_offered_to_edit_where_no_prompt_is_saved(harness: WindowHarness) -> None:
    await harness.open("one")
    assert offered(await opened(harness)) == ["New saved prompt…", "Show saved prompts in file manager"]


async def test_a_terminal_gets_the_prompt_as_a_paste_without_enter(harness: WindowHarness) -> None:
    save("review", "Review it.\nThen stop.\n")
    save("other", "---\nagents: claude\n---\nFor another agent.")
    save("here", "---\ndirectory: /tmp\n---\nOnly here.")
    viewer = await harness.open("one")
    viewer.feed(b"\x1b[?2004h")
    chooser = await opened(harness)
    assert offered(chooser) == ["here", "review", *LAST], "not the one for Claude Code"
    QTest.keyClicks(chooser.field, "rev")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    harness.settle()
    assert [call for call in viewer.calls if call[0] in {"paste", "text"}] == [("paste", "Review it.\nThen stop.")]
    await harness.until(harness.view.hasFocus, "the terminal to have the keyboard")

    # The program takes each line end as Enter, so the user is asked, as for a paste.
    viewer.feed(b"\x1b[?2004l")
    chooser = await opened(harness)
    QTest.keyClicks(chooser.field, "then stop")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    harness.settle()
    assert harness.page.is_question_open
    assert len([call for call in viewer.calls if call[0] == "paste"]) == 1
    chooser = await opened(harness)
    assert not chooser.is_open, "the question is answered first"


async def test_a_broken_file_is_listed_and_opens_at_its_line(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save("bad", "---\nagents: nobody\n---\ntext")
    await harness.open("one")
    window = harness.window
    files: list[FileLocation] = []
    monkeypatch.setattr(window.commands.opener, "open_file", files.append)
    chooser = await opened(harness)
    assert offered(chooser)[0] == "bad.md"
    item = chooser.items.item(0)
    assert item.data(int(Qt.ItemDataRole.AccessibleTextRole)) == "bad.md, line 2: there is no agent 'nobody'"
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert files == [FileLocation(str(path), 2)]


async def test_a_chat_that_has_ended_says_so(harness: WindowHarness) -> None:
    session_id = await harness.add("one", state=State.EXITED, exit_code=0, ended_at="2026-01-02T03:05:00Z")
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    chooser = await opened(harness)
    assert not chooser.is_open
    assert harness.banner == "Open a running chat to insert a saved prompt"


async def test_a_prompt_is_saved_from_the_box_and_inserted_there_again(harness: WindowHarness) -> None:
    window = harness.open_window()
    await harness.open_chat_view(Transcript(), agent="claude", cwd="/tmp/worktree", repository="/tmp/.git")
    page = harness.content
    editor = page.view.prompt.editor
    QTest.keyClicks(editor, "Fix the tests. ")
    QApplication.sendEvent(
        editor, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(4, 4), editor.mapToGlobal(QPoint(4, 4)))
    )
    menu = open_menu()
    next(action for action in menu.actions() if action.text() == "Save this prompt…").trigger()
    menu.close()
    sheet = window.sheets.save_prompt
    assert (sheet.is_open, sheet.name.text(), sheet.text.toPlainText()) == (True, "Fix the tests", "Fix the tests. ")
    assert (sheet.for_agent.text(), sheet.for_directory.text()) == ("Only for Claude Code", "Only in /tmp")
    sheet.for_agent.click()
    sheet.for_directory.click()
    sheet.name.setText("a/b")
    QTest.keyClick(sheet.name, Qt.Key.Key_Return)
    assert sheet.error.text() == "The name can’t contain “/”"
    sheet.name.setText("fix")
    QTest.keyClick(sheet.name, Qt.Key.Key_Return)
    path = prompts_directory(paths.config_dir()) / "fix.md"
    assert path.read_text() == "---\nagents: claude\ndirectory: /tmp\n---\nFix the tests. \n"
    assert not sheet.is_open
    chooser = await opened(harness)
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert editor.toPlainText() == "Fix the tests. Fix the tests. "
    assert not harness.viewers[page.chat.id].sent, "it is not sent"

    # Save a prompt with the same name again.
    window.actions_["save_prompt"].trigger()
    sheet.name.setText("fix")
    QTest.keyClick(sheet.name, Qt.Key.Key_Return)
    assert (sheet.error.text(), sheet.save.text()) == ("There is a saved prompt “fix”. Replace it?", "Replace")
    sheet.name.setText("fix")  # The name is unchanged, so the question stays.
    sheet.save.click()
    assert path.read_text() == "Fix the tests. Fix the tests. \n"
    assert suggested_name("## Review: a/b of the whole very long and tedious history of it\nmore") == (
        "Review: a b of the whole very long and tedious"
    )


async def test_the_sheet_for_a_new_chat_takes_a_saved_prompt_and_saves_one(harness: WindowHarness) -> None:
    save("mine", "---\nagents: claude\n---\nFor Claude.")
    save("all", "For all.\nTwo lines.")
    window = harness.open_window()
    window.commands.starting.new_chat("claude", "/tmp")
    sheet = window.sheets.new_chat
    sheet.tiles.choose("claude")
    harness.settle()
    sheet.prompt.setFocus()
    QTest.keyClicks(sheet.prompt, "First: ")
    QTest.keyClick(sheet.prompt, Qt.Key.Key_R, CTRL_SHIFT)
    chooser = sheet.prompt_row.chooser
    assert offered(chooser) == ["all", "mine", "New saved prompt…"]
    QTest.keyClick(chooser.field, Qt.Key.Key_Escape)
    assert (chooser.is_open, sheet.is_open) == (False, True)
    sheet.prompt_row.saved.click()
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert sheet.prompt.toPlainText() == "First: For all.\nTwo lines."
    assert sheet.is_open
    sheet.prompt_row.saved.click()
    QTest.keyClick(chooser.field, Qt.Key.Key_Up)
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    save_sheet = window.sheets.save_prompt
    assert (save_sheet.is_open, sheet.is_open) == (True, False)
    QTest.keyClick(save_sheet.name, Qt.Key.Key_Return)
    assert (save_sheet.is_open, sheet.is_open) == (False, True)
    assert sheet.prompt.toPlainText() == "First: For all.\nTwo lines."
    assert (prompts_directory(paths.config_dir()) / "First: For all.md").exists()
