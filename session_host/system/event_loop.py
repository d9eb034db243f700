"""Runs the event loops of hosts and commands; work that a cancel does not cut short, or that an error does not end.

Also a timer that is set repeatedly.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeVar

from . import interrupts

log = logging.getLogger(__name__)

T = TypeVar("T")

BEGIN_AGAIN_S = 5.0
"""How long after an exception work begins again, see ``again_after_errors``."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Like ``asyncio.run``, on uvloop's loop if it is installed: a key takes a third less time on it.

    Each time a reader (``add_reader``) of a socket is called, it must read until nothing is left, or poll again a
    moment later. If the peer closes with unread data of ours, the connection breaks (ECONNRESET, POLLERR); libuv
    reports this once, together with the peer's last data, and then stops watching the socket (``uv_poll_start``; unlike
    asyncio's loop).
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(main)


def run_command(main: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine on asyncio's own loop; Ctrl+C cancels it at any time.

    ``asyncio.run`` handles SIGINT in Python, without a wakeup descriptor: a signal just before ``epoll_wait`` sets a
    flag that is read only after another event. ``add_signal_handler`` sets the descriptor.

    Raises:
        KeyboardInterrupt: SIGINT came.
    """
    try:
        return asyncio.run(_interruptible(main))
    finally:
        main.close()  # Ctrl+C may have come before it began.


async def _interruptible(main: Coroutine[Any, Any, T]) -> T:
    loop = asyncio.get_running_loop()
    task = loop.create_task(main)
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True
        task.cancel()

    # An ignored signal stays ignored, as in a script's background job.
    takes_signals = threading.current_thread() is threading.main_thread()
    usual = signal.getsignal(signal.SIGINT)
    handles = takes_signals and usual is not signal.SIG_IGN
    if handles:
        loop.add_signal_handler(signal.SIGINT, interrupt)
        signal.signal(signal.SIGINT, interrupts.note)  # A loop that is just ending does not call ``interrupt``.
    try:
        if handles:
            interrupts.check()  # Python may have dropped one before.
        return await task
    except asyncio.CancelledError:
        if interrupted:
            raise KeyboardInterrupt from None
        raise
    finally:
        if handles:
            loop.remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, usual)


@cache
def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The factory of the loops that ``run`` uses; None for asyncio's own."""
    if find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


async def to_its_end(work: Awaitable[T], on_cancel: Callable[[], object] = lambda: None) -> T:
    """Await ``work`` until it has ended; only then, a cancel of this task takes effect.

    For work that a cancel must not undo or leave behind: to end or reap a process, to close or remove something.

    Args:
        work: a coroutine or a future that nobody else cancels.
        on_cancel: called at each cancel, so that the work ends soon.
    """
    ended = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not ended.done():
        try:
            await asyncio.wait([ended])
        except asyncio.CancelledError as error:
            cancelled = error
            on_cancel()
    if cancelled is None:
        return ended.result()
    if not ended.cancelled():
        ended.exception()  # It is retrieved; the cancel is what the caller must know.
    raise cancelled


async def to_its_end_in_thread(work: Callable[[], T], on_cancel: Callable[[], object] = lambda: None) -> T:
    """Do blocking work in a thread, and await it like ``to_its_end``.

    ``asyncio.to_thread`` drops the work if the cancel comes while it waits for a free thread, else leaves it behind.
    """
    return await to_its_end(asyncio.get_running_loop().run_in_executor(None, work), on_cancel)


async def again_after_errors(work: Callable[[], Awaitable[T]], name: str) -> T:
    """Do work until it returns, or this task is cancelled; an exception is logged, and the work begins again.

    For the tasks of a host: none that ends unnoticed while the others go on.

    Args:
        work: begins the work.
        name: the work in the log.
    """
    while True:
        try:
            return await work()
        except Exception:
            log.exception("%s failed, and begins again in %.0f s", name, BEGIN_AGAIN_S)
        await asyncio.sleep(BEGIN_AGAIN_S)


class Timer:
    """Calls a function once, after a delay; setting the timer again replaces the previous call."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Whether a call is pending."""
        return self._handle is not None

    def set(self, delay_s: float, work: Callable[[], object]) -> None:
        """Call ``work`` after the delay, in place of a pending call."""
        self.cancel()
        self._handle = asyncio.get_running_loop().call_later(delay_s, self._due, work)

    def cancel(self) -> None:
        """Cancel a pending call."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _due(self, work: Callable[[], object]) -> None:
        self._handle = None
        work()
