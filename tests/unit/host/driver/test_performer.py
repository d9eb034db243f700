"""Effects are carried out once and in order; timers call their owners."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from unittest.mock import Mock

import pytest

from session_host.host.driver.performer import Performer
from session_host.protocol.messages import BellEvent, Event, NameEvent
from session_host.session.effects import Broadcast, Effect, StartTimer, StopTimer

FIRST, SECOND, THIRD = (NameEvent(name) for name in ("first", "second", "third"))


class Harness:
    """A performer, and the events that it broadcast."""

    def __init__(self) -> None:
        self.broadcast_events: list[Event] = []
        self.then: Callable[[Event], None] = lambda _: None
        self.effects: list[Effect] = []
        self.worker = Mock()
        session = Mock(clients=Mock(broadcast=self.tell), effects=self.effects)
        self.performer = Performer(session, Mock(), self.worker, Mock(), Mock())

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


def test_a_failed_effect_is_not_retried_and_does_not_block_later_effects(harness: Harness) -> None:
    def fail(event: Event) -> None:
        if event == FIRST:
            raise OSError

    harness.then = fail
    with pytest.raises(OSError, match=r"^$"):
        harness.want(FIRST, SECOND)
    harness.want(THIRD)
    assert harness.broadcast_events == [FIRST, SECOND, THIRD]


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
