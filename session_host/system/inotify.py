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


class Inotify:
    """Watches directories until it is closed.

    Attributes:
        flags: the names of inotify(7)'s bits, without their ``IN_``.
    """

    def __init__(self, flags: Any, inotify: Any, told: Callable[[Inotify, list[Event]], None]) -> None:
        self.flags = flags
        self._inotify = inotify
        self._told = told
        asyncio.get_running_loop().add_reader(inotify.fileno(), self._happened)

    @classmethod
    def start(cls, told: Callable[[Inotify, list[Event]], None]) -> Inotify | None:
        """Begin in this loop; None where there is no inotify, or no more of it.

        Args:
            told: called with it, and with what happened.
        """
        try:
            from inotify_simple import INotify, flags  # the few that follow files load it

            return cls(flags, INotify(nonblocking=True), told)
        except (ImportError, OSError) as error:
            log.info("no inotify: %s", error)
            return None

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
        """No more of any."""
        asyncio.get_running_loop().remove_reader(self._inotify.fileno())
        self._inotify.close()

    def _happened(self) -> None:
        self._told(self, self._inotify.read(timeout=0))
