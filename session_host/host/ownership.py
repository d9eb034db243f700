"""Who serves a session: one process at a time, whatever dies."""

from __future__ import annotations

import fcntl


def try_to_own(ledger: int) -> bool:
    """Whether this process is the session's one host now.

    By a record lock (fcntl(2)): the kernel takes it away with the process, however that ends, and it is the
    process's own, so that no duplicate of the descriptor shares it.
    """
    try:
        fcntl.lockf(ledger, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
