"""Ages, days, muting and notifications are soon right after the clock was set or the computer slept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from gui.bridge import age_timer, chat_marks
from gui.bridge.ended_list import EndedChats
from gui.tray import notifier
from gui.tray.notifier import Notifier
from gui.window.sidebar import model
from gui.window.sidebar.arrangement import sections
from gui.window.sidebar.entries import ChatRow
from session_host.protocol.values import Activity, State
from session_host.standing.groups import Group
from tests.unit.gui.conftest import WindowHarness

SetClock = Callable[[timedelta], None]


@pytest.fixture
def set_clock(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the window's clock forward or back."""
    moved = timedelta()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + moved

    for module in (age_timer, chat_marks, notifier, model):
        monkeypatch.setattr(module, "datetime", Clock)

    def jump(by: timedelta) -> None:
        nonlocal moved
        moved += by

    return jump


def before(delta: timedelta) -> str:
    return (datetime.now(UTC) - delta).isoformat()


def age(harness: WindowHarness, session_id: str) -> str:
    entry = harness.window.sidebar.model.entry(harness.window.sidebar.model.index_of(session_id))
    assert isinstance(entry, ChatRow)
    return entry.age


async def test_ages_are_right_soon_after_the_computer_wakes_up(
    harness: WindowHarness, set_clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(age_timer, "OLD_STEP_S", 0.02)
    session_id = await harness.add("one")
    harness.open_window()
    harness.show(session_id).be(Activity.IDLE, before(timedelta(minutes=5)))
    harness.settle()
    assert age(harness, session_id) == "5 m"
    set_clock(timedelta(hours=8))
    await harness.until(lambda: age(harness, session_id) == "8 h", "the age after a night")
    set_clock(-timedelta(hours=16))
    await harness.until(lambda: age(harness, session_id) == "now", "the age of what will be in the future")


async def test_an_age_in_seconds_is_shown_soon(harness: WindowHarness) -> None:
    viewer = await harness.open("one")
    window = harness.window
    viewer.be(Activity.IDLE, before(timedelta(minutes=5)))
    harness.settle()
    window.ages._timer.start(25_000)
    viewer.be(Activity.WORKING, before(timedelta(seconds=5)))
    harness.settle()
    assert window.ages._timer.interval() <= 10_000  # A coarse timer may last a twentieth longer.


async def test_a_day_has_one_heading_after_the_clock_was_set_back(harness: WindowHarness) -> None:
    noon = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0)
    for name, ended in (("future", noon + timedelta(days=2)), ("now", noon)):
        await harness.add(name, state=State.EXITED, exit_code=0, ended_at=ended.astimezone(UTC).isoformat())
    chats = harness.sessions.listed.groups()[Group.ENDED]
    assert isinstance(chats, EndedChats)
    [(day, _, entries)] = sections(chats, noon.date())
    assert (day, [chat.name for chat in entries]) == ("Today", ["future", "now"])


async def test_muting_for_an_hour_ends_soon_after_the_computer_wakes_up(
    harness: WindowHarness, set_clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_marks, "CHECK_S", 0.02)
    muting = harness.sessions.muting
    muting.mute_for_an_hour()
    changes: list[bool] = []
    muting.changed.connect(lambda: changes.append(muting.until is None))
    chat = harness.chat(await harness.add("one"))
    set_clock(timedelta(minutes=30))
    is_muted = [muting.is_muted(chat)]
    set_clock(timedelta(minutes=31))
    assert [*is_muted, muting.is_muted(chat)] == [True, False], "at once"
    await harness.until(lambda: changes == [True], "the end of muting to be shown")


async def test_muting_for_an_hour_does_not_last_for_years_after_the_clock_was_set_back(
    harness: WindowHarness, set_clock: SetClock
) -> None:
    chat, muting = harness.chat(await harness.add("one")), harness.sessions.muting
    muting.mute_for_an_hour()
    set_clock(-timedelta(hours=3))
    is_muted = [muting.is_muted(chat)]
    set_clock(-timedelta(days=20_000))
    assert [*is_muted, muting.is_muted(chat)] == [True, False]


async def test_a_question_is_notified_after_the_clock_was_set_back(harness: WindowHarness, set_clock: SetClock) -> None:
    shown: list[str] = []

    class FakeNotifications:
        def show(self, key: str, *_rest: object) -> None:
            shown.append(key)

        def withdraw(self, key: str) -> None:
            shown.remove(key)

    notifier = Notifier(harness.sessions, harness.catalog, list, FakeNotifications(), collect_ms=0)
    harness.sessions.follow_all()
    session_id = await harness.add("one")
    set_clock(-timedelta(hours=5))
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, before(timedelta(hours=5)), "Run it?")
    harness.settle()
    assert shown == [session_id]
    notifier.deleteLater()
