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
    """An event in a watched directory.

    Attributes:
        wd: the watch's number.
        mask: the kind of event, as flags.
        name: the file's name in the directory; "" for the directory itself.
    """

    wd: int
    mask: int
    name: str


def make_inotify() -> Any:
    """Create an inotify instance; None if the system has none, or no more of them.

    The kernel takes some 10 ms to close the last descriptor of an instance, also when a process is killed.
    """
    try:
        from inotify_simple import INotify  # imported by the few processes that watch files

        return INotify(nonblocking=True)
    except (ImportError, OSError) as error:
        log.info("no inotify: %s", error)
        return None


class Inotify:
    """Watches directories between ``start`` and ``close``.

    Attributes:
        flags: inotify(7)'s bits by name, without their ``IN_``; None before ``start``.
    """

    def __init__(self, on_events: Callable[[list[Event]], None]) -> None:
        """Create an object that watches nothing yet.

        Args:
            on_events: called with the events.
        """
        self.flags: Any = None
        self._inotify: Any = None
        self._on_events = on_events

    @property
    def is_open(self) -> bool:
        """Whether the object has an inotify instance."""
        return self._inotify is not None

    def start(self) -> bool:
        """Start on the running loop; returns False if inotify is not available."""
        self._inotify = make_inotify()
        if self._inotify is None:
            return False
        from inotify_simple import flags

        self.flags = flags
        asyncio.get_running_loop().add_reader(self.fileno(), self._happened)
        return True

    def watch(self, path: Path, mask: Any) -> int:
        """Start watching a directory; returns the watch's number.

        Raises:
            OSError: the directory is missing, or there can be no more watches (ENOSPC, ENOMEM).
        """
        return int(self._inotify.add_watch(path, mask))

    def unwatch(self, number: int) -> None:
        """Stop watching a directory."""
        with contextlib.suppress(OSError):  # The watch ended with its directory.
            self._inotify.rm_watch(number)

    def fileno(self) -> int:
        """The inotify descriptor, which is readable when events wait."""
        number: int = self._inotify.fileno()
        return number

    def close(self) -> None:
        """Stop watching all directories, if any."""
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self.fileno())
            self._inotify.close()
            self._inotify = None

    def _happened(self) -> None:
        self._on_events(self._inotify.read(timeout=0))
