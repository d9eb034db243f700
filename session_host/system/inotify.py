"""Watches directories on the event loop (inotify(7))."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

log = logging.getLogger(__name__)


class Event(NamedTuple):
    """One thing that happened.

    Attributes:
        wd: the number of the watch.
        mask: what it was, in flags.
        name: to which file in the directory; "" for the directory itself.
    """

    wd: int
    mask: int
    name: str


def make_inotify() -> Any:
    """A plain inotify instance; None where there is none, or no more of them.

    The kernel takes some 10 ms to close the last descriptor of one, also when a process is killed.
    """
    try:
        from inotify_simple import INotify  # the few that follow files load it

        return INotify(nonblocking=True)
    except (ImportError, OSError) as error:
        log.info("no inotify: %s", error)
        return None


class Inotify:
    """Watches directories between ``start`` and ``close``.

    Attributes:
        flags: the names of inotify(7)'s bits, without their ``IN_``; None before ``start``.
    """

    def __init__(self, told: Callable[[list[Event]], None]) -> None:
        """Watch nothing yet.

        Args:
            told: called with what happened.
        """
        self.flags: Any = None
        self._inotify: Any = None
        self._told = told

    @property
    def is_open(self) -> bool:
        """Whether it watches."""
        return self._inotify is not None

    def start(self) -> bool:
        """Begin in this loop; returns False where there is no inotify, or no more of it."""
        self._inotify = make_inotify()
        if self._inotify is None:
            return False
        from inotify_simple import flags

        self.flags = flags
        asyncio.get_running_loop().add_reader(self.fileno(), self._happened)
        return True

    def watch(self, place: Path, mask: Any) -> int:
        """Watch a directory from now on; returns the number of the watch.

        Raises:
            OSError: it is not there, or there can be no more watches (ENOSPC, ENOMEM).
        """
        return int(self._inotify.add_watch(place, mask))

    def unwatch(self, number: int) -> None:
        """No more of this one."""
        with contextlib.suppress(OSError):  # It went with what it watched.
            self._inotify.rm_watch(number)

    def fileno(self) -> int:
        """Readable when something has happened and was not told yet."""
        number: int = self._inotify.fileno()
        return number

    def close(self) -> None:
        """No more of any, if it watches."""
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self.fileno())
            self._inotify.close()
            self._inotify = None

    def _happened(self) -> None:
        self._told(self._inotify.read(timeout=0))
