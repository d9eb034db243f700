"""A key that is held answers and ends one thing only, and none that nobody has seen; on a real X server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gui.input import in_sight
from gui.input.held_keys import ShortcutAction, is_repeat
from gui.input.in_sight import InSight
from gui.input.keys import KeyTranslator
from gui.input.refused_keys import refused_keys
from session_host.protocol.messages import AnswerRequest, Interrupt, PassAmount, WithdrawPrompt
from session_host.protocol.values import KeyAction
from session_host.structured.items import AgentRequest, Question
from tests.support.chat_view_harness import ChatViewHarness, ShowChat
from tests.support.displays import XServer
from tests.support.qt_waiting import process_events_until, show_active
from tests.support.scripted_chat import ScriptedChat, asking, command_request

pytestmark = pytest.mark.e2e

WAIT_S = 60.0
MANY = 12
"""So many repeats of a key come within half a second."""
ALT = Qt.KeyboardModifier.AltModifier


class Presses(QObject):
    """Counts the presses that come to a widget, also those of shortcuts."""

    def __init__(self, widget: QObject) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
        self.count += event.type() is QEvent.Type.ShortcutOverride
        return False


@contextmanager
def held(*keys: str) -> Iterator[None]:
    """Hold keys of the X server."""
    for key in keys:
        subprocess.run(["xdotool", "keydown", key], check=True, timeout=60)
    try:
        yield
    finally:
        for key in reversed(keys):
            subprocess.run(["xdotool", "keyup", key], check=True, timeout=60)


@pytest.fixture
def widget(qapp: QApplication, window_manager: None, display: XServer) -> Iterator[QWidget]:
    widget = QWidget()
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.resize(300, 200)
    show_active(widget)
    widget.setFocus()
    yield widget
    widget.close()
    widget.deleteLater()


@pytest.mark.parametrize("repeats", [False, True])
def test_a_held_shortcut_runs_once_unless_it_repeats(widget: QWidget, repeats: bool) -> None:
    presses, runs = Presses(widget), list[bool]()
    action = ShortcutAction("end", widget)
    action.setAutoRepeat(repeats)
    action.setShortcut(QKeySequence("Ctrl+B"))
    action.triggered.connect(lambda: runs.append(True))
    widget.addAction(action)
    with held("ctrl", "b"):
        process_events_until(lambda: presses.count >= MANY, WAIT_S, "the key to repeat")
    assert len(runs) > 3 if repeats else len(runs) == 1
    action.trigger()
    assert len(runs) > 4 if repeats else len(runs) == 2, "a click is no held key"
    with held("ctrl", "b"):
        process_events_until(lambda: len(runs) > 2, WAIT_S, "the next press")


def stroke(kind: QEvent.Type, at_ms: int, *, is_marked: bool = False) -> QKeyEvent:
    event = QKeyEvent(kind, Qt.Key.Key_X.value, Qt.KeyboardModifier.NoModifier, "x", is_marked)
    event.setTimestamp(at_ms)
    return event


def test_a_press_at_the_time_of_the_release_before_it_is_a_repeat(widget: QWidget) -> None:
    press, release = QEvent.Type.KeyPress, QEvent.Type.KeyRelease
    assert not is_repeat(stroke(press, 1_000))
    assert is_repeat(stroke(press, 0, is_marked=True)), "the window system's own marks count"
    QApplication.sendEvent(widget, stroke(release, 1_500))
    assert is_repeat(stroke(press, 1_500))
    assert not is_repeat(stroke(press, 1_530)), "the user has pressed it again"
    QApplication.sendEvent(widget, stroke(release, 2_000, is_marked=True))
    assert not is_repeat(stroke(press, 2_000)), "Wayland marks both, or none"


def test_a_held_letter_goes_on_typing_in_the_terminal_that_has_its_first_press(widget: QWidget) -> None:
    press, release = QEvent.Type.KeyPress, QEvent.Type.KeyRelease
    translator, other = KeyTranslator(), KeyTranslator()
    first = translator.pressed(stroke(press, 1_000))
    assert first is not None
    for at_ms in (1_500, 1_530):
        QApplication.sendEvent(widget, stroke(release, at_ms))
        ended, again = translator.released(stroke(release, at_ms)), translator.pressed(stroke(press, at_ms))
        assert ended is not None
        assert again is not None
        assert (ended.action, again.action, again.text) == (KeyAction.RELEASE, KeyAction.PRESS, "x")
        assert other.pressed(stroke(press, at_ms)) is None, "the key was pressed elsewhere"


def test_a_key_is_held_although_its_release_was_refused(widget: QWidget) -> None:
    press, release = QEvent.Type.KeyPress, QEvent.Type.KeyRelease
    assert not is_repeat(stroke(press, 1_000))
    refused_keys.begin()
    QApplication.sendEvent(widget, stroke(release, 1_500))
    refused_keys.end()
    assert is_repeat(stroke(press, 1_500))


def repeat(shown: ChatViewHarness, key: Qt.Key) -> None:
    """The repeats of a key that is held."""
    for _ in range(MANY):
        focused = shown.view.window().focusWidget()
        assert focused is not None
        QApplication.sendEvent(
            focused, QKeyEvent(QEvent.Type.KeyPress, key.value, Qt.KeyboardModifier.NoModifier, "", True)
        )
        shown.settle()


def test_a_held_enter_answers_one_question_of_a_form(show_chat: ShowChat) -> None:
    questions = tuple(Question(name, f"Which {name}?", ("main", "dev"), free=False) for name in ("base", "end", "tag"))
    shown = show_chat(asking(AgentRequest("r1", "question", 1, "Three questions", "", questions=questions)))
    card = shown.card("r1")
    card.take_focus()
    shown.settle()
    shown.press(Qt.Key.Key_Return)
    assert card._form.number == 1
    repeat(shown, Qt.Key.Key_Return)
    assert card._form.number == 1, "nobody has read the second question"
    for _ in questions[1:]:
        shown.press(Qt.Key.Key_Return)
    assert len(shown.of(AnswerRequest)) == 1


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_a_held_key_does_not_answer_about_an_amount(show_chat: ShowChat, key: Qt.Key) -> None:
    chat = ScriptedChat()
    shown = show_chat(chat)
    chat.put("user", "go on", status="held", title="10.04 USD of 10.00 in this chat")
    shown.settle()
    shown.view.prompt.editor.setFocus()
    repeat(shown, key)
    assert shown.of(PassAmount) == shown.of(WithdrawPrompt) == []
    shown.press(key)
    assert len(shown.of(PassAmount)) + len(shown.of(WithdrawPrompt)) == 1


def below_the_page(show_chat: ShowChat) -> ChatViewHarness:
    """A view that is so low that the answers are below what is shown."""
    options = tuple(f"option {number}" for number in range(8))
    questions = (Question("q", "Which one?", options, free=False),)
    chat = asking(
        AgentRequest("r1", "question", 1, "One question", "\n".join("line" for _ in range(30)), questions=questions)
    )
    shown = show_chat(chat)
    shown.view.resize(900, 330)
    shown.settle()
    return shown


def test_of_three_questions_a_held_key_answers_the_one_that_was_on_screen(show_chat: ShowChat) -> None:
    chat = asking(command_request("make one"))
    shown = show_chat(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    presses = Presses(shown.view.prompt.editor)
    with held("alt", "y"):
        process_events_until(lambda: bool(shown.of(AnswerRequest)), WAIT_S, "the answer")
        chat.resolve("r1", "yes", "Allow", "window")
        chat.ask(command_request("make two", request_id="r2"))
        shown.settle()
        process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the next command to be seen")
        seen = presses.count
        process_events_until(lambda: presses.count >= seen + MANY, WAIT_S, "the key to repeat")
    assert [answer[0] for answer in shown.of(AnswerRequest)] == ["r1"]
    with held("alt", "y"):
        process_events_until(lambda: len(shown.of(AnswerRequest)) == 2, WAIT_S, "a press of its own")


class Clock:
    """A time that stands."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        monkeypatch.setattr(in_sight, "KEYS_AFTER_PAINT_MS", 300)
        monkeypatch.setattr(InSight, "clock", staticmethod(lambda: self.now_s))


def test_a_key_counts_from_a_moment_after_the_first_paint_on(
    show_chat: ShowChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    shown = show_chat(asking(command_request("make")))
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    for key in (Qt.Key.Key_N, Qt.Key.Key_Y):
        shown.press(key, ALT)
    clock.now_s += 0.29
    shown.press(Qt.Key.Key_N, ALT)
    assert shown.of(AnswerRequest) == []
    clock.now_s += 0.02
    shown.press(Qt.Key.Key_N, ALT)
    assert len(shown.of(AnswerRequest)) == 1


def test_escape_twice_quickly_shows_the_row_and_withdraws_nothing(
    show_chat: ShowChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    shown = show_chat(asking(command_request("make")))
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    clock.now_s += 1
    for _ in range(3):
        shown.press(Qt.Key.Key_Escape)
    shown.press(Qt.Key.Key_Y, ALT)
    assert shown.button("Withdraw").isVisible(), "a key before that does not close the row either"
    assert shown.of(Interrupt) == shown.of(AnswerRequest) == []
    clock.now_s += 0.31
    shown.press(Qt.Key.Key_Escape)
    assert len(shown.of(Interrupt)) == 1


def test_a_key_for_answers_that_are_not_in_sight_shows_them(
    show_chat: ShowChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch)
    shown = below_the_page(show_chat)
    card = shown.card("r1")
    button = card.button_of("allow_once")
    assert button is not None
    assert card.isVisible()
    assert card.visibleRegion().isEmpty()
    shown.press(Qt.Key.Key_Y, ALT)
    assert not button.visibleRegion().isEmpty()
    assert shown.of(AnswerRequest) == []


def test_escape_scrolls_to_the_row_that_asks_once_more_and_then_withdraws(
    show_chat: ShowChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    shown = below_the_page(show_chat)
    shown.press(Qt.Key.Key_Escape)
    assert not shown.button("Withdraw").isHidden()
    shown.press(Qt.Key.Key_Escape)
    assert not shown.button("Withdraw").visibleRegion().isEmpty()
    assert shown.of(Interrupt) == []
    clock.now_s += 0.31
    shown.press(Qt.Key.Key_Escape)
    assert len(shown.of(Interrupt)) == 1


def test_a_held_key_presses_the_button_with_the_keyboard_once(
    show_chat: ShowChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = show_chat(ScriptedChat())
    page = shown.view.page
    runs: list[object] = []
    monkeypatch.setattr(page, "run_action", runs.append)
    page.setFocus()
    page.focused = ("item", 0, 0)
    QTest.keyClick(page, Qt.Key.Key_Return)
    repeat(shown, Qt.Key.Key_Return)
    repeat(shown, Qt.Key.Key_Space)
    assert len(runs) == 1
