"""Runs the desktop's notification service in a thread, for tests without an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.notification_service import NotificationService, Shown, notification_service

READY_S = 60.0


class NotificationThread:
    """The shown notifications, and the user's clicks."""

    def __init__(self, service: NotificationService, loop: asyncio.AbstractEventLoop) -> None:
        self._service = service
        self._loop = loop

    def shown(self) -> list[Shown]:
        """The notifications on the screen now."""
        return list(self._service.shown.values())

    def click(self) -> None:
        """Click the first notification."""
        number = next(iter(self._service.shown))
        asyncio.run_coroutine_threadsafe(self._service.click(number), self._loop).result(READY_S)


@contextmanager
def notification_thread(*capabilities: str) -> Iterator[NotificationThread]:
    """The service, on the session's bus."""
    ready, over = threading.Event(), asyncio.Event()
    started: list[NotificationThread] = []

    async def serve() -> None:
        async with notification_service(*capabilities) as service:
            started.append(NotificationThread(service, asyncio.get_running_loop()))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="notification servicetop")
    thread.start()
    try:
        assert ready.wait(READY_S), "the notification service did not start"
        yield started[0]
    finally:
        started[0]._loop.call_soon_threadsafe(over.set)
        thread.join()
