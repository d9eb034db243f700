"""The prompts of a long chat as ticks at the page's right edge; on a real X server."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from session_host.structured.items import FileChange, TurnOver
from tests.support.chat_view_harness import WAIT_S, ChatViewHarness, ShowChat
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import BEGAN_MS, ScriptedChat, command_request, long_chat


def until_read(shown: ChatViewHarness, count: int) -> None:
    """Wait until this many prompts are ticks."""
    process_events_until(lambda: len(shown.view.rail.ticks.found) == count, WAIT_S, "the prompts to be read")


def point_of(shown: ChatViewHarness, key: str) -> QPoint:
    """The middle of a prompt's tick."""
    [y] = [y for tick, y in shown.view.rail.placed() if tick.key == key]
    return QPoint(shown.view.rail.width() - 4, round(y))


def test_each_prompt_is_a_tick_that_says_what_became_of_it_and_goes_there(show_chat: ShowChat) -> None:
    chat, change = ScriptedChat(), FileChange("a.py", "@@ -1 +1 @@\n-a\n+b\n")
    keys = []
    for number in range(30):
        keys.append(chat.put("user", f"Prompt {number}", status="done", turn=f"t{number}"))
        chat.run(f"t{number}")
        step = chat.put("tool", tool="execute", title="make", command="make", status="done", turn=f"t{number}")
        if number == 3:
            chat.ask(command_request("make", item=step))
            chat.resolve("r1", "yes", "Allow", "window")
        if number == 5:
            chat.put("tool", tool="edit", title="Edit a.py", changes=(change,), status="done", turn=f"t{number}")
        if number == 7:
            edit = chat.put("tool", tool="edit", title="Edit a.py", changes=(change,), status="done", turn="t7")
            chat.ask(replace(command_request("a.py", item=edit, request_id="r2"), kind="edit"))
            chat.resolve("r2", "yes", "Allow", "window")
        if number == 9:
            chat.ask(replace(command_request("ls", request_id="r3"), at_ms=BEGAN_MS + 1000 * len(chat.transcript)))
            chat.resolve("r3", "yes", "Allow", "window")
        chat.put("agent", "line\n\n" * 5, status="done", turn=f"t{number}")
        chat.end(TurnOver(f"t{number}", "failed" if number == 8 else "completed"))
    shown = show_chat(chat)
    rail = shown.view.rail
    until_read(shown, 30)
    assert [(n, tick.kind) for n, tick in enumerate(rail.ticks.found) if tick.kind != "plain"] == [
        (3, "asked"),
        (5, "edited"),
        (7, "asked"),
        (8, "failed"),
        (9, "asked"),
    ], "an edit that was asked about was asked about; a question may be about no step"
    assert [tick.key for tick, _ in rail.placed()] == keys
    assert rail._here == keys[-1], "at the end, one is at the last prompt"
    QTest.mouseMove(rail, point_of(shown, keys[5]))
    process_events_until(rail._flyout.isVisible, WAIT_S, "the prompt beside the tick")
    assert (rail._flyout._text, "1 file" in rail._flyout._facts) == ("Prompt 5", True)
    for number, words in ((7, "asked · edited 1 file"), (8, "failed")):
        QTest.mouseMove(rail, point_of(shown, keys[number]))
        process_events_until(lambda: rail._flyout._text == f"Prompt {number}", WAIT_S, "its prompt")  # noqa: B023
        assert words in rail._flyout._facts
    outline = shown.view.prompts.listed()
    assert [each.item.id for each in outline] == [tick.key for tick in rail.ticks.found], "the same in the same order"
    told = [each.result.rpartition(" · ") for each in outline]
    assert [result for result, _, _ in told if result] == [
        "asked",
        "edited 1 file",
        "asked · edited 1 file",
        "failed",
        "asked",
    ]
    assert {took for _, _, took in told} == {"2.0 s", "3.0 s"}, "how long each took"
    assert rail.prompt_in_view() == keys[-1]
    QTest.mouseClick(rail, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point_of(shown, keys[5]))
    shown.settle()
    assert "Prompt 5" in shown.shown()
    assert not shown.view.page.scroller.is_following_end
    button = shown.view.page.scroller.to_end
    QTest.mouseClick(shown.view.windowHandle(), Qt.MouseButton.LeftButton, pos=button.mapTo(shown.view, QPoint(2, 2)))
    shown.settle()
    assert rail.prompt_in_view() == keys[-1], "the rail is not over the button"
    chat.put("user", "One more", status="done")
    shown.settle()
    until_read(shown, 31)


def test_a_short_chat_has_no_ticks_and_a_very_long_one_those_that_matter(show_chat: ShowChat) -> None:
    short = show_chat(long_chat(5))
    assert not short.view.rail.isVisible()

    chat = ScriptedChat()
    for number in range(2000):
        chat.put("user", f"Prompt {number}", status="done", turn=f"t{number}")
        chat.put("agent", "Yes.", status="done", turn=f"t{number}")
        if number == 777:
            chat.apply(TurnOver(f"t{number}", "failed"))
    shown = show_chat(chat)
    until_read(shown, 2000)
    placed = shown.view.rail.placed()
    assert 50 < len(placed) < 300
    assert "failed" in {tick.kind for tick, _ in placed}
    assert all(0 <= y <= shown.view.rail.height() for _, y in placed)
    shown.view.resize(500, 400)
    shown.settle()
    assert shown.view.rail.width() == 12, "a narrow pane"
    assert shown.view.rail.x() >= shown.view.page.column_left + shown.view.page.rows.widths.wide
