from __future__ import annotations

from typing import Final

import msgspec
import pytest

from session_host.protocol.events import (
    KEPT_CHANGES,
    KEPT_UNSAVED,
    KINDS,
    Ended,
    Event,
    Gap,
    NumberedEvent,
    StatusChanged,
    changes,
    kind_of,
    with_events,
)
from session_host.protocol.values import Activity
from tests.support.replayed_claude import RECORDINGS

RECORDED: Final = (RECORDINGS / "events.jsonl").read_bytes().splitlines()
"""An event of each kind, as a line has it; what is once here is read and written so by each later version."""

AT = "2026-01-02T03:04:05.000Z"


def asked(number: int, detail: str, since: str = AT) -> NumberedEvent:
    event = StatusChanged(before=Activity.WORKING, after=Activity.NEEDS_INPUT, detail=detail, since=since)
    return NumberedEvent(number, AT, event)


def test_json_names_the_kind_and_the_two_activities() -> None:
    assert KINDS[:3] == ("started", "status", "asked")
    line = msgspec.json.decode(msgspec.json.encode(asked(1, "rm x").event))
    assert (line["kind"], line["from"], line["to"], line["detail"]) == ("status", "working", "needs_input", "rm x")
    assert msgspec.json.decode(b'{"kind":"ended","exit_code":3}', type=Event) == Ended(exit_code=3)


@pytest.mark.registrations
def test_events_are_written_and_read_as_ever() -> None:
    events = [msgspec.json.decode(line, type=Event) for line in RECORDED]
    assert [msgspec.json.encode(each) for each in events] == RECORDED
    missing = set(KINDS) - {"unreachable", "reachable"} - {kind_of(each) for each in events}
    assert not missing, "give it a line in tests/recordings/events.jsonl, in the place that it has in the union"


def test_an_event_that_is_known_is_not_added_again() -> None:
    events = [asked(1, "a"), asked(2, "b")]
    assert with_events(events, [asked(2, "b"), asked(3, "c")]) == [*events, asked(3, "c")]
    assert with_events(events, events) == events


def test_the_newest_are_kept_and_all_that_the_ledger_has_not_got() -> None:
    events = [asked(number, "") for number in range(1, 101)]
    assert [each.number for each in with_events([], events, saved_to=100)] == [*range(101 - KEPT_CHANGES, 101)]
    assert [each.number for each in with_events([], events, saved_to=10)] == [*range(11, 101)]


def test_of_too_many_that_the_disk_does_not_take_their_number_is_kept() -> None:
    kept: list[NumberedEvent] = []
    for number in range(1, KEPT_UNSAVED + 51):
        kept = with_events(kept, [asked(number, "")])
    assert len(kept) == KEPT_UNSAVED
    assert kept[0].event == Gap(count=51)
    assert [each.number for each in kept] == [*range(51, KEPT_UNSAVED + 51)]
    assert all(isinstance(each.event, StatusChanged) for each in kept[1:])


def test_a_question_has_its_best_description() -> None:
    events = [asked(1, "permission"), asked(2, "Bash: npm test"), asked(3, "rm x", "2026-01-02T03:05:00.000Z")]
    found = changes(((each.at, each.event) for each in events), 20)
    assert [each.detail for each in found] == ["Bash: npm test", "rm x"]
    assert [each.detail for each in changes(((each.at, each.event) for each in events), 1)] == ["rm x"]
