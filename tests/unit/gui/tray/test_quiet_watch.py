"""Notifications of chats that the user watches until they write nothing more."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gui.bridge import chat as chat_module
from gui.bridge import chat_marks
from gui.bridge.chat import Chat
from gui.bridge.chat_marks import QUIET_S
from gui.tray import notifier
from session_host.protocol.messages import OutputEvent
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.tray.test_notifications import NotifierHarness


class QuietWatchHarness(NotifierHarness):
    """A notifier on a notifications, and a clock that the test moves."""

    def __init__(self, harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(harness)
        self.watch = harness.sessions.quiet_watch
        self.now_s = 1000.0
        for module in (chat_marks, notifier, chat_module):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now_s))
        self._harness = harness

    async def watched_chat(self) -> Chat:
        session_id = await self._harness.add("build", cwd="/src/api")
        self._harness.sessions.follow_all()
        chat = self._harness.chat(session_id)
        self.watch.begin(chat)
        assert self.watch._timer.isActive()
        return chat

    def wait(self, seconds: float) -> None:
        """Move the clock; the timer is due then."""
        self.now_s += seconds
        self.watch._timer.timeout.emit()
        self._harness.settle()


@pytest.fixture
def quiet_harness(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> QuietWatchHarness:
    return QuietWatchHarness(harness, monkeypatch)


async def test_a_watched_chat_is_notified_once_when_it_has_written_nothing_for_a_while(
    harness: WindowHarness, quiet_harness: QuietWatchHarness
):
    chat = await quiet_harness.watched_chat()
    for offset in range(3):
        quiet_harness.wait(QUIET_S - 1)
        harness.viewers[chat.id].tell(OutputEvent(offset))
    quiet_harness.wait(QUIET_S - 1)
    assert quiet_harness.notifications.shown == {}, "it wrote a moment ago"
    quiet_harness.wait(1)
    await harness.until(lambda: quiet_harness.notifications.shown, "the notification")
    assert quiet_harness.notifications.shown == {chat.id: ("build is quiet", "No output for 10 s, in /src/api")}
    assert not quiet_harness.watch.is_watched(chat)
    assert not quiet_harness.watch._timer.isActive()
    harness.viewers[chat.id].tell(OutputEvent(9))
    quiet_harness.notifier.check()
    assert quiet_harness.notifications.shown == {}, "it writes again"


async def test_a_watched_chat_that_the_user_looks_at_is_notified_when_he_looks_elsewhere(
    harness: WindowHarness, quiet_harness: QuietWatchHarness
):
    chat = await quiet_harness.watched_chat()
    quiet_harness.looked_at = chat.id
    quiet_harness.wait(QUIET_S)
    assert quiet_harness.watch.is_watched(chat)
    quiet_harness.looked_at = ""
    quiet_harness.wait(QUIET_S)
    await harness.until(lambda: quiet_harness.notifications.shown, "the notification")


async def test_a_watch_notifies_also_while_notifications_are_off_and_the_chat_is_muted(
    harness: WindowHarness, quiet_harness: QuietWatchHarness
):
    chat = await quiet_harness.watched_chat()
    quiet_harness.notifier.apply_settings(is_enabled=False)
    harness.sessions.muting.mute_chat(chat, muted=True)
    harness.sessions.muting.mute_for_an_hour()
    quiet_harness.wait(QUIET_S)
    await harness.until(lambda: quiet_harness.notifications.shown, "the notification")


@pytest.mark.parametrize(("code", "title"), [(0, "build ended"), (2, "build ended unexpectedly")])
async def test_the_end_of_a_watched_chat_is_notified_once(
    code: int, title: str, harness: WindowHarness, quiet_harness: QuietWatchHarness
):
    chat = await quiet_harness.watched_chat()
    harness.viewers[chat.id].end(exit_code=code)
    await harness.until(lambda: quiet_harness.notifications.shown, "the notification")
    assert [shown[0] for shown in quiet_harness.notifications.shown.values()] == [title]
    assert quiet_harness.notifications.count == 1
    assert not quiet_harness.watch.is_watched(chat)


async def test_a_removed_chat_is_watched_no_more(harness: WindowHarness, quiet_harness: QuietWatchHarness) -> None:
    chat = await quiet_harness.watched_chat()
    harness.sessions.forgotten.emit(chat.id)
    assert not quiet_harness.watch.is_watched(chat)
