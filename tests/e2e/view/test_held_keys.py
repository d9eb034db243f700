"""A key that is held answers and ends one thing only, and none that nobody has seen; on a real X server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

from gui.input import in_sight
from gui.input.held_keys import ShortcutAction, is_repeat
from gui.input.in_sight import InSight
from gui.input.keys import KeyTranslator
from session_host.protocol.messages import AnswerRequest, Interrupt
from session_host.protocol.values import KeyAction
from tests.support.chat_view_harness import ShowChat
from tests.support.displays import XServer
from tests.support.qt_waiting import process_events_until, show_active
from tests.support.scripted_chat import asking, command_request

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
