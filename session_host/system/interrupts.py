"""Notes Ctrl+C until a wait has seen it.

Python drops a KeyboardInterrupt that is raised in a callback whose errors it ignores: a weak reference's, as at the end
of an import, or one that a C library calls. The wait after that would have no end.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

_came: list[int] = []
"""The signals that came."""


@contextlib.contextmanager
def noted() -> Iterator[None]:
    """In this context, SIGINT is noted for ``check``, and raises KeyboardInterrupt; not in other threads than the main.

    An ignored signal stays ignored, as in a script's background job.
    """
    _came.clear()
    is_taken = False
    if (usual := signal.getsignal(signal.SIGINT)) is signal.default_int_handler:
        with contextlib.suppress(ValueError):  # another thread than the main
            signal.signal(signal.SIGINT, interrupt)
            is_taken = True
    try:
        yield
    finally:
        if is_taken:
            signal.signal(signal.SIGINT, usual)


def interrupt(number: int, frame: object) -> None:
    """Handle a signal: note it, and raise KeyboardInterrupt."""
    note(number, frame)
    raise KeyboardInterrupt


def note(number: int, _frame: object) -> None:
    """Handle a signal: note it only."""
    _came.append(number)


def check() -> None:
    """Raise KeyboardInterrupt if a signal was noted since the present context of ``noted`` began, or the last one."""
    if _came:
        raise KeyboardInterrupt
