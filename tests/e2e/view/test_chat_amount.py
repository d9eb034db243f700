"""A prompt that is asked about, since what agents cost has reached an amount: the line over the prompt box."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.chat.prompt.amount import AmountLine
from gui.input import in_sight
from session_host.protocol.messages import PassAmount, Prompt, WithdrawPrompt
from session_host.structured.items import SetStatus
from tests.support.chat_view_harness import WAIT_S, ChatViewHarness, ShowChat
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat

pytestmark = pytest.mark.e2e

WORDS = "10.04 USD of 10.00 in this chat"
TEXT = "Now do the same for the other two importers."
Key = Qt.Key


def held(chat: ScriptedChat, text: str = TEXT) -> str:
    """A prompt that the host holds back, since an amount is reached; returns its id."""
    return chat.put("user", text, status="held", title=WORDS)


def line_of(shown: ChatViewHarness) -> AmountLine:
    found = shown.view.prompt.amount
    assert found is not None
    return found


@pytest.fixture
def chat() -> ScriptedChat:
    made = ScriptedChat()
    made.put("user", "first", status="done", turn="t1")
    made.put("agent", "Done.", status="done", turn="t1")
    return made


@pytest.fixture
def shown(show_chat: ShowChat, chat: ScriptedChat) -> ChatViewHarness:
    return show_chat(chat)


def test_the_line_says_what_was_spent_and_the_text_stays(shown: ChatViewHarness, chat: ScriptedChat) -> None:
    asked: list[str] = []
    shown.view.amount_asked.connect(lambda: asked.append(shown.view.prompt.asked_about))
    assert shown.view.prompt.amount is None
    prompt = held(chat)
    queued = chat.put("user", "behind it", status="queued")
    shown.settle()
    line = line_of(shown)
    assert line.isVisible()
    assert line.accessibleName() == f"{WORDS}."
    assert line._prompt.accessibleName() == TEXT
    assert [button.accessibleName() for button in line.buttons if button.isVisible()] == ["Send this one", "Not now"]
    assert asked == [prompt], "once"
    assert [row.text for row in shown.view.prompt.queue.rows] == ["behind it"], "what is asked about is told once"
    line.show_next_amount("20.00")
    assert line.buttons[1].accessibleName() == "20.00 from now on"
    chat.apply(SetStatus(prompt, "sent", 0))
    chat.apply(SetStatus(queued, "sent", 0))
    shown.settle()
    assert not line.isVisible()
    assert line.item == ""


def test_enter_in_the_empty_box_sends_this_one(shown: ChatViewHarness, chat: ScriptedChat) -> None:
    prompt = held(chat)
    shown.settle()
    editor = shown.view.prompt.editor
    editor.setFocus()
    QTest.keyClicks(editor, "another")
    QTest.keyClick(editor, Key.Key_Return)
    assert [each[0] for each in shown.of(Prompt)] == ["another"], "what is written goes into the queue"
    assert shown.of(PassAmount) == []
    QTest.keyClick(editor, Key.Key_Return)
    assert shown.of(PassAmount) == [(prompt,)]


def test_escape_takes_the_prompt_back_into_the_box(shown: ChatViewHarness, chat: ScriptedChat) -> None:
    prompt = held(chat)
    shown.settle()
    editor = shown.view.prompt.editor
    editor.setFocus()
    QTest.keyClick(editor, Key.Key_Escape)
    assert shown.of(WithdrawPrompt) == [(prompt,)]
    assert shown.of(PassAmount) == []


def test_a_key_that_comes_sooner_than_one_can_read_is_for_what_was_there_before(
    shown: ChatViewHarness, chat: ScriptedChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_sight, "KEYS_AFTER_PAINT_MS", 3_600_000)
    held(chat)
    shown.settle()
    editor = shown.view.prompt.editor
    editor.setFocus()
    QTest.keyClick(editor, Key.Key_Return)
    QTest.keyClick(editor, Key.Key_Escape)
    assert shown.of(PassAmount) == shown.of(WithdrawPrompt) == []


def test_the_higher_amount_is_the_windows_to_set(shown: ChatViewHarness, chat: ScriptedChat) -> None:
    raised: list[bool] = []
    shown.view.amount_raised.connect(lambda: raised.append(True))
    held(chat)
    shown.settle()
    line_of(shown).show_next_amount("20.00")
    line_of(shown).buttons[1].click()
    assert raised == [True]


def test_prompts_of_a_stopped_turn_are_no_question_about_money(shown: ChatViewHarness, chat: ScriptedChat) -> None:
    chat.put("user", "one", status="held")
    shown.settle()
    assert shown.view.prompt.amount is None
    held(chat)
    shown.settle()
    assert line_of(shown).isVisible()
    assert "send_held" in shown.view.prompt.queue.rows[0].buttons
    assert "1 prompt waits" in shown.view.prompt.queue.rows[0].accessibleName()


@pytest.mark.parametrize("width", [1000, 520, 300, 180])
def test_the_buttons_have_room_at_any_width(shown: ChatViewHarness, chat: ScriptedChat, width: int) -> None:
    held(chat)
    shown.settle()
    line = line_of(shown)
    line.show_next_amount("20.00")
    shown.view.resize(width, 700)
    shown.settle()

    def have_room() -> bool:
        corners = [button.mapTo(line, button.rect().bottomRight()) for button in line.buttons if button.isVisible()]
        return len(corners) == 3 and all(p.x() <= line.width() and p.y() <= line.question_px for p in corners)

    process_events_until(have_room, WAIT_S, "the buttons to have room")
