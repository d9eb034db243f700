"""Exporting a chat from the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from gui.window.export_dialog import file_name
from session_host import paths
from session_host.protocol.values import State
from tests.support.area import Area
from tests.support.journals import output, resize, write_journal
from tests.unit.gui.conftest import Played


@pytest.mark.parametrize(
    ("name", "file"), [("api", "api"), ("a/b\\c", "a-b-c"), ("..", "chat"), (" .x ", "x"), ("ü 1", "ü 1")]
)
def test_a_name_as_a_file(name: str, file: str):
    assert file_name(name) == file


async def ended(played: Played, *, recorded: bool = True) -> str:
    session_id = await played.add("one", state=State.EXITED, exit_code=0, ended_at="2026-01-02T03:05:00Z")
    if recorded:
        write_journal(paths.session_journal(session_id), [resize(0, 0), output(0, b"what was said\r\n")])
    window = played.open_window()
    window.open_chat(played.chat(session_id))
    await played.until(lambda: played.page.is_settled, "the last screen")
    return session_id


def dialog(played: Played) -> QFileDialog:
    [found] = played.window.findChildren(QFileDialog)
    return found


async def test_the_bar_under_an_ended_chat_exports_it_to_the_file_that_is_chosen(played: Played, area: Area):
    await ended(played)
    QTest.mouseClick(played.page.end_bar.export, Qt.MouseButton.LeftButton)
    asked = dialog(played)
    assert Path(asked.selectedFiles()[0]) == area.home / "one.html"
    assert asked.defaultSuffix() == "html"
    asked.selectNameFilter("Text (*.txt)")
    asked.filterSelected.emit("Text (*.txt)")
    assert asked.defaultSuffix() == "txt"
    asked.fileSelected.emit(str(area.home / "one.txt"))
    asked.close()
    banners = played.window.banners
    await played.until(lambda: banners.current is not None and "Exported" in banners.current.text, "the word on it")
    assert banners.current is not None
    assert banners.current.text == "Exported one to ~/one.txt"
    assert "what was said" in (area.home / "one.txt").read_text()


async def test_what_cannot_be_exported_is_said_in_a_line(played: Played, area: Area):
    session_id = await ended(played, recorded=False)
    verbs = played.window.verbs
    banners = played.window.banners
    verbs.export(played.chat(session_id))
    asked = dialog(played)
    asked.fileSelected.emit(str(area.home / "one.cast"))
    asked.close()
    await played.until(lambda: banners.current is not None and banners.current.kind == "failed", "the word on it")
    assert banners.current is not None
    assert banners.current.text.startswith("one was not exported: one has no recording")
    assert "\n" not in banners.current.text
    assert not (area.home / "one.cast").exists()


async def test_a_window_that_closes_does_not_wait_for_an_export(played: Played, area: Area):
    session_id = await ended(played)
    played.window.verbs.export(played.chat(session_id))
    asked = dialog(played)
    asked.fileSelected.emit(str(area.home / "one.cast"))
    asked.close()
    await played.sessions.tasks.cancel_all()
