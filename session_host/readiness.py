"""Waits until descriptors are ready, whatever their numbers: select(2) fails from 1,024 on, as where many chats run."""

from __future__ import annotations

import select
from collections.abc import Collection


def readable(descriptors: Collection[int], timeout_s: float | None = None) -> list[int]:
    """Wait until some descriptors can be read, or are at their end.

    Args:
        descriptors: the descriptors.
        timeout_s: the longest wait; None for any.

    Returns:
        Those that are ready; none after that time.
    """
    return _ready(descriptors, select.POLLIN, timeout_s)


def is_writable(descriptor: int, timeout_s: float | None = None) -> bool:
    """Wait until a descriptor can be written, or its reader is gone; False after ``timeout_s``."""
    return bool(_ready([descriptor], select.POLLOUT, timeout_s))


def _ready(descriptors: Collection[int], events: int, timeout_s: float | None) -> list[int]:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, events)
    return [descriptor for descriptor, _ in poll.poll(None if timeout_s is None else max(0.0, timeout_s * 1000))]
