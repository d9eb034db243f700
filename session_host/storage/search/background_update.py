"""``python -m session_host.storage.search.background_update``: update the index in the background, then exit.

The window starts this program after chats wrote something, so that the first search finds the index ready. The program
leaves resources to others: the window starts it with a low priority, it sleeps as long as it works, and only one
process updates at a time. It ends with its parent; killing it loses only the current transaction.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

from session_host.errors import OutliveError
from session_host.paths import database, search_index
from session_host.storage.store import Store

from .search import Search

PAUSE_PER_WORK: Final = 1.0
"""Seconds of pause for each second of work."""

_PR_SET_PDEATHSIG: Final = 1
"""prctl(2)."""


def main() -> int:
    """Index new output of all sessions; returns 0, also if another process is doing so."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    try:
        lock = os.open(search_index().with_name("search.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        update_index(lambda: os.getppid() != parent)
    except (OutliveError, OSError) as error:
        sys.stderr.write(f"search: {error}\n")
        return 1
    return 0


def update_index(is_over: Callable[[], bool]) -> None:
    """Bring the index up to date, the newest sessions first, and remove the lines of removed ones.

    Raises:
        OutliveError: the store or the index cannot be used.
    """
    with Store.open(database()) as store:
        newest = [record.id for record in reversed(store.all())]
    resumed_s = time.monotonic()

    def pause() -> bool:
        nonlocal resumed_s
        time.sleep(max(time.monotonic() - resumed_s, 0.0) * PAUSE_PER_WORK)
        resumed_s = time.monotonic()
        return is_over()

    with Search() as search:
        search.keep_only(newest)
        search.update(newest, pause)
        search.free_space(pause)


if __name__ == "__main__":
    sys.exit(main())
