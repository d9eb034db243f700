"""The event loop of commands; work that a cancel does not cut short."""

from __future__ import annotations

import asyncio
import ctypes
import os
import select
import signal
import time
from functools import partial

import pytest

from session_host.system import event_loop
from session_host.system.event_loop import again_after_errors, run_command, to_its_end, to_its_end_in_thread
from tests.support.busy_threads import no_free_thread
from tests.support.lost_signals import just_before


def test_ctrl_c_just_before_the_loop_waits_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal between the loop's last check and ``epoll_wait`` must end that wait."""

    class Selector:
        """epoll, with Ctrl+C just before its third wait, which lasts a minute unless something ends it."""

        def __init__(self) -> None:
            self._epoll = select.epoll()
            self._waits = 0

        def poll(self, timeout_s: float = -1, maximum: int = -1) -> list[tuple[int, int]]:
            self._waits += 1
            if self._waits == 3:
                libc = ctypes.PyDLL(None)
                events = (ctypes.c_char * (12 * 16))()
                wait = partial(libc.epoll_wait, self._epoll.fileno(), events, 16, 60_000)
                just_before(signal.SIGINT, wait)
            return self._epoll.poll(timeout_s, maximum)

        def __getattr__(self, name: str) -> object:
            return getattr(self._epoll, name)

    async def forever() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        await asyncio.Event().wait()

    monkeypatch.setattr("selectors.EpollSelector._selector_cls", Selector)
    began_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_command(forever())
    assert time.monotonic() - began_s < 40, "it would sleep for a minute"


async def test_work_that_waits_for_a_thread_is_done_although_its_task_is_cancelled_twice() -> None:
    done, cancels = [], []
    with no_free_thread() as free_it:
        task = asyncio.ensure_future(to_its_end_in_thread(lambda: done.append(1), lambda: cancels.append(1)))
        for _ in range(2):
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        free_it()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (done, cancels) == ([1], [1, 1])


async def test_a_timeout_comes_after_the_end_of_the_work() -> None:
    done = []

    async def work() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        done.append(1)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await to_its_end(work())
    assert done


async def test_work_returns_its_result_or_raises_its_error() -> None:
    assert await to_its_end_in_thread(lambda: 5) == 5
    with pytest.raises(KeyError):
        await to_its_end_in_thread(lambda: os.environ["NOBODY_SETS_THIS"])


async def test_work_that_fails_is_logged_and_begins_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(event_loop, "BEGIN_AGAIN_S", 0.0)
    begun = 0

    async def work() -> int:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise KeyError(begun)
        return begun

    assert await again_after_errors(work, "counting") == 3
    assert [record.message for record in caplog.records] == ["counting failed, and begins again in 0 s"] * 2
    assert all(record.exc_info for record in caplog.records)


async def test_work_that_begins_again_can_be_cancelled() -> None:
    task = asyncio.ensure_future(again_after_errors(asyncio.Event().wait, "waiting"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
