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


def before_next_select(number: int) -> None:
    """Send this process a signal just before it calls ``select.select`` the next time."""
    wait = select.select

    def waits(*arguments: Any) -> Any:
        select.select = wait
        return just_before(number, partial(wait, *arguments))

    select.select = waits
