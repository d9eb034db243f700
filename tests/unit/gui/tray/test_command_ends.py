"""Desktop notifications about the end of a shell's command."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gui.bridge.chat import Chat
from gui.tray.notifier import Notifier
from session_host.protocol.messages import ForegroundEvent
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.tray.test_notifications import FakeNotifications

LONG_S = 15.0
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class ShellHarness:
    """A shell in a chat, and the notifications about it; calling it reports the foreground program."""

    def __init__(self, harness: WindowHarness, session_id: str) -> None:
        self.harness = harness
        self.id = session_id
        self.notifications = FakeNotifications()
        self.looks = False
        self.notifier = Notifier(harness.sessions, {}, lambda _chat: self.looks, self.notifications, collect_ms=0)
        self.notifier.apply_settings(is_enabled=True, long_turn_s=LONG_S)

    def __call__(self, program: str, after_s: float, code: int | None = None) -> None:
        at = (NOON + timedelta(seconds=after_s)).isoformat()
        chat: Chat = self.harness.chat(self.id)
        chat.viewer_event(ForegroundEvent(program, at, code, at if code is not None else ""))
        self.harness.settle()


@pytest.fixture
async def shell(harness: WindowHarness) -> ShellHarness:
    harness.sessions.follow_all()
    return ShellHarness(harness, await harness.add("work", agent="shell", cwd="/srv/app"))


async def test_the_end_of_a_long_command_is_shown_once_and_withdrawn_when_the_chat_is_seen(shell: ShellHarness):
    shell("", 0)
    shell("make -j8", 1)
    shell("", 1 + 4 * 60, 2)
    assert shell.notifications.shown == {shell.id: ("make -j8 failed in work (exit code 2)", "After 4 min, /srv/app")}
    shell.notifier.check()
    assert shell.notifications.count == 1
    shell.looks = True
    shell.notifier.check()
    assert shell.notifications.shown == {}


async def test_the_next_command_withdraws_the_notification(shell: ShellHarness):
    shell("make", 0)
    shell("", LONG_S + 1, 0)
    assert shell.notifications.shown == {shell.id: ("make ended in work", "After 16 s, /srv/app")}
    shell("ls", LONG_S + 3)
    assert shell.notifications.shown == {}


@pytest.mark.parametrize("case", ["short", "looked at", "unwanted"])
async def test_short_commands_visible_chats_and_disabled_notifications_show_nothing(shell: ShellHarness, case: str):
    shell.looks = case == "looked at"
    shell.notifier.apply_settings(is_enabled=case != "unwanted", long_turn_s=LONG_S)
    shell("make", 0)
    shell("", LONG_S - 1 if case == "short" else LONG_S + 1, 1)
    assert shell.notifications.count == 0


async def test_a_shell_that_does_not_mark_its_commands_is_notified_of_too(shell: ShellHarness):
    shell("sleep 60", 0)
    shell("", 61)
    assert shell.notifications.shown == {shell.id: ("sleep 60 ended in work", "After 1 min, /srv/app")}
