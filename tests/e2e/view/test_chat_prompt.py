"""The prompt box of a structured chat: its settings, its keys, and a narrow view."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QContextMenuEvent, QImage, QInputMethodEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QPushButton

from session_host.structured.dialects.codex.settings import shown as codex_settings
from session_host.structured.dialects.codex.state import ThreadSettings
from session_host.structured.items import (
    Capabilities,
    CapabilitiesKnown,
    ChatState,
    SetStatus,
    Setting,
    SettingChoice,
    SettingsChanged,
    StateChanged,
    UsageChanged,
)
from tests.support.chat_view_harness import ChatViewHarness
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat

pytestmark = pytest.mark.e2e

WAIT_S = 60.0
LONG_MS = 600_000
"""A time limit between two presses that even a busy machine does not exceed."""
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier


def test_settings_and_tokens_are_below_the_prompt(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    choices = (SettingChoice("a", "Fast"), SettingChoice("b", "Careful"))
    chat.apply(SettingsChanged((Setting("m", "Model", "a", choices, "model"),)))
    chat.apply(UsageChanged(84_000, 200_000, 1_250_000, 1.234, "USD"))
    shown = show_chat(chat)
    row = shown.view.prompt.settings
    assert row.usage.context.text() == "42 % context"
    assert row.usage.accessibleDescription().splitlines() == [
        "84,000 of 200,000 tokens", "1,250,000 tokens in all turns", "about 1.23 USD, according to the agent"
    ]  # fmt: skip
    [button] = [chip.button for chip in row._chips]
    assert button.text().startswith("Fast")
    button.click()
    menu = QApplication.activePopupWidget()
    assert menu is not None
    menu.actions()[1].trigger()
    menu.close()
    assert shown.of("change_setting") == [("m", "b")]


def test_settings_read_as_people_say_them_and_the_agents_own_names_stay(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    codex = ThreadSettings(mode="plan", approvals="on-request", sandbox="workspace-write", effort="xhigh", model="gpt")
    own = Setting("own", "Mode", "y", (SettingChoice("y", "YOLO"),), "mode")
    new = Setting("new", "Style", "", (SettingChoice("y", "Terse"),))
    chat = ScriptedChat()
    chat.apply(SettingsChanged((*codex_settings(codex), own, new)))
    shown = show_chat(chat)
    texts = [chip.button.text().removesuffix(" ▾") for chip in shown.view.prompt.settings._chips]
    assert texts == [
        "gpt", "Effort: very high", "Mode: plan", "Mode: YOLO", "Approvals: ask when needed", "Sandbox: this folder",
        "Style",
    ]  # fmt: skip


def test_a_narrow_view_has_room_for_the_prompt_box(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    choice = (SettingChoice("a", "a model with quite a long name"),)
    chat.apply(SettingsChanged(tuple(Setting(f"s{number}", "Setting", "a", choice) for number in range(3))))
    shown = show_chat(chat)
    shown.view.resize(360, 500)
    shown.settle()
    assert shown.view.width() == 360
    row = shown.view.prompt.settings
    visible = [button for button in row.findChildren(QPushButton) if button.isVisible()]
    visible.sort(key=lambda button: button.x())
    assert all(button.geometry().right() <= row.width() for button in visible)
    assert visible[0].text().startswith("Setting: a model with"), "what is shown can be read"
    visible[-1].click()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    others = [each for action in menu.actions() if isinstance(each := action.menu(), QMenu)]
    assert len(others) == 2
    others[-1].actions()[0].trigger()
    menu.close()
    assert shown.of("change_setting") == [("s2", "a")]


def test_buttons_do_not_overlap_in_the_narrowest_views(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    choices = (SettingChoice("a", "Fast"), SettingChoice("b", "Careful"))
    chat.apply(SettingsChanged((Setting("m", "Model", "a", choices, "model"),)))
    chat.apply(CapabilitiesKnown(Capabilities(interrupt=True, images=True)))
    shown = show_chat(chat)
    shown.view.setMinimumSize(1, 1)  # A pane may be smaller than the view's minimum size.
    prompt = shown.view.prompt

    def buttons_are_apart() -> bool:
        buttons = [each for each in prompt.findChildren(QPushButton) if each.isVisible()]
        places = [QRect(each.mapTo(prompt, QPoint()), each.size()) for each in buttons]
        are_inside = all(prompt.rect().contains(place) for place in places)
        return are_inside and not any(one.intersects(other) for one, other in combinations(places, 2))

    states: tuple[ChatState, ...] = ("idle", "running")
    for state in states:
        chat.apply(StateChanged(state))
        for width in (60, 84, 100, 140, 200):
            shown.view.resize(width, 500)
            shown.settle()
            process_events_until(buttons_are_apart, WAIT_S, f"the layout of {width} px, {state}")
    assert all(each.isVisible() for each in (prompt._stop, prompt._send, prompt._attach)), "all are there again"


def test_a_click_beside_the_buttons_of_the_prompt_box_gives_it_the_keyboard(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    shown = show_chat(ScriptedChat())
    prompt = shown.view.prompt
    shown.view.page.setFocus()
    beside = QPoint(prompt.width() // 2, prompt.height() - 12)
    assert not isinstance(prompt.childAt(beside), QPushButton)
    QTest.mouseClick(prompt.childAt(beside) or prompt, Qt.MouseButton.LeftButton)
    assert prompt.editor.hasFocus()


def test_the_prompt_box_says_how_to_answer_a_request_also_beside_a_draft(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.apply(StateChanged("requires_action"))
    shown = show_chat(chat)
    prompt = shown.view.prompt
    asks = "The agent waits for your answer · Shift+Tab goes to it"
    assert prompt._message.text() == asks
    QTest.keyClicks(prompt.editor, "y")
    assert prompt._message.text().splitlines()[0] == asks
    assert "Enter queues the prompt" in prompt._message.text()
    assert prompt._message.isVisible()
    shown.view.setMinimumSize(1, 1)  # A pane may be smaller than the view's minimum size.
    shown.view.resize(120, 500)
    shown.settle()
    assert prompt._message.text() == "Needs your answer", "the rest would take many lines"
    assert prompt._message.isVisible()


def test_ctrl_shift_z_goes_to_the_window_and_redoes_a_change_if_the_window_does_not_use_it(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    shown = show_chat(ScriptedChat())
    editor = shown.view.prompt.editor
    QTest.keyClicks(editor, "typed")
    QTest.keyClick(editor, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert editor.toPlainText() == ""
    zoomed: list[bool] = []
    shortcut = QShortcut(QKeySequence("Ctrl+Shift+Z"), shown.view, lambda: zoomed.append(True))
    shown.press(Qt.Key.Key_Z, CONTROL, SHIFT)
    assert zoomed
    assert editor.toPlainText() == ""
    shortcut.setEnabled(False)
    shown.press(Qt.Key.Key_Z, CONTROL, SHIFT)
    assert editor.toPlainText() == "typed"


def test_ctrl_y_redoes_a_change_and_the_context_menu_shows_this_key(show_chat: Callable[..., ChatViewHarness]) -> None:
    shown = show_chat(ScriptedChat())
    editor = shown.view.prompt.editor
    QTest.keyClicks(editor, "typed")
    shown.press(Qt.Key.Key_Z, CONTROL)
    assert editor.toPlainText() == ""
    entries: list[str] = []
    editor.menu_made.connect(lambda menu: entries.extend(action.text() for action in menu.actions()))
    place = editor.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, editor.mapToGlobal(place))
    QApplication.sendEvent(editor.viewport(), event)
    menu = QApplication.activePopupWidget()
    assert menu is not None
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    assert "Redo\tCtrl+Y" in [entry.replace("&", "") for entry in entries]
    shown.press(Qt.Key.Key_Y, CONTROL)
    assert editor.toPlainText() == "typed"


def test_ctrl_shift_enter_goes_to_the_window_and_never_sends_a_draft(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.run()
    shown = show_chat(chat)
    shells: list[bool] = []
    shortcut = QShortcut(QKeySequence("Ctrl+Shift+Return"), shown.view, lambda: shells.append(True))
    shown.type("half a th")
    shown.press(Qt.Key.Key_Return, CONTROL, SHIFT)
    assert shells
    shortcut.setEnabled(False)
    shown.press(Qt.Key.Key_Enter, CONTROL, SHIFT, Qt.KeyboardModifier.KeypadModifier)
    assert shown.of("prompt") == []
    assert shown.view.prompt.editor.toPlainText() == "half a th"


def test_ctrl_c_copies_the_marked_text_of_a_message_before_it_stops_the_turn(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.put("agent", "an answer to copy")
    shown = show_chat(chat)
    chat.run()
    shown.settle()
    shown.view.page.select_all()
    shown.view.prompt.editor.setFocus()
    shown.press(Qt.Key.Key_C, CONTROL)
    assert QApplication.clipboard().text().startswith("an answer to copy")
    assert shown.of("interrupt") == []
    shown.press(Qt.Key.Key_C, CONTROL)
    assert shown.of("interrupt") == [()]


def test_the_hint_in_the_empty_field_is_as_large_as_typed_text(show_chat: Callable[..., ChatViewHarness]) -> None:
    shown = show_chat(ScriptedChat())
    shown.view.page.set_font_size(19)
    editor = shown.view.prompt.editor
    assert editor.viewport().font().pixelSize() == editor.font().pixelSize() == 19


def test_escape_twice_stops_the_turn_and_once_shows_a_hint(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    shown = show_chat(chat)
    prompt = shown.view.prompt
    hint = "Press Escape again to stop this turn"
    for _ in range(2):
        shown.press(Qt.Key.Key_Escape)
    chat.run()
    shown.settle()
    assert shown.of("interrupt") == [], "nothing was running"
    prompt._escaped.setInterval(LONG_MS)
    shown.press(Qt.Key.Key_Escape)
    assert prompt._message.isVisible()
    assert prompt._message.text() == hint
    shown.type("wait")
    assert hint not in prompt._message.text()
    shown.press(Qt.Key.Key_Escape)
    shown.view.page.setFocus()
    prompt._escaped.start(1)
    process_events_until(lambda: hint not in prompt._message.text(), WAIT_S, "the first Escape to be forgotten")
    prompt._escaped.setInterval(LONG_MS)
    shown.press(Qt.Key.Key_Escape)
    assert shown.of("interrupt") == []
    shown.press(Qt.Key.Key_Escape)
    assert shown.of("interrupt") == [()]
    assert prompt.editor.toPlainText() == "wait"


def test_sending_a_queued_prompt_now_is_offered_only_while_a_turn_can_be_stopped(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.apply(StateChanged("starting"))
    chat.put("user", "first", status="queued")
    shown = show_chat(chat)
    hint = shown.view.prompt.editor.placeholderText
    assert "Up puts the last queued prompt back" in hint()
    assert "Ctrl+Alt+Enter" not in hint()
    chat.run()
    shown.settle()
    assert "Ctrl+Alt+Enter sends the first one now" in hint()


def test_up_in_the_empty_box_withdraws_queued_prompts_from_the_last(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.run()
    first, second = [chat.put("user", text, status="queued") for text in ("first", "second")]
    chat.put("tool", tool="read", title="a.py", status="done")
    shown = show_chat(chat)
    editor = shown.view.prompt.editor
    texts = shown.shown()
    assert texts.index("a.py") < texts.index("first") < texts.index("second"), "the queue is below the turn"
    assert "Up puts the last queued prompt back" in editor.placeholderText()
    for _ in range(3):
        shown.press(Qt.Key.Key_Up)
    assert shown.of("withdraw_prompt") == [(second,), (first,)]
    assert editor.toPlainText() == "", "the host has not answered"
    for each in (second, first):
        chat.apply(SetStatus(each, "withdrawn"))
    shown.settle()
    assert editor.toPlainText() == "first\nsecond"
    assert editor.textCursor().atEnd()
    assert "Removed from the queue: second" in shown.shown()


def test_composed_text_hides_the_placeholder_and_enter_does_not_send_it(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    shown = show_chat()
    editor = shown.view.prompt.editor
    hint = editor.placeholderText()
    QApplication.sendEvent(editor, QInputMethodEvent("にほん", []))
    assert editor.placeholderText() == "", "it would be under the text"
    shown.type("before")
    QApplication.sendEvent(editor, QInputMethodEvent("にほん", []))
    shown.press(Qt.Key.Key_Return)
    assert shown.of("prompt") == []
    committed = QInputMethodEvent("", [])
    committed.setCommitString("日本")
    QApplication.sendEvent(editor, committed)
    shown.press(Qt.Key.Key_Return)
    assert shown.of("prompt") == [("before日本", "queue", ())]
    assert editor.placeholderText() == hint


def test_a_prompt_in_a_right_to_left_script_is_right_aligned(show_chat: Callable[..., ChatViewHarness]) -> None:
    editor = show_chat().view.prompt.editor
    middle = editor.width() // 2
    editor.insertPlainText("שלום, קובץ api.py")
    assert editor.cursorRect().x() > middle
    editor.clear()
    assert editor.cursorRect().x() < middle
    editor.insertPlainText("in English")
    assert editor.cursorRect().x() < middle


def test_a_queued_prompt_is_sent_now_by_its_button_and_the_first_one_by_a_key_in_the_empty_box(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.put("user", "first", status="queued")
    second = chat.put("user", "second", status="queued")
    shown = show_chat(chat)
    assert not shown.controls("send_now"), "no turn runs that could be stopped"
    chat.run()
    shown.settle()
    shown.click(shown.control("send_now", 1))
    assert shown.of("send_now") == [(second,)]
    shown.press(Qt.Key.Key_Return, CONTROL, ALT)
    assert shown.of("interrupt") == [()]
    shown.type("urgent")
    shown.press(Qt.Key.Key_Return, CONTROL, ALT)
    assert shown.of("interrupt") == [()]
    assert shown.of("prompt") == [("urgent", "interrupt", ())]


@pytest.mark.parametrize("keys", [(Qt.Key.Key_Return, SHIFT), (Qt.Key.Key_Return, ALT), (Qt.Key.Key_J, CONTROL)])
def test_the_keys_of_other_programs_begin_a_line_and_send_nothing(
    show_chat: Callable[..., ChatViewHarness], keys: tuple[Qt.Key, Qt.KeyboardModifier]
) -> None:
    shown = show_chat()
    shown.type("one")
    shown.press(*keys)
    shown.type("two")
    shown.press(Qt.Key.Key_Return)
    assert shown.of("prompt") == [("one\ntwo", "queue", ())]


def test_a_line_break_that_a_program_types_for_the_user_begins_a_line(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    shown = show_chat()
    editor = shown.view.prompt.editor
    subprocess.run(["xdotool", "type", "one\ntwo"], check=True, timeout=60)
    process_events_until(lambda: editor.toPlainText().endswith("two"), WAIT_S, "the text")
    assert editor.toPlainText() == "one\ntwo"


def test_images_are_attached_by_a_button_if_the_agent_takes_them(
    show_chat: Callable[..., ChatViewHarness], tmp_path: Path
) -> None:
    image = QImage(20, 10, QImage.Format.Format_RGB32)
    image.fill(0x336699)
    assert image.save(str(tmp_path / "shot.png"))
    chat = ScriptedChat()
    shown = show_chat(chat, str(tmp_path))
    prompt = shown.view.prompt
    button = next(each for each in prompt.findChildren(QPushButton) if each.accessibleName() == "Attach images…")
    assert button.isVisible()
    button.click()
    dialog = shown.view.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.directory().path() == str(tmp_path)
    dialog.filesSelected.emit([str(tmp_path / "shot.png")])
    dialog.reject()
    process_events_until(lambda: shown.view.findChild(QFileDialog) is None, WAIT_S, "the dialog to be deleted")
    assert [each.mime for each in prompt.attachments.images] == ["image/png"]
    chat.apply(CapabilitiesKnown(Capabilities(images=False)))
    shown.settle()
    assert not button.isVisible()


def test_a_prompt_that_is_too_large_is_kept_and_reported(
    show_chat: Callable[..., ChatViewHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.chat.prompt.box.MAX_PROMPT_BYTES", 100)
    shown = show_chat()
    text = "x" * 101
    shown.view.prompt.editor.setPlainText(text)
    shown.press(Qt.Key.Key_Return)
    assert not shown.of("prompt")
    assert "too large" in shown.of("inform")[0][0]
    assert shown.view.prompt.editor.toPlainText() == text
