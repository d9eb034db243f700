"""Desktop notifications about the end of a shell's command."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gui.bridge.chat import Chat
from gui.tray.notifier import Notifier
from session_host.protocol.messages import ForegroundEvent
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.tray.test_notifications import Board

LONG_S = 15.0
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class ShellOnBoard:
    """A shell in a chat, and the notifications about it; calling it reports the foreground program."""

    def __init__(self, harness: WindowHarness, session_id: str) -> None:
        self.harness = harness
        self.id = session_id
        self.board = Board()
        self.looks = False
        self.notifier = Notifier(harness.sessions, {}, lambda _chat: self.looks, self.board, collect_ms=0)
        self.notifier.apply_settings(is_enabled=True, long_turn_s=LONG_S)

    def __call__(self, program: str, after_s: float, code: int | None = None) -> None:
        at = (NOON + timedelta(seconds=after_s)).isoformat()
        chat: Chat = self.harness.chat(self.id)
        chat.viewer_event(ForegroundEvent(program, at, code, at if code is not None else ""))
        self.harness.settle()


@pytest.fixture
async def stage(harness: WindowHarness) -> ShellOnBoard:
    harness.sessions.follow_all()
    return ShellOnBoard(harness, await harness.add("work", agent="shell", cwd="/srv/app"))


async def test_the_end_of_a_long_command_is_shown_once_and_withdrawn_when_the_chat_is_seen(stage: ShellOnBoard):
    stage("", 0)
    stage("make -j8", 1)
    stage("", 1 + 4 * 60, 2)
    assert stage.board.shown == {stage.id: ("make -j8 failed in work (exit code 2)", "After 4 min, /srv/app")}
    stage.notifier.check()
    assert stage.board.count == 1
    stage.looks = True
    stage.notifier.check()
    assert stage.board.shown == {}


async def test_the_next_command_withdraws_the_notification(stage: ShellOnBoard):
    stage("make", 0)
    stage("", LONG_S + 1, 0)
    assert stage.board.shown == {stage.id: ("make ended in work", "After 16 s, /srv/app")}
    stage("ls", LONG_S + 3)
    assert stage.board.shown == {}


@pytest.mark.parametrize("case", ["short", "looked at", "unwanted"])
async def test_short_commands_visible_chats_and_disabled_notifications_show_nothing(stage: ShellOnBoard, case: str):
    stage.looks = case == "looked at"
    stage.notifier.apply_settings(is_enabled=case != "unwanted", long_turn_s=LONG_S)
    stage("make", 0)
    stage("", LONG_S - 1 if case == "short" else LONG_S + 1, 1)
    assert stage.board.count == 0


async def test_a_shell_that_does_not_mark_its_commands_is_notified_of_too(stage: ShellOnBoard):
    stage("sleep 60", 0)
    stage("", 61)
    assert stage.board.shown == {stage.id: ("sleep 60 ended in work", "After 1 min, /srv/app")}
