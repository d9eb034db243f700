"""What the chats of a machine did in a stretch of time."""

from __future__ import annotations

import time

from session_host.client.sessions.store_access import open_store
from session_host.standing.days import KINDS, STATES, ChatDay, days
from session_host.system.clock import as_text


def chat_days(begin_s: float, end_s: float) -> list[ChatDay]:
    """What each chat did that is not removed, in seconds since 1970. Blocks on the disk.

    Raises:
        StoreError: the store cannot be read.
    """
    with open_store() as store:
        entries = store.ledger.between(as_text(begin_s), as_text(end_s), KINDS, STATES)
    return days(entries, begin_s, min(end_s, time.time()))
