"""A question that does not fit into a small pane is scrolled, read and answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication, QWidget

from tests.support.chat_view_harness import ChatViewHarness
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import command_request, long_chat

WAIT_S = 60.0


def is_fully_visible(part: QWidget | None) -> bool:
    """Whether a widget is completely visible: neither cut off nor covered."""
    return part is not None and part.visibleRegion().boundingRect() == part.rect()


@pytest.mark.parametrize(("width", "height"), [(300, 60), (300, 110), (64, 500)])
def test_a_question_in_a_small_pane_is_read_and_answered_by_keyboard(
    show_chat: Callable[..., ChatViewHarness], width: int, height: int
) -> None:
    chat = long_chat(10)
    chat.ask(command_request("make install"))
    shown = show_chat(chat)
    shown.view.setMinimumSize(1, 1)  # A pane may be smaller than the view's minimum size.
    shown.view.resize(width, height)
    shown.settle()
    page, prompt, card = shown.view.page, shown.view.prompt, shown.view.page.requests.card("r1")
    assert card is not None
    assert shown.view.size().toTuple() == (width, height)
    assert page.geometry().bottom() < prompt.mapTo(shown.view, QPoint()).y(), "they do not overlap"
    parts = [prompt.editor, prompt._stop, prompt._message]
    rects = [QRect(part.mapTo(prompt, part.rect().topLeft()), part.size()) for part in parts if part.isVisible()]
    if prompt.height() > 0:
        assert all(prompt.rect().contains(rect) for rect in rects)
        assert sum(one.intersects(other) for one in rects for other in rects) == len(rects)
    else:
        assert (page.height(), prompt.editor.hasFocus()) == (height, True)
    shown.press(Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is card
    assert page.rect().left() <= card.x() < card.geometry().right() <= page.width() - 10, "beside the scroll bar"
    assert is_fully_visible(card._title) or card._title.height() > page.height()
    for name in ("", "Allow", "Decline", "Always"):
        shown.press(Qt.Key.Key_Tab)
        part = QApplication.focusWidget()
        assert is_fully_visible(part), name
        if not name:
            assert part is card._subject
            process_events_until(shown.button_named("Allow").isEnabled, WAIT_S, "the command to be seen")
        else:
            assert part is shown.button_named(name)
    shown.press(Qt.Key.Key_Return)
    shown.type("next")
    shown.settle()
    assert is_fully_visible(prompt), "what is written is to be seen"
    assert [answer[1] for answer in shown.of("answer_request")] == ["always"]


def test_input_method_text_is_visible_in_a_small_pane_with_a_question(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = long_chat(10)
    chat.ask(command_request("make install"))
    shown = show_chat(chat)
    shown.view.setMinimumSize(1, 1)
    shown.view.resize(300, 80)
    prompt = shown.view.prompt
    heights = []
    for composed in ("", "に", "にほん", ""):
        QApplication.sendEvent(prompt.editor, QInputMethodEvent(composed, []))
        shown.settle()
        heights.append(prompt.height())
        assert is_fully_visible(prompt) == bool(composed)
    assert heights[0] == heights[3] == 0 < heights[1] == heights[2]
