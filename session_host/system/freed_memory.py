"""Memory that was freed: how much of it the C library keeps for later use (mallopt(3), malloc_trim(3)).

The first touch of a page costs more than a copy of what is in it. In a flood of output, a host makes a snapshot of
some megabytes many times in a second. Half of the time was spent on pages that had just been returned.

Both functions do nothing if the C library lacks them.
"""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BLOCK_BYTES = 32 * 1024 * 1024
"""The largest value that the C library accepts."""
_KEPT_BYTES = 64 * 1024 * 1024


def keep_freed_memory() -> None:
    """Let the C library keep freed blocks until ``return_freed_memory`` is called; forks do the same."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _KEPT_BLOCK_BYTES)
        set_option(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def return_freed_memory() -> None:
    """Return freed memory to the system."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))
