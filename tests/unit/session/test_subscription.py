"""The rules of a client's output subscription: each test is a script of events and effects."""

from __future__ import annotations

from typing import cast

import pytest

from session_host.protocol.messages import OutputEvent, Resized, SnapshotPart
from session_host.protocol.values import ErrorCode, GridSize
from session_host.session.effects import (
    Effect,
    Flush,
    MakeSnapshot,
    Refuse,
    SendMore,
    Snapshot,
    StartTimer,
    StopTimer,
    UseEmulator,
)
from session_host.session.output_ring import RING_BYTES, OutputRing, Span
from session_host.session.subscription import (
    AT_ONCE_BYTES,
    NEWS,
    NEWS_S,
    OUTPUT_EVENT,
    OUTPUT_EVENT_INTERVAL_S,
    SNAPSHOT,
    SNAPSHOT_INTERVAL_S,
    OutputSubscription,
    Subscribers,
)
from session_host.terminal.base import Emulator
from session_host.terminal.rows import PLAIN, Row, Run
from tests.support.playbook import Event, Playbook, Returned, RulesHarness, do

BUILD = "engine 1"
FLUSH = Flush("a client")
SIZE = GridSize(80, 24)
WIDER = Resized(10, GridSize(90, 24), number=1)


CAUGHT_UP = "caught up"


class Client:
    """A client that keeps what is queued for it."""

    def __init__(self, effects: list[Effect]) -> None:
        self._effects = effects
        self._queued: list[object] = []

    def queue(self, message: object) -> None:
        if not self._queued:
            self._effects.append(FLUSH)
        self._queued.append(message)

    def caught_up(self) -> None:
        self.queue(CAUGHT_UP)

    def take(self) -> list[object]:
        queued, self._queued = self._queued, []
        return queued


class Screen:
    """An emulator that shows one row, and has a history."""

    def __init__(self, text: str, history_rows: int = 0) -> None:
        self.scrollback_rows, self._text = history_rows, text

    def rows(self) -> list[Row]:
        return [Row((Run(0, len(self._text), self._text, PLAIN, cluster=False),), wrapped=False)]


class Harness(RulesHarness[Effect]):
    """Ten bytes of output, and a client."""

    def __init__(self) -> None:
        self.effects = []
        self.receiver = Client(self.effects)
        self.ring, self.subscribers = OutputRing(0, 10), Subscribers()
        self.client = OutputSubscription(self.receiver, self.ring, self.subscribers, self.effects)
        self.client.engine_build = BUILD
        self.ask = MakeSnapshot(self.client, BUILD)
        self.more = SendMore(self.client)
        self.pause = StartTimer(self.client, SNAPSHOT, SNAPSHOT_INTERVAL_S)
        self.event_pause = StartTimer(self.client, OUTPUT_EVENT, OUTPUT_EVENT_INTERVAL_S)

    def follows(self, offset: int, resizes: int = 0) -> Event:
        return do(self.client.follow, offset, resizes)

    def output(self, count: int) -> Event:
        """Add output as the session does; returns the clients that get the frame."""

        def output(count: int) -> tuple[object, ...]:
            self.ring.end = self.subscribers.news_end = self.ring.end + count
            for each in self.subscribers.listeners:
                each.output(self.ring.end)
            return self.subscribers.current

        return do(output, count)

    def no_news(self, count: int) -> Event:
        """Add output of which those who listen are not told."""
        return do(setattr, self.ring, "end", 11 + count)

    def resized(self, message: Resized) -> Event:
        def resized(message: Resized) -> None:
            self.ring.resized(message)
            self.client.resized(message)

        return do(resized, message)

    def sent(self) -> Event:
        return do(self.receiver.take)

    def current(self) -> Playbook:
        """Begin a script with a client that has all output."""
        return self.script() >> self.follows(10) << FLUSH >> self.sent() << Returned([CAUGHT_UP])

    def notified(self) -> Playbook:
        """Begin a script with a client that has just been notified of output."""
        listening = self.script() >> do(self.client.listen) >> self.output(1) << self.event_pause << FLUSH
        return listening >> self.sent() << Returned([OutputEvent(11)])

    def shows(self, text: str) -> Event:
        """The emulator is free, and shows this."""
        return do(self.client.use_emulator, cast("Emulator", Screen(text)))

    def left(self) -> Playbook:
        """Begin a script with a client that had all output, and left when the screen showed "answer"."""
        left = self.current() >> do(self.client.note_seen) << UseEmulator(self.client)
        return left >> do(self.client.unfollow) >> do(self.client.listen) >> self.shows("answer")

    def long_output(self, count: int) -> Event:
        """Add output that is too long for a frame, as the session does."""

        def long_output(count: int) -> None:
            start, self.ring.end = self.ring.end, self.ring.end + count
            for each in self.subscribers.current:
                assert each is self.receiver
                self.client.long_output(start)

        return do(long_output, count)

    def snapshot(self, offset: int, data: bytes = b"screen") -> Event:
        return do(self.client.snapshot_made, Snapshot(BUILD, data, SIZE, 100, offset, 0))

    def sent_bytes(self) -> Event:
        """The lengths of the queued parts of a snapshot, and the other messages."""
        return do(lambda: [len(each.data) if isinstance(each, SnapshotPart) else each for each in self.receiver.take()])


@pytest.fixture
def harness() -> Harness:
    return Harness()


def part(offset: int) -> SnapshotPart:
    return SnapshotPart(offset, 0, BUILD, SIZE, 100, True, b"screen")


def test_a_client_with_a_part_of_the_output_gets_the_rest_and_then_each_frame(harness: Harness) -> None:
    assert (
        harness.script()
        >> harness.follows(4)
        << FLUSH
        >> harness.sent()
        << Returned([Span(4, 10), CAUGHT_UP])
        >> harness.output(3)
        << Returned((harness.receiver,))
    )


def test_a_client_without_output_gets_a_snapshot_and_the_output_since_then(harness: Harness) -> None:
    assert (
        harness.script()
        >> harness.follows(-1)
        << harness.ask
        >> harness.output(5)
        >> harness.snapshot(12)
        << FLUSH
        << harness.pause
        >> harness.sent()
        << Returned([part(12), Span(12, 15), CAUGHT_UP])
        >> harness.output(1)
        << Returned((harness.receiver,))
    )


def test_a_resize_is_sent_at_its_offset(harness: Harness) -> None:
    assert (
        harness.current()
        >> harness.resized(WIDER)
        << FLUSH
        >> harness.sent()
        << Returned([WIDER])
        >> do(harness.client.unfollow)
        >> harness.follows(8)
        << FLUSH
        >> harness.sent()
        << Returned([Span(8, 10), WIDER, CAUGHT_UP])
    )


def test_a_client_with_a_full_queue_gets_nothing_and_later_the_missed_output(harness: Harness) -> None:
    assert (
        harness.current()
        >> do(harness.client.queue_full)
        >> harness.output(3)
        >> harness.resized(Resized(13, GridSize(90, 24), number=1))
        >> harness.output(2)
        >> do(harness.client.queue_drained)
        << FLUSH
        >> harness.sent()
        << Returned([Span(10, 13), Resized(13, GridSize(90, 24), number=1), Span(13, 15), CAUGHT_UP])
        >> harness.output(1)
        << Returned((harness.receiver,))
    )


def test_a_full_queue_without_missed_output_has_no_effect(harness: Harness) -> None:
    assert harness.current() >> do(harness.client.queue_full)
    assert not harness.client.is_behind
    assert harness.script() >> do(harness.client.queue_drained) >> harness.output(1) << Returned((harness.receiver,))


def test_a_client_that_is_far_behind_gets_snapshots_with_pauses(harness: Harness) -> None:
    assert (
        harness.current()
        >> do(harness.client.queue_full)
        >> harness.output(RING_BYTES + 1)
        >> do(harness.client.queue_drained)
        << harness.ask
        >> harness.snapshot(RING_BYTES)
        << FLUSH
        << harness.pause
        >> harness.sent()
        << Returned([part(RING_BYTES), Span(RING_BYTES, RING_BYTES + 11), CAUGHT_UP])
        >> do(harness.client.queue_full)
        >> harness.output(RING_BYTES + 1)
        >> do(harness.client.queue_drained)
        >> do(harness.client.timer_due, SNAPSHOT)
        << harness.ask
    )


def test_a_queue_that_fills_while_the_snapshot_is_made_holds_back_later_output(harness: Harness) -> None:
    assert (
        harness.script()
        >> harness.follows(-1)
        << harness.ask
        >> do(harness.client.queue_full)
        >> harness.snapshot(10)
        << FLUSH
        << harness.pause
        >> harness.sent()
        << Returned([part(10), CAUGHT_UP])
        >> harness.output(3)
        >> do(harness.client.queue_drained)
        << FLUSH
        >> harness.sent()
        << Returned([Span(10, 13), CAUGHT_UP])
    )


def test_a_client_that_follows_again_waits_for_the_snapshot_being_made(harness: Harness) -> None:
    assert (
        harness.script()
        >> harness.follows(-1)
        << harness.ask
        >> do(harness.client.unfollow)
        >> harness.follows(-1)
        >> harness.snapshot(10)
        << FLUSH
        << harness.pause
        >> harness.sent()
        << Returned([part(10), CAUGHT_UP])
    )


def test_a_snapshot_for_a_client_that_follows_no_longer_is_dropped(harness: Harness) -> None:
    assert harness.script() >> harness.follows(-1) << harness.ask >> do(harness.client.unfollow) >> harness.snapshot(10)


def test_a_follower_of_events_gets_one_output_event_a_second_and_none_too_few(harness: Harness) -> None:
    assert (
        harness.notified()
        >> harness.output(1)
        >> harness.output(1)
        >> do(harness.client.timer_due, OUTPUT_EVENT)
        << harness.event_pause
        << FLUSH
        >> harness.sent()
        << Returned([OutputEvent(13)])
        >> do(harness.client.timer_due, OUTPUT_EVENT)
        >> harness.output(1)
        << harness.event_pause
        << FLUSH
        >> do(harness.client.close)
        << StopTimer(harness.client, OUTPUT_EVENT)
        >> harness.output(1)
    )


def test_output_that_a_client_was_sent_is_no_event_afterwards(harness: Harness) -> None:
    assert (
        harness.notified()
        >> harness.follows(11)
        << FLUSH
        >> harness.sent()
        << Returned([CAUGHT_UP])
        >> harness.output(1)
        << Returned((harness.receiver,))
        >> do(harness.client.unfollow)
        >> do(harness.client.timer_due, OUTPUT_EVENT)
    )


def test_an_output_of_several_megabytes_is_queued_bit_by_bit_and_later_output_comes_after_it(harness: Harness) -> None:
    end = 10 + 2 * AT_ONCE_BYTES + 5
    assert (
        harness.current()
        >> harness.long_output(2 * AT_ONCE_BYTES + 5)
        << FLUSH
        << harness.more
        >> harness.sent()
        << Returned([Span(10, 10 + AT_ONCE_BYTES)])
        >> do(harness.client.queue_full)
        >> do(harness.client.send_more)
        >> harness.output(3)
        >> do(harness.client.queue_drained)
        << FLUSH
        << harness.more
        >> harness.sent()
        << Returned([Span(10 + AT_ONCE_BYTES, 10 + 2 * AT_ONCE_BYTES)])
        >> do(harness.client.send_more)
        << FLUSH
        >> harness.sent()
        << Returned([Span(end - 5, end + 3), CAUGHT_UP])
        >> harness.output(1)
        << Returned((harness.receiver,))
    )


def test_a_chat_longer_than_a_queue_is_sent_bit_by_bit_and_then_its_output(harness: Harness) -> None:
    chunk = AT_ONCE_BYTES // 4
    assert (
        harness.script()
        >> harness.follows(-1)
        << harness.ask
        >> harness.snapshot(10, bytes(2 * AT_ONCE_BYTES + 1))
        << FLUSH
        << harness.more
        >> harness.sent_bytes()
        << Returned([chunk] * 4)
        >> harness.output(5)
        >> do(harness.client.send_more)
        << FLUSH
        << harness.more
        >> harness.sent_bytes()
        << Returned([chunk] * 4)
        >> do(harness.client.send_more)
        << FLUSH
        << harness.pause
        >> harness.sent_bytes()
        << Returned([1, Span(10, 15), CAUGHT_UP])
        >> harness.output(1)
        << Returned((harness.receiver,))
    )


def test_a_client_that_follows_anew_during_a_snapshot_gets_its_last_part_before_the_next_ones_first(
    harness: Harness,
) -> None:
    chunk = AT_ONCE_BYTES // 4
    assert (
        harness.script()
        >> harness.follows(-1)
        << harness.ask
        >> harness.snapshot(10, bytes(AT_ONCE_BYTES + 1))
        << FLUSH
        << harness.more
        >> harness.sent_bytes()
        << Returned([chunk] * 4)
        >> do(harness.client.queue_full)
        >> do(harness.client.unfollow)
        >> harness.follows(-1)
        << harness.ask
        >> harness.snapshot(10)
        >> do(harness.client.queue_drained)
        << FLUSH
        << harness.pause
        >> harness.sent_bytes()
        << Returned([1, 6, CAUGHT_UP])
    )


def test_a_failed_snapshot_closes_the_clients_connection(harness: Harness) -> None:
    text = "cannot show the terminal: the engine failed; the chat keeps running"
    assert (
        harness.script()
        >> harness.follows(-1)
        << harness.ask
        >> do(harness.client.snapshot_failed)
        << Refuse(harness.receiver, ErrorCode.FAILED, text)
    )


def test_a_follower_of_events_is_not_told_of_what_is_no_news(harness: Harness) -> None:
    assert (
        harness.notified()
        >> harness.no_news(4)
        >> do(harness.client.timer_due, OUTPUT_EVENT)
        >> harness.output(1)
        << harness.event_pause
        << FLUSH
        >> harness.sent()
        << Returned([OutputEvent(16)])
    )


def test_a_program_that_draws_the_same_again_after_the_client_left_is_no_news(harness: Harness) -> None:
    judged = StartTimer(harness.client, NEWS, NEWS_S)
    look = UseEmulator(harness.client, after_output=True)
    assert (
        harness.left()
        >> harness.output(1)
        << judged
        >> harness.output(1)
        >> do(harness.client.timer_due, NEWS)
        << look
        >> harness.shows("answer")
        << harness.event_pause
        >> do(harness.client.timer_due, OUTPUT_EVENT)
        >> harness.output(1)
        << judged
        >> do(harness.client.timer_due, NEWS)
        << look
        >> harness.shows("answer 2")
        << harness.event_pause
        << FLUSH
        >> harness.sent()
        << Returned([OutputEvent(13)])
        >> harness.output(1)
        >> do(harness.client.timer_due, OUTPUT_EVENT)
        << harness.event_pause
        << FLUSH
        >> harness.sent()
        << Returned([OutputEvent(14)])
    )


def test_output_that_is_not_interpreted_when_the_screen_is_looked_at_is_judged_later(harness: Harness) -> None:
    judged = StartTimer(harness.client, NEWS, NEWS_S)
    look = UseEmulator(harness.client, after_output=True)
    assert (
        harness.left()
        >> harness.output(1)
        << judged
        >> do(harness.client.timer_due, NEWS)
        << look
        >> harness.output(1)
        >> harness.shows("answer")
        << harness.event_pause
        >> do(harness.client.timer_due, OUTPUT_EVENT)
        << judged
    )


def test_output_between_leaving_and_the_look_at_the_screen_is_news(harness: Harness) -> None:
    left = harness.current() >> do(harness.client.note_seen) << UseEmulator(harness.client)
    assert (
        left
        >> do(harness.client.unfollow)
        >> do(harness.client.listen)
        >> harness.output(1)
        << harness.event_pause
        << FLUSH
        >> harness.shows("answer")
        >> harness.sent()
        << Returned([OutputEvent(11)])
        >> harness.output(1)
        >> do(harness.client.timer_due, OUTPUT_EVENT)
        << harness.event_pause
        << FLUSH
    )


def test_a_client_that_only_listens_is_told_of_all_output(harness: Harness) -> None:
    assert harness.script() >> do(harness.client.note_seen) >> do(harness.client.unfollow)
    assert harness.notified()


def test_a_client_that_follows_again_sees_the_output_itself(harness: Harness) -> None:
    judged = StartTimer(harness.client, NEWS, NEWS_S)
    assert (
        harness.left()
        >> harness.output(1)
        << judged
        >> harness.follows(10)
        << FLUSH
        >> do(harness.client.timer_due, NEWS)
        >> do(harness.client.close)
    )
