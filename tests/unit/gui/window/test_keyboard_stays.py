"""Keys go where they went: what comes up or goes by itself does not pass them on to another chat."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.input import refused_keys as module
from gui.input.refused_keys import refused_keys
from gui.window.widgets.keys_ahead import HeldKeys
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.errors import LaunchFailed
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import KeyAction, State
from session_host.structured.items import AgentRequest, RequestOpened, RequestOption, RequestResolved
from session_host.structured.transcript import Transcript
from tests.unit.gui.conftest import WindowHarness

REFUSED = "What you typed went nowhere: the keyboard is somewhere else now."
STARTED = "2026-01-02T03:04:05.000Z"


@pytest.fixture(autouse=True)
def ends() -> Any:
    yield
    refused_keys.end()


def typed(harness: WindowHarness, session_id: str) -> str:
    """The text that a chat's program has got."""
    calls = harness.viewers[session_id].calls
    return "".join(call[2] for call in calls if call[0] == "key" and call[4] is KeyAction.PRESS)


async def type_here(harness: WindowHarness, text: str) -> None:
    """Type into what has the keyboard."""
    await harness.until(lambda: QApplication.focusWidget() is not None, "the keyboard")
    for character in text:
        focused = QApplication.focusWidget()
        assert focused is not None
        QTest.keyClicks(focused, character)
    harness.settle()


async def two_chats(harness: WindowHarness, **fields: Any) -> tuple[str, str]:
    """Two chats with tabs; the second is shown and has the keyboard."""
    one = await harness.add("one")
    two = await harness.add("two", **fields)
    harness.open_window()
    harness.show(one)
    harness.window.open_chat(harness.chat(two))
    if two in harness.viewers:
        harness.viewers[two].go_live()
    harness.settle()
    await harness.focus_terminal()
    return one, two


async def test_what_is_typed_into_a_shell_that_has_just_ended_does_not_reach_the_chat_in_the_next_tab(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "KEYS_AFTER_MS", 600_000)
    one, two = await two_chats(harness, agent="shell", argv=["bash"], created_at=STARTED, child_pid=1)
    chat = harness.chat(two)
    chat.record = replace(chat.record, outcome=replace(chat.record.outcome, ended_at="2026-01-02T03:05:00Z"))
    harness.viewers[two].end(exit_code=0)
    await harness.until(lambda: harness.window.tabs.ids() == [one], "the tab to close")
    assert harness.page.has_keyboard
    assert harness.banner == "", "nothing was typed yet"
    await type_here(harness, "y")
    assert (typed(harness, one), harness.banner) == ("", REFUSED)
    refused_keys.end()
    await type_here(harness, "n")
    assert typed(harness, one) == "n"


async def test_what_is_typed_into_a_chat_that_is_removed_elsewhere_does_not_reach_the_next_tab(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "KEYS_AFTER_MS", 600_000)
    one, two = await two_chats(harness, state=State.EXITED, exit_code=0, ended_at="2026-01-02T03:05:00Z")
    await harness.storage.call(lambda store: store.remove(two))
    await harness.sessions.machines.here.refresh_now()
    await harness.until(lambda: harness.window.tabs.ids() == [one], "the tab to close")
    await type_here(harness, "y")
    assert (typed(harness, one), harness.banner) == ("", REFUSED)


async def test_what_is_typed_after_the_user_has_closed_a_tab_or_removed_a_chat_reaches_the_next_tab_at_once(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "KEYS_AFTER_MS", 600_000)
    one, two = await two_chats(harness, state=State.EXITED, exit_code=0, ended_at="2026-01-02T03:05:00Z")
    harness.window.commands.chat_actions.remove(harness.chat(two))
    await type_here(harness, "y")
    assert typed(harness, one) == "y"


async def test_refused_keys_end_by_themselves_and_by_a_click(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "KEYS_AFTER_MS", 30)
    _one, two = await two_chats(harness)
    refused_keys.begin()
    await harness.until(lambda: not refused_keys.is_refusing, "the end")
    await type_here(harness, "a")
    monkeypatch.setattr(module, "KEYS_AFTER_MS", 600_000)
    refused_keys.begin()
    press = QMouseEvent(
        QEvent.Type.MouseButtonPress,
        QPointF(1, 1),
        QPointF(1, 1),
        Qt.MouseButton.MiddleButton,
        Qt.MouseButton.MiddleButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(harness.window.status_line, press)
    assert not refused_keys.is_refusing
    await type_here(harness, "b")
    assert typed(harness, two) == "ab"


async def test_a_command_that_ends_in_a_tab_behind_leaves_the_keyboard_where_it_is(harness: WindowHarness):
    """As the log-in to a machine does."""
    _one, two = await two_chats(harness)
    starting = harness.window.commands.starting
    ended: list[bool] = []
    chat = harness.chat(two)
    harness.window.sidebar.take_focus()
    focused = harness.window.focusWidget()
    assert focused is not None
    assert not harness.page.has_keyboard
    chat.changed.connect(lambda: starting._on_command_changed(chat, ended.append))
    harness.viewers[two].end(exit_code=0)
    await harness.until(lambda: ended == [True], "the end")
    assert harness.window.focusWidget() is focused


async def test_a_chat_that_starts_late_does_not_take_the_keyboard_from_the_chat_that_the_user_types_into(
    harness: WindowHarness,
):
    one, two = await two_chats(harness)
    late = await harness.add("late")
    window = harness.window
    with window.commands.context.keys_ahead.hold() as held:
        window.open_chat(harness.chat(one))
        QTest.mouseClick(window.status_line, Qt.MouseButton.LeftButton)
        await type_here(harness, "y")
        window.commands.context.open_started(harness.chat(late), held)
        await type_here(harness, "es")
    assert typed(harness, one) == "yes"
    assert (window.tabs.active_id, window.tabs.ids()) == (one, [one, late, two])
    assert harness.banner == "late has started"
    window.banners.run_action()
    assert window.tabs.active_id == late


async def test_what_is_typed_ahead_into_a_chat_that_starts_reaches_it_also_after_a_click(harness: WindowHarness):
    await two_chats(harness)
    late = await harness.add("late")
    window = harness.window
    with window.commands.context.keys_ahead.hold() as held:
        await type_here(harness, "yes")
        QTest.mouseClick(window.status_line, Qt.MouseButton.LeftButton)
        assert not held.is_left
        deliver = window.commands.context.open_started
        harness.sessions.follow_all()
        deliver(harness.chat(late), held)
    assert window.tabs.active_id == late
    assert isinstance(held, HeldKeys)


def question() -> AgentRequest:
    options = (RequestOption("yes", "Allow", "allow_once"), RequestOption("no", "Reject", "reject_once"))
    return AgentRequest("r", "command", 1, "Run make?", "make", options)


async def test_what_is_typed_into_a_question_that_is_answered_elsewhere_goes_nowhere(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "KEYS_AFTER_MS", 600_000)
    transcript = Transcript()
    transcript.apply(RequestOpened(question()), 1)
    await harness.open_chat_view(transcript)
    view = harness.content.view
    await harness.until(lambda: view.page.requests.shown_card("r") is not None, "the question")
    assert view.show_request()
    card = view.page.requests.shown_card("r")
    assert card is not None
    await harness.until(card.hasFocus, "the keyboard at the question")
    transcript.apply(RequestResolved("r", "no"), 2)
    view.changed()
    await harness.until(lambda: view.page.requests.shown_card("r") is None, "the question to go")
    await type_here(harness, "y")
    assert view.prompt.editor.toPlainText() == ""
    assert harness.banner == REFUSED


async def test_enter_that_was_on_its_way_does_not_start_again_what_could_not_be_started(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    starts: list[str] = []

    async def launch(request: LaunchRequest) -> ChatFacts:
        starts.append(request.agent.name)
        raise LaunchFailed("the disk is full; free some space")

    monkeypatch.setattr("session_host.client.chats.launch.launch", launch)
    monkeypatch.setattr(module, "KEYS_AFTER_MS", 600_000)
    session_id = await harness.add("one", agent="shell", argv=["bash"], state=State.EXITED, exit_code=0)
    window = harness.open_window()
    window.commands.starting.new_like(harness.chat(session_id))
    await harness.until(window.sheets.new_chat.error.isVisible, "the sheet")
    await harness.until(lambda: QApplication.focusWidget() is not None, "the keyboard")
    await harness.press(Qt.Key.Key_Return)
    assert (starts, harness.banner) == (["shell"], REFUSED)
    refused_keys.end()
    await harness.press(Qt.Key.Key_Return)
    await harness.until(lambda: len(starts) == 2, "another start")
