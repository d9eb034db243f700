"""Desktop notifications about chats that need their user."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from gui.bridge.chat import Chat
from gui.bridge.chat_marks import Muting, next_morning
from gui.bridge.waiting_chats import NextChat, chats_with_questions
from gui.tray.notifier import Notifier
from gui.window.sidebar.model import ENTRY_ROLE, Heading, SidebarModel
from gui.wording.groups import Group
from session_host.client.viewer.viewer import ViewerState
from session_host.paths import agent_socket
from session_host.protocol.values import Activity
from tests.unit.gui.conftest import WindowHarness


def later(seconds: float = 1.0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


class FakeNotifications:
    """A fake notifications that keeps the shown notifications."""

    def __init__(self) -> None:
        self.shown: dict[str, tuple[str, str]] = {}
        self.actions: list[tuple[str, str]] = []
        self.count = 0

    def show(self, key: str, title: str, text: str, actions: Sequence[tuple[str, str]] = ()) -> None:
        self.shown[key] = (title, text)
        self.actions = list(actions)
        self.count += 1

    def withdraw(self, key: str) -> None:
        del self.shown[key]


class NotifierHarness:
    """A notifier with a fake notifications; ``looked_at`` is the id of the chat that the user sees."""

    def __init__(self, harness: WindowHarness) -> None:
        self.notifications = FakeNotifications()
        self.looked_at = ""
        self.notifier = Notifier(harness.sessions, harness.catalog, self._is_viewed, self.notifications, collect_ms=0)

    def _is_viewed(self, chat: Chat) -> bool:
        return chat.id == self.looked_at


@pytest.fixture
def notifier_harness(harness: WindowHarness) -> NotifierHarness:
    return NotifierHarness(harness)


async def test_a_chat_that_begins_to_need_its_user_is_notified_with_its_question(
    harness: WindowHarness, notifier_harness: NotifierHarness
):
    harness.sessions.follow_all()
    session_id = await harness.add("api-fix")
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, later(), "Run npm test?")
    harness.settle()
    assert notifier_harness.notifications.shown == {session_id: ("api-fix needs you", "Run npm test?")}
    harness.viewers[session_id].be(Activity.WORKING, later())
    harness.settle()
    assert notifier_harness.notifications.shown == {}, "it was answered"


async def test_a_question_is_notified_once_and_the_next_one_replaces_it(
    harness: WindowHarness, notifier_harness: NotifierHarness
):
    harness.sessions.follow_all()
    session_id = await harness.add("one", cwd="/srv/app")
    since = later()
    for _ in range(3):
        harness.viewers[session_id].be(Activity.NEEDS_INPUT, since)
        harness.settle()
    assert notifier_harness.notifications.count == 1
    assert notifier_harness.notifications.shown[session_id] == (
        "one needs you",
        "Command in /srv/app needs your answer",
    )
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, since, "Or this?")
    harness.settle()
    assert notifier_harness.notifications.count == 2
    assert notifier_harness.notifications.shown == {session_id: ("one needs you", "Or this?")}


async def test_a_visible_chat_is_not_notified(harness: WindowHarness, notifier_harness: NotifierHarness):
    harness.sessions.follow_all()
    session_id = await harness.add("one")
    notifier_harness.looked_at = session_id
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, later(), "Run npm test?")
    harness.settle()
    assert notifier_harness.notifications.count == 0
    notifier_harness.looked_at = ""
    notifier_harness.notifier.check()
    assert notifier_harness.notifications.count == 0, "it was seen, and left alone"
    harness.viewers[session_id].be(Activity.WORKING, later(2))
    harness.settle()
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, later(3), "Run npm test?")
    harness.settle()
    assert notifier_harness.notifications.count == 1, "asked anew"
    notifier_harness.looked_at = session_id
    notifier_harness.notifier.check()
    assert notifier_harness.notifications.shown == {}, "seen"


async def test_earlier_questions_and_disabled_notifications_show_nothing(
    harness: WindowHarness, notifier_harness: NotifierHarness
):
    harness.sessions.follow_all()
    session_id = await harness.add("one")
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, "2026-01-02T03:04:05Z", "Old?")
    harness.settle()
    notifier_harness.notifier.apply_settings(is_enabled=False)
    other = await harness.add("two")
    harness.viewers[other].be(Activity.NEEDS_INPUT, later(), "New?")
    harness.settle()
    assert notifier_harness.notifications.count == 0


async def test_the_end_of_a_chat_withdraws_its_question(harness: WindowHarness, notifier_harness: NotifierHarness):
    harness.sessions.follow_all()
    session_id = await harness.add("one")
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, later(), "Run npm test?")
    harness.settle()
    assert notifier_harness.notifications.shown
    harness.viewers[session_id].end(exit_code=0)
    harness.settle()
    assert notifier_harness.notifications.shown == {}


async def test_a_question_in_a_chat_and_in_its_terminal_is_counted_and_notified_once(
    harness: WindowHarness, notifier_harness: NotifierHarness
):
    harness.sessions.follow_all()
    one = await harness.add("one", runtime="structured")
    terminal = await harness.add("one-terminal", argv=["codex", "--remote", str(agent_socket(one))])
    chat, shown = harness.viewers[one], harness.viewers[terminal]

    def counted() -> list[str]:
        return [each.name for each in chats_with_questions(harness.sessions)]

    now = datetime.now(UTC)
    shown.be(Activity.NEEDS_INPUT, now.isoformat(), "Approval requested: make")  # The terminal may report it first.
    harness.settle()
    assert (counted(), notifier_harness.notifications.count) == (["one-terminal"], 0)
    chat.be(Activity.NEEDS_INPUT, (now + timedelta(milliseconds=2)).isoformat(), "make")
    await harness.until(
        lambda: notifier_harness.notifications.shown == {one: ("one needs you", "make")}, "a notification of the chat"
    )
    assert counted() == ["one"]
    assert harness.chat(terminal).needs_you, "it shows that it waits"
    assert NextChat(harness.sessions).after(one) is harness.chat(one)
    model = SidebarModel(harness.sessions, set())
    model.refresh()
    assert model.data(model.index(0), ENTRY_ROLE) == Heading("needs you", "needs you", Group.NEEDS_YOU, 1, folded=False)
    notifier_harness.looked_at = terminal
    notifier_harness.notifier.check()
    assert notifier_harness.notifications.shown == {}, "seen in the terminal"
    notifier_harness.looked_at = ""
    chat.be(Activity.WORKING, (now + timedelta(seconds=1)).isoformat())  # The terminal may lag behind.
    harness.settle()
    assert (counted(), notifier_harness.notifications.count) == ([], 1)
    asked_at = (now + timedelta(seconds=2)).isoformat()
    shown.be(Activity.NEEDS_INPUT, asked_at, "Approval requested: in another conversation")
    harness.settle()
    assert counted() == ["one-terminal"]
    await harness.until(
        lambda: notifier_harness.notifications.shown.keys() == {terminal},
        "a notification of the terminal's own question",
    )


# ------------------------------------------------------------------------------------------ the desktop's service


async def test_an_unexpected_end_is_notified_until_the_chat_is_seen(
    harness: WindowHarness, notifier_harness: NotifierHarness
):
    ids = [await harness.add(name, cwd="/srv") for name in ("died", "left", "seen")]
    harness.sessions.follow_all()
    for session_id in ids:
        harness.viewers[session_id].become(ViewerState.LIVE)
    harness.settle()
    notifier_harness.looked_at = ids[2]
    harness.viewers[ids[0]].end(None, 9)
    harness.viewers[ids[1]].end(0)
    harness.viewers[ids[2]].end(1)
    harness.settle()
    assert notifier_harness.notifications.shown == {ids[0]: ("died ended unexpectedly", "Ended by SIGKILL, in /srv")}
    notifier_harness.looked_at = ids[0]
    notifier_harness.notifier.check()
    assert notifier_harness.notifications.shown == {}


def at(seconds: float) -> str:
    """Return a time, this many seconds after a minute from now."""
    return later(60 + seconds)


async def test_only_the_end_of_a_long_turn_is_notified(harness: WindowHarness, notifier_harness: NotifierHarness):
    notifier_harness.notifier.apply_settings(is_enabled=True, long_turn_s=30)
    harness.sessions.follow_all()
    ids = {name: await harness.add(name, cwd="/srv/app") for name in ("long", "short", "asked", "seen")}
    for session_id in ids.values():
        harness.viewers[session_id].be(Activity.WORKING, at(0))
    harness.settle()
    harness.viewers[ids["asked"]].be(Activity.NEEDS_INPUT, at(40), "Run it?")
    harness.settle()
    harness.viewers[ids["asked"]].be(Activity.WORKING, at(50))
    notifier_harness.looked_at = ids["seen"]
    harness.settle()
    harness.viewers[ids["long"]].be(Activity.IDLE, at(90))
    harness.viewers[ids["short"]].be(Activity.IDLE, at(29))
    harness.viewers[ids["asked"]].be(Activity.IDLE, at(60))
    harness.viewers[ids["seen"]].be(Activity.IDLE, at(90))
    harness.settle()
    assert notifier_harness.notifications.shown == {ids["long"]: ("long finished", "After 1 min: /srv/app")}
    harness.viewers[ids["long"]].be(Activity.WORKING, at(100))
    harness.settle()
    assert notifier_harness.notifications.shown == {}, "the next turn began"
    harness.viewers[ids["long"]].be(Activity.IDLE, at(140), "All 12 tests pass.")
    harness.settle()
    assert notifier_harness.notifications.shown == {ids["long"]: ("long finished", "After 40 s: All 12 tests pass.")}
    notifier_harness.looked_at = ids["long"]
    notifier_harness.notifier.check()
    assert notifier_harness.notifications.shown == {}


async def test_ten_chats_that_finish_at_once_share_one_notification(
    harness: WindowHarness, notifier_harness: NotifierHarness
):
    notifier_harness.notifier.apply_settings(is_enabled=True, long_turn_s=30)
    harness.sessions.follow_all()
    ids = [await harness.add(f"chat-{number}") for number in range(10)]
    for session_id in ids:
        harness.viewers[session_id].be(Activity.WORKING, at(0))
    harness.settle()
    for session_id in ids:
        harness.viewers[session_id].be(Activity.IDLE, at(90))
    harness.settle()
    assert notifier_harness.notifications.shown == {
        "done": ("10 chats finished", ", ".join(f"chat-{number}" for number in range(10)))
    }
    assert notifier_harness.notifier.chat_of("done") is harness.chat(ids[0])
    for session_id in ids[:9]:
        notifier_harness.looked_at = session_id
        notifier_harness.notifier.check()
    assert notifier_harness.notifications.shown, "one was not seen yet"
    assert notifier_harness.notifier.chat_of("done") is harness.chat(ids[9])
    harness.viewers[ids[9]].end(0)
    harness.settle()
    assert notifier_harness.notifications.shown == {}
    for session_id in ids[:3]:
        harness.viewers[session_id].be(Activity.NEEDS_INPUT, at(100), "Run it?")
    harness.settle()
    assert notifier_harness.notifications.shown == {"asks": ("3 chats need you", "chat-0, chat-1, chat-2")}


async def test_muted_chats_send_nothing_and_are_remembered(harness: WindowHarness, notifier_harness: NotifierHarness):
    harness.sessions.follow_all()
    muting = harness.sessions.muting
    one, two = [await harness.add(name) for name in ("one", "two")]
    muting.mute_chat(harness.chat(one), muted=True)
    for session_id in (one, two):
        harness.viewers[session_id].be(Activity.NEEDS_INPUT, later(), "Run it?")
    harness.settle()
    assert notifier_harness.notifications.shown.keys() == {two}
    muting.mute_for_an_hour()
    assert notifier_harness.notifications.shown == {}, "a shown notification is withdrawn, too"
    assert muting.until is not None
    restored = Muting(harness.sessions)
    restored.load([one], muting.until.isoformat())
    assert restored.is_muted(harness.chat(two)), "for the hour"
    restored.unmute_all()
    assert [restored.is_muted(harness.chat(each)) for each in (one, two)] == [True, False]
    restored.load([one], later(-1))
    assert restored.until is None, "the hour is over"

    harness.viewers[one].end(0)
    follower = await harness.add("one again", resumed_from=one)
    await harness.sessions.refresh_now()
    harness.settle()
    assert muting.muted == [follower]
    assert harness.chat(follower).is_muted, "it goes on with the same conversation"


@pytest.mark.parametrize(
    ("now", "until"),
    [("2026-03-02T15:00", "2026-03-03T06:00"), ("2026-03-02T05:30", "2026-03-03T06:00"),
     ("2026-03-02T01:00", "2026-03-02T06:00")],
)  # fmt: skip
def test_until_tomorrow_is_the_next_morning(now: str, until: str) -> None:
    assert next_morning(datetime.fromisoformat(now)) == datetime.fromisoformat(until)
