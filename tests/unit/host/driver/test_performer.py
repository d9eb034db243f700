"""Effects are carried out once and in order; timers call their owners."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from unittest.mock import Mock

import msgspec
import pytest

from session_host.host.driver.performer import Performer
from session_host.protocol.messages import BellEvent, Event, NameEvent
from session_host.protocol.values import Image
from session_host.session.effects import AppendEntry, Broadcast, Effect, Flush, StartTimer, StopTimer
from session_host.session.output_ring import Span
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.output_file import TranscriptLog
from session_host.structured.items import Item, Put
from session_host.structured.log import Cause, encode_record
from session_host.structured.transcript import Transcript

FIRST, SECOND, THIRD = (NameEvent(name) for name in ("first", "second", "third"))


class Harness:
    """A performer, and the events that it broadcast."""

    def __init__(self) -> None:
        self.broadcast_events: list[Event] = []
        self.then: Callable[[Event], None] = lambda _: None
        self.effects: list[Effect] = []
        self.worker = Mock()
        session = Mock(clients=Mock(broadcast=self.tell), effects=self.effects)
        self.input_log, self.given_up = Mock(), Mock()
        self.performer = Performer(session, Mock(), self.worker, self.input_log, Mock(), give_up=self.given_up)

    def tell(self, event: Event) -> None:
        self.broadcast_events.append(event)
        self.then(event)

    def want(self, *events: Event) -> None:
        self.effects += [Broadcast(event) for event in events]
        self.performer.perform()


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_new_effects_run_after_pending_ones(harness: Harness) -> None:
    harness.then = lambda event: harness.want(THIRD) if event == FIRST else None
    harness.want(FIRST, SECOND)
    assert harness.broadcast_events == [FIRST, SECOND, THIRD]
    assert harness.effects == []


def test_a_failed_effect_is_not_retried_and_those_behind_it_are_carried_out_at_once(harness: Harness) -> None:
    def fail(event: Event) -> None:
        if event == FIRST:
            raise OSError

    harness.then = fail
    with pytest.raises(OSError, match=r"^$"):
        harness.want(FIRST, SECOND)
    assert harness.broadcast_events == [FIRST, SECOND]
    harness.want(THIRD)
    assert harness.broadcast_events == [FIRST, SECOND, THIRD]
    harness.given_up.assert_not_called()


def test_a_client_that_cannot_be_sent_something_is_dropped_and_the_others_go_on(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    client = Mock(data_to_send=Mock(side_effect=ValueError("no frame")))
    harness.effects += [Flush(client), Broadcast(SECOND)]
    harness.performer.perform()
    client.peer.abort.assert_called_once()
    assert harness.broadcast_events == [SECOND]
    assert "a client was dropped: Flush failed" in caplog.text
    harness.given_up.assert_not_called()


def test_a_host_that_cannot_record_a_decision_ends_so_that_the_next_one_continues(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.input_log.append.side_effect = OSError(28, "no space")
    harness.effects.append(AppendEntry(EntryKind.NAME, b"another"))
    with pytest.raises(OSError, match="no space"):
        harness.performer.perform()
    harness.given_up.assert_called_once()
    assert "AppendEntry failed, so another host continues" in caplog.text


RECORDED_FRAME = bytes.fromhex("0000000d93a64f757470757405c4026162")
"""``Output(5, b"ab")`` as version 0.1.0 writes and reads it."""


def test_a_record_of_20_mb_goes_in_frames_that_viewers_of_0_1_0_read_and_they_show_no_part_of_it(
    harness: Harness,
) -> None:
    put = Put(Item("shot", "tool", 1, images=(Image("image/png", bytes(20_000_000)),), status="done"))
    record = encode_record(Cause.LINES, [put], at_ms=1, raw_end=1)
    file = os.memfd_create("log")
    log = TranscriptLog(file)
    log.append(record)
    client = Mock(data_to_send=lambda: [RECORDED_FRAME, Span(0, len(record))])
    performer = Performer(Mock(effects=[Flush(client)]), Mock(), Mock(), Mock(), log, give_up=Mock())
    performer.perform()
    os.close(file)
    first, *frames = [each.args[0] for each in client.peer.write.call_args_list]
    assert msgspec.msgpack.decode(first[4:]) == ["Output", 5, b"ab"]
    transcript, reached = Transcript(), 0
    for frame in frames:
        assert not len(transcript), "a part of a record is not shown"
        assert len(frame) <= 1024 * 1024
        assert int.from_bytes(frame[:4], "big") == len(frame) - 4
        # As an array of a name, a number and bytes: the form of 0.1.0, whatever structs this version has.
        name, offset, data = msgspec.msgpack.decode(frame[4:])
        assert (name, offset) == ("Output", reached)
        transcript.feed(data)
        reached += len(data)
    assert reached == len(record)
    assert list(transcript) == [put.item]


class Bell:
    """An object with a timer that rings the bell when it expires."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness
        self.rang = asyncio.Event()

    def timer_due(self, name: str) -> None:
        self._harness.effects.append(Broadcast(BellEvent()))
        self.rang.set()


async def test_effects_of_an_expired_timer_are_carried_out_and_a_stopped_timer_has_none(harness: Harness) -> None:
    bell, other = Bell(harness), Bell(harness)
    harness.effects += [StartTimer(other, "ring", 0.0), StartTimer(bell, "ring", 0.0), StopTimer(other, "ring")]
    harness.performer.perform()
    await asyncio.wait_for(bell.rang.wait(), 60)
    assert harness.broadcast_events == [BellEvent()]
    assert not other.rang.is_set()
