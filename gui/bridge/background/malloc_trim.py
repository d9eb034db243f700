"""Returns the C library's free memory to the system (malloc_trim)."""

from __future__ import annotations

import ctypes


def give_back_memory() -> None:
    """Let the C library return freed memory; without this, 20 freed replicas leave some 15 MB allocated.

    Source: malloc_trim(3). With a C library without this function, does nothing.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))
