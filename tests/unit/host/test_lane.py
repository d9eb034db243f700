"""The emulator's lane: one use at a time, in order, whatever the engine does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.errors import OutliveError
from session_host.host.lane import INLINE_BYTES, EmulatorLane
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import create
from session_host.terminal.base import Emulator
from session_host.terminal.text import logical_lines
from tests.support.waiting import eventually

SIZE = GridSize(40, 6)


@pytest.fixture
async def lane() -> AsyncIterator[EmulatorLane]:
    own = EmulatorLane(create("pyte", SIZE), lambda _: None, lambda: None)
    yield own
    own.close()


def first_line(emulator: Emulator) -> str:
    return emulator.rows()[0].text()


async def test_the_first_output_is_interpreted_and_counted(lane: EmulatorLane) -> None:
    lane.feed(b"early")
    done = asyncio.Event()
    lane.in_order(lambda _: done.set())
    await asyncio.wait_for(done.wait(), 10)
    assert await lane.lend(first_line) == "early"
    assert lane.fed == 5


async def test_a_successor_s_lane_counts_on_from_where_the_engine_is() -> None:
    lane = EmulatorLane(create("pyte", SIZE), lambda _: None, lambda: None, fed=1000)
    lane.feed(b"more")
    assert lane.fed == 1004
    lane.close()


async def test_a_use_in_order_sees_all_output_before_it_and_none_after(lane: EmulatorLane) -> None:
    seen: list[tuple[int, int]] = []
    done = asyncio.Event()
    for number in range(1, 30):
        lane.feed(b"x" * INLINE_BYTES * (number % 3))
        expected = sum(INLINE_BYTES * (each % 3) for each in range(1, number + 1))
        lane.in_order(lambda _, expected=expected: seen.append((lane.fed, expected)))  # type: ignore[misc]
    lane.in_order(lambda _: done.set())
    await asyncio.wait_for(done.wait(), 20)
    assert len(seen) == 29
    assert all(fed == expected for fed, expected in seen)


async def test_plain_text_is_interpreted_a_moment_later_and_counted_then() -> None:
    fed = asyncio.Event()
    lane = EmulatorLane(create("ghostty", SIZE), lambda _: fed.set(), lambda: None)
    lane.feed(b"te")
    lane.feed(b"xt")
    assert lane.fed == 0
    assert lane.idle is not None, "what a key means does not depend on it"
    await asyncio.wait_for(fed.wait(), 10)
    assert lane.fed == 4
    assert lane.fed_at_s > 0
    lane.close()


async def test_who_looks_and_what_comes_behind_finds_plain_text_interpreted() -> None:
    lane = EmulatorLane(create("ghostty", SIZE), lambda _: None, lambda: None)
    lane.feed(b"one")
    assert await lane.lend(first_line) == "one"
    lane.feed(b" two")
    seen: list[str] = []
    lane.in_order(lambda emulator: seen.append(first_line(emulator)))
    assert seen == ["one two"]
    lane.feed(b" three")
    lane.feed(b"\x1b[Hzero")
    assert lane.fed == 20
    lane.feed(b"!")
    lane.feed(b"\r" * INLINE_BYTES)
    done = asyncio.Event()
    lane.in_order(lambda _: done.set())
    await asyncio.wait_for(done.wait(), 10)
    assert await lane.lend(first_line) == "zero!wo three"
    lane.feed(b"not any more")
    lane.close()


async def test_a_resize_happens_between_the_bytes_around_it(lane: EmulatorLane) -> None:
    lane.feed(b"a" * 50)
    lane.in_order(lambda emulator: emulator.resize(GridSize(60, 6), CellSize()))
    lane.feed(b"\r\n" + b"b" * 50)
    done = asyncio.Event()
    lane.in_order(lambda _: done.set())
    await asyncio.wait_for(done.wait(), 10)
    lines = await lane.lend(lambda emulator: logical_lines(emulator.rows()))
    assert lines[:2] == ["a" * 50, "b" * 50]


async def test_a_use_within_a_use_waits_for_its_end(lane: EmulatorLane) -> None:
    order: list[str] = []
    done = asyncio.Event()

    def inner(_: Emulator) -> None:
        order.append("inner")
        done.set()

    def outer(_: Emulator) -> None:
        lane.soon(inner)
        order.append("outer")

    lane.soon(outer)
    await asyncio.wait_for(done.wait(), 10)
    assert order == ["outer", "inner"]


async def test_full_is_told_and_then_drained() -> None:
    drained = asyncio.Event()
    lane = EmulatorLane(create("pyte", SIZE), lambda _: None, drained.set)
    for _ in range(20):
        lane.feed(b"\r" * 100_000)
    was_full = lane.full
    await asyncio.wait_for(drained.wait(), 20)
    assert (was_full, lane.full) == (True, False)
    lane.close()


async def test_an_engine_that_fails_on_some_output_goes_on_with_the_rest(
    lane: EmulatorLane, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = await lane.lend(lambda emulator: emulator)
    feed = emulator.feed

    def fragile(data: bytes) -> None:
        if b"poison" in data:
            raise RuntimeError("of the engine's own")
        feed(data)

    emulator.feed = fragile  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        for data in (b"poison", b"poison" + b"x" * INLINE_BYTES, b"\x1b[2J\x1b[Hgood"):
            lane.feed(data)
            done = asyncio.Event()
            lane.in_order(lambda _, done=done: done.set())  # type: ignore[misc]
            await asyncio.wait_for(done.wait(), 10)
    assert "the engine failed" in caplog.text
    assert await lane.lend(first_line) == "good"


async def test_work_that_fails_is_told_and_others_go_on(lane: EmulatorLane, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Emulator) -> None:
        raise RuntimeError("of the engine's own")

    with caplog.at_level(logging.CRITICAL), pytest.raises(OutliveError, match="engine failed"):
        await lane.lend_to_thread(fail)
    lane.feed(b"still here")
    assert await lane.lend(first_line) == "still here"


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=60_000), st.just(b"")), max_size=8))
def test_what_is_fed_is_what_came(chunks: list[bytes]) -> None:
    async def run() -> int:
        lane = EmulatorLane(create("pyte", SIZE), lambda _: None, lambda: None)
        done = asyncio.Event()
        for chunk in chunks:
            lane.feed(chunk)
        lane.in_order(lambda _: done.set())
        await asyncio.wait_for(done.wait(), 20)
        fed = lane.fed
        lane.close()
        return fed

    assert asyncio.run(run()) == sum(map(len, chunks))


async def test_a_use_that_fails_keeps_nobody_behind_it_waiting(
    lane: EmulatorLane, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Emulator) -> None:
        raise RuntimeError("of a watcher")

    said: list[str] = []
    with caplog.at_level(logging.CRITICAL):
        lane.feed(b"\x1b[m" + b"x" * INLINE_BYTES * 2)  # The thread is at it: what follows is put off.
        assert not lane.is_quiet
        lane.soon(fail)
        lane.in_order(fail)
        lane.in_order(lambda _: said.append("in order"))
        looked = asyncio.ensure_future(lane.lend(lambda _: said.append("soon")))
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(lane.lend(fail), 10)
        await asyncio.wait_for(looked, 10)
        await eventually(lambda: lane.is_quiet, 10, "all to be done")
    assert sorted(said) == ["in order", "soon"]


async def test_a_listener_that_fails_keeps_no_output_from_being_interpreted(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Emulator) -> None:
        raise RuntimeError("of a watcher")

    lane = EmulatorLane(create("pyte", SIZE), fail, lambda: None)
    with caplog.at_level(logging.CRITICAL):
        for data in (b"\x1b[m", b"\x1b[m" + b"\r" * INLINE_BYTES * 2, b"seen"):
            lane.feed(data)
        await eventually(lambda: lane.is_quiet, 10, "all to be interpreted")
        assert await lane.lend(first_line) == "seen"
    lane.close()
