"""Exporting a chat from the window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest

from gui.bridge.chat_files import file_name
from gui.window.actions import links
from gui.window.widgets.parts import Scrolled
from session_host import paths
from session_host.protocol.values import State
from tests.support.area import Area
from tests.support.journals import output, resize, write_journal
from tests.unit.gui.conftest import WindowHarness


@pytest.mark.parametrize(
    ("name", "file"), [("api", "api"), ("a/b\\c", "a-b-c"), ("..", "chat"), (" .x ", "x"), ("ü 1", "ü 1")]
)
def test_a_chats_name_becomes_a_file_name(name: str, file: str):
    assert file_name(name) == file


async def ended(harness: WindowHarness) -> str:
    session_id = await harness.add("one", state=State.EXITED, exit_code=0, ended_at="2026-01-02T03:05:00Z")
    write_journal(paths.session_journal(session_id), [resize(0, 0), output(0, b"what was said\r\n")])
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    await harness.until(lambda: harness.page.is_settled, "the last screen")
    return session_id


async def test_the_bar_under_an_ended_chat_exports_it_to_the_chosen_file(
    harness: WindowHarness, area: Area, monkeypatch: pytest.MonkeyPatch
):
    await ended(harness)
    QTest.mouseClick(harness.page.bars.end.get().export, Qt.MouseButton.LeftButton)
    sheet = harness.window.sheets.export
    assert sheet.path() == area.home / "one.html"
    assert [name for name, one in sheet.formats.items() if one.isChecked()] == [".html"]
    QTest.mouseClick(sheet.formats[".txt"], Qt.MouseButton.LeftButton)
    assert sheet.file.text() == "~/one.txt"
    QTest.keyClick(sheet.file, Qt.Key.Key_Return)
    assert not sheet.is_open
    banners = harness.window.banners
    await harness.until(lambda: banners.current is not None and "Exported" in banners.current.text, "the word on it")
    assert harness.banner == "Exported one to ~/one.txt"
    assert "what was said" in (area.home / "one.txt").read_text()
    shown: list[str] = []
    monkeypatch.setattr(links, "open_in_desktop", lambda address, _on_failure: shown.append(address))
    assert banners.current is not None
    assert banners.current.action == "Show in folder"
    banners.run_action()
    assert shown == [area.home.as_uri()]


async def test_formats_are_not_cut_in_a_small_window_and_tab_stops_at_the_chosen_one(
    harness: WindowHarness, area: Area
):
    await ended(harness)
    harness.window.resize(480, 320)
    QTest.mouseClick(harness.page.bars.end.get().export, Qt.MouseButton.LeftButton)
    sheet = harness.window.sheets.export
    await harness.until(lambda: sheet.width() <= 480, "the small window")
    formats = [one for one in sheet.formats.values() if one.isVisible()]
    assert len(formats) == 3
    for one in formats:
        assert one.width() >= one.sizeHint().width()
        assert sheet.body.rect().contains(QRect(one.mapTo(sheet.body, QPoint()), one.size()))
    sheet.file.setText("~/x.txt")
    QTest.keyClick(sheet.file, Qt.Key.Key_Tab)
    assert sheet.formats[".txt"].hasFocus()
    QTest.keyClick(sheet.formats[".txt"], Qt.Key.Key_Right)
    assert sheet.file.text() == "~/x.cast"


async def test_in_the_smallest_window_the_sheet_scrolls_and_nothing_covers_its_buttons(
    harness: WindowHarness, area: Area
):
    await ended(harness)
    harness.window.resize(harness.window.minimumSize())
    QTest.mouseClick(harness.page.bars.end.get().export, Qt.MouseButton.LeftButton)
    sheet = harness.window.sheets.export
    sheet.file.setText("/nowhere/" + "a-long-name/" * 20 + "x.txt")
    QTest.keyClick(sheet.file, Qt.Key.Key_Return)
    await harness.until(sheet.problem.isVisible, "what is wrong")
    [scrolled] = sheet.body.findChildren(Scrolled)
    assert scrolled.geometry().bottom() < sheet.save.geometry().top()
    assert sheet.body.rect().contains(sheet.save.geometry())
    scrolled.ensureWidgetVisible(sheet.problem)
    assert scrolled.verticalScrollBar().maximum() > 0


async def test_a_structured_chat_has_its_own_formats(harness: WindowHarness, area: Area):
    session_id = await harness.add("one", state=State.EXITED, exit_code=0, runtime="structured")
    harness.open_window()
    harness.window.commands.chat_actions.export(harness.chat(session_id))
    sheet = harness.window.sheets.export
    assert [name for name, one in sheet.formats.items() if one.isVisible()] == [".md", ".html", ".txt", ".json"]
    assert sheet.path() == area.home / "one.md"
    sheet.file.setText("~/one.cast")
    assert sheet.path() == area.home / "one.cast.md"
    QTest.mouseClick(sheet.formats[".json"], Qt.MouseButton.LeftButton)
    assert sheet.path() == area.home / "one.cast.json"


async def test_an_existing_file_is_replaced_only_after_a_confirmation(harness: WindowHarness, area: Area):
    session_id = await ended(harness)
    there = area.home / "one.html"
    there.write_text("mine")
    harness.window.commands.chat_actions.export(harness.chat(session_id))
    sheet = harness.window.sheets.export
    QTest.keyClick(sheet.file, Qt.Key.Key_Return)
    assert (sheet.is_open, sheet.problem.text(), sheet.save.text()) == (
        True,
        "~/one.html already exists. Replace it?",
        "Replace",
    )
    sheet.file.setText("~/other.html")
    assert (sheet.problem.text(), sheet.save.text()) == ("", "Export")
    sheet.file.setText("~/one")
    QTest.keyClick(sheet.file, Qt.Key.Key_Return)
    assert (sheet.cancel.hasFocus(), sheet.save.property("kind")) == (True, "danger")
    QTest.keyClick(sheet.cancel, Qt.Key.Key_Return)
    assert not sheet.is_open, "Enter presses the button that has the keyboard"
    assert there.read_text() == "mine"
    harness.window.commands.chat_actions.export(harness.chat(session_id))
    QTest.keyClick(sheet.file, Qt.Key.Key_Return)
    QTest.keyClick(sheet.save, Qt.Key.Key_Return)
    await harness.until(lambda: "what was said" in there.read_text(), "the file to be replaced")


async def test_an_impossible_file_is_reported_before_anything_is_written(harness: WindowHarness, area: Area):
    session_id = await ended(harness)
    harness.window.commands.chat_actions.export(harness.chat(session_id))
    sheet = harness.window.sheets.export
    for typed, message in (
        ("~/none/one.html", "The directory ~/none doesn’t exist"),
        ("", "Enter a file name"),
        ("~", "Enter a file name"),
    ):
        sheet.file.setText(typed)
        QTest.keyClick(sheet.file, Qt.Key.Key_Return)
        assert (sheet.is_open, sheet.problem.text()) == (True, message)
    QTest.keyClick(sheet.file, Qt.Key.Key_Escape)
    assert not sheet.is_open
    assert list(area.home.glob("*.html")) == []
