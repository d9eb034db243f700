"""The emulator's lane: one use at a time, in order, whatever the engine does."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.errors import OutliveError
from session_host.host.program.emulator_worker import INLINE_BYTES, EmulatorWorker
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import create
from session_host.terminal.base import Emulator
from session_host.terminal.text import logical_lines
from tests.support.waiting import eventually

SIZE = GridSize(40, 6)


@pytest.fixture
async def lane() -> AsyncIterator[EmulatorWorker]:
    own = EmulatorWorker(create("pyte", SIZE), lambda _: None, lambda: None)
    yield own
    own.close()


def first_line(emulator: Emulator) -> str:
    return emulator.rows()[0].text()


async def test_the_first_output_is_interpreted_and_counted(lane: EmulatorWorker) -> None:
    lane.feed_output(b"early")
    done = asyncio.Event()
    lane.run_after_output(lambda _: done.set())
    await asyncio.wait_for(done.wait(), 60)
    assert await lane.run(first_line) == "early"
    assert lane.interpreted_to == 5


async def test_the_worker_of_a_later_host_counts_on_from_where_the_engine_is() -> None:
    lane = EmulatorWorker(create("pyte", SIZE), lambda _: None, lambda: None, fed=1000)
    lane.feed_output(b"more")
    assert lane.interpreted_to == 1004
    lane.close()


async def test_a_use_in_order_sees_all_output_before_it_and_none_after(lane: EmulatorWorker) -> None:
    seen: list[tuple[int, int]] = []
    done = asyncio.Event()
    for number in range(1, 30):
        lane.feed_output(b"x" * INLINE_BYTES * (number % 3))
        expected = sum(INLINE_BYTES * (each % 3) for each in range(1, number + 1))
        lane.run_after_output(lambda _, expected=expected: seen.append((lane.interpreted_to, expected)))  # type: ignore[misc]
    lane.run_after_output(lambda _: done.set())
    await asyncio.wait_for(done.wait(), 60)
    assert len(seen) == 29
    assert all(fed == expected for fed, expected in seen)


async def test_plain_text_is_interpreted_a_moment_later_and_counted_then() -> None:
    fed = asyncio.Event()
    lane = EmulatorWorker(create("ghostty", SIZE), lambda _: fed.set(), lambda: None)
    lane.feed_output(b"te")
    lane.feed_output(b"xt")
    assert lane.interpreted_to == 0
    assert lane.idle is not None, "what a key means does not depend on it"
    await asyncio.wait_for(fed.wait(), 60)
    assert lane.interpreted_to == 4
    assert lane.fed_at_s > 0
    lane.close()


async def test_output_that_waits_for_the_emulator_counts_as_output(lane: EmulatorWorker) -> None:
    held = threading.Event()
    use = asyncio.ensure_future(lane.run_in_thread(lambda _emulator: held.wait(60)))
    await asyncio.sleep(0)
    try:
        assert lane.idle is None
        lane.feed_output(b"a flood")
        assert lane.fed_at_s > 0
    finally:
        held.set()
        await use


async def test_who_looks_and_what_comes_behind_finds_plain_text_interpreted() -> None:
    lane = EmulatorWorker(create("ghostty", SIZE), lambda _: None, lambda: None)
    lane.feed_output(b"one")
    assert await lane.run(first_line) == "one"
    lane.feed_output(b" two")
    seen: list[str] = []
    lane.run_after_output(lambda emulator: seen.append(first_line(emulator)))
    assert seen == ["one two"]
    lane.feed_output(b" three")
    lane.feed_output(b"\x1b[Hzero")
    assert lane.interpreted_to == 20
    lane.feed_output(b"!")
    lane.feed_output(b"\r" * INLINE_BYTES)
    done = asyncio.Event()
    lane.run_after_output(lambda _: done.set())
    await asyncio.wait_for(done.wait(), 60)
    assert await lane.run(first_line) == "zero!wo three"
    lane.feed_output(b"not any more")
    lane.close()


async def test_a_resize_happens_between_the_bytes_around_it(lane: EmulatorWorker) -> None:
    lane.feed_output(b"a" * 50)
    lane.run_after_output(lambda emulator: emulator.resize(GridSize(60, 6), CellSize()))
    lane.feed_output(b"\r\n" + b"b" * 50)
    done = asyncio.Event()
    lane.run_after_output(lambda _: done.set())
    await asyncio.wait_for(done.wait(), 60)
    lines = await lane.run(lambda emulator: logical_lines(emulator.rows()))
    assert lines[:2] == ["a" * 50, "b" * 50]


async def test_a_use_within_a_use_waits_for_its_end(lane: EmulatorWorker) -> None:
    order: list[str] = []
    done = asyncio.Event()

    def inner(_: Emulator) -> None:
        order.append("inner")
        done.set()

    def outer(_: Emulator) -> None:
        lane.run_next(inner)
        order.append("outer")

    lane.run_next(outer)
    await asyncio.wait_for(done.wait(), 60)
    assert order == ["outer", "inner"]


async def test_full_is_told_and_then_drained() -> None:
    drained = asyncio.Event()
    lane = EmulatorWorker(create("pyte", SIZE), lambda _: None, drained.set)
    for _ in range(20):
        lane.feed_output(b"\r" * 100_000)
    was_full = lane.full
    await asyncio.wait_for(drained.wait(), 60)
    assert (was_full, lane.full) == (True, False)
    lane.close()


async def test_an_engine_that_fails_on_some_output_goes_on_with_the_rest(
    lane: EmulatorWorker, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = await lane.run(lambda emulator: emulator)
    feed = emulator.feed

    def fragile(data: bytes) -> None:
        if b"poison" in data:
            raise RuntimeError("of the engine's own")
        feed(data)

    emulator.feed = fragile  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        for data in (b"poison", b"poison" + b"x" * INLINE_BYTES, b"\x1b[2J\x1b[Hgood"):
            lane.feed_output(data)
            done = asyncio.Event()
            lane.run_after_output(lambda _, done=done: done.set())  # type: ignore[misc]
            await asyncio.wait_for(done.wait(), 60)
    assert "the engine failed" in caplog.text
    assert await lane.run(first_line) == "good"


async def test_work_that_fails_is_told_and_others_go_on(lane: EmulatorWorker, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Emulator) -> None:
        raise RuntimeError("of the engine's own")

    with caplog.at_level(logging.CRITICAL), pytest.raises(OutliveError, match="engine failed"):
        await lane.run_in_thread(fail)
    lane.feed_output(b"still here")
    assert await lane.run(first_line) == "still here"


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=60_000), st.just(b"")), max_size=8))
def test_what_is_fed_is_what_came(chunks: list[bytes]) -> None:
    async def run() -> int:
        lane = EmulatorWorker(create("pyte", SIZE), lambda _: None, lambda: None)
        done = asyncio.Event()
        for chunk in chunks:
            lane.feed_output(chunk)
        lane.run_after_output(lambda _: done.set())
        await asyncio.wait_for(done.wait(), 60)
        fed = lane.interpreted_to
        lane.close()
        return fed

    assert asyncio.run(run()) == sum(map(len, chunks))


async def test_a_use_that_fails_keeps_nobody_behind_it_waiting(
    lane: EmulatorWorker, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Emulator) -> None:
        raise RuntimeError("of a watcher")

    said: list[str] = []
    with caplog.at_level(logging.CRITICAL):
        lane.feed_output(b"\x1b[m" + b"x" * INLINE_BYTES * 2)  # The thread is at it: what follows is put off.
        assert not lane.is_quiet
        lane.run_next(fail)
        lane.run_after_output(fail)
        lane.run_after_output(lambda _: said.append("in order"))
        looked = asyncio.ensure_future(lane.run(lambda _: said.append("soon")))
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(lane.run(fail), 60)
        await asyncio.wait_for(looked, 60)
        await eventually(lambda: lane.is_quiet, 10, "all to be done")
    assert sorted(said) == ["in order", "soon"]


async def test_a_listener_that_fails_keeps_no_output_from_being_interpreted(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Emulator) -> None:
        raise RuntimeError("of a watcher")

    lane = EmulatorWorker(create("pyte", SIZE), fail, lambda: None)
    with caplog.at_level(logging.CRITICAL):
        for data in (b"\x1b[m", b"\x1b[m" + b"\r" * INLINE_BYTES * 2, b"seen"):
            lane.feed_output(data)
        await eventually(lambda: lane.is_quiet, 10, "all to be interpreted")
        assert await lane.run(first_line) == "seen"
    lane.close()
