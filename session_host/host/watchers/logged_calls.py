"""Logs exceptions of watchers, so that they cannot end the host."""

from __future__ import annotations

import functools
import logging
from collections import Counter
from collections.abc import Callable
from typing import ParamSpec

log = logging.getLogger(__name__)

P = ParamSpec("P")

MAX_LOGGED = 3
"""Maximum number of log entries for one function, which may fail at each output."""

_failures: Counter[str] = Counter()


def call_logged(work: Callable[P, object], *arguments: P.args, **options: P.kwargs) -> None:
    """Call a function, and log its exception."""
    try:
        work(*arguments, **options)
    except Exception as error:
        name = work.__qualname__
        _failures[name] += 1
        if _failures[name] <= MAX_LOGGED:
            log.exception("%s failed: %s", name, type(error).__name__)


def log_errors(method: Callable[P, None]) -> Callable[P, None]:
    """Make a method log any exception and return normally."""

    @functools.wraps(method)
    def guarded(*arguments: P.args, **options: P.kwargs) -> None:
        call_logged(method, *arguments, **options)

    return guarded
