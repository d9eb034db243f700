"""A signal at the moment in which Python would lose it: after its last check of signals, before a system call."""

from __future__ import annotations

import ctypes
import operator
import os
import select
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any


def just_before(number: int, call: Callable[[], Any]) -> Any:
    """Send this process a signal, and call; returns what ``call`` returns.

    Both are one call for the interpreter, so it runs no signal handler between the two.
    """
    kill = partial(ctypes.PyDLL(None).kill, os.getpid(), number)
    calls: Any = [kill, call]
    return deque(map(operator.call, calls))[-1]


def before_next_poll(number: int) -> None:
    """Send this process a signal just before it waits by ``select.poll`` the next time."""
    call_at_next_poll(lambda wait: just_before(number, wait))


def call_at_next_poll(wrapper: Callable[[Callable[[], Any]], Any]) -> None:
    """Call ``wrapper`` with the next wait by ``select.poll``, in its place."""
    make = select.poll

    class Poll:
        """Waits once through ``wrapper``."""

        def __init__(self) -> None:
            self._poll = make()
            self.register = self._poll.register

        def poll(self, *arguments: Any) -> Any:
            select.poll = make  # type: ignore[misc]
            return wrapper(partial(self._poll.poll, *arguments))

    select.poll = Poll  # type: ignore[misc, assignment]
