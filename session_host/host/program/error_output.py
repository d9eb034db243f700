"""The standard error of a program without a terminal, which goes to a file.

The program itself appends to the file, so that it needs no host to write. The host keeps its last part, and frees the
disk space of the rest: the file's length stays. No timer runs while the program writes nothing.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from session_host.protocol.untrusted_text import without_escapes
from session_host.storage.descriptors.output_file import punch
from session_host.system.event_loop import Timer
from session_host.system.inotify import Event, Inotify

log = logging.getLogger(__name__)

SHOWN_BYTES = 2000
SHOWN_LINES = 8

KEPT_BYTES = 1024 * 1024
CHECK_S = 1.0
"""The time between two looks at the file while the program writes to it."""


class ErrorOutput:
    """Limits the disk space of one program's standard error."""

    def __init__(self, path: str) -> None:
        """Prepare to watch the file; "" for none."""
        self._path = path
        self._inotify = Inotify(self._on_events)
        self._timer = Timer()

    def start(self) -> None:
        """Watch the file, which the program has opened."""
        if self._path and (self._inotify.is_open or self._inotify.start()):
            with suppress(OSError):  # The disk was full, so there is no file.
                self._inotify.watch(Path(self._path), self._inotify.flags.MODIFY | self._inotify.flags.ONESHOT)

    def close(self) -> None:
        """Stop watching."""
        self._inotify.close()
        self._timer.cancel()

    def _on_events(self, _events: list[Event]) -> None:
        if not self._timer.is_set:
            self._timer.set(CHECK_S, self._on_timer)

    def _on_timer(self) -> None:
        limit_size(self._path)
        self.start()


def limit_size(path: str) -> None:
    """Free the space of all but the last part of the file, if that takes twice as much."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return
    try:
        status = os.fstat(descriptor)
        if status.st_blocks * 512 <= 2 * KEPT_BYTES:
            return
        punch(descriptor, 0, status.st_size - KEPT_BYTES)
        if os.fstat(descriptor).st_blocks >= status.st_blocks:
            os.ftruncate(descriptor, 0)  # This file system has no holes.
    except OSError as error:
        log.warning("%s: cannot free space: %s", path, error.strerror)
    finally:
        os.close(descriptor)


def last_errors(path: str) -> str:
    """The last lines of the file without escape sequences; "" if there are none, or it cannot be read."""
    if not path:
        return ""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path's open is slower, and says the same
            length = os.fstat(file.fileno()).st_size
            file.seek(max(0, length - SHOWN_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(line for line in without_escapes(text).splitlines()[-SHOWN_LINES:] if line.strip())
