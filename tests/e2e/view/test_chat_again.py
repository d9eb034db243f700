"""Prompts are taken back, tried again, put into the prompt box and copied, on a real X server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication

from session_host.protocol.values import Image
from session_host.structured.items import SetStatus, TurnEnded
from tests.support.chat_stage import ChatStage
from tests.support.played_chat import PlayedChat

pytestmark = pytest.mark.e2e


def test_a_prompt_that_is_taken_back_comes_before_what_is_written_once_it_is_known_not_to_be_sent(
    chat_stage: Callable[..., ChatStage],
) -> None:
    chat = PlayedChat()
    first, second = [chat.put("user", text, status="queued") for text in ("in the queue", "too late")]
    by_another = chat.put("user", "by another viewer", status="queued")
    shown = chat_stage(chat)
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


def test_a_failed_turn_is_tried_again_with_the_prompt_that_began_it(chat_stage: Callable[..., ChatStage]) -> None:
    chat = PlayedChat()
    chat.put("user", "an earlier one", status="done", turn="t0")
    chat.put("agent", "Done.", status="done", turn="t0")
    chat.put("user", "run the tests", status="done", turn="t1", images=(Image("image/png", b"x"),))
    chat.put("agent", "I run", status="done", turn="t1")
    chat.put("user", "only the fast ones", status="done", turn="t1")
    chat.put("user", "and then", status="withdrawn")
    chat.end(TurnEnded("t1", "failed", "overloaded"))
    shown = chat_stage(chat)
    assert "The turn failed: overloaded" in shown.shown()
    shown.click(shown.control("again"))
    assert shown.of("prompt_sent") == [("run the tests", "queue", (Image("image/png", b"x"),))]


def test_the_menu_copies_an_answer_or_a_prompt_and_puts_a_prompt_into_the_box(
    chat_stage: Callable[..., ChatStage],
) -> None:
    chat = PlayedChat()
    chat.put("user", "why `a`?", status="done")
    chat.put("agent", "Because **b**.", status="done")
    chat.put("tool", tool="read", title="a.py", status="done")
    chat.put("agent", "- c", status="done")
    chat.put("user", "and?", status="done")
    shown = chat_stage(chat)

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
