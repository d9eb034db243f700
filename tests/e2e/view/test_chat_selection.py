"""Selecting the text of a structured chat by dragging and by several clicks, and copying it."""

from __future__ import annotations

from itertools import count

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QClipboard, QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication

from session_host.protocol.messages import Interrupt
from session_host.structured.items import StateChanged
from tests.support.chat_view_harness import ChatViewHarness, ShowChat
from tests.support.scripted_chat import ScriptedChat, having
from tests.support.widgets import move_held


def test_a_selection_spans_items_and_is_copied(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("user", "first prompt", status="done")
    chat.put("agent", "a **bold** answer")
    chat.put("agent", "the last words")
    shown = show_chat(chat)
    shown.drag(shown.point_of("first", within=0), shown.point_of("last words", within=4))
    shown.view.page.copy()
    clipboard = QGuiApplication.clipboard()
    assert clipboard.text() == "first prompt\n\na bold answer\n\nthe last"
    shown.view.page.copy(markdown=True)
    assert clipboard.text() == "first prompt\n\na **bold** answer\n\nthe last"


def test_a_working_agents_status_is_copied_only_if_it_alone_is_selected(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.apply(StateChanged("starting"))
    shown = show_chat(chat)
    page, clipboard = shown.view.page, QGuiApplication.clipboard()
    page.select_all()
    assert page.selection.is_empty(page.rows), "there is no conversation yet"
    chat.put("user", "why?", status="done")
    chat.put("agent", "Because", status="running")
    chat.run()
    shown.settle()

    def copied() -> tuple[str, str]:
        page.copy()
        plain = clipboard.text()
        page.copy(markdown=True)
        return plain, clipboard.text()

    page.select_all()
    assert copied() == ("why?\n\nBecause",) * 2
    shown.drag(shown.point_of("why?", within=0), shown.point_of("Writing", within=7))
    assert copied() == ("why?\n\nBecause",) * 2
    shown.drag(shown.point_of("Writing", within=0), shown.point_of("Writing", within=7))
    assert copied() == ("Writing", "_Writing_")


_times = count(1_000_000, 100_000)


def click(shown: ChatViewHarness, point: QPoint, times: int, *, drag_to: QPoint | None = None) -> None:
    """Click several times at one point, without pauses; the last time, drag to another point."""
    at_ms = next(_times)
    for number in range(times):
        kind = QEvent.Type.MouseButtonDblClick if number == 1 else QEvent.Type.MouseButtonPress
        send(shown, kind, point, at_ms)
        if drag_to is not None and number == times - 1:
            move_held(shown.view.page, drag_to)
            point = drag_to
        send(shown, QEvent.Type.MouseButtonRelease, point, at_ms)
    shown.settle()


def send(shown: ChatViewHarness, kind: QEvent.Type, point: QPoint, at_ms: int) -> None:
    page, place = shown.view.page, QPointF(point)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    event = QMouseEvent(kind, place, page.mapToGlobal(place), left, held, Qt.KeyboardModifier.NoModifier)
    event.setTimestamp(at_ms)
    QApplication.sendEvent(page, event)


def selected(shown: ChatViewHarness) -> str:
    page = shown.view.page
    return page.selection.text(page.rows, markdown=False)


@pytest.fixture
def shown(show_chat: ShowChat) -> ChatViewHarness:
    chat = ScriptedChat()
    chat.put("user", "the first prompt", status="done")
    chat.put(
        "agent",
        "Some words 🎉🎉🎉 after_signs here.\n\nA second paragraph.\n\n```\ncode one\ncode two\ncode three\n```",
    )
    chat.put("agent", "🎉🎉🎉🎉🎉")
    chat.put("agent", "你好，世界。std::vec is in src/a-b.py. done!")
    return show_chat(chat)


def test_a_double_click_selects_the_word_also_behind_emoji(shown: ChatViewHarness) -> None:
    click(shown, shown.point_of("Some words"), 2)
    assert selected(shown) == "Some"
    assert QGuiApplication.clipboard().text(QClipboard.Mode.Selection) == "Some"
    click(shown, shown.point_of("after_signs", within=6), 2)
    assert selected(shown) == "after_signs"


@pytest.mark.parametrize(
    ("at", "within", "word"),
    [("世界", 0, "世界"), ("你好", 1, "你好"), ("vec", 1, "vec"), ("a-b", 1, "src/a-b.py"), ("done", 2, "done")],
)
def test_a_double_click_takes_the_same_word_as_in_a_terminal(
    shown: ChatViewHarness, at: str, within: int, word: str
) -> None:
    click(shown, shown.point_of(at, within=within), 2)
    assert selected(shown) == word


def test_a_double_click_on_emoji_selects_one(shown: ChatViewHarness) -> None:
    click(shown, shown.point_of("🎉" * 5, within=8), 2)
    assert selected(shown) == "🎉"


def test_three_clicks_select_the_paragraph_or_the_line_of_code_and_so_does_one_more(shown: ChatViewHarness) -> None:
    for times in (3, 4):
        click(shown, shown.point_of("words"), times)
        assert selected(shown) == "Some words 🎉🎉🎉 after_signs here."
        click(shown, shown.point_of("code two"), times)
        assert selected(shown) == "code two"
    click(shown, shown.point_of("first prompt"), 3)
    assert selected(shown) == "the first prompt"
    assert shown.of(Interrupt) == []


def test_a_drag_after_a_double_click_selects_whole_words_in_both_directions(shown: ChatViewHarness) -> None:
    click(shown, shown.point_of("words"), 2, drag_to=shown.point_of("after_signs", within=9))
    assert selected(shown) == "words 🎉🎉🎉 after_signs"
    click(shown, shown.point_of("second"), 2, drag_to=shown.point_of("after_signs", within=9))
    assert selected(shown) == "after_signs here.\n\nA second"


def test_a_drag_after_three_clicks_selects_whole_lines(shown: ChatViewHarness) -> None:
    click(shown, shown.point_of("code one"), 3, drag_to=shown.point_of("code two"))
    assert selected(shown) == "code one\ncode two"
    click(shown, shown.point_of("second"), 3, drag_to=shown.point_of("words"))
    assert selected(shown) == "Some words 🎉🎉🎉 after_signs here.\n\nA second paragraph."


def test_a_click_selects_nothing(shown: ChatViewHarness) -> None:
    click(shown, shown.point_of("words"), 3)
    click(shown, shown.point_of("words"), 1)
    assert selected(shown) == ""


def test_an_entry_of_a_list_is_copied_without_its_bullet_and_several_with_theirs(show_chat: ShowChat) -> None:
    shown = show_chat(having("agent", "- first entry\n- second entry"))
    click(shown, shown.point_of("second entry"), 3)
    assert selected(shown) == "second entry"
    click(shown, shown.point_of("first entry"), 3, drag_to=shown.point_of("second entry"))
    assert selected(shown) == "• first entry\n• second entry"
