"""Waits a limited time for what may hang for ever, such as a look at a network mount without its server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def within(timeout_s: float, call: Callable[[], T]) -> T:
    """The result of a call, which is made in a thread of its own; raises what the call raises.

    The thread is a daemon: a process can end while the call still hangs.

    Raises:
        TimeoutError: the call takes longer.
    """
    found: Future[T] = Future()

    def run() -> None:
        try:
            found.set_result(call())
        except BaseException as error:  # noqa: BLE001 - the caller gets it
            found.set_exception(error)

    threading.Thread(target=run, name="may hang", daemon=True).start()
    return found.result(timeout_s)
