"""The worker: all work is done in order by a thread that ends after a while without work."""

from __future__ import annotations

import _thread
import asyncio
import logging
import threading

import pytest

from session_host.system.worker import Worker
from tests.support.waiting import eventually, wait_until

LONG_S = 600.0


@pytest.fixture
def threads() -> int:
    """The number of threads at the start of the test."""
    return _thread._count()


async def test_work_is_done_in_order_and_never_two_at_once() -> None:
    for linger_s in (0.0, 0.0001, LONG_S):
        worker = Worker(linger_s)
        at_work = _thread.allocate_lock()
        done: list[int] = []

        def work(number: int, done: list[int] = done, at_work: _thread.LockType = at_work) -> None:
            assert at_work.acquire(blocking=False)
            done.append(number)
            at_work.release()

        for number in range(2000):
            worker.submit(lambda number=number, work=work: work(number))  # type: ignore[misc]
            if number % 50 == 0:
                await asyncio.sleep(0)
        worker.join()
        assert done == list(range(2000)), linger_s


async def test_the_thread_ends_after_a_while_without_work(threads: int) -> None:
    worker = Worker()
    await worker.run(lambda: None)
    await eventually(lambda: _thread._count() <= threads, 10, "the thread to end")
    worker = Worker(0.02)
    first = await worker.run(threading.get_ident)
    assert await worker.run(threading.get_ident) == first
    await eventually(lambda: _thread._count() <= threads, 10, "the thread to end")
    assert await worker.run(lambda: "again") == "again"
    worker.join()


async def test_join_waits_for_the_work_and_ends_an_idle_thread(threads: int) -> None:
    worker, go_on = Worker(LONG_S), threading.Event()
    done: list[str] = []
    worker.submit(lambda: go_on.wait(60))
    worker.submit(lambda: done.append("second"))
    asyncio.get_running_loop().call_soon(go_on.set)
    await asyncio.sleep(0)
    worker.join()
    assert done == ["second"]
    wait_until(lambda: _thread._count() <= threads, 10, "the thread to end")
    worker.join()
    assert await worker.run(lambda: "after it") == "after it"
    worker.join()


async def test_an_exception_is_raised_where_the_work_is_awaited_and_later_work_is_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker = Worker()
    with pytest.raises(ZeroDivisionError):
        await worker.run(lambda: 1 // 0)
    with caplog.at_level(logging.CRITICAL + 1):
        worker.submit(lambda: 1 // 0)
        assert await worker.run(lambda: "next") == "next"


async def test_work_continues_when_its_waiter_is_cancelled() -> None:
    worker, go_on = Worker(), threading.Event()
    waiting = asyncio.ensure_future(worker.run(lambda: go_on.wait(60)))
    await asyncio.sleep(0)
    waiting.cancel()
    go_on.set()
    assert await worker.run(lambda: "next") == "next"
    assert waiting.cancelled()


def test_no_result_is_reported_to_a_closed_loop() -> None:
    worker, go_on = Worker(), threading.Event()
    done: list[object] = []

    async def begin() -> None:
        worker.submit_and_call(lambda: go_on.wait(60), done.append, done.append)

    asyncio.run(begin())
    go_on.set()
    worker.join()
    assert not done


async def test_without_a_new_thread_work_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    worker = Worker(LONG_S)
    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    assert await worker.run(threading.get_ident) == threading.get_ident()
    worker.join()


async def test_an_idle_thread_does_something_at_its_end(threads: int) -> None:
    ends: list[int] = []
    worker = Worker(0.02, lambda: ends.append(threading.get_ident()))
    ident = await worker.run(threading.get_ident)
    await eventually(lambda: _thread._count() <= threads, 10, "the thread to end")
    assert ends == [ident]
    worker.join()
    assert ends == [ident], "no thread, no end"
