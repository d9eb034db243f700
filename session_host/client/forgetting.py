"""Forgetting an ended chat: its record, what was kept beside that, and its worktree if nothing is lost by it."""

from __future__ import annotations

import contextlib
import shutil

from session_host.paths import session_dir, session_log
from session_host.search import forget
from session_host.store import SessionRecord, Store


def forget_chat(store: Store, record: SessionRecord) -> str:
    """Remove all that is kept of a chat that has ended. Blocks, on git too.

    Returns:
        One line on its worktree, what was kept of it and why; "" if there is nothing to say.

    Raises:
        StoreError: the record cannot be written.
        OSError: a file cannot be removed.
    """
    line = ""
    if record.worktree is not None:
        from .chat_worktrees import remove_worktree

        line = remove_worktree(store, record)
    # The files before the record: what is no longer recorded would never be found again.
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(session_dir(record.id))
    session_log(record.id).unlink(missing_ok=True)
    store.remove(record.id)
    forget(record.id)
    return line
