"""Turns that have ended and are to be reported and counted, across hosts."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from session_host.host.event_log import EventLog
from session_host.protocol.events import Limit, LimitsChanged, TurnCounted
from session_host.protocol.turns import TurnFacts, TurnWork
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_state import LogState
from session_host.storage.descriptors.output_file import PAGE_BYTES
from session_host.storage.descriptors.splice import Splicer

AT = "2026-01-01T00:00:00Z"


@pytest.fixture
def log_file() -> Iterator[int]:
    file = os.memfd_create("log")
    yield file
    os.close(file)


class Host:
    """A host's event log, from what an earlier host left."""

    def __init__(self, log_file: int) -> None:
        self.input_log = InputLog(log_file, -1, Splicer())
        state = LogState()
        for entry in self.input_log.read_entries(PAGE_BYTES, cut=True):
            state.apply(entry)
        self.events = EventLog(state, self.input_log, lambda: AT, counts=True)

    def turn(self) -> None:
        """Begin and end a turn."""
        self.events.begin_turn()
        self.events.end_turn(TurnFacts(outcome="done"))
        self.events.write()
        self.events.saved(self.events.newest[-1].number)


async def test_each_ended_turn_is_reported_once_by_one_host_or_the_next(log_file: int) -> None:
    host = Host(log_file)
    assert not host.events.unreported()
    host.turn()
    host.turn()
    host.events.begin_turn()
    host.events.write()
    assert [*host.events.unreported()] == [1, 2]
    host.events.turns_reported(1)

    host = Host(log_file)
    assert ([*host.events.unreported()], host.events.has_unreported.is_set()) == ([2], True)
    host.events.turns_reported(2)
    assert not host.events.has_unreported.is_set()
    host.events.end_turn(TurnFacts(outcome="cut"))
    host.events.write()

    host = Host(log_file)
    assert ([*host.events.unreported()], host.events.has_unreported.is_set()) == ([3], True)
    host.events.turns_reported(3)
    assert not Host(log_file).events.unreported()


WORK = TurnWork(files=1, added=2)


def counts(host: Host) -> list[tuple[int, str, TurnWork | None]]:
    """What is told of turns once they are counted: number, outcome and work."""
    told = (each.event for each in host.events.newest if isinstance(each.event, TurnCounted))
    return [(each.turn, each.outcome, each.work) for each in told]


async def test_each_ended_turn_is_counted_once_by_one_host_or_the_next(log_file: int) -> None:
    host = Host(log_file)
    assert not host.events.uncounted()
    host.turn()
    assert host.events.uncounted() == 1

    host = Host(log_file)
    assert host.events.uncounted() == 1
    host.events.count_turn("interrupted", WORK)
    host.events.count_turn()
    host.events.write()
    assert (counts(host), host.events.uncounted()) == ([(1, "interrupted", WORK)], 0)

    host = Host(log_file)
    assert host.events.uncounted() == 0
    assert host.events.last is not None
    assert (host.events.last.outcome, host.events.last.work) == ("interrupted", WORK), "the status has it, too"
    host.turn()
    host.events.begin_turn()
    assert host.events.uncounted() == 0, "the next turn has begun"
    host.events.end_turn(TurnFacts(outcome="error", error="API error 400"))
    host.events.count_turn()
    host.events.write()
    assert counts(host) == [(1, "interrupted", WORK), (2, "done", None), (3, "error", None)]


async def test_the_last_turn_of_a_host_of_an_earlier_version_is_not_counted(log_file: int) -> None:
    earlier = EventLog(LogState(turn=7), Host(log_file).input_log, lambda: AT, counts=True)
    assert earlier.uncounted() == 0
    earlier.begin_turn()
    earlier.end_turn(TurnFacts(outcome="done"))
    assert earlier.uncounted() == 8


async def test_a_chat_view_has_what_a_turn_did_in_its_end(log_file: int) -> None:
    events = EventLog(LogState(), Host(log_file).input_log, lambda: AT)
    events.begin_turn("a")
    events.end_turn(TurnFacts(outcome="done", work=WORK))
    assert events.uncounted() == 0


async def test_the_lines_of_all_turns_are_added_up_and_known_to_the_next_host(log_file: int) -> None:
    host = Host(log_file)
    for work in (TurnWork(added=3, removed=1), None, TurnWork(added=40)):
        host.turn()
        host.events.count_turn(work=work)
        host.events.write()
    assert host.events.edited == (43, 1)
    host.events.begin_turn()
    host.events.end_turn(TurnFacts(outcome="done", work=TurnWork(removed=2)))
    host.events.write()
    assert host.events.edited == Host(log_file).events.edited == (43, 3)


async def test_limits_are_told_at_each_whole_percent_across_hosts(log_file: int) -> None:
    def say(host: Host, used: float) -> None:
        event = LimitsChanged(agent="claude", account="", limits=(Limit("five_hour", used, 300),))
        host.events.limits_reported(event)
        host.events.write()

    host = Host(log_file)
    host.events.limits_reported(LimitsChanged(agent="claude", account=""))
    for used in (0.611, 0.612, 0.62):
        say(host, used)
    host = Host(log_file)
    for used in (0.625, 0.63):
        say(host, used)
    told = [each.event for each in host.events.newest if isinstance(each.event, LimitsChanged)]
    assert [each.limits[0].used for each in told] == [0.611, 0.62, 0.63]
