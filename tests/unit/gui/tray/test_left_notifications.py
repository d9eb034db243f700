"""Notifications that a killed window left on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gui.bridge.tasks import Tasks
from gui.tray.desktop_notifications import DesktopNotifications
from session_host.paths import notifications_file
from tests.support.buses import BusDaemon
from tests.support.notification_service import Shown, notification_service
from tests.support.waiting import eventually
from tests.unit.gui.conftest import WAIT_S, WindowHarness


class Windows:
    """Windows, one after the other."""

    def __init__(self, harness: WindowHarness) -> None:
        self._harness = harness
        self._opened: list[tuple[DesktopNotifications, Tasks]] = []

    def open(self) -> DesktopNotifications:
        """Open a window; returns its notifications."""
        tasks = Tasks(lambda error: pytest.fail(str(error)))
        notifications = DesktopNotifications(tasks, lambda *_: None, self._harness.sessions)
        self._opened.append((notifications, tasks))
        notifications.withdraw_left()
        return notifications

    async def kill(self) -> None:
        """Stop what the last window does, and leave everything behind."""
        notifications, tasks = self._opened[-1]
        await tasks.cancel_all()
        notifications._close_bus()

    async def close(self) -> None:
        """Close the last window."""
        notifications, tasks = self._opened[-1]
        await notifications.close()
        await tasks.cancel_all()


@pytest.fixture
async def windows(harness: WindowHarness) -> AsyncIterator[Windows]:
    windows = Windows(harness)
    yield windows
    await windows.close()


async def test_the_next_window_withdraws_them(session_bus: BusDaemon, windows: Windows):
    async with notification_service("actions") as service:
        killed = windows.open()
        for key in "abc":
            killed.show(key, "needs you", key, [("allow", "Allow")])
        killed.withdraw("b")
        await eventually(lambda: [each.text for each in service.shown.values()] == ["a", "c"], WAIT_S, "the withdrawal")
        await windows.kill()

        next_one = windows.open()

        await eventually(lambda: not service.shown, WAIT_S, "the withdrawal")
        next_one.show("d", "needs you", "d")
        await eventually(lambda: service.shown, WAIT_S, "the new one")
        await windows.close()
        assert not service.shown
        assert not notifications_file().exists()


async def test_a_window_that_closes_while_one_is_being_shown_withdraws_it(session_bus: BusDaemon, windows: Windows):
    async with notification_service() as service:
        service.gives_numbers.clear()
        windows.open().show("a", "needs you", "a")
        await eventually(lambda: service.shown, WAIT_S, "the notification")
        asyncio.get_running_loop().call_soon(service.gives_numbers.set)  # Once the window has begun to close.
        await windows.close()
        assert not service.shown
        assert not notifications_file().exists()


async def test_those_of_other_programs_with_the_same_numbers_stay(session_bus: BusDaemon, windows: Windows):
    async with notification_service() as service:
        killed = windows.open()
        killed.show("a", "needs you", "a")
        killed.show("b", "needs you", "b")
        await eventually(lambda: len(service.shown) == 2, WAIT_S, "the notifications")
        await windows.kill()
    async with notification_service() as service:
        service.shown[2] = Shown("another program's", "", [], "other")

        windows.open().show("c", "needs you", "c")

        await eventually(lambda: service.history, WAIT_S, "the notification")
        assert sorted(service.shown) == [1, 2]
