"""The event loop that hosts and commands run on."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """As ``asyncio.run``, on uvloop's loop where that is installed: a key's way takes a third less time on it.

    A reader (``add_reader``) of a socket must read until there is nothing left each time it is called, or look again a
    moment later. A peer that goes while something of ours is unread breaks the connection (ECONNRESET, POLLERR); libuv
    tells that once, together with what the peer sent last, and watches the socket no more (``uv_poll_start``; unlike
    asyncio's loop).
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(main)


def run_command(main: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine on asyncio's own loop; Ctrl+C cancels it whenever it comes.

    ``asyncio.run`` handles SIGINT in Python, without a wakeup descriptor: a signal just before ``epoll_wait`` sets a
    flag that nobody reads until something else happens. ``add_signal_handler`` sets the descriptor.

    Raises:
        KeyboardInterrupt: SIGINT came.
    """
    return asyncio.run(_interruptible(main))


async def _interruptible(main: Coroutine[Any, Any, T]) -> T:
    loop = asyncio.get_running_loop()
    task = loop.create_task(main)
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True
        task.cancel()

    # A signal that is ignored stays so, as in a script's background job.
    takes_signals = threading.current_thread() is threading.main_thread()
    handles = takes_signals and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    if handles:
        loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        return await task
    except asyncio.CancelledError:
        if interrupted:
            raise KeyboardInterrupt from None
        raise
    finally:
        if handles:
            loop.remove_signal_handler(signal.SIGINT)


@cache
def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loops that ``run`` runs on; None: asyncio's own."""
    if find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop
