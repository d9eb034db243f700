"""Owns the window's asyncio tasks: each one is awaited or cancelled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from gui.wording.notice_texts import failed
from session_host.errors import OutliveError

log = logging.getLogger(__name__)


class Tasks:
    """Runs coroutines on the current loop and keeps references to their tasks.

    ``on_error`` shows a line about an ``OutliveError``. Any other exception is a bug, and goes to the loop's exception
    handler.
    """

    def __init__(self, on_error: Callable[[str], None]) -> None:
        self._on_error = on_error
        self._running: set[asyncio.Task[Any]] = set()
        self._is_cancelled = False

    def start(self, work: Coroutine[Any, Any, Any], name: str = "", failure: str = "") -> asyncio.Task[Any] | None:
        """Start ``work``; after ``cancel_all``, do nothing. The caller may cancel the returned task.

        Args:
            work: the work.
            name: its name for developers.
            failure: the beginning of a line about its failure, such as "Can’t rename api".
        """
        if self._is_cancelled:
            work.close()
            return None
        task = asyncio.get_running_loop().create_task(work, name=name or None)
        self._running.add(task)
        task.add_done_callback(partial(self._done, failure))
        return task

    def _done(self, failure: str, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, OutliveError):
            self._on_error(failed(failure, error))
        elif error is not None:
            task.get_loop().call_exception_handler(
                {"message": f"{task.get_name()} failed", "exception": error, "task": task}
            )

    async def wait_for_others(self, timeout_s: float) -> None:
        """Wait until all other tasks that run now have ended, at most ``timeout_s``."""
        others = [task for task in self._running if task is not asyncio.current_task()]
        if others:
            await asyncio.wait(others, timeout=timeout_s)

    async def cancel_all(self) -> None:
        """Cancel all running tasks and wait for their end."""
        self._is_cancelled = True
        waiting = [task for task in self._running if task is not asyncio.current_task()]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
