"""Actions on sent prompts, on a real X server: withdraw, retry, copy, and put into the prompt box."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication

from gui.chat.content.segments import TurnFooter
from gui.finding.query import FindQuery
from gui.wording import phrases
from session_host.protocol.values import Image
from session_host.structured.items import Remove, SetStatus, TurnEnded
from tests.support.chat_view_harness import ChatViewHarness
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat

pytestmark = pytest.mark.e2e

WAIT_S = 60.0


def test_a_withdrawn_prompt_is_inserted_before_the_draft_once_the_host_confirms_it(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    first, second = [chat.put("user", text, status="queued") for text in ("in the queue", "too late")]
    by_another = chat.put("user", "by another viewer", status="queued")
    shown = show_chat(chat)
    editor = shown.view.prompt.editor
    shown.type("written")
    for _ in range(3):
        shown.press(Qt.Key.Key_Left)
    shown.click(shown.control("withdraw", 0))
    shown.click(shown.control("withdraw", 1))
    assert editor.toPlainText() == "written", "the host has not answered"
    assert editor.hasFocus()
    chat.apply(SetStatus(first, "withdrawn"))
    chat.apply(SetStatus(second, "sent"))
    chat.apply(SetStatus(by_another, "withdrawn"))
    shown.settle()
    assert editor.toPlainText() == "in the queue\nwritten"
    shown.type("X")
    assert editor.toPlainText() == "in the queue\nwritXten", "the cursor has not moved"
    editor.undo()
    editor.undo()
    assert editor.toPlainText() == "written"


def test_a_failed_turn_is_retried_with_its_first_prompt(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.put("user", "an earlier one", status="done", turn="t0")
    chat.put("agent", "Done.", status="done", turn="t0")
    chat.put("user", "run the tests", status="done", turn="t1", images=(Image("image/png", b"x"),))
    chat.put("agent", "I run", status="done", turn="t1")
    chat.put("user", "only the fast ones", status="done", turn="t1")
    chat.put("user", "and then", status="withdrawn")
    chat.end(TurnEnded("t1", "failed", "overloaded"))
    shown = show_chat(chat)
    assert "The turn failed: overloaded" in shown.shown()
    shown.click(shown.control("again"))
    assert shown.of("prompt") == [("run the tests", "queue", (Image("image/png", b"x"),))]


def test_an_error_that_is_reported_and_ends_the_turn_is_shown_once(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.put("user", "run the tests", status="done", turn="t1")
    chat.put("notice", "no network (5 tries)", turn="t1")
    chat.end(TurnEnded("t1", "failed", "no network"))
    shown = show_chat(chat)
    assert shown.shown().splitlines()[:2] == ["run the tests", "The turn failed: no network (5 tries)"]
    assert len(shown.controls("again")) == 1


def test_the_last_message_of_a_turn_says_when_it_ended_and_its_button_copies_the_answer(
    show_chat: Callable[..., ChatViewHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.chat.page.page.COPIED_MS", 600_000)
    chat = ScriptedChat()
    chat.put("user", "an earlier conversation", status="done")
    chat.put("agent", "Yes.", status="done")
    chat.put("user", "why?", status="done", turn="t1")
    chat.run("t1")
    chat.put("agent", "Because **b**.", status="done", turn="t1")
    chat.put("user", "only `b`", status="sent")
    chat.put("tool", tool="read", title="a.py", status="done", turn="t1")
    chat.put("agent", "- c", status="done", turn="t1")
    shown = show_chat(chat)
    page = shown.view.page

    def labels() -> list[str]:
        segments = (page.rows.row(each.position).segments[each.number] for each in page.visible)
        return [each.label for each in segments if isinstance(each, TurnFooter)]

    assert labels() == [""], "the turn runs"
    chat.apply(SetStatus("i5", "withdrawn"))
    queued = chat.put("user", "and then", status="queued")
    chat.end(TurnEnded("t1", "completed"))
    shown.settle()
    time = phrases.short_clock(datetime.fromtimestamp(chat.transcript.turn_ends["i7"] / 1000, UTC), datetime.now(UTC))
    assert labels() == ["", f"{time} · 5.0 s"]
    shown.click(shown.control("copy_answer", 1))
    assert QGuiApplication.clipboard().text() == "Because **b**.\n\n- c"
    assert page.copied is not None, "a check mark says so"
    chat.apply(Remove(queued))
    chat.put("user", "and then", status="done", turn="t2")
    chat.run("t2")
    chat.put("agent", "D.", status="running", turn="t2")
    shown.settle()
    assert labels() == ["", f"{time} · 5.0 s"]
    page.select_all()
    assert time not in page.selection.text(page.rows, markdown=False), "only the messages are copied"


def test_the_menu_copies_an_answer_or_a_prompt_and_puts_a_prompt_into_the_box(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.put("user", "why `a`?", status="done")
    chat.put("agent", "Because **b**.", status="done")
    chat.put("tool", tool="read", title="a.py", status="done")
    chat.put("agent", "- c", status="done")
    chat.put("user", "and?", status="done")
    shown = show_chat(chat)

    def choose(text: str, name: str) -> None:
        menu = shown.view.page.context_menu(QPointF(shown.point_of(text)))
        [action] = [action for action in menu.actions() if action.text() == name]
        action.trigger()
        menu.deleteLater()

    clipboard = QGuiApplication.clipboard()
    choose("a.py", "Copy this answer")
    assert clipboard.text() == "Because **b**.\n\n- c"
    choose("why", "Copy this prompt")
    assert clipboard.text() == "why `a`?"
    shown.type("draft")
    choose("why", "Put into the prompt")
    assert shown.view.prompt.editor.toPlainText() == "why `a`?\ndraft"
    names = [action.text() for action in shown.view.page.context_menu(QPointF(shown.point_of("and?"))).actions()]
    assert "Copy this answer" not in names


def test_a_long_prompt_is_shortened_until_it_is_expanded_or_find_shows_a_hidden_line(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    text = "\n".join(f"line {number}." for number in range(100))
    for _ in range(2):
        chat.put("user", text, status="done")
    shown = show_chat(chat)
    page = shown.view.page
    assert "line 19." in shown.shown()
    assert "line 20." not in shown.shown()
    assert "80 lines hidden" in shown.shown()
    shown.click(shown.control("show_all", 1))
    page.scroller.scroll_to_end()
    assert "line 99." in shown.shown()
    shown.view.finder.find(FindQuery("line"))
    shown.view.finder.step(-1)
    process_events_until(lambda: shown.view.finder.scan.is_done, WAIT_S, "the search to end")
    for _ in range(99):
        shown.view.finder.step(-1)
    shown.settle()
    assert page.current_hit is not None
    assert page.current_hit[0] == "i1"
    assert "line 99." in shown.shown(), "the hidden line that was found"
