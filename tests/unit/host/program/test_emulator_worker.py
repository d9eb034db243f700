"""The emulator's worker: one use at a time, in order, even if the engine fails."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.errors import OutliveError
from session_host.host.program import emulator_worker
from session_host.host.program.emulator_worker import (
    INLINE_BYTES,
    MAX_FULL_BYTES,
    PIECE_BYTES,
    RESUME_BYTES,
    EmulatorWorker,
)
from session_host.protocol.values import GridSize
from session_host.terminal import create
from session_host.terminal.base import Emulator, EngineName
from tests.support.session_harness import is_quiet
from tests.support.waiting import eventually

SIZE = GridSize(40, 6)


def nothing(_: object = None) -> None:
    """A callback that does nothing."""


class WorkerOnOutput(EmulatorWorker[Emulator]):
    """A worker with its output in memory, instead of a host's output file."""

    def __init__(
        self,
        engine: EngineName = "pyte",
        after: Callable[[Emulator], None] = nothing,
        drained: Callable[[], None] = nothing,
        *,
        fed: int = 0,
    ) -> None:
        self._output = bytearray(fed)
        super().__init__(
            create(engine, SIZE), after, drained, lambda start, end: bytes(self._output[start:end]), fed=fed
        )

    def feed_output(self, data: bytes) -> bool:
        self._output += data
        return super().feed_output(data)


@pytest.fixture
async def worker() -> AsyncIterator[EmulatorWorker[Emulator]]:
    worker = WorkerOnOutput()
    yield worker
    worker.close()


async def interpret(worker: EmulatorWorker[Emulator], data: bytes) -> None:
    """Feed output, and wait until it is interpreted."""
    done = asyncio.Event()
    worker.feed_output(data)
    worker.run_after_output(lambda _: done.set())
    await asyncio.wait_for(done.wait(), 60)


def first_line(emulator: Emulator) -> str:
    return emulator.rows()[0].text()


async def test_a_screen_asked_for_after_a_flood_shows_its_end(worker: EmulatorWorker[Emulator]) -> None:
    """`outlive wait --text` asked after the last output, saw an earlier screen, and waited for more output."""
    worker.feed_output(b"a line\r\n" * 20_000 + b"the end")
    assert await worker.run(lambda emulator: emulator.rows()[-1].text()) == "the end"


async def test_a_use_in_order_sees_all_output_before_it_and_none_after(worker: EmulatorWorker[Emulator]) -> None:
    seen: list[tuple[int, int]] = []
    done = asyncio.Event()
    for number in range(1, 30):
        worker.feed_output(b"x" * INLINE_BYTES * (number % 3))
        expected = sum(INLINE_BYTES * (each % 3) for each in range(1, number + 1))
        worker.run_after_output(lambda _, expected=expected: seen.append((worker.interpreted_to, expected)))  # type: ignore[misc]
    worker.run_after_output(lambda _: done.set())
    await asyncio.wait_for(done.wait(), 60)
    assert len(seen) == 29
    assert all(fed == expected for fed, expected in seen)


async def test_output_that_waits_for_the_emulator_counts_as_output(worker: EmulatorWorker[Emulator]) -> None:
    held = threading.Event()
    use = asyncio.ensure_future(worker.run_in_thread(lambda _emulator: held.wait(60)))
    await asyncio.sleep(0)
    try:
        assert worker.idle is None
        worker.feed_output(b"a flood")
        assert worker.last_output_s > 0
    finally:
        held.set()
        await use


async def test_a_use_within_a_use_waits_for_its_end(worker: EmulatorWorker[Emulator]) -> None:
    order: list[str] = []
    done = asyncio.Event()

    def inner(_: Emulator) -> None:
        order.append("inner")
        done.set()

    def outer(_: Emulator) -> None:
        worker.run_next(inner)
        order.append("outer")

    worker.run_next(outer)
    await asyncio.wait_for(done.wait(), 60)
    assert order == ["outer", "inner"]


async def test_a_slow_engine_is_not_seconds_behind_the_program() -> None:
    """Else the prompt comes seconds after Ctrl+C in a flood of short lines, since the host has read them already."""
    drained = asyncio.Event()
    worker = WorkerOnOutput("pyte", drained=drained.set)
    await interpret(worker, b"y\n" * INLINE_BYTES)  # The first job measures the engine's speed.
    while worker.feed_output(b"y\n" * INLINE_BYTES):
        pass
    assert worker.received_to - worker.interpreted_to < 512 * 1024
    await asyncio.wait_for(drained.wait(), 60)
    assert not worker.is_full
    worker.close()


async def test_reading_resumes_long_before_a_full_queue_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator_worker, "FULL_S", 1e6)
    waiting: list[int] = []

    def drained() -> None:
        waiting.append(draining.received_to - draining.interpreted_to)

    draining = WorkerOnOutput("ghostty", drained=drained)
    await interpret(draining, b"\r" * INLINE_BYTES * 2)
    while draining.feed_output(b"\r" * 64 * 1024):
        pass
    await eventually(lambda: bool(waiting), 60, "the worker to want more")
    assert waiting[0] > MAX_FULL_BYTES - 2 * RESUME_BYTES
    draining.close()


async def test_an_engine_that_fails_on_some_output_interprets_the_rest(
    worker: EmulatorWorker[Emulator], caplog: pytest.LogCaptureFixture
) -> None:
    emulator = await worker.run(lambda emulator: emulator)
    feed = emulator.feed

    def fragile(data: bytes) -> None:
        if b"poison" in data:
            raise RuntimeError("of the engine's own")
        feed(data)

    emulator.feed = fragile  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        for data in (b"poison", b"poison" + b"x" * INLINE_BYTES, b"\x1b[2J\x1b[Hgood"):
            worker.feed_output(data)
            done = asyncio.Event()
            worker.run_after_output(lambda _, done=done: done.set())  # type: ignore[misc]
            await asyncio.wait_for(done.wait(), 60)
    assert "the engine failed" in caplog.text
    assert await worker.run(first_line) == "good"


async def test_failed_work_is_reported_and_later_work_is_done(
    worker: EmulatorWorker[Emulator], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Emulator) -> None:
        raise RuntimeError("of the engine's own")

    with caplog.at_level(logging.CRITICAL), pytest.raises(OutliveError, match="engine failed"):
        await worker.run_in_thread(fail)
    worker.feed_output(b"still here")
    assert await worker.run(first_line) == "still here"


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=60_000), st.just(b"")), max_size=8))
def test_all_output_is_interpreted(chunks: list[bytes]) -> None:
    async def run() -> int:
        worker = WorkerOnOutput()
        done = asyncio.Event()
        for chunk in chunks:
            worker.feed_output(chunk)
        worker.run_after_output(lambda _: done.set())
        await asyncio.wait_for(done.wait(), 60)
        fed = worker.interpreted_to
        worker.close()
        return fed

    assert asyncio.run(run()) == sum(map(len, chunks))


async def test_a_failed_use_does_not_block_later_ones(
    worker: EmulatorWorker[Emulator], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Emulator) -> None:
        raise RuntimeError("of a watcher")

    results: list[str] = []
    with caplog.at_level(logging.CRITICAL):
        worker.feed_output(
            b"\x1b[m" + b"x" * INLINE_BYTES * 2
        )  # The thread is busy with this, so later uses are deferred.
        assert not is_quiet(worker)
        worker.run_next(fail)
        worker.run_after_output(fail)
        worker.run_after_output(lambda _: results.append("in order"))
        looked = asyncio.ensure_future(worker.run(lambda _: results.append("soon")))
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(worker.run(fail), 60)
        await asyncio.wait_for(looked, 60)
        await eventually(lambda: is_quiet(worker), 10, "all to be done")
    assert sorted(results) == ["in order", "soon"]


async def test_a_failing_listener_does_not_stop_the_interpretation_of_output(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Emulator) -> None:
        raise RuntimeError("of a watcher")

    worker = WorkerOnOutput(after=fail)
    with caplog.at_level(logging.CRITICAL):
        for data in (b"\x1b[m", b"\x1b[m" + b"\r" * INLINE_BYTES * 2, b"seen"):
            worker.feed_output(data)
        await eventually(lambda: is_quiet(worker), 10, "all to be interpreted")
        assert await worker.run(first_line) == "seen"
    worker.close()


async def test_a_job_of_slow_output_ends_early_and_its_rest_is_interpreted_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a flood of text, a job is half a megabyte: of resets or prompts, that is seconds of the engine's work."""
    now_s = 0.0
    pieces: list[int] = []
    worker = WorkerOnOutput("ghostty")
    feed = worker._emulator.feed

    def slow_feed(data: bytes) -> None:
        nonlocal now_s
        now_s += len(data) * slowness
        pieces.append(len(data))
        feed(data)

    monkeypatch.setattr(worker._emulator, "feed", slow_feed)
    monkeypatch.setattr(emulator_worker, "perf_counter", lambda: now_s)
    slowness = 1e-9
    await interpret(worker, b"\r" * 1024 * 1024)
    slowness = 1e-5
    pieces.clear()
    worker.feed_output(b"\r" * 300_000)
    seen: list[int] = []
    worker.run_next(lambda _: seen.append(len(pieces)))
    await interpret(worker, b"\r\nend")
    assert pieces[: seen[0]] == [PIECE_BYTES], "a key waits for one piece"
    assert sum(pieces) == 300_000 + len(b"\r\nend")
    assert [row.text().rstrip() for row in worker._emulator.rows()][1] == "end"
    worker.close()
