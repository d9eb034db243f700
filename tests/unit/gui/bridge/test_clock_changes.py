"""Ages, days, muting and notifications are correct at once after the clock was set or the computer slept."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QSignalBlocker

from gui.bridge import age_timer, clock_changes, muting
from gui.bridge.clock_changes import ClockChanges
from gui.bridge.ended_list import EndedChats
from gui.tray import notifier
from gui.tray.notifier import Notifier
from gui.window.sidebar import model
from gui.window.sidebar.arrangement import sections
from gui.window.sidebar.model import ChatRow
from gui.wording.groups import Group
from session_host.protocol.values import Activity, State
from tests.support.qt_waiting import process_events_until
from tests.unit.gui.conftest import WAIT_S, WindowHarness

SetClock = Callable[[timedelta], None]


@pytest.fixture
def set_clock(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the window's clock forward or back, and reports it as the system does."""
    moved = timedelta()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + moved

    for module in (age_timer, muting, notifier, model):
        monkeypatch.setattr(module, "datetime", Clock)

    def jump(by: timedelta) -> None:
        nonlocal moved
        moved += by
        harness.sessions.clock_changes.jumped.emit(by.total_seconds())
        harness.settle()

    return jump


def before(delta: timedelta) -> str:
    return (datetime.now(UTC) - delta).isoformat()


def at(hour: int) -> datetime:
    """An hour of today, local time."""
    return datetime.now().astimezone().replace(hour=hour, minute=0, second=0, microsecond=0)


def age(harness: WindowHarness, session_id: str) -> str:
    entry = harness.window.sidebar.model.entry(harness.window.sidebar.model.index_of(session_id))
    assert isinstance(entry, ChatRow)
    return entry.age


def test_the_system_reports_only_a_clock_that_was_set(qapp: QObject) -> None:
    changes = ClockChanges(qapp)
    facts = Path(f"/proc/self/fdinfo/{changes._descriptor}").read_text().split("\n")
    assert "clockid: 0" in facts, "the time of day"
    assert "settime flags: 03" in facts, "an absolute time; cancelled when the clock is set"
    assert "ticks: 0" in facts
    changes.close()
    changes.close()
    changes.deleteLater()


def test_one_jump_is_reported_once(qapp: QObject, monkeypatch: pytest.MonkeyPatch) -> None:
    time_of_day = time.time
    descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    monkeypatch.setattr(clock_changes, "_open_timer", lambda: descriptor)
    changes = ClockChanges(qapp)
    jumps: list[float] = []
    changes.jumped.connect(jumps.append)
    monkeypatch.setattr(time, "time", lambda: time_of_day() - 3600)
    os.eventfd_write(descriptor, 1)
    process_events_until(lambda: bool(jumps), WAIT_S, "the jump to be reported")
    with pytest.raises(BlockingIOError):
        os.eventfd_read(descriptor)
    changes.close()
    changes.deleteLater()
    assert jumps == [pytest.approx(-3600, abs=60)]


async def test_ages_are_right_at_once_when_the_computer_wakes_up(
    harness: WindowHarness, set_clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(age_timer, "_seconds_until_tomorrow", lambda _now: 40_000.0)
    session_id = await harness.add("one")
    window = harness.open_window()
    harness.show(session_id).be(Activity.IDLE, before(timedelta(minutes=5)))
    harness.settle()
    assert age(harness, session_id) == "5 m"
    set_clock(timedelta(hours=8))
    assert age(harness, session_id) == "8 h"
    set_clock(-timedelta(hours=16))
    assert age(harness, session_id) == "now", "it will be in the future"
    assert 28_000 < window.ages.seconds_until_due() < 29_000, "no timer runs before the age changes"
    set_clock(-timedelta(days=3650))
    assert window.ages.seconds_until_due() == 40_000


async def test_a_change_of_a_chat_does_not_delay_an_age_that_is_due(
    harness: WindowHarness, set_clock: SetClock
) -> None:
    session_id = await harness.add("one")
    window = harness.open_window()
    harness.show(session_id).be(Activity.WORKING, before(timedelta(seconds=55)))
    harness.settle()
    with QSignalBlocker(harness.sessions.clock_changes):
        set_clock(timedelta(seconds=6))
    assert age(harness, session_id) != "1 m", "ages change together, every ten seconds"
    harness.sessions.changed.emit()
    assert window.ages._timer.remainingTime() < 11_000, "and not at the next minute"


async def test_a_day_has_one_heading_after_the_clock_was_set_back(harness: WindowHarness) -> None:
    noon = at(12)
    for name, ended in (("future", noon + timedelta(days=2)), ("now", noon)):
        await harness.add(name, state=State.EXITED, exit_code=0, ended_at=ended.astimezone(UTC).isoformat())
    chats = harness.sessions.groups()[Group.ENDED]
    assert isinstance(chats, EndedChats)
    [(day, _, entries)] = sections(chats, noon.date())
    assert (day, [chat.name for chat in entries]) == ("Today", ["future", "now"])


async def test_days_get_their_new_names_at_midnight(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = at(0)
    ended = (midnight - timedelta(days=5, hours=12)).astimezone(UTC).isoformat()
    await harness.add("one", state=State.EXITED, exit_code=0, ended_at=ended)

    class Evening(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return (midnight - timedelta(seconds=30)).astimezone(tz)

    window = harness.open_window()
    monkeypatch.setattr(age_timer, "datetime", Evening)
    assert window.ages.seconds_until_due() == pytest.approx(30)


async def test_muting_for_an_hour_ends_when_the_computer_wakes_up(harness: WindowHarness, set_clock: SetClock) -> None:
    silent = harness.sessions.muting
    silent.mute_for_an_hour()
    changes: list[bool] = []
    silent.changed.connect(lambda: changes.append(silent.until is None))
    set_clock(timedelta(minutes=30))
    assert changes == []
    set_clock(timedelta(minutes=31))
    assert changes == [True]


async def test_muting_for_an_hour_does_not_last_for_years_after_the_clock_was_set_back(
    harness: WindowHarness, set_clock: SetClock
) -> None:
    silent = harness.sessions.muting
    silent.mute_for_an_hour()
    set_clock(-timedelta(hours=3))
    assert silent.until is not None
    set_clock(-timedelta(days=20_000))
    assert silent.until is None


@pytest.mark.parametrize("jump", [timedelta(days=20_000), -timedelta(days=20_000)])
async def test_a_turn_keeps_its_duration_when_the_clock_is_set(
    harness: WindowHarness, set_clock: SetClock, jump: timedelta
) -> None:
    shown: list[object] = []

    class Board:
        def show(self, *arguments: object, **_rest: object) -> None:
            shown.append(arguments)

        def withdraw(self, key: str) -> None:
            pass

    notifier = Notifier(harness.sessions, harness.catalog, lambda _chat: False, Board(), collect_ms=0)
    notifier.apply_settings(is_enabled=True, long_turn_s=30)
    harness.sessions.follow_all()
    long, short = [await harness.add(name) for name in ("long", "short")]
    for session_id, ago_s in ((long, 40), (short, 5)):
        harness.viewers[session_id].be(Activity.WORKING, before(timedelta(seconds=ago_s)))
    harness.settle()
    set_clock(jump)
    for session_id in (long, short):
        harness.viewers[session_id].be(Activity.IDLE, before(-jump))
    harness.settle()
    assert len(shown) == 1, shown
    assert "40 s" in str(shown)
    notifier.deleteLater()


async def test_a_question_is_notified_after_the_clock_was_set_back(harness: WindowHarness, set_clock: SetClock) -> None:
    shown: list[str] = []

    class FakeNotifications:
        def show(self, key: str, *_rest: object) -> None:
            shown.append(key)

        def withdraw(self, key: str) -> None:
            shown.remove(key)

    notifier = Notifier(harness.sessions, harness.catalog, lambda _chat: False, FakeNotifications(), collect_ms=0)
    harness.sessions.follow_all()
    session_id = await harness.add("one")
    set_clock(-timedelta(hours=5))
    harness.viewers[session_id].be(Activity.NEEDS_INPUT, before(timedelta(hours=5)), "Run it?")
    harness.settle()
    assert shown == [session_id]
    notifier.deleteLater()
