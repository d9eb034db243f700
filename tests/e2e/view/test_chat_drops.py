"""Drops on a structured chat, and pastes while its messages have the keyboard, go into the prompt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication

from session_host.structured.items import Capabilities, CapabilitiesKnown
from tests.support.chat_view_harness import ChatViewHarness
from tests.support.scripted_chat import ScriptedChat, command_request

NONE, LEFT, CONTROL = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


def drop(shown: ChatViewHarness, data: QMimeData) -> bool:
    """Drop data on the messages, with Qt's choice of the receiver; returns whether it is accepted."""
    page = shown.view.page
    place = page.mapTo(shown.view, QPoint(30, 30))
    actions = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    entered = QDragEnterEvent(place, actions, data, LEFT, NONE)
    QApplication.sendEvent(page, entered)
    if not entered.isAccepted():
        return False
    assert entered.dropAction() == Qt.DropAction.CopyAction
    QApplication.sendEvent(shown.view, QDropEvent(place.toPointF(), actions, data, LEFT, NONE))
    return True


def picture() -> QImage:
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    return image


def test_files_and_images_that_are_dropped_on_the_messages_go_into_the_prompt(
    show_chat: Callable[..., ChatViewHarness], tmp_path: Path
) -> None:
    (tmp_path / "notes.md").touch()
    picture().save(str(tmp_path / "a.png"))
    chat = ScriptedChat()
    chat.apply(CapabilitiesKnown(Capabilities(images=True)))
    shown = show_chat(chat, str(tmp_path))
    shown.view.page.setFocus()
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("notes.md", "a.png")])
    assert drop(shown, files)
    image = QMimeData()
    image.setImageData(picture())
    assert drop(shown, image)
    prompt = shown.view.prompt
    assert prompt.editor.toPlainText() == "@notes.md "
    assert len(prompt.attachments.images) == 2
    assert prompt.editor.hasFocus()


def test_what_a_chat_cannot_take_is_left_to_the_window(show_chat: Callable[..., ChatViewHarness]) -> None:
    shown = show_chat(ScriptedChat())
    tab = QMimeData()
    tab.setData("application/x-outlive-tab", b"1")
    assert not drop(shown, tab)
    shown.view.prompt.editor.setReadOnly(True)
    text = QMimeData()
    text.setText("a text")
    assert not drop(shown, text)
    shown.view.insert_data(text)
    assert shown.view.prompt.editor.toPlainText() == ""


def test_a_paste_goes_into_the_prompt_also_from_the_messages_and_from_a_question(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.put("agent", "an answer")
    chat.ask(command_request("make"))
    shown = show_chat(chat)
    QGuiApplication.clipboard().setText("pasted ")
    shown.view.page.setFocus()
    shown.press(Qt.Key.Key_V, CONTROL)
    assert shown.view.prompt.editor.hasFocus()
    assert shown.view.show_request()
    shown.settle()
    shown.press(Qt.Key.Key_V, CONTROL)
    assert shown.view.prompt.editor.toPlainText() == "pasted pasted "
    assert shown.of("answer_request") == []


def test_the_end_of_a_long_text_that_was_pasted_from_the_messages_is_shown(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.put("agent", "an answer")
    shown = show_chat(chat)
    editor = shown.view.prompt.editor
    QGuiApplication.clipboard().setText("\n".join(f"line {number}" for number in range(120)))
    shown.view.page.setFocus()
    shown.press(Qt.Key.Key_V, CONTROL)
    assert editor.viewport().rect().contains(editor.cursorRect()), (editor.viewport().rect(), editor.cursorRect())
