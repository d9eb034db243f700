"""The rules of a subscription over a slow line."""

from __future__ import annotations

import pytest

from session_host.protocol.messages import SnapshotPart
from session_host.protocol.values import GridSize, SnapshotKind
from session_host.session.effects import Effect, MakeSnapshot, Snapshot
from session_host.session.output_ring import OutputRing, Span
from session_host.session.paced import FIRST_BYTES, HISTORY, PACE, PART_BYTES, Pace, PacedSubscription
from session_host.session.subscription import OUTPUT_EVENT, SNAPSHOT, Subscribers, SubscriptionState

from .test_subscription import CAUGHT_UP, Client

SIZE = GridSize(80, 24)


class Line:
    """A viewer that has all of ten bytes of output."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.viewer = Client(self.effects)
        self.ring, self.subscribers = OutputRing(0, 10), Subscribers()
        self.subscription = PacedSubscription(self.viewer, self.ring, self.subscribers, self.effects)
        self.subscription.follow(10, 0)
        assert self.viewer.take() == [CAUGHT_UP]

    def output(self, length: int) -> list[object]:
        """Add output; returns what the viewer gets at once."""
        self.ring.end += length
        for each in self.subscribers.listeners:
            each.output(self.ring.end)
        return self.viewer.take()

    def received(self, length: int) -> list[object]:
        self.subscription.received(length)
        return self.viewer.take()

    def asked(self) -> list[SnapshotKind]:
        """The snapshots that were requested since the last call."""
        kinds = [effect.kind for effect in self.effects if isinstance(effect, MakeSnapshot)]
        self.effects.clear()
        return kinds

    def made(self, kind: SnapshotKind, length: int) -> list[object]:
        self.subscription.snapshot_made(Snapshot("vt", bytes(length), SIZE, 100, self.ring.end, 0, kind))
        return self.viewer.take()


@pytest.fixture
def line() -> Line:
    return Line()


def test_output_waits_for_room_and_then_goes_on_where_it_was(line: Line) -> None:
    assert line.output(FIRST_BYTES - 100) == [Span(10, FIRST_BYTES - 90)]
    end = FIRST_BYTES + 10
    assert line.output(1000) == [Span(FIRST_BYTES - 90, end)]
    assert line.subscription.is_behind
    assert line.received(5000) == [Span(end, end + 900), CAUGHT_UP]
    assert line.asked() == []


def test_a_viewer_that_lacks_more_than_the_line_carries_gets_the_newest_screen_then_history(line: Line) -> None:
    line.output(FIRST_BYTES)
    assert line.output(FIRST_BYTES + 1) == []
    assert line.asked() == []
    line.received(FIRST_BYTES // 2)
    assert line.asked() == [SnapshotKind.SCREEN]
    part = SnapshotPart(line.ring.end, 0, "vt", SIZE, 100, True, bytes(50), SnapshotKind.SCREEN)
    assert line.made(SnapshotKind.SCREEN, 50) == [part, CAUGHT_UP]
    assert line.subscription.lacks_history
    line.subscription.timer_due(HISTORY)
    assert line.asked() == [SnapshotKind.PACKED]
    line.received(FIRST_BYTES)
    first = line.made(SnapshotKind.PACKED, 2 * FIRST_BYTES)
    assert 0 < len(first) < 2 * FIRST_BYTES // PART_BYTES
    assert line.output(5) == [Span(line.ring.end - 5, line.ring.end)]
    rest = [*line.received(FIRST_BYTES), *line.received(FIRST_BYTES), *line.received(FIRST_BYTES)]
    assert rest[-2:] == [Span(line.ring.end - 5, line.ring.end), CAUGHT_UP]
    assert not line.subscription.lacks_history


def test_history_is_given_up_when_a_flood_goes_on(line: Line) -> None:
    line.subscription.follow(-1, 0)
    assert line.asked() == [SnapshotKind.SCREEN]
    line.made(SnapshotKind.SCREEN, 50)
    line.subscription.timer_due(HISTORY)
    line.made(SnapshotKind.PACKED, 8 * FIRST_BYTES)
    line.output(3 * FIRST_BYTES)
    line.subscription.timer_due(SNAPSHOT)
    line.asked()
    line.received(FIRST_BYTES)
    assert line.asked() == [SnapshotKind.SCREEN]
    assert line.subscription.state is SubscriptionState.SNAPSHOT_REQUESTED


def test_a_terminal_that_is_shown_right_after_output_in_the_background_does_not_stop(line: Line) -> None:
    line.subscription.unfollow()
    line.subscription.listen()
    line.output(5)
    line.subscription.follow(15, 0)
    line.subscription.timer_due(OUTPUT_EVENT)
    line.viewer.take()
    assert line.output(5) == [Span(15, 20)]


def test_what_may_be_under_way_follows_the_line() -> None:
    line = Line()
    pace = Pace(line.subscription._timers)
    pace.sent(FIRST_BYTES)
    pace.received(FIRST_BYTES)
    assert pace.limit == 2 * FIRST_BYTES
    pace.sent(pace.limit)
    pace.tick()
    pace.tick()
    assert pace.limit == FIRST_BYTES
    pace.received(10 * FIRST_BYTES)
    assert (pace.limit, pace.under_way) == (FIRST_BYTES, 0)
    assert PACE not in line.subscription._timers
