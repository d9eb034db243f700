"""Notifications of questions, turns, commands, ends, programs and watched chats; the user's command for them; bells."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget

from gui.bridge import chat as chat_module
from gui.bridge import chat_marks
from gui.bridge.chat import Chat
from gui.bridge.chat_marks import QUIET_S, Muting, next_morning
from gui.settings.table import WindowFile
from gui.tray import bells, notifier, notify_command
from gui.tray.bells import Bells
from gui.tray.notifier import MAX_LINES, MAX_NOTIFIED, Notifier
from gui.tray.notify_command import NotifyCommand, filled, link_to
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.facts import Foreground
from session_host.protocol.messages import BellEvent, ForegroundEvent, NotificationEvent, OutputEvent
from session_host.protocol.values import Activity
from session_host.web.places import Served, note
from tests.support.area import Area
from tests.support.waiting import wait_for_end
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.machines import OtherMachine


def later(seconds: float = 1.0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


class FakeNotifications:
    """A fake of the desktop's notifications that keeps the shown ones."""

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


class Notices(FakeNotifications):
    """A notifier on fake notifications; ``looked_at`` is the id of the chat that the user sees."""

    def __init__(self, harness: WindowHarness) -> None:
        super().__init__()
        self.harness = harness
        self.looked_at = ""
        self.notifier = Notifier(harness.sessions, harness.catalog, self._viewed, self, collect_ms=0)

    def _viewed(self) -> list[Chat]:
        return [self.harness.chat(self.looked_at)] if self.looked_at else []

    def look_at(self, session_id: str) -> None:
        self.looked_at = session_id
        self.notifier.check()

    def notify(self, session_id: str, *notifications: NotificationEvent) -> None:
        """Let the program of a shell send these notifications at once."""
        for notification in notifications:
            self.harness.chat(session_id).looks.first.viewer_event(notification)
        self.harness.settle()

    @property
    def texts(self) -> list[tuple[str, str]]:
        return list(self.shown.values())


@pytest.fixture
def notices(harness: WindowHarness) -> Notices:
    harness.sessions.follow_all()
    return Notices(harness)


async def test_a_chat_that_begins_to_need_its_user_is_notified_with_its_question(
    harness: WindowHarness, notices: Notices
):
    session_id = await harness.add("api-fix")
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, later(), "Run npm test?")
    harness.settle()
    assert notices.shown == {session_id: ("api-fix needs you", "Run npm test?")}
    harness.viewers[session_id].be(Activity.WORKING, later())
    harness.settle()
    assert notices.shown == {}, "it was answered"


async def test_a_question_that_the_users_own_hook_answers_at_once_is_not_notified(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    """Claude Code shows its dialog while the hook runs."""
    now_s = [100.0]
    monkeypatch.setattr(notifier, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    harness.sessions.follow_all()
    notifications = FakeNotifications()
    own = Notifier(harness.sessions, harness.catalog, list, notifications, collect_ms=1)
    session_id = await harness.add("api-fix", agent="claude")
    viewer = harness.viewers[session_id]

    viewer.be(Activity.NEEDS_INPUT, later(), "Bash: npm test")
    await harness.until(lambda: own._moment > 2, "looks at what was collected")
    viewer.be(Activity.WORKING, later())
    harness.settle()
    assert notifications.count == 0

    viewer.be(Activity.NEEDS_INPUT, later(), "Bash: make")
    harness.settle()
    now_s[0] += 1
    await harness.until(lambda: notifications.shown, "the notification")
    assert notifications.shown == {session_id: ("api-fix needs you", "Bash: make")}


async def test_a_question_is_notified_once_and_the_next_one_replaces_it(harness: WindowHarness, notices: Notices):
    session_id = await harness.add("one", cwd="/srv/app")
    since = later()
    for _ in range(3):
        harness.viewers[session_id].be(Activity.NEEDS_INPUT, since)
        harness.settle()
    assert notices.count == 1
    assert notices.shown[session_id] == (
        "one needs you",
        "Command in /srv/app needs your answer",
    )
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, since, "Or this?")
    harness.settle()
    assert notices.count == 2
    assert notices.shown == {session_id: ("one needs you", "Or this?")}


async def test_a_machine_on_which_hundreds_of_chats_end_at_once_costs_one_look_at_each(
    harness: WindowHarness, notices: Notices, monkeypatch: pytest.MonkeyPatch
):
    """For each chat, all chats were looked at: 3,000 that ended unexpectedly stopped the window for minutes."""
    machine, looks = OtherMachine(harness, "build1"), 0
    running = [machine.record(f"chat {at}") for at in range(300)]
    harness.sessions.chats.apply(machine.machine, running, [])
    harness.settle()

    def looked(chat: Chat) -> str:
        nonlocal looks
        looks += 1
        return chat.record.id

    monkeypatch.setattr(Chat, "id", property(looked))
    monkeypatch.setattr(harness.sessions.chats, "made", lambda: [harness.chat(each.id) for each in running])
    for each in running:
        harness.viewers[each.id.partition("/")[2]].become(ViewerState.LOST, "gone")
    harness.settle()
    assert [title for title, _ in notices.texts] == ["300 chats ended unexpectedly"]
    assert looks < 10 * len(running)
    notices.notifier.check()
    assert looks < 20 * len(running)


async def test_a_visible_chat_is_not_notified(harness: WindowHarness, notices: Notices):
    session_id = await harness.add("one")
    notices.looked_at = session_id
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, later(), "Run npm test?")
    harness.settle()
    assert notices.count == 0
    notices.look_at("")
    assert notices.count == 0, "it was seen, and left alone"
    harness.viewers[session_id].be(Activity.WORKING, later(2))
    harness.settle()
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, later(3), "Run npm test?")
    harness.settle()
    assert notices.count == 1, "asked anew"
    notices.look_at(session_id)
    assert notices.shown == {}, "seen"


async def test_earlier_questions_and_disabled_notifications_show_nothing(harness: WindowHarness, notices: Notices):
    session_id = await harness.add("one")
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, "2026-01-02T03:04:05Z", "Old?")
    harness.settle()
    notices.notifier.apply_settings(is_enabled=False)
    other = await harness.add("two")
    harness.viewers[other].be(Activity.NEEDS_INPUT, later(), "New?")
    harness.settle()
    assert notices.count == 0


async def test_an_unexpected_end_is_notified_until_the_chat_is_seen(harness: WindowHarness, notices: Notices):
    ids = [await harness.add(name, cwd="/srv") for name in ("died", "left", "seen")]
    for session_id in ids:
        harness.viewers[session_id].become(ViewerState.LIVE)
    harness.settle()
    notices.looked_at = ids[2]
    harness.viewers[ids[0]].end(None, 9)
    harness.viewers[ids[1]].end(0)
    harness.viewers[ids[2]].end(1)
    harness.settle()
    assert notices.shown == {ids[0]: ("died ended unexpectedly", "Ended by SIGKILL, in /srv")}
    notices.look_at(ids[0])
    assert notices.shown == {}


def at(seconds: float) -> str:
    """Return a time, this many seconds after a minute from now."""
    return later(60 + seconds)


async def test_a_shown_question_is_over_once_it_is_answered_and_not_when_it_is_seen(
    harness: WindowHarness, notices: Notices
):
    over: list[tuple[str, str]] = []
    notices.notifier.question_over.connect(lambda _chat, title, text: over.append((title, text)))
    ids = {name: await harness.add(name, cwd="/srv/app") for name in ("answered", "seen", "ended")}
    notices.looked_at = ids["seen"]
    for session_id in ids.values():
        harness.viewers[session_id].be(Activity.NEEDS_INPUT, at(0), "Run it?")
    harness.settle()
    assert set(notices.shown) == {ids["answered"], ids["ended"]}
    notices.look_at(ids["answered"])
    assert (set(notices.shown), over) == ({ids["ended"]}, [])
    for session_id in ids.values():
        harness.viewers[session_id].be(Activity.WORKING, at(5))
    harness.settle()
    assert over == [("answered no longer needs you", "/srv/app"), ("ended no longer needs you", "/srv/app")]


async def test_only_the_end_of_a_long_turn_is_notified(harness: WindowHarness, notices: Notices):
    notices.notifier.apply_settings(is_enabled=True, long_turn_s=30)
    ids = {name: await harness.add(name, cwd="/srv/app") for name in ("long", "short", "asked", "seen")}
    for session_id in ids.values():
        harness.viewers[session_id].be(Activity.WORKING, at(0))
    harness.settle()
    harness.viewers[ids["asked"]].be(Activity.NEEDS_INPUT, at(40), "Run it?")
    harness.settle()
    harness.viewers[ids["asked"]].be(Activity.WORKING, at(50))
    notices.looked_at = ids["seen"]
    harness.settle()
    harness.viewers[ids["long"]].be(Activity.IDLE, at(90))
    harness.viewers[ids["short"]].be(Activity.IDLE, at(29))
    harness.viewers[ids["asked"]].be(Activity.IDLE, at(60))
    harness.viewers[ids["seen"]].be(Activity.IDLE, at(90))
    harness.settle()
    assert notices.shown == {ids["long"]: ("long finished", "After 1 min: /srv/app")}
    harness.viewers[ids["long"]].be(Activity.WORKING, at(100))
    harness.settle()
    assert notices.shown == {}, "the next turn began"
    harness.viewers[ids["long"]].be(Activity.IDLE, at(140), "All `12` tests **pass**.")
    harness.settle()
    assert notices.shown == {ids["long"]: ("long finished", "After 40 s: All 12 tests pass.")}
    notices.look_at(ids["long"])
    assert notices.shown == {}


async def test_a_long_turn_that_an_error_stopped_is_not_called_finished(harness: WindowHarness, notices: Notices):
    notices.notifier.apply_settings(is_enabled=True, long_turn_s=30)
    ids = [await harness.add(f"chat-{number}") for number in range(4)]
    for session_id in ids:
        harness.viewers[session_id].be(Activity.WORKING, at(0))
    harness.settle()
    harness.viewers[ids[0]].be(Activity.IDLE, at(40), "Usage limit reached", failed=True)
    harness.settle()
    text = "After 40 s: Usage limit reached"
    assert notices.shown == {ids[0]: ("chat-0 failed", text)}
    for session_id in ids[1:]:
        harness.viewers[session_id].be(Activity.IDLE, at(50), "Usage limit reached", failed=True)
    harness.settle()
    assert notices.shown["failed"][0] == "3 chats failed"


@pytest.mark.parametrize(("long_turn_s", "is_told"), [(30, True), (0, False)])
async def test_a_turn_that_fails_is_told_however_short_it_was(
    harness: WindowHarness, notices: Notices, long_turn_s: int, is_told: bool
) -> None:
    notices.notifier.apply_settings(is_enabled=True, long_turn_s=long_turn_s)
    chat = await harness.add("one")
    harness.viewers[chat].be(Activity.WORKING, at(0))
    harness.settle()
    harness.viewers[chat].be(Activity.IDLE, at(2), "Invalid API key", failed=True)
    harness.settle()
    assert notices.shown == ({chat: ("one failed", "After 2 s: Invalid API key")} if is_told else {})


async def test_ten_chats_that_finish_at_once_share_one_notification(harness: WindowHarness, notices: Notices):
    notices.notifier.apply_settings(is_enabled=True, long_turn_s=30)
    ids = [await harness.add(f"chat-{number}") for number in range(10)]
    for session_id in ids:
        harness.viewers[session_id].be(Activity.WORKING, at(0))
    harness.settle()
    for session_id in ids:
        harness.viewers[session_id].be(Activity.IDLE, at(90))
    harness.settle()
    assert notices.shown == {"done": ("10 chats finished", ", ".join(f"chat-{number}" for number in range(10)))}
    assert notices.notifier.chat_of("done") is harness.chat(ids[0])
    for session_id in ids[:9]:
        notices.look_at(session_id)
    assert notices.shown, "one was not seen yet"
    assert notices.notifier.chat_of("done") is harness.chat(ids[9])
    harness.viewers[ids[9]].end(0)
    harness.settle()
    assert notices.shown == {}
    for session_id in ids[:3]:
        harness.viewers[session_id].be(Activity.NEEDS_INPUT, at(100), "Run it?")
    harness.settle()
    assert notices.shown == {"asks": ("3 chats need you", "chat-0, chat-1, chat-2")}


async def test_muted_chats_send_nothing_and_are_remembered(harness: WindowHarness, notices: Notices):
    muting = harness.sessions.muting
    one, two = [await harness.add(name) for name in ("one", "two")]
    muting.mute_chat(harness.chat(one), muted=True)
    for session_id in (one, two):
        harness.viewers[session_id].be(Activity.NEEDS_INPUT, later(), "Run it?")
    harness.settle()
    assert notices.shown.keys() == {two}
    muting.mute_for_an_hour()
    assert notices.shown == {}, "a shown notification is withdrawn, too"
    assert muting.until is not None
    restored = Muting(harness.sessions.chats)
    restored.load([one], muting.until.isoformat())
    assert restored.is_muted(harness.chat(two)), "for the hour"
    restored.unmute_all()
    assert [restored.is_muted(harness.chat(each)) for each in (one, two)] == [True, False]
    restored.load([one], later(-1))
    assert restored.until is None, "the hour is over"

    harness.viewers[one].end(0)
    follower = await harness.add("one again", resumed_from=one)
    await harness.sessions.machines.here.refresh_now()
    harness.settle()
    assert muting.muted == [follower]
    assert harness.chat(follower).is_muted, "it goes on with the same conversation"


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-02T15:00", "2026-03-03T06:00"),
        ("2026-03-02T05:30", "2026-03-03T06:00"),
        ("2026-03-02T01:00", "2026-03-02T06:00"),
    ],
)
def test_until_tomorrow_is_the_next_morning(now: str, until: str) -> None:
    assert next_morning(datetime.fromisoformat(now)) == datetime.fromisoformat(until)


LONG_S = 15.0
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class ShellNotices(Notices):
    """Notices of a shell in a chat; calling this reports the foreground program."""

    def __init__(self, harness: WindowHarness, session_id: str) -> None:
        super().__init__(harness)
        self.id = session_id
        self.notifier.apply_settings(is_enabled=True, long_turn_s=LONG_S)

    def __call__(self, program: str, after_s: float, code: int | None = None) -> None:
        at = (NOON + timedelta(seconds=after_s)).isoformat()
        self.harness.chat(self.id).looks.first.viewer_event(
            ForegroundEvent(Foreground(program, at, code, at if code is not None else ""))
        )
        self.harness.settle()


@pytest.fixture
async def shell(harness: WindowHarness) -> ShellNotices:
    harness.sessions.follow_all()
    return ShellNotices(harness, await harness.add("work", agent="shell", cwd="/srv/app"))


async def test_the_end_of_a_long_command_is_shown_once_and_withdrawn_when_the_chat_is_seen(shell: ShellNotices):
    shell("", 0)
    shell("make -j8", 1)
    shell("", 1 + 4 * 60, 2)
    assert shell.shown == {shell.id: ("make -j8 failed in work (exit code 2)", "After 4 min, /srv/app")}
    shell.notifier.check()
    assert shell.count == 1
    shell.look_at(shell.id)
    assert shell.shown == {}


async def test_the_next_command_withdraws_the_notification(shell: ShellNotices):
    shell("make", 0)
    shell("", LONG_S + 1, 0)
    assert shell.shown == {shell.id: ("make ended in work", "After 16 s, /srv/app")}
    shell("ls", LONG_S + 3)
    assert shell.shown == {}


@pytest.mark.parametrize("case", ["short", "looked at", "unwanted"])
async def test_short_commands_visible_chats_and_disabled_notifications_show_nothing(shell: ShellNotices, case: str):
    shell.looked_at = shell.id if case == "looked at" else ""
    shell.notifier.apply_settings(is_enabled=case != "unwanted", long_turn_s=LONG_S)
    shell("make", 0)
    shell("", LONG_S - 1 if case == "short" else LONG_S + 1, 1)
    assert shell.count == 0


async def test_a_shell_that_does_not_mark_its_commands_is_notified_of_too(shell: ShellNotices):
    shell("sleep 60", 0)
    shell("", 61)
    assert shell.shown == {shell.id: ("sleep 60 ended in work", "After 1 min, /srv/app")}


async def test_a_notification_has_the_chats_name_and_stays_until_the_chat_is_looked_at(notices: Notices):
    shell = await notices.harness.add("work", agent="shell")
    notices.notify(shell, NotificationEvent("Build", "done\nin 3 s"))
    notices.notify(shell, NotificationEvent("", "tests failed"))
    notices.notify(shell, NotificationEvent("Deployed", ""))
    assert notices.texts == [("work: Build", "done\nin 3 s"), ("work", "tests failed"), ("work", "Deployed")]
    assert {notices.notifier.chat_of(key) for key in notices.shown} == {notices.harness.chat(shell)}
    assert not notices.harness.chat(shell).needs_you
    notices.harness.viewers[shell].end(0)
    notices.harness.settle()
    assert len(notices.texts) == 3, "its last notification stays after its end, too"
    notices.look_at(shell)
    assert notices.texts == []


async def test_a_notification_with_the_same_id_replaces_the_earlier_one(notices: Notices):
    shell = await notices.harness.add("work", agent="shell")
    notices.notify(shell, NotificationEvent("Build", "40 %", "b"), NotificationEvent("Build", "50 %", "b"))
    notices.notify(shell, NotificationEvent("Tests", "", "t"))
    notices.notify(shell, NotificationEvent("Build", "done", "b"))
    assert notices.texts == [("work: Build", "done"), ("work", "Tests")]


async def test_visible_muted_and_disabled_chats_and_agents_questions_show_nothing(notices: Notices):
    looked_at, muted, unwanted = [await notices.harness.add(name, agent="shell") for name in ("one", "two", "three")]
    agent = await notices.harness.add("agent", agent="codex")
    event = NotificationEvent("Build", "done")
    notices.look_at(looked_at)
    notices.harness.sessions.muting.mute_chat(notices.harness.chat(muted), muted=True)
    for session_id in (looked_at, muted, agent):
        notices.notify(session_id, event)
    notices.notify(looked_at, NotificationEvent("", " "))
    notices.notifier.apply_settings(is_enabled=False)
    notices.notify(unwanted, event)
    assert notices.count == 0
    assert notices.harness.chat(muted).unseen.notification == "Build · done", "its mark stays"


async def test_of_a_flood_only_the_newest_are_shown(notices: Notices):
    shell = await notices.harness.add("work", agent="shell")
    notices.notify(shell, *(NotificationEvent(f"{number}", "<x>") for number in range(100)))
    [(title, text)] = notices.texts
    assert (title, text) == ("work", "\n".join(f"{number}: <x>" for number in range(100 - MAX_LINES, 100)))
    notices.notify(shell, *(NotificationEvent(f"{number}", "", f"{number}") for number in range(100)))
    assert notices.texts == [("work", f"{number}") for number in range(100 - MAX_NOTIFIED, 100)]
    assert notices.count == 1 + MAX_NOTIFIED


async def test_long_texts_are_cut(notices: Notices):
    shell = await notices.harness.add("work", agent="shell")
    notices.notify(shell, NotificationEvent("t" * 1000, "b" * 4000))
    [(title, text)] = notices.texts
    assert (len(title), len(text)) == (len("work: ") + 80, 400)


class QuietNotices(Notices):
    """Notices of quiet chats, and a clock that the test moves."""

    def __init__(self, harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(harness)
        self.watch = harness.sessions.quiet_watch
        self.now_s = 1000.0
        for module in (chat_marks, notifier, chat_module):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now_s))

    async def watched_chat(self) -> Chat:
        session_id = await self.harness.add("build", cwd="/src/api")
        self.harness.sessions.follow_all()
        chat = self.harness.chat(session_id)
        self.watch.begin(chat)
        assert self.watch._timer.isActive()
        return chat

    def wait(self, seconds: float) -> None:
        """Move the clock; the timer is due then."""
        self.now_s += seconds
        self.watch._timer.timeout.emit()
        self.harness.settle()


@pytest.fixture
def quiet(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> QuietNotices:
    return QuietNotices(harness, monkeypatch)


async def test_a_watched_chat_is_notified_once_when_it_has_written_nothing_for_a_while(
    harness: WindowHarness, quiet: QuietNotices
):
    chat = await quiet.watched_chat()
    for offset in range(3):
        quiet.wait(QUIET_S - 1)
        harness.viewers[chat.id].tell(OutputEvent(offset))
    quiet.wait(QUIET_S - 1)
    assert quiet.shown == {}, "it wrote a moment ago"
    quiet.wait(1)
    await harness.until(lambda: quiet.shown, "the notification")
    assert quiet.shown == {chat.id: ("build is quiet", "No output for 10 s, in /src/api")}
    assert not quiet.watch.is_watched(chat)
    assert not quiet.watch._timer.isActive()
    harness.viewers[chat.id].tell(OutputEvent(9))
    quiet.notifier.check()
    assert quiet.shown == {}, "it writes again"


async def test_a_watched_chat_that_the_user_looks_at_is_notified_when_he_looks_elsewhere(
    harness: WindowHarness, quiet: QuietNotices
):
    chat = await quiet.watched_chat()
    quiet.looked_at = chat.id
    quiet.wait(QUIET_S)
    assert quiet.watch.is_watched(chat)
    quiet.looked_at = ""
    quiet.wait(QUIET_S)
    await harness.until(lambda: quiet.shown, "the notification")


async def test_a_watch_notifies_also_while_notifications_are_off_and_the_chat_is_muted(
    harness: WindowHarness, quiet: QuietNotices
):
    chat = await quiet.watched_chat()
    quiet.notifier.apply_settings(is_enabled=False)
    harness.sessions.muting.mute_chat(chat, muted=True)
    harness.sessions.muting.mute_for_an_hour()
    quiet.wait(QUIET_S)
    await harness.until(lambda: quiet.shown, "the notification")


@pytest.mark.parametrize(("code", "title"), [(0, "build ended"), (2, "build ended unexpectedly")])
async def test_the_end_of_a_watched_chat_is_notified_once(
    code: int, title: str, harness: WindowHarness, quiet: QuietNotices
):
    chat = await quiet.watched_chat()
    harness.viewers[chat.id].end(exit_code=code)
    await harness.until(lambda: quiet.shown, "the notification")
    assert [shown[0] for shown in quiet.shown.values()] == [title]
    assert quiet.count == 1
    assert not quiet.watch.is_watched(chat)


LONG_INTERVAL_S = 3600.0
"""Longer than a test takes on a busy computer."""

SAVES = "import sys; open(sys.argv[1], 'a').write('|'.join(sys.argv[2:]) + chr(10))"


class ShownTexts:
    """A fake of the desktop's notifications."""

    def __init__(self) -> None:
        self.shown: dict[str, str] = {}

    def show(self, key: str, title: str, text: str, actions: Sequence[tuple[str, str]] = ()) -> None:
        self.shown[key] = f"{title}: {text} {[label for _, label in actions]}"

    def withdraw(self, key: str) -> None:
        del self.shown[key]


def test_texts_replace_the_commands_placeholders_and_stay_in_one_argument():
    assert filled("post --title {title} 'x: {text}' {other} {link}", "a; b", "{title} $c", "https://x/#/a") == [
        "post",
        "--title",
        "a; b",
        "x: {title} $c",
        "{other}",
        "https://x/#/a",
    ]
    assert filled("~/my-script -v", "a b", "", "https://x") == ["~/my-script", "-v", "a b", ""]


def test_the_link_is_that_of_the_page_for_the_phone(area: Area):
    chat = "8abf4bcb-f802-46df-b19b-8d00abf9862a"
    assert link_to(chat) == "", "the page was never served"
    note(Served(("https://desk.example",)))
    assert link_to(chat) == f"https://desk.example/#/chat/{chat}"
    assert link_to(f"devbox/{chat} id 7") == f"https://desk.example/#/chat/devbox%2F{chat}"
    assert link_to("asks") == "https://desk.example"


async def test_the_command_runs_once_for_each_notification_which_is_shown_as_before(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    notifications, messages, saved = ShownTexts(), list[str](), tmp_path / "saved"
    command = NotifyCommand(notifications, messages.append, harness.sessions)
    monkeypatch.setattr(notify_command, "INTERVAL_S", LONG_INTERVAL_S)
    command.show("one", "one needs you", "before")
    command.command = f'{shlex.quote(sys.executable)} -c "{SAVES}" {saved} {{title}} {{text}}'
    command.show("one", "one needs you", "make?")
    command.show("one", "one needs you", "make?", [("yes", "Yes")])
    monkeypatch.setattr(notify_command, "INTERVAL_S", 0.0)
    await harness.until(lambda: saved.exists() and saved.read_text(), "the command")
    command.show("one", "one needs you", "rm -r x?")
    await harness.until(lambda: saved.read_text().count("\n") == 2, "the command again")
    assert saved.read_text() == "one needs you|make?\none needs you|rm -r x?\n"
    command.tell("one", "one no longer needs you", "/srv")
    await harness.until(lambda: saved.read_text().count("\n") == 3, "the command for a question that is over")
    assert saved.read_text().endswith("\none no longer needs you|/srv\n")
    assert notifications.shown == {"one": "one needs you: rm -r x? []"}
    command.withdraw("one")
    command.close()
    assert (notifications.shown, messages) == ({}, [])


async def test_a_command_that_fails_is_reported_with_its_last_line(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    messages: list[str] = []
    command = NotifyCommand(ShownTexts(), messages.append, harness.sessions)
    for argv, line in (
        ("sh -c 'echo trying >&2; echo no network >&2; exit 6' x", "sh, failed with exit code 6: no network"),
        ("/no/such/program", "Can’t run the command for notifications, /no/such/program: "),
        ("sleep 600 {text}", "sleep, was killed or took too long"),
    ):
        messages.clear()
        monkeypatch.setattr(notify_command, "TIMEOUT_MS", 200 if "sleep" in argv else 60_000)
        command.command = argv
        command.show(argv, "1", "1")
        await harness.until(lambda: messages, "the problem")
        assert line in messages[0]


async def test_what_a_command_started_ends_with_it_when_it_takes_too_long(harness: WindowHarness, tmp_path: Path):
    messages, pid = list[str](), tmp_path / "pid"
    command = NotifyCommand(ShownTexts(), messages.append, harness.sessions)
    command.command = f"sh -c 'sleep 1000 & echo $! > {pid}.new; mv {pid}.new {pid}; exec yes error >&2'"
    command.show("one", "1", "1")
    await harness.until(pid.exists, "the command to run")
    [limit] = command.findChildren(QTimer)
    limit.start(0)
    await harness.until(lambda: messages, "the command to be killed")
    wait_for_end(int(pid.read_text()), 10)


async def test_a_command_that_runs_at_the_windows_end_gets_a_moment_to_finish(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(notify_command, "CLOSE_TIMEOUT_MS", 200)
    messages, saved = list[str](), tmp_path / "saved"
    command = NotifyCommand(ShownTexts(), messages.append, harness.sessions)
    command.command = "sleep 600 {text}"
    command.show("slow", "1", "1")
    command.close()
    assert "sleep, was killed" in messages[0]
    monkeypatch.setattr(notify_command, "CLOSE_TIMEOUT_MS", 60_000)
    command.command = f"touch {saved} {saved}{{text}}"
    command.show("quick", "1", "1")
    command.close()
    assert saved.exists()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sounds, and the windows that requested attention."""
    sounds: list[str] = []
    monkeypatch.setattr(QApplication, "beep", lambda: sounds.append("sound"))
    monkeypatch.setattr(QApplication, "alert", lambda window: sounds.append(window.objectName()))
    return sounds


async def test_a_bell_has_the_chosen_effects_and_a_muted_chat_rings_silently(
    harness: WindowHarness, heard: list[str], monkeypatch: pytest.MonkeyPatch
):
    session_id = await harness.add("one")
    chat = harness.chat(session_id)
    window = QWidget()
    window.setObjectName("window")
    set_ = Bells(harness.sessions, lambda _chat: window)

    def ring(times: int = 1) -> list[str]:
        heard.clear()
        for _ in range(times):
            harness.chat(session_id).looks.first.viewer_event(BellEvent())
        return list(heard)

    assert ring() == [], "by default it is only a mark"
    set_.apply_settings(WindowFile(bell_sound=True))
    monkeypatch.setattr(bells, "SOUND_INTERVAL_S", LONG_INTERVAL_S)
    assert ring(50) == ["sound"], "a flood of bells plays one sound"
    monkeypatch.setattr(bells, "SOUND_INTERVAL_S", 0.0)
    assert ring(2) == ["sound", "sound"]
    set_.apply_settings(WindowFile(bell_attention=True))
    assert ring() == ["window"]
    set_.apply_settings(WindowFile(bell_sound=True, bell_attention=True))
    harness.sessions.muting.mute_chat(chat, muted=True)
    assert ring() == []
    assert chat.unseen.bell
    window.deleteLater()


async def test_marks_of_bells_disappear_when_they_are_turned_off(harness: WindowHarness):
    one = await harness.add("one")
    set_ = Bells(harness.sessions, lambda _chat: QWidget())
    harness.chat(one).looks.first.viewer_event(BellEvent())
    assert harness.chat(one).unseen.bell
    set_.apply_settings(WindowFile(bell_mark=False))
    assert not harness.chat(one).unseen.bell
    harness.chat(one).looks.first.viewer_event(BellEvent())
    assert not harness.chat(one).unseen.bell
    two = await harness.add("two")
    harness.chat(two).looks.first.viewer_event(BellEvent())
    assert not harness.chat(two).unseen.bell, "a chat that was started later"
    set_.apply_settings(WindowFile())
    harness.chat(one).looks.first.viewer_event(BellEvent())
    assert harness.chat(one).unseen.bell


async def test_a_lost_link_notifies_nothing_and_what_was_asked_meanwhile_is_notified_once(
    harness: WindowHarness, notices: Notices
) -> None:
    build1 = OtherMachine(harness, "build1")
    notices.notifier.apply_settings(is_enabled=True, long_turn_s=5)
    asks, works, dies = (build1.add(name) for name in ("asks", "works", "dies"))
    viewers = harness.viewers
    viewers[asks.session_id].be(Activity.NEEDS_INPUT, later(), "Run npm test?")
    viewers[works.session_id].be(Activity.WORKING, later())
    viewers[dies.session_id].be(Activity.WORKING, later())
    harness.settle()
    question = ("asks on build1 needs you", "Run npm test?")
    assert notices.texts == [question]
    build1.lose()
    assert (notices.texts, notices.count) == ([question], 1), "it stays, and nothing is added"
    build1.connect()
    assert (notices.texts, notices.count) == ([question], 1), "it was notified"
    build1.lose()
    build1.connect()
    behind = "2026-01-02T03:04:05Z"
    viewers[works.session_id].be(Activity.NEEDS_INPUT, behind, "Asked by a clock that is behind")
    viewers[dies.session_id].end(exit_code=1)
    harness.settle()
    assert notices.count == 3
    assert [title for title, _ in notices.texts] == [
        question[0],
        "works on build1 needs you",
        "dies on build1 ended unexpectedly",
    ]


async def test_a_watched_chat_that_is_put_to_sleep_notifies_of_nothing(
    harness: WindowHarness, quiet: QuietNotices
) -> None:
    chat = await quiet.watched_chat()
    harness.viewers[chat.id].end(end_request="sleep")
    harness.settle()
    quiet.wait(QUIET_S)
    assert quiet.shown == {}
    assert not quiet.watch.is_watched(chat)


async def test_a_watched_chat_is_not_quiet_while_its_machine_is_unreachable(
    harness: WindowHarness, quiet: QuietNotices
) -> None:
    build1 = OtherMachine(harness, "build1")
    chat = build1.add("api")
    quiet.watch.begin(chat)
    build1.lose()
    quiet.wait(10 * QUIET_S)
    build1.connect()
    quiet.wait(QUIET_S - 1)
    assert quiet.shown == {}
    quiet.wait(1)
    await harness.until(lambda: quiet.shown, "the notification")
    assert quiet.texts == [("api on build1 is quiet", "No output for 10 s, in /srv/api")]
