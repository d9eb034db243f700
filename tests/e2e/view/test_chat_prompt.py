"""The prompt box of a structured chat: its settings, keys, completion, images, and what it sends."""

from __future__ import annotations

import os
import subprocess
from itertools import combinations
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QRect, Qt, QUrl
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QInputMethodEvent,
    QKeySequence,
    QShortcut,
    QTextCursor,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QPushButton

from gui.chat.prompt.queue import QueueRow
from gui.input import refused_keys as refused_keys_module
from gui.input.refused_keys import refused_keys
from session_host.protocol.codec import MAX_FRAME_BYTES, encode
from session_host.protocol.messages import (
    AnswerRequest,
    ChangeSetting,
    Interrupt,
    Prompt,
    ReleaseHeld,
    SendNow,
    WithdrawPrompt,
)
from session_host.structured.dialects.codex.settings import shown as codex_settings
from session_host.structured.dialects.codex.state import ThreadSettings
from session_host.structured.items import (
    NOT_STOPPED,
    Capabilities,
    CapabilitiesKnown,
    ChatState,
    CommandsChanged,
    SetStatus,
    Setting,
    SettingChoice,
    SettingsChanged,
    SlashCommand,
    StateChanged,
    UsageChanged,
)
from session_host.structured.mentions import mentions
from tests.support.chat_view_harness import ChatViewHarness, ShowChat
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat, command_request, having, long_chat

pytestmark = pytest.mark.e2e

WAIT_S = 60.0
LONG_MS = 600_000
"""A time limit between two presses that even a busy machine does not exceed."""
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier


def test_settings_and_tokens_are_below_the_prompt(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    choices = (SettingChoice("a", "Fast"), SettingChoice("b", "Careful"))
    chat.apply(SettingsChanged((Setting("m", "Model", "a", choices, "model"),)))
    chat.apply(UsageChanged(84_000, 200_000, 1_250_000, 1.234, "USD"))
    shown = show_chat(chat)
    row = shown.view.prompt.settings
    assert row.usage.context.text() == "42 % context"
    assert row.usage.accessibleDescription().splitlines() == [
        "42 % context",
        "84,000 of 200,000 tokens",
        "1,250,000 tokens in all turns",
        "about 1.23 USD, according to the agent",
    ]
    [button] = [chip.button for chip in row._chips]
    assert button.text().startswith("Fast")
    button.click()
    menu = QApplication.activePopupWidget()
    assert menu is not None
    menu.actions()[1].trigger()
    menu.close()
    assert shown.of(ChangeSetting) == [("m", "b")]


def test_settings_read_as_people_say_them_and_the_agents_own_names_stay(show_chat: ShowChat) -> None:
    codex = ThreadSettings(mode="plan", approvals="on-request", sandbox="workspace-write", effort="xhigh", model="gpt")
    own = Setting("own", "Mode", "y", (SettingChoice("y", "YOLO"),), "mode")
    new = Setting("new", "Style", "", (SettingChoice("y", "Terse"),))
    chat = ScriptedChat()
    chat.apply(SettingsChanged((*codex_settings(codex), own, new)))
    shown = show_chat(chat)
    texts = [chip.button.text().removesuffix(" ▾") for chip in shown.view.prompt.settings._chips]
    assert texts == [
        "gpt",
        "Effort: very high",
        "Mode: plan",
        "Mode: YOLO",
        "Approvals: ask when needed",
        "Sandbox: this folder",
        "Style",
    ]


def test_a_narrow_view_has_room_for_the_prompt_box(show_chat: ShowChat) -> None:
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
    assert shown.of(ChangeSetting) == [("s2", "a")]


def test_buttons_do_not_overlap_in_the_narrowest_views(show_chat: ShowChat) -> None:
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

    def all_are_there() -> bool:
        return all(each.isVisible() for each in (prompt._stop, prompt._send, prompt._attach))

    process_events_until(all_are_there, WAIT_S, "the layout of the widest view")
    assert buttons_are_apart()


def test_a_click_beside_the_buttons_of_the_prompt_box_gives_it_the_keyboard(show_chat: ShowChat) -> None:
    shown = show_chat(ScriptedChat())
    prompt = shown.view.prompt
    shown.view.page.setFocus()
    beside = QPoint(prompt.width() // 2, prompt.height() - 12)
    assert not isinstance(prompt.childAt(beside), QPushButton)
    QTest.mouseClick(prompt.childAt(beside) or prompt, Qt.MouseButton.LeftButton)
    assert prompt.editor.hasFocus()


def test_the_prompt_box_leaves_a_question_to_itself_and_says_what_enter_does(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.apply(StateChanged("requires_action"))
    shown = show_chat(chat)
    prompt = shown.view.prompt
    assert not prompt._message.isVisible()
    QTest.keyClicks(prompt.editor, "y")
    assert prompt._message.text().startswith("Enter queues the prompt")
    assert prompt._message.isVisible()
    shown.view.setMinimumSize(1, 1)  # A pane may be smaller than the view's minimum size.
    shown.view.resize(120, 500)
    shown.settle()
    assert not prompt._message.isVisible(), "it would take many lines"


def test_ctrl_shift_z_goes_to_the_window_and_redoes_a_change_if_the_window_does_not_use_it(show_chat: ShowChat) -> None:
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


def test_ctrl_y_redoes_a_change_and_the_context_menu_shows_this_key(show_chat: ShowChat) -> None:
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


def test_ctrl_shift_enter_goes_to_the_window_and_never_sends_a_draft(show_chat: ShowChat) -> None:
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
    assert shown.of(Prompt) == []
    assert shown.view.prompt.editor.toPlainText() == "half a th"


def test_ctrl_c_copies_the_marked_text_of_a_message_before_it_stops_the_turn(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("agent", "an answer to copy")
    shown = show_chat(chat)
    chat.run()
    shown.settle()
    shown.view.page.select_all()
    shown.view.prompt.editor.setFocus()
    shown.press(Qt.Key.Key_C, CONTROL)
    assert QApplication.clipboard().text().startswith("an answer to copy")
    assert shown.of(Interrupt) == []
    shown.press(Qt.Key.Key_C, CONTROL)
    assert shown.of(Interrupt) == [()]


def test_the_hint_in_the_empty_field_is_as_large_as_typed_text(show_chat: ShowChat) -> None:
    shown = show_chat(ScriptedChat())
    shown.view.page.set_font_size(19)
    editor = shown.view.prompt.editor
    assert editor.viewport().font().pixelSize() == editor.font().pixelSize() == 19


def test_escape_twice_stops_the_turn_and_once_shows_a_hint(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    shown = show_chat(chat)
    prompt = shown.view.prompt
    hint = "Press Escape again to stop this turn"
    for _ in range(2):
        shown.press(Qt.Key.Key_Escape)
    chat.run()
    shown.settle()
    assert shown.of(Interrupt) == [], "nothing was running"
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
    assert shown.of(Interrupt) == []
    shown.press(Qt.Key.Key_Escape)
    assert shown.of(Interrupt) == [()]
    assert prompt.editor.toPlainText() == "wait"


def test_ctrl_home_in_the_prompt_goes_to_its_beginning_and_then_to_that_of_the_messages(show_chat: ShowChat) -> None:
    shown = show_chat(long_chat(60))
    scroller = shown.view.page.scroller
    shown.press(Qt.Key.Key_Home, CONTROL)
    assert "Prompt 0" in shown.shown()
    shown.press(Qt.Key.Key_End, CONTROL)
    assert scroller.is_following_end
    shown.type("a draft")
    shown.press(Qt.Key.Key_Home, CONTROL)
    assert shown.view.prompt.editor.textCursor().atStart()
    assert scroller.is_following_end, "the cursor has moved"
    shown.press(Qt.Key.Key_Home, CONTROL)
    assert "Prompt 0" in shown.shown()


def test_sending_a_queued_prompt_now_is_offered_only_while_a_turn_can_be_stopped(show_chat: ShowChat) -> None:
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


def test_enter_at_a_queued_prompts_button_never_acts_on_another_prompt(
    show_chat: ShowChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused_keys_module, "KEYS_AFTER_MS", 600_000)
    chat = ScriptedChat()
    shown = show_chat(chat)
    chat.run()
    items = [chat.put("user", text, status="queued") for text in ("first", "second", "third")]
    shown.settle()

    def rows() -> dict[str, QueueRow]:
        return {row.text: row for row in shown.view.prompt.queue.rows}

    assert rows()["second"].take_keyboard("drop")
    chat.apply(SetStatus(items[0], "done", 1))  # The agent takes it.
    shown.settle()
    assert rows()["second"].has_keyboard
    assert not refused_keys.is_refusing
    chat.apply(SetStatus(items[1], "done", 1))
    shown.settle()
    assert rows()["third"].has_keyboard
    QTest.keyClick(rows()["third"].buttons["drop"], Qt.Key.Key_Space)
    assert shown.of(WithdrawPrompt) == [], "the key was meant for the second"
    refused_keys.end()
    QTest.keyClick(rows()["third"].buttons["drop"], Qt.Key.Key_Space)
    assert [each[0] for each in shown.of(WithdrawPrompt)] == [items[2]]


def test_up_brings_prompts_from_elsewhere_too(show_chat: ShowChat) -> None:
    """Up knew only prompts of this box and those that were there when the chat was opened."""
    chat = ScriptedChat()
    chat.put("user", "opened with", status="done")
    shown = show_chat(chat)
    shown.type("typed here")
    shown.press(Qt.Key.Key_Return)
    chat.put("user", "typed here", status="done")
    chat.put("agent", "Yes.", status="done")
    chat.put("user", "from a phone", status="done")
    chat.run()
    chat.put("user", "by a command", status="queued")
    shown.settle()
    chat.put("agent", "Working.", status="done")
    shown.settle()
    editor, found = shown.view.prompt.editor, []
    editor.setPlainText("x")  # An empty box would take the queued prompt back.
    for _ in range(4):
        editor.moveCursor(QTextCursor.MoveOperation.Start)
        shown.press(Qt.Key.Key_Up)
        found.append(editor.toPlainText())
    assert found == ["by a command", "from a phone", "typed here", "opened with"]


def test_up_in_the_empty_box_withdraws_queued_prompts_from_the_last(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.run()
    first, second = [chat.put("user", text, status="queued") for text in ("first", "second")]
    chat.put("tool", tool="read", title="a.py", status="done")
    shown = show_chat(chat)
    editor = shown.view.prompt.editor
    assert shown.queued() == ["Next · first", "second"]
    assert "first" not in shown.shown()
    assert "Up puts the last queued prompt back" in editor.placeholderText()
    for _ in range(3):
        shown.press(Qt.Key.Key_Up)
    assert shown.of(WithdrawPrompt) == [(second,), (first,)]
    assert editor.toPlainText() == "", "the host has not answered"
    for each in (second, first):
        chat.apply(SetStatus(each, "withdrawn"))
    shown.settle()
    assert editor.toPlainText() == "first\nsecond"
    assert editor.textCursor().atEnd()
    assert "Removed from the queue: second" in shown.shown()


def test_composed_text_hides_the_placeholder_and_enter_does_not_send_it(show_chat: ShowChat) -> None:
    shown = show_chat()
    editor = shown.view.prompt.editor
    hint = editor.placeholderText()
    QApplication.sendEvent(editor, QInputMethodEvent("にほん", []))
    assert editor.placeholderText() == "", "it would be under the text"
    shown.type("before")
    QApplication.sendEvent(editor, QInputMethodEvent("にほん", []))
    shown.press(Qt.Key.Key_Return)
    assert shown.of(Prompt) == []
    committed = QInputMethodEvent("", [])
    committed.setCommitString("日本")
    QApplication.sendEvent(editor, committed)
    shown.press(Qt.Key.Key_Return)
    assert shown.of(Prompt) == [("before日本", "queue", ())]
    assert editor.placeholderText() == hint


def test_a_prompt_in_a_right_to_left_script_is_right_aligned(show_chat: ShowChat) -> None:
    editor = show_chat().view.prompt.editor
    middle = editor.width() // 2
    editor.insertPlainText("שלום, קובץ api.py")
    assert editor.cursorRect().x() > middle
    editor.clear()
    assert editor.cursorRect().x() < middle
    editor.insertPlainText("in English")
    assert editor.cursorRect().x() < middle


def test_a_queued_prompt_is_sent_now_by_its_button_and_the_first_one_by_a_key_in_the_empty_box(
    show_chat: ShowChat,
) -> None:
    chat = ScriptedChat()
    first, second = [chat.put("user", text, status="queued") for text in ("first", "second")]
    shown = show_chat(chat)
    assert not shown.queue_buttons("send_now"), "no turn runs that could be stopped"
    chat.run()
    shown.settle()
    shown.press_queue_button("send_now", 1)
    assert shown.of(SendNow) == [(second,)]
    shown.press(Qt.Key.Key_Return, CONTROL, ALT)
    assert shown.of(SendNow) == [(second,), (first,)]
    shown.type("urgent")
    shown.press(Qt.Key.Key_Return, CONTROL, ALT)
    assert len(shown.of(SendNow)) == 2
    assert shown.of(Prompt) == [("urgent", "interrupt", ())]
    assert shown.of(Interrupt) == [], "after a stop, the queue would wait"


def test_prompts_that_wait_after_a_stop_are_sent_or_discarded_by_buttons_above_them(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    first, second = [chat.put("user", text, status="queued") for text in ("first", "second")]
    shown = show_chat(chat)
    assert not shown.queue_buttons("send_held")
    for each in (first, second):
        chat.apply(SetStatus(each, "held"))
    shown.settle()
    assert shown.queued() == ["2 prompts wait, since you stopped the turn", "first", "second"]
    assert shown.queue_buttons("send_now") == []
    shown.press(Qt.Key.Key_Up)
    assert shown.of(WithdrawPrompt) == [(second,)]
    chat.apply(SetStatus(second, "withdrawn"))
    shown.settle()
    assert shown.queued() == ["1 prompt waits, since you stopped the turn", "first"]
    assert shown.view.prompt.editor.toPlainText() == "second"
    shown.press_queue_button("send_held")
    shown.press_queue_button("discard_held")
    assert shown.of(ReleaseHeld) == [(False,), (True,)]
    chat.apply(SetStatus(first, "withdrawn"))
    shown.settle()
    assert shown.queued() == []


def test_prompts_that_wait_in_a_chat_that_sleeps_are_shown_and_wait(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("user", "first", status="held")
    chat.apply(StateChanged("ended"))
    shown = show_chat(chat)
    shown.view.prompt.set_resumes(True, wakes=True)
    assert shown.queued() == ["1 prompt waits, since you stopped the turn", "first"]
    assert not [each for row in shown.view.prompt.queue.rows for each in row.buttons]
    shown.press(Qt.Key.Key_Up)
    shown.press(Qt.Key.Key_Return, CONTROL, ALT)
    assert (shown.of(WithdrawPrompt), shown.of(SendNow)) == ([], [])


def test_a_long_queue_shows_its_first_prompts_and_keeps_the_keyboard_on_a_button(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.run()
    prompts = [chat.put("user", f"prompt {number}\nwith more", status="queued") for number in range(5)]
    shown = show_chat(chat)
    assert shown.queued() == [
        "Next · prompt 0 with more",
        "prompt 1 with more",
        "prompt 2 with more",
        "and 2 more prompts",
    ]
    shown.press_queue_button("drop", 1)
    assert shown.of(WithdrawPrompt) == [(prompts[1],)]
    assert shown.view.prompt.is_empty, "it is not put back"
    shown.queue_buttons("drop")[0].setFocus()
    chat.apply(SetStatus(prompts[1], "withdrawn"))
    shown.settle()
    assert shown.queued()[1] == "prompt 2 with more"
    assert shown.queue_buttons("drop")[0].hasFocus()
    shown.view.resize(300, 200)
    shown.settle()
    assert shown.queued() == ["Next · prompt 0 with more", "and 3 more prompts"], "a low pane has room for one"


def test_a_line_break_that_a_program_types_for_the_user_begins_a_line(show_chat: ShowChat) -> None:
    shown = show_chat()
    editor = shown.view.prompt.editor
    subprocess.run(["xdotool", "type", "one\ntwo"], check=True, timeout=60)
    process_events_until(lambda: editor.toPlainText().endswith("two"), WAIT_S, "the text")
    assert editor.toPlainText() == "one\ntwo"


def test_images_are_attached_by_a_button_if_the_agent_takes_them(show_chat: ShowChat, tmp_path: Path) -> None:
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


def test_a_prompt_that_is_too_large_is_kept_and_reported(show_chat: ShowChat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gui.chat.prompt.box.MAX_PROMPT_BYTES", 100)
    shown = show_chat()
    text = "x" * 101
    shown.view.prompt.editor.setPlainText(text)
    shown.press(Qt.Key.Key_Return)
    assert not shown.of(Prompt)
    assert "too large" in shown.emitted("notice_given")[0][0]
    assert shown.view.prompt.editor.toPlainText() == text


def test_files_and_commands_are_completed(show_chat: ShowChat, tmp_path: Path) -> None:
    (tmp_path / "retry.py").touch()
    chat = ScriptedChat()
    chat.apply(CommandsChanged((SlashCommand("review", "Look at the changes"), SlashCommand("init"))))
    shown = show_chat(chat, str(tmp_path))
    offers = shown.view.prompt.completion.list
    shown.type("see @ret")
    process_events_until(offers.isVisible, WAIT_S, "the files to be offered")
    shown.press(Qt.Key.Key_Return)
    assert shown.view.prompt.editor.toPlainText() == "see @retry.py "
    shown.view.prompt.editor.clear()
    shown.type("@rpy")
    assert offers.isVisible()
    assert list(shown.view.prompt.completion.positions(0)) == [0, 6, 7]
    plain, accent = offers.viewport().grab().toImage(), shown.view.theme.tokens.color("accent")
    marked = {(x, y) for x in range(plain.width()) for y in range(plain.height()) if plain.pixelColor(x, y) == accent}
    assert len({y for _x, y in marked}) == 1
    shown.view.prompt.editor.clear()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").touch()
    shown.view.prompt.completion.files.set_directory(f"{tmp_path}/")  # The list of the previous text is not shown.
    shown.type("@sr")
    process_events_until(offers.isVisible, WAIT_S, "the folder to be offered")
    shown.press(Qt.Key.Key_Tab)
    assert shown.view.prompt.editor.toPlainText() == "@src/"
    assert offers.isVisible()
    shown.press(Qt.Key.Key_Tab)
    assert shown.view.prompt.editor.toPlainText() == "@src/app.py "
    assert not offers.isVisible()
    shown.view.prompt.editor.clear()
    shown.type("/re")
    assert offers.isVisible()
    shown.press(Qt.Key.Key_Escape)
    assert not offers.isVisible()
    shown.type("v")
    shown.press(Qt.Key.Key_Tab)
    assert shown.view.prompt.editor.toPlainText() == "/review "
    assert not shown.of(Prompt)


def test_long_descriptions_of_commands_are_elided_in_the_list(show_chat: ShowChat, tmp_path: Path) -> None:
    chat = ScriptedChat()
    chat.apply(CommandsChanged(tuple(SlashCommand(f"skill-{number}", "Use it when " * 60) for number in range(12))))
    shown = show_chat(chat, str(tmp_path))
    offers = shown.view.prompt.completion.list
    shown.type("/")
    assert offers.isVisible()
    shown.settle()
    assert offers.horizontalScrollBar().maximum() == 0
    eighth = offers.visualRect(offers.model().index(7, 0))
    assert offers.viewport().rect().contains(eighth), (offers.viewport().rect(), eighth)


def test_a_file_is_completed_behind_emoji_before_a_text(show_chat: ShowChat, tmp_path: Path) -> None:
    (tmp_path / "retry.py").touch()
    shown = show_chat(ScriptedChat(), str(tmp_path))
    editor, offers = shown.view.prompt.editor, shown.view.prompt.completion.list
    editor.insertPlainText("🎉🎉 see  and fix it")
    for _ in " and fix it":
        shown.press(Qt.Key.Key_Left)
    shown.type("@ret")
    process_events_until(offers.isVisible, WAIT_S, "the files to be offered")
    shown.press(Qt.Key.Key_Return)
    assert editor.toPlainText() == "🎉🎉 see @retry.py and fix it"


def test_a_chosen_file_is_written_so_that_the_agent_gets_it(show_chat: ShowChat, tmp_path: Path) -> None:
    (tmp_path / "Makefile").touch()
    (tmp_path / "my notes").mkdir()
    (tmp_path / "my notes" / "a b.txt").touch()
    shown = show_chat(ScriptedChat(), str(tmp_path))
    editor, offers = shown.view.prompt.editor, shown.view.prompt.completion.list
    shown.type("@Mak")
    process_events_until(offers.isVisible, WAIT_S, "the files to be offered")
    shown.press(Qt.Key.Key_Return)
    assert editor.toPlainText() == "@./Makefile "
    shown.type("@myn")
    shown.press(Qt.Key.Key_Tab)
    assert editor.toPlainText() == '@./Makefile @"my notes/'
    assert offers.isVisible()
    shown.press(Qt.Key.Key_Tab)
    assert editor.toPlainText() == '@./Makefile @"my notes/a b.txt" '
    assert not offers.isVisible()
    assert mentions(editor.toPlainText()) == ["./Makefile", "my notes/a b.txt"]
    editor.clear()
    shown.view.prompt.attaching.add_files([str(tmp_path / "my notes" / "a b.txt")])
    assert editor.toPlainText() == '@"my notes/a b.txt" '


NONE, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton


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
    show_chat: ShowChat, tmp_path: Path
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


def test_what_a_chat_cannot_take_is_left_to_the_window(show_chat: ShowChat) -> None:
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


def test_a_paste_goes_into_the_prompt_also_from_the_messages_and_from_a_question(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("agent", "an answer")
    chat.ask(command_request("make"))
    shown = show_chat(chat)
    QGuiApplication.clipboard().setText("pasted ")
    shown.view.page.setFocus()
    shown.press(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert shown.view.prompt.editor.hasFocus()
    assert shown.view.show_request()
    shown.settle()
    shown.press(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert shown.view.prompt.editor.toPlainText() == "pasted pasted "
    assert shown.of(AnswerRequest) == []


def test_the_end_of_a_long_text_that_was_pasted_from_the_messages_is_shown(show_chat: ShowChat) -> None:
    shown = show_chat(having("agent", "an answer"))
    editor = shown.view.prompt.editor
    QGuiApplication.clipboard().setText("\n".join(f"line {number}" for number in range(120)))
    shown.view.page.setFocus()
    shown.press(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert editor.viewport().rect().contains(editor.cursorRect()), (editor.viewport().rect(), editor.cursorRect())


@pytest.mark.parametrize("keys", [(Qt.Key.Key_Return, SHIFT), (Qt.Key.Key_Return, ALT), (Qt.Key.Key_J, CONTROL)])
def test_enter_sends_and_with_shift_as_in_other_programs_a_line_begins(
    show_chat: ShowChat, keys: tuple[Qt.Key, Qt.KeyboardModifier]
) -> None:
    shown = show_chat()
    shown.type("one")
    shown.press(*keys)
    shown.type("two")
    shown.press(Qt.Key.Key_Return)
    assert shown.of(Prompt) == [("one\ntwo", "queue", ())]
    assert shown.view.prompt.editor.toPlainText() == ""
    shown.press(Qt.Key.Key_Return)
    assert len(shown.of(Prompt)) == 1
    shown.press(Qt.Key.Key_Up)
    assert shown.view.prompt.editor.toPlainText() == "one\ntwo"


def test_during_a_turn_enter_queues_ctrl_enter_steers_and_ctrl_alt_enter_interrupts_as_the_box_says(
    show_chat: ShowChat,
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
    shown.press(Qt.Key.Key_Return, CONTROL)
    shown.type("first")
    shown.press(Qt.Key.Key_Return, CONTROL, Qt.KeyboardModifier.AltModifier)
    modes = [("later", "queue"), ("now", "steer"), ("first", "interrupt")]
    assert [each[:2] for each in shown.of(Prompt)] == modes


def test_ctrl_c_stops_the_turn_only_with_nothing_selected(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    shown = show_chat(chat)
    shown.press(Qt.Key.Key_C, CONTROL)
    assert not shown.of(Interrupt)
    chat.run()
    shown.settle()
    shown.type("text")
    shown.press(Qt.Key.Key_A, CONTROL)
    shown.press(Qt.Key.Key_C, CONTROL)
    assert not shown.of(Interrupt)
    shown.press(Qt.Key.Key_End)
    shown.press(Qt.Key.Key_C, CONTROL)
    shown.view.prompt._stop.click()
    assert shown.of(Interrupt) == [(), ()]


def test_a_queued_prompt_is_withdrawn_and_a_failed_one_sent_again(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("user", "lost", status="unconfirmed")
    queued = chat.put("user", "in the queue", status="queued")
    shown = show_chat(chat)
    shown.press_queue_button("withdraw")
    shown.click(shown.control("again"))
    assert shown.of(WithdrawPrompt) == [(queued,)]
    assert shown.of(Prompt) == [("lost", "queue", ())]
    chat.apply(SetStatus(queued, "withdrawn"))
    shown.settle()
    assert "Removed from the queue" in shown.shown()


def test_a_prompt_that_was_never_sent_says_so_and_is_given_back(show_chat: ShowChat) -> None:
    shown = show_chat(having("user", "left in the queue", status="unsent"))
    assert "Not sent: the agent ended before" in shown.shown()
    shown.click(shown.control("reuse"))
    assert shown.view.prompt.editor.toPlainText() == "left in the queue"


def test_an_agent_that_does_not_stop_can_be_ended(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.apply(StateChanged("running", "t", NOT_STOPPED))
    shown = show_chat(chat)
    shown.click(shown.control("end"))
    assert shown.emitted("end_requested") == [()]


def test_a_pasted_image_is_sent_with_the_prompt(show_chat: ShowChat) -> None:

    shown = show_chat()
    image = QImage(20, 10, QImage.Format.Format_RGB32)
    image.fill(0x336699)
    QGuiApplication.clipboard().setImage(image)
    shown.press(Qt.Key.Key_V, CONTROL)
    assert len(shown.view.prompt.attachments.images) == 1
    shown.type("look")
    shown.press(Qt.Key.Key_Return)
    [(text, _mode, images)] = shown.of(Prompt)
    assert text == "look"
    assert images[0].mime == "image/png"
    assert not shown.view.prompt.attachments.images


def test_large_images_are_scaled_down_so_that_the_prompt_can_be_sent(show_chat: ShowChat, tmp_path: Path) -> None:

    shown = show_chat()
    noise = QImage(os.urandom(2600 * 1300 * 4), 2600, 1300, QImage.Format.Format_RGB32)
    assert noise.save(str(tmp_path / "large.png"), quality=100)
    assert (tmp_path / "large.png").stat().st_size > MAX_FRAME_BYTES
    shown.view.prompt.editor.files_given.emit([str(tmp_path / "large.png")])
    shown.view.prompt.editor.image_given.emit(noise)
    shown.type("look")
    shown.press(Qt.Key.Key_Return)
    [(_text, _mode, images)] = shown.of(Prompt)
    assert [each.mime for each in images] == ["image/jpeg"] * 2
    assert len(encode(Prompt("look", images=images, attachment="att", sequence=1))) <= MAX_FRAME_BYTES
    sizes = [QImage.fromData(each.data).size() for each in images]
    assert all(500 <= size.width() <= 2000 and abs(size.width() - 2 * size.height()) <= 2 for size in sizes)
    assert QImage.fromData(images[0].data).height() > 100


def test_text_typed_while_the_messages_have_the_focus_goes_to_the_prompt_box(show_chat: ShowChat) -> None:
    shown = show_chat(long_chat(10))
    shown.view.page.setFocus()
    QTest.keyClicks(shown.view.page, "h")
    assert shown.view.prompt.editor.toPlainText() == "h"
    assert shown.view.prompt.editor.hasFocus()
