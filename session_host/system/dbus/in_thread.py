"""Calls a D-Bus connection from an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from session_host.system.short_thread import run_in_transient_thread

from .bus import Bus

T = TypeVar("T")


async def in_thread(bus: Bus, work: Callable[[], T]) -> T:
    """Do blocking work with a connection in a thread. Cancelling cuts the connection and waits for the thread's end."""
    working = asyncio.ensure_future(run_in_transient_thread(work))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        bus.cut()
        await asyncio.gather(working, return_exceptions=True)
        raise
