"""The event loop that hosts and commands run on."""

from __future__ import annotations

import asyncio
import ctypes
import mmap
import sys
from collections.abc import Callable, Coroutine
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """As ``asyncio.run``, on uvloop's loop where that is installed: a key's way takes a third less time on it.

    A reader (``add_reader``) of a socket must read until there is nothing left each time it is called, or look again a
    moment later. A peer that goes while something of ours is unread breaks the connection (ECONNRESET, POLLERR); libuv
    tells that once, together with what the peer sent last, and watches the socket no more (``uv_poll_start``; unlike
    asyncio's loop).
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(main)


@cache
def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loops that ``run`` runs on; None: asyncio's own."""
    if find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


def give_back_buffer() -> None:
    """Let the system have what the running loop has not used of its buffer: uvloop's is of 256 KB."""
    loop = asyncio.get_running_loop()
    give_back_zeros(id(loop), type(loop).__basicsize__)


_PAGE_BYTES = mmap.PAGESIZE
_ZEROS = bytes(_PAGE_BYTES)


def give_back_zeros(address: int, length: int) -> None:
    """Let the system have the pages of this process that hold nothing but zeros; they are zeros when they are used.

    Args:
        address: of memory that is private and anonymous, as is all that is allocated; with one thread in use.
        length: in bytes.
    """
    if sys.platform != "linux":
        return
    first = -(-address // _PAGE_BYTES) * _PAGE_BYTES
    for page in range(first, address + length - _PAGE_BYTES + 1, _PAGE_BYTES):
        if ctypes.string_at(page, _PAGE_BYTES) == _ZEROS:
            _madvise(ctypes.c_void_p(page), ctypes.c_size_t(_PAGE_BYTES), mmap.MADV_DONTNEED)


_madvise = ctypes.CDLL(None).madvise
