"""An alarm at a time of the wall clock."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator

import pytest

from session_host.system.wall_clock_alarm import BootClockAlarm, WallClockAlarm

TIMEOUT_S = 30.0


class Rings:
    """Counts how often an alarm rings."""

    def __init__(self) -> None:
        self.count, self._again = 0, asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        self._again.set()

    async def next(self) -> float:
        """Wait for the next one; returns its time."""
        await asyncio.wait_for(self._again.wait(), TIMEOUT_S)
        self._again.clear()
        return time.time()


@pytest.fixture
async def rings() -> Rings:
    return Rings()


@pytest.fixture
async def alarm(rings: Rings) -> AsyncIterator[WallClockAlarm]:
    made = WallClockAlarm(rings)
    yield made
    made.close()


async def test_it_rings_at_its_time_and_once(alarm: WallClockAlarm, rings: Rings) -> None:
    at_s = alarm.now_s() + 0.05
    alarm.set(at_s)
    assert await rings.next() >= at_s
    alarm.set(alarm.now_s() - 3600)
    await rings.next()
    assert rings.count == 2


async def test_another_time_replaces_the_first(alarm: WallClockAlarm, rings: Rings) -> None:
    alarm.set(alarm.now_s() + 3600)
    alarm.set(alarm.now_s() + 0.05)
    await rings.next()
    assert rings.count == 1


async def test_it_rings_when_the_clock_is_set(
    alarm: WallClockAlarm, rings: Rings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel cancels the timer then, and a read says so; a test may not set the computer's clock."""

    def read(descriptor: int, length: int) -> bytes:
        monkeypatch.undo()
        os.read(descriptor, length)
        raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))

    monkeypatch.setattr(os, "read", read)
    alarm.set(1.0)
    await rings.next()
    assert rings.count == 1


async def test_a_closed_one_is_quiet(alarm: WallClockAlarm, rings: Rings) -> None:
    closed = WallClockAlarm(rings)
    closed.set(closed.now_s() + 0.01)
    closed.close()
    closed.close()
    alarm.set(alarm.now_s() + 0.05)
    await rings.next()
    assert rings.count == 1, "only of the other one"


async def test_an_alarm_by_the_time_since_the_boot_rings(rings: Rings) -> None:
    alarm = BootClockAlarm(rings)
    try:
        at_s = alarm.now_s() + 0.05
        alarm.set(at_s)
        await rings.next()
        assert alarm.now_s() >= at_s
    finally:
        alarm.close()
