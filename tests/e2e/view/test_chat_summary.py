"""What is around the prompt box: the plan and the changed files above it, the limits of the subscription below."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from gui.chat.prompt import settings_row as limits
from gui.chat.summary import Summary
from gui.chat.view import Announcer
from session_host.protocol.turns import TurnFacts
from session_host.structured.items import FileChange, Item, PlanEntry, Put, TurnOver, UsageChanged, UsageLimit
from tests.support.chat_view_harness import ShowChat
from tests.support.scripted_chat import BEGAN_MS, ScriptedChat

pytestmark = pytest.mark.e2e

PATCH = "@@ -1,2 +1,3 @@\n-old\n+new\n+more\n same\n"


def edited(chat: ScriptedChat, *paths: str, status: str = "done", **fields: str) -> str:
    changes = tuple(FileChange(path, PATCH, **fields) for path in paths)  # type: ignore[arg-type]
    return chat.put("tool", title="Edit", tool="edit", status=status, changes=changes)


def plan(chat: ScriptedChat, done: int, item: str = "plan") -> None:
    names = ("Read the parser", "Fix the parser", "Run the tests")
    states = ["completed"] * done + ["in_progress"] + ["pending"] * len(names)
    entries = tuple(PlanEntry(name, state) for name, state in zip(names, states, strict=False))  # type: ignore[arg-type]
    chat.apply(Put(Item(item, "plan", BEGAN_MS, plan=entries)))


def test_the_plan_and_the_changed_files_are_shown_above_the_prompt_box(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    show_view = show_chat(chat, "/src/app")
    strip = show_view.view.strip
    assert not strip.isVisible()
    chat.put("user", "Fix it")
    plan(chat, 1)
    for number in range(40):
        chat.put("agent", f"Paragraph {number}.")
    first = edited(chat, "/src/app/parser.py")
    edited(chat, "/src/app/lexer.py", "/elsewhere/a&b.py")
    for number in range(40):
        chat.put("agent", f"Later {number}.")
    show_view.settle()
    assert strip.plan_button.text() == "Plan · 1 of 3 · Fix the parser"
    assert strip.files_button.text() == "Edited 3 files  +6 −3"
    assert strip.files_button.accessibleDescription() == "6 lines added, 3 lines removed"

    QTest.mouseClick(strip.plan_button, Qt.MouseButton.LeftButton)
    show_view.settle()
    assert "Run the tests" in show_view.shown()
    strip.files_button.setFocus()
    QTest.keyClick(strip.files_button, Qt.Key.Key_Space)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    texts = [action.text() for action in menu.actions()]
    assert texts == ["Changes", "", "/elsewhere/a&&b.py\t+2 −1", "lexer.py\t+2 −1", "parser.py\t+2 −1"]
    menu.actions()[0].trigger()
    assert show_view.emitted("changes_requested") == [()]
    menu.actions()[-1].trigger()
    menu.close()
    show_view.settle()
    assert "parser.py" in show_view.shown()
    assert show_view.view.page.rows.position(first) in {each.position for each in show_view.view.page.visible}
    assert show_view.view.page.hasFocus()

    plan(chat, 3)
    show_view.settle()
    assert not strip.plan_button.isVisible(), "all is done"
    show_view.view.resize(300, 500)
    plan(chat, 2)
    show_view.settle()
    assert strip.files_button.isVisible()
    assert strip.files_button.geometry().right() < strip.width()


def test_an_unfinished_plan_is_shown_until_a_later_turn_has_ended_without_a_plan() -> None:
    chat, summary = ScriptedChat(), Summary()

    def shown() -> str:
        summary.update(chat.transcript, chat.transcript.take_changes().items)
        again = Summary()
        again.update(chat.transcript, [item.id for item in chat.transcript])
        assert again.plan == summary.plan, "the same when the chat is opened again"
        return summary.plan.id if summary.plan is not None else ""

    def prompt(turn: str) -> None:
        chat.put("user", "a prompt", turn=turn)
        chat.run(turn)

    def put_plan(turn: str) -> None:
        chat.apply(Put(Item(f"plan of {turn}", "plan", BEGAN_MS, plan=(PlanEntry("Read", "in_progress"),), turn=turn)))

    prompt("t1")
    put_plan("t1")
    chat.put("user", "steered into it", turn="t1")
    chat.end(TurnOver("t1", "completed"))
    assert shown() == "plan of t1"
    prompt("t2")
    assert shown() == "plan of t1", "the turn may go on with it"
    put_plan("t2")
    chat.end(TurnOver("t2", "completed"))
    assert shown() == "plan of t2"
    prompt("t3")
    chat.end(TurnOver("t3", "completed"))
    assert shown() == ""
    prompt("t4")
    assert shown() == ""
    put_plan("t4")
    assert shown() == "plan of t4"


def test_only_completed_changes_count() -> None:
    chat, summary = ScriptedChat(), Summary()
    running = edited(chat, "a.py", status="running")
    edited(chat, "b.py", status="declined")
    summary.update(chat.transcript, chat.transcript.take_changes().items)
    assert list(summary.files) == []
    chat.done(running)
    again = edited(chat, "c.py")
    edited(chat, "a.py", moved_to="d.py")
    summary.update(chat.transcript, chat.transcript.take_changes().items)
    assert [(file.path, file.added, file.removed) for file in summary.files.values()] == [
        ("c.py", 2, 1),
        ("d.py", 4, 2),
    ]
    assert summary.files["c.py"].item == again
    chat.put("plan", plan=(PlanEntry("of a sub-agent"),), parent="x")
    summary.update(chat.transcript, chat.transcript.take_changes().items)
    assert summary.plan is None


NOON = datetime(2026, 5, 7, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The view's clock, set to noon; times are shown in the British format."""
    clock = Clock()
    monkeypatch.setattr(limits, "present", clock)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    yield clock
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
    show_chat: ShowChat, clock: Clock
) -> None:
    chat = ScriptedChat()
    weekly = limit("seven_day", 20, 75, 168)
    chat.apply(used(limit("five_hour", 74.9, 2.5, 5), weekly))
    shown = show_chat(chat)
    labels = shown.view.prompt.settings.usage
    assert not labels.limit.isVisible()
    assert not labels._clock.isActive(), "nothing that is shown changes with the time"
    assert labels.accessibleDescription().splitlines() == [
        "42 % context",
        "84,000 of 200,000 tokens",
        "5-hour limit: 74 % used · resets 14:30",
        "Weekly limit: 20 % used · resets Sun 15:00",
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
    assert labels.limit.text() == "Weekly limit (Opus) 95 % · resets Sun 15:00"


def test_a_limit_that_the_page_tells_is_not_told_at_the_prompt_box_until_the_next_turn(
    show_chat: ShowChat, clock: Clock
) -> None:
    chat = ScriptedChat()
    chat.apply(used(limit("five_hour", 100, 2.5, 5)))
    chat.put("user", "Go on.", status="done", turn="t1")
    chat.run("t1")
    chat.end(TurnOver("t1", "failed", facts=TurnFacts(outcome="limit", resets_at="2026-05-06T14:30:00Z")))
    shown = show_chat(chat)
    labels = shown.view.prompt.settings.usage
    assert not labels.limit.isVisible()
    chat.run("t2")
    shown.settle()
    assert labels.limit.isVisible()


def test_a_limit_disappears_at_its_reset_even_if_the_clock_is_changed(show_chat: ShowChat, clock: Clock) -> None:
    chat = ScriptedChat()
    chat.apply(used(limit("five_hour", 100, 2.5, 5), limit("seven_day", 80, 75, 168)))
    shown = show_chat(chat)
    labels = shown.view.prompt.settings.usage
    found = []
    for hours in (0, 2.4, 2.5, 100, -48, 0):
        clock.now = NOON + timedelta(hours=hours)
        labels._clock.timeout.emit()
        found.append(labels.limit.text())
    five_hours, weekly = "5-hour limit 100 % · resets 14:30", "Weekly limit 80 % · resets Sun 15:00"
    assert found == [five_hours, five_hours, weekly, "", "5-hour limit 100 % · resets Thu 14:30", five_hours]
    assert labels._clock.isActive()
    shown.view.hide()
    assert not labels._clock.isActive()
    clock.now = NOON + timedelta(hours=3)
    shown.view.show()
    assert labels.limit.text() == weekly
    assert labels._clock.isActive()


def test_a_narrow_view_shows_the_limit_before_the_context(show_chat: ShowChat, clock: Clock) -> None:
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
    show_chat: ShowChat, clock: Clock, monkeypatch: pytest.MonkeyPatch
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
