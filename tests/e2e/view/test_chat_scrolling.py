"""Scrolling a structured chat by its button and by keys: on a real X server, over a transcript that the test plays."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.support.chat_stage import ChatStage
from tests.support.played_chat import long_chat


def test_a_button_goes_back_to_the_end_of_an_idle_chat(chat_stage: Callable[..., ChatStage]) -> None:
    shown = chat_stage(long_chat(60))
    page = shown.view.page
    button = page._to_end
    assert not button.isVisible()
    page.scroll_by(-page.style_.line_px)
    assert button.isVisible()
    assert button.accessibleName() == "Scroll to bottom"
    assert page.rect().contains(button.geometry())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert page.is_following_end
    assert not button.isVisible()
    page.scroll_to_start()
    page.scroll_by(page.rows.heights.total)
    assert not button.isVisible(), "one scrolled to the end"


def test_keys_scroll_the_messages_as_a_browsers_page(chat_stage: Callable[..., ChatStage]) -> None:
    shown = chat_stage(long_chat(60))
    page, control, alt = shown.view.page, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
    page.setFocus()
    for first, last in (
        ((Qt.Key.Key_Home,), (Qt.Key.Key_End,)),
        ((Qt.Key.Key_Home, control), (Qt.Key.Key_End, control)),
    ):
        shown.press(*first)
        assert page._bar.value() == 0
        assert not page.is_following_end
        shown.press(*last)
        assert page.is_following_end
    shown.press(Qt.Key.Key_Home)
    for down, up, part in ((Qt.Key.Key_Down, Qt.Key.Key_Up, 0.0), (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp, 0.5)):
        shown.press(down)
        assert part * page.height() < page._bar.value() < page.height()
        shown.press(up)
        assert page._bar.value() == 0
    for key in (Qt.Key.Key_End, Qt.Key.Key_Down, Qt.Key.Key_PageDown):
        shown.press(key, alt)
    shown.press(Qt.Key.Key_Down, control)
    assert page._bar.value() == 0
    assert page.hasFocus()
