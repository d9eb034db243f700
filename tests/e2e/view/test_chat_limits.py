"""The limits of the user's subscription, shown below the prompt box."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QLocale

from gui.chat.prompt import settings_row as limits
from gui.chat.view import Announcer
from session_host.structured.items import UsageChanged, UsageLimit
from tests.support.chat_view_harness import ChatViewHarness
from tests.support.scripted_chat import ScriptedChat

pytestmark = pytest.mark.e2e

NOON = datetime(2026, 5, 7, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The view's clock, set to noon; times are shown in the German format."""
    clock = Clock()
    monkeypatch.setattr(limits, "present", clock)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    previous = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.German, QLocale.Country.Germany))
    yield clock
    QLocale.setDefault(previous)
    monkeypatch.undo()
    time.tzset()


def limit(name: str, percent: float, hours: float, window_h: int, model: str = "") -> UsageLimit:
    """A limit that was reported at 11:58 and is reset the given hours after noon."""
    resets_ms = int((NOON + timedelta(hours=hours)).timestamp() * 1000)
    at_ms = int((NOON - timedelta(minutes=2)).timestamp() * 1000)
    return UsageLimit(name, percent / 100, window_h * 60, resets_ms, model, at_ms)


def used(*reported: UsageLimit) -> UsageChanged:
    return UsageChanged(84_000, 200_000, limits=reported)


def test_the_fullest_limit_is_shown_from_a_threshold_and_the_tooltip_shows_all(
    show_chat: Callable[..., ChatViewHarness], clock: Clock
) -> None:
    chat = ScriptedChat()
    weekly = limit("seven_day", 20, 75, 168)
    chat.apply(used(limit("five_hour", 74.9, 2.5, 5), weekly))
    shown = show_chat(chat)
    labels = shown.view.prompt.settings.usage
    assert not labels.limit.isVisible()
    assert not labels._clock.isActive(), "nothing that is shown changes with the time"
    assert labels.accessibleDescription().splitlines() == [
        "84,000 of 200,000 tokens",
        "5-hour limit: 74 % used · resets 14:30",
        "Weekly limit: 20 % used · resets 10 May 15:00",
        "Limits as the agent reported them: 11:58",
    ]
    for percent, kind in ((80, "secondary"), (90, "warning"), (29, ""), (100, "warning")):
        chat.apply(used(weekly, limit("five_hour", percent, 2.5, 5)))
        shown.settle()
        assert labels.limit.isVisible() == bool(kind)
        assert labels.context.isVisible()
        if kind:
            assert labels.limit.text() == f"5-hour limit {percent} % · resets 14:30"
            assert labels.limit.property("kind") == kind
    chat.apply(used(limit("seven_day_opus", 95, 75, 168, "Opus"), limit("five_hour", 95, 2.5, 5)))
    shown.settle()
    assert labels.limit.text() == "Weekly limit (Opus) 95 % · resets 10 May 15:00"


def test_a_limit_disappears_at_its_reset_even_if_the_clock_is_changed(
    show_chat: Callable[..., ChatViewHarness], clock: Clock
) -> None:
    chat = ScriptedChat()
    chat.apply(used(limit("five_hour", 100, 2.5, 5), limit("seven_day", 80, 75, 168)))
    shown = show_chat(chat)
    labels = shown.view.prompt.settings.usage
    found = []
    for hours in (0, 2.4, 2.5, 100, -48, 0):
        clock.now = NOON + timedelta(hours=hours)
        labels._clock.timeout.emit()
        found.append(labels.limit.text())
    five_hours, weekly = "5-hour limit 100 % · resets 14:30", "Weekly limit 80 % · resets 10 May 15:00"
    assert found == [five_hours, five_hours, weekly, "", "5-hour limit 100 % · resets 7 May 14:30", five_hours]
    assert labels._clock.isActive()
    shown.view.hide()
    assert not labels._clock.isActive()
    clock.now = NOON + timedelta(hours=3)
    shown.view.show()
    assert labels.limit.text() == weekly
    assert labels._clock.isActive()


def test_a_narrow_view_shows_the_limit_before_the_context(
    show_chat: Callable[..., ChatViewHarness], clock: Clock
) -> None:
    chat = ScriptedChat()
    chat.apply(used(limit("five_hour", 93, 2.5, 5)))
    shown = show_chat(chat)
    labels = shown.view.prompt.settings.usage
    assert labels.limit.isVisible()
    assert labels.context.isVisible()
    limit_px, context_px = labels.fit(labels.limit.sizeHint().width() + 20), labels.fit(labels.limit.sizeHint().width())
    assert limit_px > context_px > 0
    whole_px = limit_px + context_px
    for room_px, taken_px in ((whole_px, whole_px), (whole_px - 1, limit_px), (limit_px - 1, context_px), (9, 0)):
        assert labels.fit(room_px) == taken_px
        assert labels.limit.isVisible() == (taken_px >= limit_px)


def test_a_screen_reader_says_a_limit_each_time_that_it_reaches_the_next_level(
    show_chat: Callable[..., ChatViewHarness], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced: list[str] = []
    monkeypatch.setattr("gui.chat.view.QAccessible.isActive", lambda: True)
    monkeypatch.setattr(Announcer, "announce", lambda _self, text: announced.append(text))
    chat = ScriptedChat()
    chat.apply(used(limit("five_hour", 76, 2.5, 5)))
    shown = show_chat(chat)
    for percent in (80, 90, 95, 100, 10, 75):
        chat.apply(used(limit("five_hour", percent, 2.5, 5)))
        shown.settle()
    assert announced == [f"5-hour limit {percent} % · resets 14:30" for percent in (90, 100, 75)]
