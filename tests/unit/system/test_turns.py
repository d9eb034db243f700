"""Many that send much take no more of a turn of the loop than one."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from session_host.system import turns
from session_host.system.turns import TURN_S, serve
from tests.support.waiting import eventually

MESSAGE_S = 0.001


class Clock:
    """A clock that stands still except while messages are passed on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        monkeypatch.setattr(turns, "perf_counter", lambda: self.now_s)


class Sender:
    """Has some messages, each of which takes a millisecond."""

    def __init__(self, clock: Clock, messages: float) -> None:
        self._clock, self.left, self.passed = clock, messages, 0

    def pass_next(self) -> bool:
        self._clock.now_s += MESSAGE_S
        self.passed += 1
        self.left -= 1
        return self.left > 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def test_three_hundred_hosts_that_send_without_end_leave_the_loop_free_in_each_turn(clock: Clock) -> None:
    senders = [Sender(clock, 100) for _ in range(300)]
    for each in senders:
        serve(each)
    taken_s = [clock.now_s]
    while any(each.left for each in senders):
        before_s = clock.now_s
        await asyncio.sleep(0)
        taken_s.append(clock.now_s - before_s)
    assert max(taken_s) <= TURN_S + 2 * MESSAGE_S
    assert sum(taken_s) == pytest.approx(300 * 100 * MESSAGE_S)


async def test_the_chat_in_front_is_not_behind_the_floods_of_others(clock: Clock) -> None:
    floods = [Sender(clock, float("inf")) for _ in range(10)]
    for each in floods:
        serve(each)
    await asyncio.sleep(0)
    shown, began_s = Sender(clock, 1), clock.now_s
    serve(shown)
    await eventually(lambda: not shown.left, 10, "its message", every_s=0)
    assert clock.now_s - began_s <= (len(floods) + 2) * MESSAGE_S + TURN_S
    counts = [each.passed for each in floods]
    assert max(counts) - min(counts) <= TURN_S / MESSAGE_S + 3, "all of them go on"
    for each in floods:
        each.left = 0
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_a_message_after_a_pause_is_passed_on_at_once(clock: Clock) -> None:
    for _ in itertools.repeat(None, 20):
        sender = Sender(clock, 1)
        serve(sender)
        assert sender.left == 0
        clock.now_s += MESSAGE_S


async def test_a_source_that_fails_does_not_keep_the_others(clock: Clock) -> None:
    class Broken(Sender):
        def pass_next(self) -> bool:
            super().pass_next()
            raise ValueError("no")

    flood, other, problems = Sender(clock, 20), Sender(clock, 1), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: problems.append(context["exception"]))
    for each in (flood, Broken(clock, 1), other):
        serve(each)
    await eventually(lambda: not (flood.left or other.left), 10, "the others", every_s=0)
    assert [str(problem) for problem in problems] == ["no"]
