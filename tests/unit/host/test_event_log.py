"""Turns that have ended and are to be reported, across hosts."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from session_host.host.event_log import EventLog
from session_host.protocol.turns import TurnFacts
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_state import LogState
from session_host.storage.descriptors.output_file import PAGE_BYTES
from session_host.storage.descriptors.splice import Splicer


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
        self.events = EventLog(state, self.input_log, lambda: "2026-01-01T00:00:00Z")

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
