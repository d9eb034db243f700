"""A chat's day by its events: times of work and of waiting, prompts, failures; and what the store gives for it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from session_host import paths
from session_host.client.chats.chat_days import chat_days
from session_host.protocol.events import (
    Answered,
    CommandEnded,
    Ended,
    Event,
    Interrupted,
    NumberedEvent,
    Removed,
    StatusChanged,
    TurnEnded,
    TurnStarted,
)
from session_host.protocol.values import Activity, State
from session_host.standing.days import ChatDay, Span, days
from session_host.storage.store import Store
from session_host.system.clock import as_text
from tests.support.facts import chat_facts

BEGIN = datetime(2026, 3, 4, tzinfo=UTC).timestamp()
HOUR = 3600.0
IDLE, WORKING, ASKS, UNKNOWN = Activity.IDLE, Activity.WORKING, Activity.NEEDS_INPUT, Activity.NO_SIGNAL


class Entry(NamedTuple):
    at: str
    event: Event
    chat: str = "one"
    name: str = "first"


def at(hour: float, event: Event, chat: str = "one", name: str = "first") -> Entry:
    return Entry(as_text(BEGIN + hour * HOUR), event, chat, name)


def becomes(after: Activity, detail: str = "") -> StatusChanged:
    return StatusChanged(before=UNKNOWN, after=after, detail=detail)


def day(*entries: Entry, end_h: float = 24) -> ChatDay:
    [found] = days(entries, BEGIN, BEGIN + end_h * HOUR)
    return found


def hours(found: ChatDay) -> list[tuple[str, float, float]]:
    """The times of a day in hours."""
    return [
        ("waits" if each.waits else "works", (each.begin_s - BEGIN) / HOUR, (each.end_s - BEGIN) / HOUR)
        for each in found.spans
    ]


def test_work_waiting_and_what_is_still_going_on() -> None:
    found = day(
        at(8, becomes(WORKING)),
        at(9, becomes(ASKS, "Run make?")),
        at(9.5, Answered(request="r", by="window", option="yes", name="Allow")),
        at(9.5, becomes(WORKING)),
        at(10, becomes(IDLE)),
        at(11, becomes(WORKING, "Editing")),
        end_h=12,
    )
    assert hours(found) == [("works", 8, 9), ("waits", 9, 9.5), ("works", 9.5, 10), ("works", 11, 12)]
    assert found.spans[1] == Span(True, BEGIN + 9 * HOUR, BEGIN + 9.5 * HOUR, "Run make?", "Allow", "window")
    assert (found.begin_s, found.end_s) == (BEGIN + 8 * HOUR, BEGIN + 12 * HOUR)


def test_the_same_state_with_another_text_is_one_time() -> None:
    found = day(
        at(8, becomes(WORKING, "a")), at(8.5, becomes(WORKING, "b")), at(9, becomes(WORKING)), at(9, becomes(IDLE))
    )
    assert hours(found) == [("works", 8, 9)]
    assert found.spans[0].text == "b"


def test_what_began_the_day_before_begins_with_the_day() -> None:
    found = day(at(-5, becomes(ASKS, "Run?")), at(1, becomes(IDLE)))
    assert hours(found) == [("waits", 0, 1)]
    assert days([at(-5, Ended(exit_code=0))], BEGIN, BEGIN + HOUR) == []


def test_an_end_ends_the_work_and_a_restart_of_the_computer_too() -> None:
    for end in (Ended(exit_code=1), Interrupted()):
        found = day(at(8, becomes(WORKING)), at(9, end))
        assert hours(found) == [("works", 8, 9)]
        assert found.end_s == BEGIN + 9 * HOUR


def test_prompts_and_failures_have_their_times() -> None:
    found = day(
        at(8, TurnStarted(turn=1)),
        at(8, becomes(WORKING)),
        at(8.5, TurnEnded(turn=1, outcome="error", error="API error 400")),
        at(8.5, becomes(IDLE)),
        at(9, TurnStarted(turn=2)),
        at(9.5, TurnEnded(turn=2, outcome="done")),
    )
    assert found.prompts_s == (BEGIN + 8 * HOUR, BEGIN + 9 * HOUR)
    assert found.failures == ((BEGIN + 8.5 * HOUR, "API error 400"),)


def test_a_shell_works_while_its_commands_run() -> None:
    found = day(
        at(8, CommandEnded(exit_code=0, duration_s=1800)),
        at(8.25, CommandEnded(exit_code=0, duration_s=3600)),
        at(0.5, CommandEnded(exit_code=0, duration_s=7200), chat="one"),
    )
    assert hours(found)[:2] == [("works", 8, 8), ("works", 8, 8.25)]
    assert all(each.begin_s >= BEGIN for each in found.spans)


def test_a_removed_chat_is_left_out_and_a_clock_that_jumps_gives_no_negative_time() -> None:
    found = days(
        [
            at(8, becomes(WORKING)),
            at(7, becomes(IDLE)),
            at(8, becomes(WORKING), chat="two", name="second"),
            at(9, Removed(), chat="two", name="second"),
        ],
        BEGIN,
        BEGIN + 24 * HOUR,
    )
    assert [each.id for each in found] == ["one"]
    assert all(span.end_s >= span.begin_s for span in found[0].spans)


def test_the_store_gives_a_days_events_and_the_state_before_it() -> None:
    one, two, over = (
        chat_facts(id=str(uuid.uuid4()), name=name, agent="claude", state=State.RUNNING)
        for name in ("one", "two", "over")
    )
    with Store.open(paths.database()) as store:
        for each in (one, two, over):
            store.insert(each)

        def add(chat: str, *entries: Entry) -> None:
            store.ledger.add(chat, [NumberedEvent(n, entry.at, entry.event) for n, entry in enumerate(entries, 1)])

        add(over.id, at(-30, becomes(WORKING)), at(-29, Ended(exit_code=0)))
        add(one.id, at(-3, becomes(WORKING)), at(-2, becomes(ASKS, "Run?")), at(1, becomes(IDLE)))
        add(two.id, at(8, becomes(WORKING)), at(9, becomes(IDLE)), at(25, becomes(WORKING)))
    found = {each.name: each for each in chat_days(BEGIN, BEGIN + 24 * HOUR)}
    assert {name: hours(each) for name, each in found.items()} == {"one": [("waits", 0, 1)], "two": [("works", 8, 9)]}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found["one"]), type=ChatDay) == found["one"]
