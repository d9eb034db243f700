"""A chat's directory is opened in the editor and in the file manager, and its path copied; actions in the palette."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QProcess, QUrl
from PySide6.QtGui import QAction, QGuiApplication

from gui.settings.preferences import Preferences
from gui.settings.table import WindowFile
from gui.window.actions import links
from gui.window.actions.separate_windows import ChangesOpener
from tests.support.area import Area
from tests.support.menus import entries_of_open_menu
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import WindowHarness

TITLES = ["Open directory in editor", "Show directory in file manager", "Copy directory path"]


def menu_of(harness: WindowHarness, session_id: str) -> dict[str, QAction]:
    """The items of a chat's menu, opened on its row."""
    window = harness.window
    window.menus.show_for_row(harness.chat(session_id), window.mapToGlobal(QPoint(200, 100)))
    return entries_of_open_menu()


def palette_of(harness: WindowHarness, typed: str) -> list[str]:
    """The titles in the palette for this text."""
    window = harness.window
    window.actions_.show_palette()
    chooser = window.sheets.chooser
    chooser.field.setText(typed)
    found = [chooser.items.item(row).text() for row in range(chooser.items.rowCount())]
    chooser.dismiss()
    return found


async def test_a_chats_directory_is_opened_and_shown_and_its_path_copied(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands, shown, is_there = list[list[str]](), list[str](), True

    def start(program: str, arguments: list[str]) -> tuple[bool, int]:
        commands.append([program, *arguments])
        return True, 1

    def show(address: str, on_failure: Callable[[], object]) -> None:
        shown.append(QUrl(address).toLocalFile())
        if not is_there:
            on_failure()

    monkeypatch.setattr(QProcess, "startDetached", start)
    monkeypatch.setattr(links, "open_in_desktop", show)
    worktree, plain = tmp_path / "worktree", tmp_path / "plain"
    for directory in (worktree / "sub", plain):
        directory.mkdir(parents=True)
    other = await harness.add("plain", cwd=str(plain))
    chat = await harness.add("own", cwd=str(worktree / "sub"), worktree=str(worktree), repository=str(plain))
    window = harness.open_window(preferences=Preferences(window=WindowFile(editor="code")))
    for title in (*TITLES[:2], "Directory path"):
        menu_of(harness, other)[title].trigger()
    assert QGuiApplication.clipboard().text() == str(plain)
    await harness.until(lambda: commands and shown, "the editor and the file manager")
    window.open_chat(harness.chat(chat))
    for name in ("open_directory", "show_directory", "copy_path"):
        window.actions_[name].trigger()
    assert QGuiApplication.clipboard().text() == str(worktree)
    await harness.until(lambda: len(commands) == len(shown) == 2, "the editor and the file manager")
    assert commands == [["code", str(plain)], ["code", str(worktree)]]
    assert shown == [str(plain), str(worktree)]
    is_there = False
    window.actions_["show_directory"].trigger()
    await harness.until(lambda: window.banners.current, "the banner")
    assert window.banners.current is not None
    assert window.banners.current.text == "No file manager was found"
    plain.rmdir()
    menu_of(harness, other)[TITLES[0]].trigger()
    missing = f"The directory {plain} does not exist"
    await harness.until(lambda: missing in str(window.banners.current), "the banner")
    assert len(commands) == 2


async def test_a_chats_changes_are_opened_from_its_menu_its_key_and_its_changed_files(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = await harness.add("shell", cwd="/tmp")
    work = await harness.add("work", agent="codex", runtime="structured", argv=["codex"], cwd="/usr")
    opened: list[tuple[str, str]] = []
    monkeypatch.setattr(ChangesOpener, "open", lambda _opener, chat, *what: opened.append((chat.name, what[0])))
    window = harness.open_window()
    menu_of(harness, work)["Changes"].trigger()
    window.open_chat(harness.chat(shell))
    harness.chat(shell).note_directory("/etc")
    window.actions_["show_changes"].trigger()
    page = window.open_chat(harness.chat(work))
    assert page is not None
    content = page.structured
    assert content is not None
    content.show_changes()
    assert opened == [("work", "/usr"), ("shell", "/etc"), ("work", "/usr")]


async def test_the_palette_finds_actions_by_the_terms_of_other_programs(harness: WindowHarness) -> None:
    chat = await harness.add("work", agent="codex", runtime="structured", argv=["codex"])
    shell = await harness.add("shell")
    window = harness.open_window()
    window.open_chat(harness.chat(chat))
    for typed, title in (
        ("fork", "Fork…"), ("rewind", "Fork…"), ("branch", "Fork…"), ("resume", "Continue…"),
        ("branch", "New chat in a git worktree…"), ("worktree", "New chat in a git worktree…"),
        ("markdown", "Export chat…"), ("share", "Export chat…"), ("title", "Rename chat…"), ("folder", TITLES[0]),
        ("folder", TITLES[1]), ("git diff", "Changes"),
        *((typed, "Changes") for typed in ("since", "checkpoint", "rewind", "undo", "revert", "restore point")),
    ):  # fmt: skip
        assert title in palette_of(harness, typed)
    window.open_chat(harness.chat(shell))
    assert "Fork…" not in palette_of(harness, "fork"), "a shell has no conversation"
    assert "Open whole text in editor" in palette_of(harness, "scrollback")


async def test_a_new_chat_in_a_worktree_suggests_one_for_each_agent(harness: WindowHarness, area: Area) -> None:
    repository = Checkout.new(area.home / "api").path
    chat = harness.chat(await harness.add("work", cwd=str(repository)))
    window = harness.open_window()
    window.open_chat(chat)
    window.actions_["new_chat_in_worktree"].trigger()
    sheet = window.sheets.new_chat
    await harness.until(lambda: "from main" in sheet.worktree.branch.placeholderText(), "git's word")
    assert sheet.worktree.isVisible()
    assert sheet.worktree.value() == ""
    sheet.tiles.choose("command")
    assert sheet.worktree.value() == ""
    sheet.prompt.setPlainText("typed before")
    sheet.dismiss()
    sheet.worktree.checkbox.setChecked(False)
    window.actions_["new_chat_in_worktree"].trigger()
    assert sheet.worktree.value() == ""
    assert sheet.prompt.toPlainText() == "typed before", "a draft is kept"
