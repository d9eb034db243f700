"""Desktop notifications from programs in shells (OSC 9, 99, 777)."""

from __future__ import annotations

import pytest

from gui.bridge.chat import Chat
from gui.tray.notifier import MAX_LINES, MAX_NOTIFIED, Notifier
from session_host.protocol.messages import NotificationEvent
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.tray.test_notifications import FakeNotifications


class ShellsHarness:
    """Shells, and the notifications about them; ``look_at`` names the shell that the user sees."""

    def __init__(self, harness: WindowHarness) -> None:
        self.harness = harness
        self.notifications = FakeNotifications()
        self.looked_at = ""
        self.notifier = Notifier(harness.sessions, {}, self._is_viewed, self.notifications, collect_ms=0)

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
        return list(self.notifications.shown.values())


@pytest.fixture
async def shells(harness: WindowHarness) -> ShellsHarness:
    harness.sessions.follow_all()
    return ShellsHarness(harness)


async def test_a_notification_has_the_chats_name_and_stays_until_the_chat_is_looked_at(shells: ShellsHarness):
    shell = await shells.harness.add("work", agent="shell")
    shells.notify(shell, NotificationEvent("Build", "done\nin 3 s"))
    shells.notify(shell, NotificationEvent("", "tests failed"))
    shells.notify(shell, NotificationEvent("Deployed", ""))
    assert shells.texts == [("work: Build", "done\nin 3 s"), ("work", "tests failed"), ("work", "Deployed")]
    assert {shells.notifier.chat_of(key) for key in shells.notifications.shown} == {shells.harness.chat(shell)}
    assert not shells.harness.chat(shell).needs_you
    shells.harness.viewers[shell].end(0)
    shells.harness.settle()
    assert len(shells.texts) == 3, "its last notification stays after its end, too"
    shells.look_at(shell)
    assert shells.texts == []


async def test_a_notification_with_the_same_id_replaces_the_earlier_one(shells: ShellsHarness):
    shell = await shells.harness.add("work", agent="shell")
    shells.notify(shell, NotificationEvent("Build", "40 %", "b"), NotificationEvent("Build", "50 %", "b"))
    shells.notify(shell, NotificationEvent("Tests", "", "t"))
    shells.notify(shell, NotificationEvent("Build", "done", "b"))
    assert shells.texts == [("work: Build", "done"), ("work", "Tests")]


async def test_visible_muted_and_disabled_chats_and_agents_questions_show_nothing(shells: ShellsHarness):
    looked_at, muted, unwanted = [await shells.harness.add(name, agent="shell") for name in ("one", "two", "three")]
    agent = await shells.harness.add("agent", agent="codex")
    event = NotificationEvent("Build", "done")
    shells.look_at(looked_at)
    shells.harness.sessions.muting.mute_chat(shells.harness.chat(muted), muted=True)
    for session_id in (looked_at, muted, agent):
        shells.notify(session_id, event)
    shells.notify(looked_at, NotificationEvent("", " "))
    shells.notifier.apply_settings(is_enabled=False)
    shells.notify(unwanted, event)
    assert shells.notifications.count == 0
    assert shells.harness.chat(muted).unseen_notification == "Build · done", "its mark stays"


async def test_of_a_flood_only_the_newest_are_shown(shells: ShellsHarness):
    shell = await shells.harness.add("work", agent="shell")
    shells.notify(shell, *(NotificationEvent(f"{number}", "<x>") for number in range(100)))
    [(title, text)] = shells.texts
    assert (title, text) == ("work", "\n".join(f"{number}: <x>" for number in range(100 - MAX_LINES, 100)))
    shells.notify(shell, *(NotificationEvent(f"{number}", "", f"{number}") for number in range(100)))
    assert shells.texts == [("work", f"{number}") for number in range(100 - MAX_NOTIFIED, 100)]
    assert shells.notifications.count == 1 + MAX_NOTIFIED


async def test_long_texts_are_cut(shells: ShellsHarness):
    shell = await shells.harness.add("work", agent="shell")
    shells.notify(shell, NotificationEvent("t" * 1000, "b" * 4000))
    [(title, text)] = shells.texts
    assert (len(title), len(text)) == (len("work: ") + 80, 400)


async def test_three_chats_at_once_share_one_notification(shells: ShellsHarness):
    ids = [await shells.harness.add(name, agent="shell") for name in ("one", "two", "three")]
    for shell in ids:
        shells.harness.chat(shell).viewer_event(NotificationEvent("Build", "", "1"))
        shells.harness.chat(shell).viewer_event(NotificationEvent("Tests", "", "2"))
    shells.harness.settle()
    assert shells.texts == [("3 chats notified you", "one, two, three")]
    for shell in ids:
        assert shells.texts
        shells.look_at(shell)
    assert shells.texts == []
