"""Find in a structured chat: real keys in the bar."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.chat import finder
from gui.window.page.find_bar import FindBar
from tests.support.chat_view_harness import ChatViewHarness
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat

WAIT_S = 60.0
SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_find_counts_matches_in_folded_items_and_unfolds_the_current_one(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.put("tool", title="make", output="a needle in the output", status="done")
    for number in range(40):
        chat.put("agent", f"Answer {number}")
    chat.put("agent", "The Needle is here.")
    shown = show_chat(chat)
    bar = FindBar(shown.view.theme, shown.view, shown.view.finder)
    bar.open_find()
    QTest.keyClicks(bar.field, "needle")
    process_events_until(lambda: shown.view.finder.scan.is_done, WAIT_S, "the search to end")
    assert bar.count.text() == "2 of 2"
    assert "The Needle is here." in shown.shown()
    QTest.keyClick(bar.field, Qt.Key.Key_Return)
    assert bar.count.text() == "1 of 2"
    assert "a needle in the output" in shown.shown()
    chat.put("agent", "Another needle comes.")
    shown.settle()
    process_events_until(lambda: "of 3" in bar.count.text(), WAIT_S, "the new match to be counted")
    assert bar.count.text() == "1 of 3"
    QTest.keyClick(bar.field, Qt.Key.Key_Return)
    assert bar.count.text() == "3 of 3", "from the first one to the last"
    shown.view.page.scroller.scroll_to_start()
    assert "a needle in the output" not in shown.shown()  # The item is folded again.
    QTest.keyClick(bar.field, Qt.Key.Key_Escape)
    assert not bar.isVisible()


def test_find_takes_requested_steps_as_soon_as_the_search_allows_them(
    show_chat: Callable[..., ChatViewHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finder, "_BUDGET_S", -1.0)  # One item per slice, then other events.
    chat = ScriptedChat()
    for number in range(10):
        chat.put("agent", f"Needle {number}")
    shown = show_chat(chat)
    bar = FindBar(shown.view.theme, shown.view, shown.view.finder)
    bar.open_find()
    QTest.keyClicks(bar.field, "needle")
    for _ in range(3):
        QTest.keyClick(bar.field, Qt.Key.Key_Return)
    assert not shown.view.finder.scan.is_done
    process_events_until(lambda: shown.view.finder.scan.is_done, WAIT_S, "the search to end")
    assert bar.count.text() == "7 of 10"


def test_find_begins_with_the_nearest_match_above_the_end_of_what_is_shown(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    for number in range(300):
        chat.put("agent", f"Answer {number}." + " The rare word." * (number in {20, 280}))
    shown = show_chat(chat)
    page, finder = shown.view.page, shown.view.finder
    bar = FindBar(shown.view.theme, shown.view, finder)

    def found(text: str) -> str:
        """Replace the query by a text; returns the number of the current match."""
        bar.open_find()
        bar.field.selectAll()
        QTest.keyClicks(bar.field, text)
        process_events_until(lambda: finder.scan.is_done, WAIT_S, "the search to end")
        return bar.count.text()

    def numbers() -> list[int]:
        return [int(line.split()[1].rstrip(".")) for line in shown.shown().splitlines() if line.startswith("Answer")]

    assert found("answer") == "300 of 300"
    page.scroller.scroll_by(-3000)
    before = numbers()
    position = found("answer")
    assert numbers() == before, "a match that is in view is shown where it is"
    assert int(position.split()[0]) - 1 in before[-4:]
    assert found("rare") == "1 of 2"
    assert found("answer") == position, "the next query begins where the first one did"
    QTest.keyClick(bar.field, Qt.Key.Key_Return, SHIFT)
    stepped = bar.count.text()
    assert found("answe") == stepped, "after a step, it begins at the current match"
    page.scroller.scroll_to_start()
    assert int(found("answer").split()[0]) < 20
    assert found("rare") == "1 of 2", "without a match above, the first one below"
    page.scroller.scroll_to_end()
    assert found("answer") == "300 of 300"


def test_find_begins_inside_of_a_long_message_where_it_is_read(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.put("agent", "\n\n".join(f"Paragraph {number} of it." for number in range(200)))
    shown = show_chat(chat)
    page, finder = shown.view.page, shown.view.finder
    page.scroller.scroll_by(-3000)
    before = shown.shown()
    bar = FindBar(shown.view.theme, shown.view, finder)
    bar.open_find()
    QTest.keyClicks(bar.field, "paragraph")
    process_events_until(lambda: finder.scan.is_done, WAIT_S, "the search to end")
    current = f"Paragraph {int(bar.count.text().split()[0]) - 1} of"
    assert current in "\n".join(before.splitlines()[-4:])
    assert shown.shown() == before
