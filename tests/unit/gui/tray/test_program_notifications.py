"""What the desktop is asked to show when programs in shells send notifications (OSC 9, 99, 777)."""

from __future__ import annotations

import pytest

from gui.bridge.chat import Chat
from gui.tray.notifier import MAX_LINES, MAX_NOTIFIED, Notifier
from session_host.protocol.messages import NotificationEvent
from tests.unit.gui.conftest import Played
from tests.unit.gui.tray.test_notifications import Board


class Desk:
    """Shells, and what is shown of them; the test says at which the user looks."""

    def __init__(self, played: Played) -> None:
        self.played = played
        self.board = Board()
        self.looked_at = ""
        self.notifier = Notifier(played.sessions, {}, self._is_viewed, self.board, collect_ms=0)

    def _is_viewed(self, chat: Chat) -> bool:
        return chat.id == self.looked_at

    def notify(self, session_id: str, *notifications: NotificationEvent) -> None:
        """Have the shell's program send these in one moment."""
        for notification in notifications:
            self.played.chat(session_id).viewer_event(notification)
        self.played.settle()

    def look_at(self, session_id: str) -> None:
        self.looked_at = session_id
        self.notifier.check()

    @property
    def texts(self) -> list[tuple[str, str]]:
        return list(self.board.shown.values())


@pytest.fixture
async def desk(played: Played) -> Desk:
    played.sessions.follow_all()
    return Desk(played)


async def test_a_notification_has_the_chats_name_and_stays_until_the_chat_is_looked_at(desk: Desk):
    shell = await desk.played.add("work", agent="shell")
    desk.notify(shell, NotificationEvent("Build", "done\nin 3 s"))
    desk.notify(shell, NotificationEvent("", "tests failed"))
    desk.notify(shell, NotificationEvent("Deployed", ""))
    assert desk.texts == [("work: Build", "done\nin 3 s"), ("work", "tests failed"), ("work", "Deployed")]
    assert {desk.notifier.chat_of(key) for key in desk.board.shown} == {desk.played.chat(shell)}
    assert not desk.played.chat(shell).needs_you
    desk.played.viewers[shell].end(0)
    desk.played.settle()
    assert len(desk.texts) == 3, "what it said last is true after its end, too"
    desk.look_at(shell)
    assert desk.texts == []


async def test_one_with_the_same_id_replaces_the_earlier_one(desk: Desk):
    shell = await desk.played.add("work", agent="shell")
    desk.notify(shell, NotificationEvent("Build", "40 %", "b"), NotificationEvent("Build", "50 %", "b"))
    desk.notify(shell, NotificationEvent("Tests", "", "t"))
    desk.notify(shell, NotificationEvent("Build", "done", "b"))
    assert desk.texts == [("work: Build", "done"), ("work", "Tests")]


async def test_nothing_is_shown_of_what_is_looked_at_muted_or_unwanted_nor_of_an_agents_questions(desk: Desk):
    looked_at, muted, unwanted = [await desk.played.add(name, agent="shell") for name in ("one", "two", "three")]
    agent = await desk.played.add("agent", agent="codex")
    said = NotificationEvent("Build", "done")
    desk.look_at(looked_at)
    desk.played.sessions.muting.mute_chat(desk.played.chat(muted), muted=True)
    for session_id in (looked_at, muted, agent):
        desk.notify(session_id, said)
    desk.notify(looked_at, NotificationEvent("", " "))
    desk.notifier.apply_settings(is_enabled=False)
    desk.notify(unwanted, said)
    assert desk.board.count == 0
    assert desk.played.chat(muted).unseen_notification == "Build · done", "its mark stays"


async def test_of_a_flood_the_newest_are_shown(desk: Desk):
    shell = await desk.played.add("work", agent="shell")
    desk.notify(shell, *(NotificationEvent(f"{number}", "<x>") for number in range(100)))
    [(title, text)] = desk.texts
    assert (title, text) == ("work", "\n".join(f"{number}: <x>" for number in range(100 - MAX_LINES, 100)))
    desk.notify(shell, *(NotificationEvent(f"{number}", "", f"{number}") for number in range(100)))
    assert desk.texts == [("work", f"{number}") for number in range(100 - MAX_NOTIFIED, 100)]
    assert desk.board.count == 1 + MAX_NOTIFIED


async def test_long_texts_are_cut(desk: Desk):
    shell = await desk.played.add("work", agent="shell")
    desk.notify(shell, NotificationEvent("t" * 1000, "b" * 4000))
    [(title, text)] = desk.texts
    assert (len(title), len(text)) == (len("work: ") + 80, 400)


async def test_three_chats_of_one_moment_share_one(desk: Desk):
    shells = [await desk.played.add(name, agent="shell") for name in ("one", "two", "three")]
    for shell in shells:
        desk.played.chat(shell).viewer_event(NotificationEvent("Build", "", "1"))
        desk.played.chat(shell).viewer_event(NotificationEvent("Tests", "", "2"))
    desk.played.settle()
    assert desk.texts == [("3 chats notified you", "one, two, three")]
    for shell in shells:
        assert desk.texts
        desk.look_at(shell)
    assert desk.texts == []
