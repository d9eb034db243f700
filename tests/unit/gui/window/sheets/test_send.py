"""Sending a text to a chat without going to its tab."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from gui.bridge.chat import Chat
from session_host.errors import NeedsInput, SessionEnded
from session_host.protocol.facts import AgentStatus, LaterPrompt
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, ActivityEvent, Send, SendLater
from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import Activity, State
from session_host.system.clock import as_text, parse_time
from tests.support.widgets import open_menu
from tests.unit.gui.conftest import WindowHarness

PLACE = QPoint(200, 100)


class FakeHosts:
    """Fake hosts that keep the texts that they were asked to type."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Send]] = []
        self.later: list[SendLater] = []
        self.refusal: Exception | None = None
        self.refusals: dict[str, Exception] = {}

    async def request(self, session_id: str, message: object, _machine: object) -> None:
        if isinstance(message, SendLater):
            self.later.append(message)
            return
        assert isinstance(message, Send)
        self.sent.append((session_id, message))
        if refusal := self.refusals.get(session_id, self.refusal):
            raise refusal


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    fake = FakeHosts()
    monkeypatch.setattr("session_host.client.control.request", fake.request)
    return fake


async def test_a_text_of_several_lines_goes_to_the_visible_chat(harness: WindowHarness, hosts: FakeHosts):
    session_id = await harness.add("one")
    await harness.add("two")
    window = harness.open_window()
    harness.show(session_id)
    window.actions_["send"].trigger()
    sheet = window.sheets.send
    assert sheet.is_open
    assert sheet.target.text() == "one"
    assert not sheet.send.isEnabled(), "there is nothing to send yet"
    QTest.keyClicks(sheet.field, "first")
    QTest.keyClick(sheet.field, Qt.Key.Key_Return)
    QTest.keyClicks(sheet.field, "second")
    QTest.keyClick(sheet.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    await harness.until(lambda: not sheet.is_open, "the sheet to go")
    assert hosts.sent == [(session_id, Send(request=1, text="first\nsecond", paste=True, enter=True, by="window"))]
    assert window.banners.current is None, "it is seen in the terminal"
    assert sheet.field.toPlainText() == ""


async def test_a_chat_without_an_open_tab_can_be_chosen(harness: WindowHarness, hosts: FakeHosts):
    shown, other = await harness.add("shown"), await harness.add("other & more")
    window = harness.open_window()
    harness.show(shown)
    harness.viewers[other].be(Activity.NEEDS_INPUT)
    window.actions_["send"].trigger()
    sheet = window.sheets.send
    QTest.mouseClick(sheet.target, Qt.MouseButton.LeftButton)
    [menu] = sheet.findChildren(QMenu)
    assert [action.text() for action in menu.actions()] == ["other && more · tmp", "shown · tmp"]
    menu.actions()[0].trigger()
    menu.close()
    sheet.field.setPlainText("yes")
    QTest.mouseClick(sheet.send, Qt.MouseButton.LeftButton)
    await harness.until(lambda: window.banners.current, "the word on it")
    assert [session_id for session_id, _ in hosts.sent] == [other]
    assert harness.banner == "Sent to other & more"


async def test_a_refused_text_is_reported_and_kept(harness: WindowHarness, hosts: FakeHosts):
    session_id = await harness.add("one")
    window = harness.open_window()
    window.sheets.send.ask(harness.chat(session_id))
    sheet = window.sheets.send
    hosts.refusal = SessionEnded("the chat has ended")
    sheet.field.setPlainText("hello")
    sheet.send.click()
    await harness.until(sheet.error.isVisible, "why not")
    assert sheet.error.text() == "Can’t send to one: the chat has ended."
    QTest.keyClick(sheet.field, Qt.Key.Key_Escape)
    assert not sheet.is_open
    hosts.refusal = None
    sheet.ask(harness.chat(session_id))
    assert sheet.field.toPlainText() == "hello", "nothing typed is lost"
    assert sheet.error.isHidden()
    sheet.field.setPlainText("words " * (MAX_PASTE_CHARACTERS // 6 + 1))
    sheet.send.click()
    await harness.until(sheet.error.isVisible, "why not")
    assert "at most 262,144)" in sheet.error.text()
    assert len(hosts.sent) == 1


async def test_a_chat_that_asks_something_gets_no_text_unless_the_user_insists(
    harness: WindowHarness, hosts: FakeHosts
):
    shown, asking = await harness.add("shown"), await harness.add("asking")
    window = harness.open_window()
    harness.show(shown)
    sheet = window.sheets.send
    sheet.ask(harness.chat(asking))
    hosts.refusal = NeedsInput("the chat is asking “Bash: rm -r build”; nothing was typed")
    sheet.field.setPlainText("no please wait")
    QTest.keyClick(sheet.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    await harness.until(sheet.error.isVisible, "what is asked")
    assert "is asking “Bash: rm -r build”" in sheet.error.text()
    QTest.mouseClick(sheet.show_chat, Qt.MouseButton.LeftButton)
    assert not sheet.is_open
    assert window.tabs.active_chat is harness.chat(asking)
    sheet.ask(harness.chat(asking))
    assert sheet.field.toPlainText() == "no please wait"
    assert sheet.anyway.isHidden()
    sheet.send.click()
    await harness.until(sheet.anyway.isVisible, "the way to insist")
    hosts.refusal = None
    QTest.mouseClick(sheet.anyway, Qt.MouseButton.LeftButton)
    await harness.until(lambda: not sheet.is_open, "the sheet to go")
    assert [message.anyway for _, message in hosts.sent] == [False, False, True]


async def test_selected_chats_get_one_text_and_those_that_refuse_it_stay_listed(
    harness: WindowHarness, hosts: FakeHosts
):
    one, two, asking = [await harness.add(name) for name in ("one", "two", "asking")]
    ended = await harness.add("ended", state=State.EXITED)
    window = harness.open_window()
    window.menus.show_for_several([harness.chat(each) for each in (one, two, asking, ended)], window.mapToGlobal(PLACE))
    menu = open_menu()
    next(action for action in menu.actions() if action.text() == "Send text to 3 chats…").trigger()
    menu.close()
    sheet = window.sheets.send
    assert (sheet.target.text(), sheet.names.text()) == ("3 chats", "one, two, asking")
    assert "one, two, asking" in sheet.target.accessibleName()

    QTest.mouseClick(sheet.target, Qt.MouseButton.LeftButton)
    [menu] = sheet.findChildren(QMenu)
    assert [action.isChecked() for action in menu.actions()] == [True] * 3
    menu.actions()[1].trigger()
    menu.close()
    assert sheet.names.text() == "one, asking"

    hosts.refusals[asking] = NeedsInput("the chat is asking “Run make?”; nothing was typed")
    sheet.field.setPlainText("continue")
    QTest.keyClick(sheet.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    await harness.until(sheet.error.isVisible, "the refusal")
    assert sorted(session_id for session_id, _ in hosts.sent) == sorted([one, asking])
    assert (sheet.target.text(), sheet.names.isHidden()) == ("asking", True)
    assert "Run make?" in sheet.error.text()
    hosts.refusals.clear()
    QTest.mouseClick(sheet.anyway, Qt.MouseButton.LeftButton)
    await harness.until(lambda: not sheet.is_open, "the sheet to go")
    assert [session_id for session_id, _ in hosts.sent[2:]] == [asking]

    sheet.ask_several([harness.chat(one), harness.chat(two)])
    hosts.refusal = SessionEnded("the chat has ended")
    sheet.field.setPlainText("continue")
    sheet.send.click()
    await harness.until(sheet.error.isVisible, "why not")
    assert [line.split(":")[0] for line in sheet.error.text().splitlines()] == [
        "Can’t send to one",
        "Can’t send to two",
    ]
    hosts.refusal = None
    sheet.send.click()
    await harness.until(lambda: not sheet.is_open, "the sheet to go")
    assert harness.banner == "Sent to 2 chats"


async def test_without_a_running_chat_nothing_can_be_sent(harness: WindowHarness, hosts: FakeHosts):
    await harness.add("one", state=State.EXITED)
    window = harness.open_window()
    window.actions_["send"].trigger()
    assert not window.sheets.send.is_open
    assert harness.banner == "No running chats"


# ---------------------------------------------------------------- at a time


def after(hours: float) -> str:
    """The time so many hours from now, on a whole minute."""
    moment = (datetime.now(UTC) + timedelta(hours=hours)).replace(second=0, microsecond=0)
    return as_text(moment.timestamp())


def has(chat: Chat, status: AgentStatus) -> None:
    """The chat's host says what its agent does."""
    chat.apply_event(ActivityEvent(status))


async def test_a_text_with_a_time_is_sent_by_the_host_then(harness: WindowHarness, hosts: FakeHosts):
    session_id = await harness.add("one")
    window = harness.open_window()
    sheet = window.sheets.send
    sheet.ask(harness.chat(session_id))
    QTest.keyClicks(sheet.field, "run the slow tests")
    QTest.keyClicks(sheet.at, "25:00")
    assert not sheet.send.isEnabled()
    assert "is no time" in sheet.when.text()
    sheet.at.setText("tomorrow 9:00")
    assert (sheet.send.text(), sheet.send.isEnabled()) == ("Set", True)
    assert "not more than an hour late" in sheet.when.text()
    QTest.keyClick(sheet.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    await harness.until(lambda: not sheet.is_open, "the sheet to go")
    [message] = hosts.later
    due = parse_time(message.at)
    assert due is not None
    assert (message.text, message.continues, message.by) == ("run the slow tests", False, "window")
    assert due.astimezone().strftime("%H:%M") == "09:00"
    assert hosts.sent == []
    assert sheet.field.toPlainText() == ""


async def test_the_prompt_that_waits_is_changed_and_an_unsent_text_stays(harness: WindowHarness, hosts: FakeHosts):
    session_id = await harness.add("one")
    window = harness.open_window()
    chat, sheet, at = harness.chat(session_id), window.sheets.send, after(30)
    has(chat, AgentStatus(Activity.IDLE, "hook", continues=LaterPrompt(at, "go on", continues=2)))
    sheet.ask(chat)
    QTest.keyClicks(sheet.field, "half a text")
    sheet.dismiss()
    menu_names = [name for name, _ in window.commands.later.offers(chat)]
    assert menu_names == ["Change the later prompt…", "Send the later prompt now", "Do not send the later prompt"]

    window.commands.later.act(chat, "edit_later")

    assert sheet.field.toPlainText() == "go on"
    sheet.field.setPlainText("go on with it")
    sheet.send.click()
    await harness.until(lambda: not sheet.is_open, "the sheet to go")
    assert hosts.later == [SendLater(1, "go on with it", at, continues=True, by="window")]
    sheet.ask(chat)
    assert sheet.field.toPlainText() == "half a text"


async def test_a_limit_that_is_reset_later_is_continued_then(harness: WindowHarness, hosts: FakeHosts):
    session_id = await harness.add("one")
    window = harness.open_window()
    chat, resets_at = harness.chat(session_id), after(2)
    assert list(window.commands.later.offers(chat)) == []
    has(chat, AgentStatus(Activity.IDLE, "hook", last=TurnFacts(outcome="limit", resets_at=resets_at)))
    [(name, do)] = window.commands.later.offers(chat)
    assert name.startswith("Continue at ")
    do()
    sheet = window.sheets.send
    assert sheet.field.toPlainText() == "Go on."
    assert "only if nobody wrote since" in sheet.when.text()
    sheet.send.click()
    await harness.until(lambda: not sheet.is_open, "the sheet to go")
    resets = parse_time(resets_at)
    assert resets is not None
    assert hosts.later == [SendLater(1, "Go on.", as_text(resets.timestamp() + 120), continues=True, by="window")]


async def test_a_prompt_that_was_not_sent_is_sent_now_tomorrow_or_never(harness: WindowHarness, hosts: FakeHosts):
    session_id = await harness.add("one")
    window = harness.open_window()
    chat = harness.chat(session_id)
    has(chat, AgentStatus(Activity.IDLE, "hook", continues=LaterPrompt(after(-3), "go on", stage="late", why="x")))
    for kind in ("later_now", "later_tomorrow", "drop_later"):
        window.commands.later.act(chat, kind)
    await harness.until(lambda: len(hosts.later) == 3, "the three requests")
    assert [each.text for each in hosts.later] == ["go on", "go on", ""]
    times = [parse_time(each.at) for each in hosts.later]
    assert times[1] is not None
    assert (times[0], times[2]) == (None, None), "now, and never"
    assert times[1].astimezone().strftime("%H:%M") == "09:00"
