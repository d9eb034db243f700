"""Desktop notifications from programs in shells (OSC 9, 99, 777)."""

from __future__ import annotations

import pytest

from gui.bridge.chat import Chat
from gui.tray.notifier import MAX_LINES, MAX_NOTIFIED, Notifier
from session_host.protocol.messages import NotificationEvent
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.tray.test_notifications import Board


class ShellsOnBoard:
    """Shells, and the notifications about them; ``look_at`` names the shell that the user sees."""

    def __init__(self, harness: WindowHarness) -> None:
        self.harness = harness
        self.board = Board()
        self.looked_at = ""
        self.notifier = Notifier(harness.sessions, {}, self._is_viewed, self.board, collect_ms=0)

    def _is_viewed(self, chat: Chat) -> bool:
        return chat.id == self.looked_at

    def notify(self, session_id: str, *notifications: NotificationEvent) -> None:
        """Let the shell's program send these notifications at once."""
        for notification in notifications:
            self.harness.chat(session_id).viewer_event(notification)
        self.harness.settle()

    def look_at(self, session_id: str) -> None:
        self.looked_at = session_id
        self.notifier.check()

    @property
    def texts(self) -> list[tuple[str, str]]:
        return list(self.board.shown.values())


@pytest.fixture
async def stage(harness: WindowHarness) -> ShellsOnBoard:
    harness.sessions.follow_all()
    return ShellsOnBoard(harness)


async def test_a_notification_has_the_chats_name_and_stays_until_the_chat_is_looked_at(stage: ShellsOnBoard):
    shell = await stage.harness.add("work", agent="shell")
    stage.notify(shell, NotificationEvent("Build", "done\nin 3 s"))
    stage.notify(shell, NotificationEvent("", "tests failed"))
    stage.notify(shell, NotificationEvent("Deployed", ""))
    assert stage.texts == [("work: Build", "done\nin 3 s"), ("work", "tests failed"), ("work", "Deployed")]
    assert {stage.notifier.chat_of(key) for key in stage.board.shown} == {stage.harness.chat(shell)}
    assert not stage.harness.chat(shell).needs_you
    stage.harness.viewers[shell].end(0)
    stage.harness.settle()
    assert len(stage.texts) == 3, "its last notification stays after its end, too"
    stage.look_at(shell)
    assert stage.texts == []


async def test_a_notification_with_the_same_id_replaces_the_earlier_one(stage: ShellsOnBoard):
    shell = await stage.harness.add("work", agent="shell")
    stage.notify(shell, NotificationEvent("Build", "40 %", "b"), NotificationEvent("Build", "50 %", "b"))
    stage.notify(shell, NotificationEvent("Tests", "", "t"))
    stage.notify(shell, NotificationEvent("Build", "done", "b"))
    assert stage.texts == [("work: Build", "done"), ("work", "Tests")]


async def test_visible_muted_and_disabled_chats_and_agents_questions_show_nothing(stage: ShellsOnBoard):
    looked_at, muted, unwanted = [await stage.harness.add(name, agent="shell") for name in ("one", "two", "three")]
    agent = await stage.harness.add("agent", agent="codex")
    event = NotificationEvent("Build", "done")
    stage.look_at(looked_at)
    stage.harness.sessions.muting.mute_chat(stage.harness.chat(muted), muted=True)
    for session_id in (looked_at, muted, agent):
        stage.notify(session_id, event)
    stage.notify(looked_at, NotificationEvent("", " "))
    stage.notifier.apply_settings(is_enabled=False)
    stage.notify(unwanted, event)
    assert stage.board.count == 0
    assert stage.harness.chat(muted).unseen_notification == "Build · done", "its mark stays"


async def test_of_a_flood_only_the_newest_are_shown(stage: ShellsOnBoard):
    shell = await stage.harness.add("work", agent="shell")
    stage.notify(shell, *(NotificationEvent(f"{number}", "<x>") for number in range(100)))
    [(title, text)] = stage.texts
    assert (title, text) == ("work", "\n".join(f"{number}: <x>" for number in range(100 - MAX_LINES, 100)))
    stage.notify(shell, *(NotificationEvent(f"{number}", "", f"{number}") for number in range(100)))
    assert stage.texts == [("work", f"{number}") for number in range(100 - MAX_NOTIFIED, 100)]
    assert stage.board.count == 1 + MAX_NOTIFIED


async def test_long_texts_are_cut(stage: ShellsOnBoard):
    shell = await stage.harness.add("work", agent="shell")
    stage.notify(shell, NotificationEvent("t" * 1000, "b" * 4000))
    [(title, text)] = stage.texts
    assert (len(title), len(text)) == (len("work: ") + 80, 400)


async def test_three_chats_at_once_share_one_notification(stage: ShellsOnBoard):
    shells = [await stage.harness.add(name, agent="shell") for name in ("one", "two", "three")]
    for shell in shells:
        stage.harness.chat(shell).viewer_event(NotificationEvent("Build", "", "1"))
        stage.harness.chat(shell).viewer_event(NotificationEvent("Tests", "", "2"))
    stage.harness.settle()
    assert stage.texts == [("3 chats notified you", "one, two, three")]
    for shell in shells:
        assert stage.texts
        stage.look_at(shell)
    assert stage.texts == []
