"""How long to wait: for what may hang, such as a network mount without its server, and before another try."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import TypeVar

T = TypeVar("T")


def within(timeout_s: float, call: Callable[[], T]) -> T:
    """The result of a call, which is made in a thread of its own; raises what the call raises.

    The thread is a daemon: a process can end while the call still hangs.

    Raises:
        TimeoutError: the call takes longer.
    """
    from concurrent.futures import Future  # most commands never wait so

    found: Future[T] = Future()

    def run() -> None:
        try:
            found.set_result(call())
        except BaseException as error:  # noqa: BLE001 - the caller gets it
            found.set_exception(error)

    threading.Thread(target=run, name="may hang", daemon=True).start()
    return found.result(timeout_s)


def endless(waits_s: Sequence[float]) -> Iterator[float]:
    """The waits before something is tried again, in seconds; the last one repeats."""
    return chain(waits_s, repeat(waits_s[-1]))
