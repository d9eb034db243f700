"""Requests to the keeper. A request is repeated if the keeper dies; its standby takes over within milliseconds.

Only for requests that may be carried out twice, since the dead keeper may have carried them out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from session_host.errors import HostUnavailable
from session_host.protocol.keeper import KeeperMessage, KeeperStatus, NotReplaced, Status

from .channel import KeeperNotResponding, MessageChannel
from .discovery import connect_or_start_keeper, connect_to_keeper

RETRY_S = (0.0, 0.05, 0.2, 0.5, 1.0)
"""Delays before the next keeper is asked."""

STATUS_TIMEOUT_S = 5.0


def request_keeper(
    message: KeeperMessage, timeout_s: float, *, find: Callable[[], MessageChannel | None] = connect_or_start_keeper
) -> Any:
    """Ask the keeper; if it dies, ask the next one. Returns the answer, None if there is no keeper.

    Args:
        message: a request that may be carried out twice.
        timeout_s: for all tries together.
        find: connects to the keeper; without one, ``connect_or_start_keeper`` starts it.

    Raises:
        KeeperNotResponding: nothing came in time.
        HostUnavailable: each connection broke, or no keeper can be started.
    """
    deadline_s = time.monotonic() + timeout_s
    has_keeper_died = False
    for wait_s in (*RETRY_S, None):
        is_last = wait_s is None or time.monotonic() + wait_s >= deadline_s
        channel = find()
        if channel is None:
            if is_last or not has_keeper_died:
                return None
        else:
            try:
                answer = channel.request(message, max(0.001, deadline_s - time.monotonic()))
                # The next keeper may not have all chats yet.
                if is_last or not isinstance(answer, NotReplaced) or not (answer.passing or has_keeper_died):
                    return answer
            except KeeperNotResponding:
                raise
            except HostUnavailable:
                if is_last:
                    raise
                has_keeper_died = True
            finally:
                channel.close()
        time.sleep(wait_s or 0.0)
    raise AssertionError("the last try returns or raises")


def keeper_status() -> KeeperStatus | None:
    """The keeper's status; None if there is no keeper."""
    answer = request_keeper(Status(), STATUS_TIMEOUT_S, find=connect_to_keeper)
    return answer if isinstance(answer, KeeperStatus) else None
