"""The page of a chat view without messages, on a real X server."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from gui.chat.page.first_page import FirstPageFacts, FirstPageRow
from session_host.structured.items import Setting, SettingChoice, SettingsChanged, StateChanged
from tests.support.chat_view_harness import ChatViewHarness, ShowChat
from tests.support.scripted_chat import ScriptedChat


@pytest.fixture
def done() -> list[str]:
    """What the user chose."""
    return []


@pytest.fixture
def shown(show_chat: ShowChat, done: list[str]) -> ChatViewHarness:
    """A new chat with two earlier ones and a saved prompt."""

    def row(name: str) -> FirstPageRow:
        return FirstPageRow(name, "2 h", lambda: done.append(name))

    facts = FirstPageFacts("api", ("main", "Claude Code"), (row("First"), row("Second")), (row("Review"),))
    harness = show_chat(ScriptedChat())
    first = harness.view.first_page
    first.wanted.connect(lambda: first.show_facts(facts))
    harness.settle()
    return harness


def test_it_is_there_while_nothing_is_written_and_gone_with_the_first_letter(shown: ChatViewHarness) -> None:
    first = shown.view.first_page
    assert first.isVisible()
    assert [row.accessibleName() for row in first.rows] == ["First · 2 h", "Second · 2 h", "Review · 2 h"]
    shown.type("a")
    assert not first.isVisible()
    shown.press(Qt.Key.Key_Backspace)
    assert first.isVisible()
    shown.chat.put("user", "a", status="sent")
    shown.settle()
    assert not first.isVisible()


def test_up_goes_in_enter_opens_and_a_letter_goes_to_the_box(shown: ChatViewHarness, done: list[str]) -> None:
    first, editor = shown.view.first_page, shown.view.prompt.editor
    shown.press(Qt.Key.Key_Up)
    assert first.rows[2].hasFocus()
    shown.press(Qt.Key.Key_Up)
    shown.press(Qt.Key.Key_Return)
    assert done == ["Second"]
    for _ in range(2):
        shown.press(Qt.Key.Key_Down)
    assert editor.hasFocus(), "below the last row is the box"
    shown.press(Qt.Key.Key_Up)
    QTest.keyClicks(QApplication.focusWidget() or first, "x")
    assert (editor.toPlainText(), editor.hasFocus(), first.isVisible()) == ("x", True, False)
    QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton)
    editor.clear()
    shown.settle()
    QTest.mouseClick(first.rows[0], Qt.MouseButton.LeftButton)
    assert done == ["Second", "First"]


def test_its_facts_are_asked_for_again_when_the_agents_settings_are_known(shown: ChatViewHarness) -> None:
    asked = []
    shown.view.first_page.wanted.connect(lambda: asked.append(shown.view.transcript.status.settings))
    settings = (Setting("m", "Model", "a", (SettingChoice("a", "Fast"),), "model"),)
    shown.chat.apply(SettingsChanged(settings))
    shown.settle()
    shown.settle()
    assert asked == [settings]
    assert shown.view.first_page.isVisible()


def test_an_ended_chat_and_a_low_pane_have_none(shown: ChatViewHarness) -> None:
    first = shown.view.first_page
    shown.view.resize(600, 250)
    shown.settle()
    assert not first.isVisible()
    shown.view.resize(600, 700)
    shown.settle()
    assert first.isVisible()
    shown.chat.apply(StateChanged("ended"))
    shown.settle()
    assert not first.isVisible()


def test_its_title_is_a_fifth_down_the_page_unless_its_rows_would_not_fit(shown: ChatViewHarness) -> None:
    first, view = shown.view.first_page, shown.view

    def place(height: int) -> tuple[float, bool]:
        """How far down the title is, as a share, and whether all rows are in sight."""
        view.resize(900, height)
        shown.settle()
        title = next(label for label in first.findChildren(QLabel) if label.text() == "api" and label.isVisible())
        return title.y() / first.height(), first.rows[-1].geometry().bottom() < first.height()

    share, fits = place(1000)
    assert 0.22 <= share <= 0.23
    assert fits
    share, fits = place(460)
    assert 0.05 < share < 0.22
    assert fits
