"""Prompts to a structured chat, on a real X server, with a scripted transcript."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from session_host.protocol.codec import encode
from session_host.protocol.messages import MAX_FRAME_BYTES, Prompt
from session_host.structured.items import NOT_STOPPED, SetStatus, StateChanged
from tests.support.chat_view_harness import ChatViewHarness
from tests.support.scripted_chat import ScriptedChat, long_chat

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_enter_sends_and_shift_enter_begins_a_line(show_chat: Callable[..., ChatViewHarness]) -> None:
    shown = show_chat()
    shown.type("one")
    shown.press(Qt.Key.Key_Return, SHIFT)
    shown.type("two")
    shown.press(Qt.Key.Key_Return)
    assert shown.of("prompt") == [("one\ntwo", "queue", ())]
    assert shown.view.prompt.editor.toPlainText() == ""
    shown.press(Qt.Key.Key_Return)
    assert len(shown.of("prompt")) == 1
    shown.press(Qt.Key.Key_Up)
    assert shown.view.prompt.editor.toPlainText() == "one\ntwo"


def test_during_a_turn_enter_queues_ctrl_enter_steers_and_ctrl_alt_enter_interrupts_as_the_box_says(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.run()
    shown = show_chat(chat)
    shown.type("later")
    assert shown.view.prompt._message.text() == (
        "Enter queues the prompt until this turn ends · Ctrl+Enter adds it to this turn"
        " · Ctrl+Alt+Enter stops this turn and sends it"
    )
    shown.press(Qt.Key.Key_Return)
    shown.type("now")
    shown.press(Qt.Key.Key_Return, CTRL)
    shown.type("first")
    shown.press(Qt.Key.Key_Return, CTRL, Qt.KeyboardModifier.AltModifier)
    modes = [("later", "queue"), ("now", "steer"), ("first", "interrupt")]
    assert [each[:2] for each in shown.of("prompt")] == modes


def test_ctrl_c_stops_the_turn_only_with_nothing_selected(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    shown = show_chat(chat)
    shown.press(Qt.Key.Key_C, CTRL)
    assert not shown.of("interrupt")
    chat.run()
    shown.settle()
    shown.type("text")
    shown.press(Qt.Key.Key_A, CTRL)
    shown.press(Qt.Key.Key_C, CTRL)
    assert not shown.of("interrupt")
    shown.press(Qt.Key.Key_End)
    shown.press(Qt.Key.Key_C, CTRL)
    shown.view.prompt._stop.click()
    assert shown.of("interrupt") == [(), ()]


def test_a_queued_prompt_is_withdrawn_and_a_failed_one_sent_again(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    queued = chat.put("user", "in the queue", status="queued")
    chat.put("user", "lost", status="unconfirmed")
    shown = show_chat(chat)
    shown.click(shown.control("withdraw"))
    shown.click(shown.control("again"))
    assert shown.of("withdraw_prompt") == [(queued,)]
    assert shown.of("prompt") == [("lost", "queue", ())]
    chat.apply(SetStatus(queued, "withdrawn"))
    shown.settle()
    assert "Removed from the queue" in shown.shown()


def test_a_prompt_that_was_never_sent_says_so_and_is_given_back(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.put("user", "left in the queue", status="unsent")
    shown = show_chat(chat)
    assert "Not sent: the agent ended before" in shown.shown()
    shown.click(shown.control("reuse"))
    assert shown.view.prompt.editor.toPlainText() == "left in the queue"


def test_an_agent_that_does_not_stop_can_be_ended(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.apply(StateChanged("running", "t", NOT_STOPPED))
    shown = show_chat(chat)
    shown.click(shown.control("end"))
    assert shown.of("end") == [()]


def test_a_pasted_image_is_sent_with_the_prompt(show_chat: Callable[..., ChatViewHarness]) -> None:
    from PySide6.QtGui import QImage

    shown = show_chat()
    image = QImage(20, 10, QImage.Format.Format_RGB32)
    image.fill(0x336699)
    QGuiApplication.clipboard().setImage(image)
    shown.press(Qt.Key.Key_V, CTRL)
    assert len(shown.view.prompt.attachments.images) == 1
    shown.type("look")
    shown.press(Qt.Key.Key_Return)
    [(text, _mode, images)] = shown.of("prompt")
    assert text == "look"
    assert images[0].mime == "image/png"
    assert not shown.view.prompt.attachments.images


def test_large_images_are_scaled_down_so_that_the_prompt_can_be_sent(
    show_chat: Callable[..., ChatViewHarness], tmp_path: Path
) -> None:
    from PySide6.QtGui import QImage

    shown = show_chat()
    noise = QImage(os.urandom(2600 * 1300 * 4), 2600, 1300, QImage.Format.Format_RGB32)
    assert noise.save(str(tmp_path / "large.png"))
    assert (tmp_path / "large.png").stat().st_size > MAX_FRAME_BYTES
    for _ in range(2):
        shown.view.prompt.editor.files_given.emit([str(tmp_path / "large.png")])
    shown.view.prompt.editor.image_given.emit(noise)
    shown.type("look")
    shown.press(Qt.Key.Key_Return)
    [(_text, _mode, images)] = shown.of("prompt")
    assert [each.mime for each in images] == ["image/jpeg"] * len(images)
    assert 2 <= len(images) <= 3
    assert len(encode(Prompt("att", 1, "look", images=images))) <= MAX_FRAME_BYTES
    sizes = [QImage.fromData(each.data).size() for each in images]
    assert all(500 <= size.width() <= 2000 and abs(size.width() - 2 * size.height()) <= 2 for size in sizes)
    assert QImage.fromData(images[0].data).height() > 100


def test_text_typed_while_the_messages_have_the_focus_goes_to_the_prompt_box(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    shown = show_chat(long_chat(10))
    shown.view.page.setFocus()
    QTest.keyClicks(shown.view.page, "h")
    assert shown.view.prompt.editor.toPlainText() == "h"
    assert shown.view.prompt.editor.hasFocus()
