"""Calls a D-Bus connection from an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from session_host.system.worker import Worker

from .bus import Bus

T = TypeVar("T")


async def in_thread(bus: Bus, work: Callable[[], T]) -> T:
    """Run blocking work with a connection in a thread. Cancelling cuts the connection and waits for the thread."""
    working = asyncio.ensure_future(Worker().run(work))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        bus.cut()
        await asyncio.gather(working, return_exceptions=True)
        raise
