"""The click that activates a window or a pane has no other effect; by a real window manager."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gui.window.widgets.activation import ActivatingClicks
from session_host.protocol.messages import AnswerRequest
from session_host.protocol.values import MouseAction
from tests.e2e.view.conftest import WAIT_S, ReleaseCounter, ShownView
from tests.support.chat_view_harness import ShowChat
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat, command_request
from tests.support.windows import has_keyboard, xdotool


@pytest.fixture
def other(qapp: QApplication, window_manager: None) -> Iterator[QWidget]:
    """Another window, in the lower right corner of the screen."""
    window = QWidget()
    window.resize(100, 100)
    window.move(qapp.primaryScreen().availableGeometry().bottomRight() - window.rect().bottomRight())
    yield window
    window.close()


def activate(window: QWidget) -> None:
    """Give a window the keyboard focus without a click."""
    window.show()
    xdotool("windowactivate", "--sync", str(int(window.winId())))
    process_events_until(
        lambda: window.isActiveWindow() and has_keyboard(int(window.winId())), WAIT_S, "the window to be active"
    )


def click(window: QWidget, widget: QWidget, point: QPointF, *, times: int = 1) -> None:
    """Click by the X server; returns when the window has got all releases."""
    counter = ReleaseCounter(window)
    handle = window.windowHandle()
    handle.installEventFilter(counter)
    at = widget.mapTo(window, point).toPoint()
    way = ["mousemove", "--window", str(int(window.winId())), str(at.x()), str(at.y())]
    xdotool(*way, *["click", "1"] * times)
    process_events_until(lambda: counter.has_counted(times), WAIT_S, "the clicks")
    handle.removeEventFilter(counter)


def press(at: QPointF, at_ms: int) -> QMouseEvent:
    """A press of the left button with the time of an X server, which counts in 32 bits."""
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(QEvent.Type.MouseButtonPress, at, at, left, left, none)
    event.setTimestamp(at_ms & 0xFFFF_FFFF)
    return event


BESIDE = QPointF(12, 0)
"""A click at this distance from another one is no second click of a double click."""


@pytest.mark.parametrize("times", [1, 2])
def test_the_click_that_raises_the_window_allows_nothing(show_chat: ShowChat, other: QWidget, times: int) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("make install"))
    shown = show_chat(chat)
    ActivatingClicks(shown.view).watch()
    allow = shown.button("Allow")
    process_events_until(allow.isEnabled, WAIT_S, "the request to be seen")
    middle = QPointF(allow.rect().center())
    activate(other)
    click(shown.view, allow, middle, times=times)
    process_events_until(shown.view.isActiveWindow, WAIT_S, "the window to be active")
    assert shown.of(AnswerRequest) == []
    click(shown.view, allow, middle + BESIDE)
    assert len(shown.of(AnswerRequest)) == 1


def test_a_press_made_before_the_window_was_active_allows_nothing_also_if_it_arrives_later(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("make install"))
    shown = show_chat(chat)
    allow = shown.button("Allow")
    process_events_until(allow.isEnabled, WAIT_S, "the request to be seen")
    clicks = ActivatingClicks(shown.view)
    before_ms = time.monotonic_ns() // 1_000_000 - 100
    clicks.eventFilter(shown.view, QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.ActiveWindowFocusReason))

    at = QPointF(allow.mapTo(shown.view, allow.rect().center()))
    assert clicks.eventFilter(shown.view, press(at, before_ms))
    assert not clicks.eventFilter(shown.view, press(at, before_ms + 5_000))
    assert clicks.eventFilter(shown.view, press(at, before_ms - 10_000_000)), "the clock of another computer"


def test_the_click_that_raises_the_window_reaches_no_program_that_has_the_mouse(
    show_view: Callable[..., ShownView], other: QWidget
) -> None:
    terminal = show_view()
    terminal.focus()
    view = terminal.view
    ActivatingClicks(view).watch()
    terminal.feed("hello world\x1b[?1003h\x1b[?1006h")
    activate(other)
    at = QPointF(terminal.point(4, 2))
    click(view, view, at)
    process_events_until(view.hasFocus, WAIT_S, "the view to have the keyboard")
    assert terminal.sink.of("mouse") == []
    click(view, view, at + BESIDE)
    clicked = [action for action, *_ in terminal.sink.of("mouse") if action != MouseAction.MOTION]
    assert clicked == [MouseAction.PRESS, MouseAction.RELEASE]

    # Without the mouse's reports, the same press begins a selection.
    terminal.feed("\x1b[?1003l")
    activate(other)
    click(view, view, QPointF(terminal.point(2, 0)), times=2)
    assert terminal.emulator.selected_text() == "hello"


def test_a_program_gets_no_motion_while_another_window_is_active(
    show_view: Callable[..., ShownView], other: QWidget
) -> None:
    terminal = show_view()
    terminal.focus()
    terminal.feed("\x1b[?1003h\x1b[?1006h")
    activate(other)
    terminal.move((5, 2), held=Qt.MouseButton.NoButton)
    assert terminal.sink.of("mouse") == []
    terminal.focus()
    terminal.move((6, 2), held=Qt.MouseButton.NoButton)
    assert [action for action, *_ in terminal.sink.of("mouse")] == [MouseAction.MOTION]


def test_a_program_gets_no_motion_in_an_inactive_window_after_a_menu_got_the_buttons_release(
    show_view: Callable[..., ShownView], other: QWidget
) -> None:
    terminal = show_view()
    terminal.focus()
    terminal.feed("\x1b[?1003h\x1b[?1006h")
    QTest.mousePress(terminal.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, terminal.point(4, 2))
    activate(other)
    for column in (5, 6):
        terminal.move((column, 2), held=Qt.MouseButton.NoButton)
    actions = [(action, column) for action, _button, column, *_ in terminal.sink.of("mouse")]
    assert actions == [(MouseAction.PRESS, 4), (MouseAction.RELEASE, 5)]


def test_the_click_that_activates_a_pane_reaches_no_program_that_has_the_mouse(
    show_view: Callable[..., ShownView],
) -> None:
    terminal = show_view()
    terminal.focus()
    is_inactive = True
    ActivatingClicks(terminal.view, lambda _widget: is_inactive).watch()
    terminal.feed("\x1b[?1000h")
    click(terminal.view, terminal.view, QPointF(terminal.point(4, 2)))
    is_inactive = False
    assert terminal.sink.of("mouse") == []
    click(terminal.view, terminal.view, QPointF(terminal.point(4, 2)) + BESIDE)
    assert len(terminal.sink.of("mouse")) == 2


def test_without_a_window_manager_only_the_first_click_is_lost(
    show_view: Callable[..., ShownView], other: QWidget, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = show_view()
    terminal.feed("\x1b[?1000h")
    activate(other)
    clicks = ActivatingClicks(terminal.view)
    at = QPointF(terminal.point(4, 2))
    monkeypatch.setattr(terminal.view, "isActiveWindow", lambda: True)  # As on Wayland, before the keyboard comes.

    swallowed = [clicks.eventFilter(terminal.view, press(at, at_ms)) for at_ms in (1_000, 5_000, 9_000)]
    assert swallowed == [True, False, False]
