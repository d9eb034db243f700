"""What the desktop is asked to show when a shell's command ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gui.bridge.chat import Chat
from gui.tray.notifier import Notifier
from session_host.protocol.messages import ForegroundEvent
from tests.unit.gui.conftest import Played
from tests.unit.gui.tray.test_notifications import Board

LONG_S = 15.0
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Desk:
    """A shell in a chat, and what is shown of it."""

    def __init__(self, played: Played, session_id: str) -> None:
        self.played = played
        self.id = session_id
        self.board = Board()
        self.looks = False
        self.notifier = Notifier(played.sessions, {}, lambda _chat: self.looks, self.board, collect_ms=0)
        self.notifier.apply_settings(is_enabled=True, long_turn_s=LONG_S)

    def __call__(self, program: str, after_s: float, code: int | None = None) -> None:
        at = (NOON + timedelta(seconds=after_s)).isoformat()
        chat: Chat = self.played.chat(self.id)
        chat.viewer_event(ForegroundEvent(program, at, code, at if code is not None else ""))
        self.played.settle()


@pytest.fixture
async def desk(played: Played) -> Desk:
    played.sessions.follow_all()
    return Desk(played, await played.add("work", agent="shell", cwd="/srv/app"))


async def test_the_end_of_a_long_command_is_shown_once_and_taken_back_when_it_is_looked_at(desk: Desk):
    desk("", 0)
    desk("make -j8", 1)
    desk("", 1 + 4 * 60, 2)
    assert desk.board.shown == {desk.id: ("make -j8 failed in work (exit code 2)", "After 4 min, /srv/app")}
    desk.notifier.check()
    assert desk.board.count == 1
    desk.looks = True
    desk.notifier.check()
    assert desk.board.shown == {}


async def test_the_next_command_takes_the_notification_back(desk: Desk):
    desk("make", 0)
    desk("", LONG_S + 1, 0)
    assert desk.board.shown == {desk.id: ("make ended in work", "After 16 s, /srv/app")}
    desk("ls", LONG_S + 3)
    assert desk.board.shown == {}


@pytest.mark.parametrize("case", ["short", "looked at", "unwanted"])
async def test_nothing_is_shown_of_a_short_command_a_visible_chat_or_without_the_users_wish(desk: Desk, case: str):
    desk.looks = case == "looked at"
    desk.notifier.apply_settings(is_enabled=case != "unwanted", long_turn_s=LONG_S)
    desk("make", 0)
    desk("", LONG_S - 1 if case == "short" else LONG_S + 1, 1)
    assert desk.board.count == 0


async def test_a_shell_that_does_not_mark_its_commands_is_told_of_too(desk: Desk):
    desk("sleep 60", 0)
    desk("", 61)
    assert desk.board.shown == {desk.id: ("sleep 60 ended in work", "After 1 min, /srv/app")}
