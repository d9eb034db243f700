"""Notifications over the session bus; those that a killed window left are withdrawn by the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gui.bridge.tasks import Tasks
from gui.tray.desktop_notifications import DesktopNotifications
from session_host.paths import notifications_file
from tests.support.buses import BusDaemon
from tests.support.notification_service import Shown, another_program, notification_service
from tests.support.processes import c_variable
from tests.support.waiting import eventually
from tests.unit.gui.conftest import WAIT_S, WindowHarness


class Desktop:
    """The desktop notifications under test, and the texts that they passed on to the fallback."""

    def __init__(self, harness: WindowHarness) -> None:
        self.fallback: list[tuple[str, str, str]] = []
        self.chosen: list[str] = []
        self.tasks = Tasks(lambda error: pytest.fail(str(error)))
        self.notifications = DesktopNotifications(
            self.tasks, lambda *shown: self.fallback.append(shown), harness.sessions
        )
        self.notifications.chosen.connect(self.chosen.append)


@pytest.fixture
async def desktop(harness: WindowHarness) -> AsyncIterator[Desktop]:
    desktop = Desktop(harness)
    yield desktop
    await desktop.notifications.close()
    await desktop.tasks.cancel_all()


async def test_the_desktop_shows_replaces_and_withdraws(session_bus: BusDaemon, desktop: Desktop):
    async with notification_service("actions", "body-markup") as service:
        desktop.notifications.show("a", "one needs you", "Run a < b && c?")
        await eventually(lambda: service.shown, WAIT_S, "the notification")
        [(number, shown)] = service.shown.items()
        assert shown == ("one needs you", "Run a &lt; b &amp;&amp; c?", ["default", "Open"], "outlive")
        desktop.notifications.show("a", "one needs you", "Again?")
        await eventually(lambda: service.shown[number].text == "Again?", WAIT_S, "the new question in its place")
        desktop.notifications.show("b", "two needs you", "And this?")
        desktop.notifications.withdraw("a")
        await eventually(
            lambda: [one.text for one in service.shown.values()] == ["And this?"], WAIT_S, "the withdrawal"
        )
        await desktop.notifications.close()
        await eventually(lambda: not service.shown, WAIT_S, "nothing to stay behind")


async def test_a_click_chooses_the_chat(session_bus: BusDaemon, desktop: Desktop):
    async with notification_service() as service:
        desktop.notifications.show("a", "one needs you", "Run <b>?")
        await eventually(lambda: service.shown, WAIT_S, "the notification")
        assert service.history[0].text == "Run <b>?", "a service without markup shows it literally"
        await service.click(next(iter(service.shown)))
        await eventually(lambda: desktop.chosen == ["a"], WAIT_S, "the choice")
        assert desktop.fallback == []


async def test_a_button_answers_and_the_others_still_open(session_bus: BusDaemon, desktop: Desktop):
    answered: list[tuple[str, str]] = []
    desktop.notifications.answered.connect(lambda *answer: answered.append(answer))
    async with notification_service("actions") as service:
        desktop.notifications.show("a", "one needs you", "npm test", [("allow", "Allow"), ("deny", "Decline")])
        await eventually(lambda: service.shown, WAIT_S, "the notification")
        [(number, shown)] = service.shown.items()
        assert shown.actions == ["default", "Open", "allow", "Allow", "deny", "Decline"]
        await service.click(number, "deny")
        await eventually(lambda: answered == [("a", "deny")], WAIT_S, "the answer")
        assert desktop.chosen == []


async def test_on_wayland_a_click_lets_the_window_come_to_the_front_and_leaves_no_token_behind(
    session_bus: BusDaemon, desktop: Desktop
):
    tokens: list[str | None] = []
    acted = asyncio.Event()

    def on_action(*_: str) -> None:
        tokens.append(c_variable("XDG_ACTIVATION_TOKEN"))
        acted.set()

    desktop.notifications.answered.connect(on_action)
    desktop.notifications.chosen.connect(on_action)
    async with notification_service("actions") as service:
        for action, token in (("allow", "token-1"), ("default", "token-2"), ("default", "")):
            desktop.notifications.show("a", "one needs you", "npm test", [("allow", "Allow")])
            await eventually(lambda: service.shown, WAIT_S, "the notification")
            acted.clear()
            await service.click(next(iter(service.shown)), action, token)
            await eventually(acted.is_set, WAIT_S, "the action")
            assert c_variable("XDG_ACTIVATION_TOKEN") is None
    assert tokens == ["token-1", "token-2", None]


async def test_a_click_that_arrives_with_the_reply_is_not_lost(session_bus: BusDaemon, desktop: Desktop):
    async with notification_service() as service:
        service.clicks_at_once = True
        for key in "abcdef":
            desktop.notifications.show(key, "one needs you", "Run it?")
        await eventually(lambda: desktop.chosen == list("abcdef"), WAIT_S, "the choices")


async def test_without_a_service_the_fallback_is_used_and_a_later_service_is_found(
    session_bus: BusDaemon, desktop: Desktop
):
    desktop.notifications.show("a", "one", "first")
    await eventually(lambda: desktop.fallback == [("a", "one", "first")], WAIT_S, "the other way")
    async with notification_service() as service:
        desktop.notifications.show("a", "one", "second")
        await eventually(lambda: service.shown, WAIT_S, "the notification")
    assert len(desktop.fallback) == 1


async def test_without_a_bus_the_fallback_is_used(desktop: Desktop):
    desktop.notifications.show("a", "one", "first")
    await eventually(lambda: desktop.fallback == [("a", "one", "first")], WAIT_S, "the other way")


async def test_the_end_of_the_bus_is_survived(session_bus: BusDaemon, desktop: Desktop):
    async with notification_service() as service:
        desktop.notifications.show("a", "one", "first")
        await eventually(lambda: service.shown, WAIT_S, "the notification")
        session_bus.end()
    desktop.notifications.show("a", "one", "second")
    await eventually(lambda: desktop.fallback == [("a", "one", "second")], WAIT_S, "the other way")


async def test_a_click_on_another_programs_notification_answers_nothing_after_the_service_has_restarted(
    session_bus: BusDaemon, desktop: Desktop
):
    answered: list[tuple[str, str]] = []
    desktop.notifications.answered.connect(lambda *answer: answered.append(answer))
    async with notification_service("actions") as service:
        desktop.notifications.show("a", "one needs you", "npm test", [("allow", "Allow")])
        desktop.notifications.show("b", "two needs you", "make", [("allow", "Allow")])
        await eventually(lambda: len(service.shown) == 2, WAIT_S, "the notifications")
        desktop.notifications.withdraw("b")
        await eventually(lambda: len(service.shown) == 1, WAIT_S, "the withdrawal")
    async with notification_service("actions") as service:
        service.takes_numbers(1)
        await service.click(1, "allow")
        await eventually(lambda: service.shown, WAIT_S, "the open question to be shown again")
        [(number, shown)] = service.shown.items()
        assert (number, shown.text, answered) == (2, "npm test", [])
        await service.click(number, "allow")
        await eventually(lambda: answered == [("a", "allow")], WAIT_S, "the answer")
    assert desktop.fallback == []


async def test_a_click_that_another_program_invents_answers_nothing(session_bus: BusDaemon, desktop: Desktop):
    answered: list[tuple[str, str]] = []
    desktop.notifications.answered.connect(lambda *answer: answered.append(answer))
    async with notification_service("actions") as service:
        desktop.notifications.show("a", "one needs you", "npm test", [("allow", "Allow")])
        await eventually(lambda: service.shown, WAIT_S, "the notification")
        async with another_program() as invent_click:
            await invent_click(1, "allow")
        await service.click(1, "deny")
        await eventually(lambda: answered, WAIT_S, "the answer")
    assert answered == [("a", "deny")]


async def test_a_question_after_the_services_end_starts_a_new_one(session_bus: BusDaemon, desktop: Desktop):
    async with notification_service("actions") as service:
        desktop.notifications.show("a", "one needs you", "npm test")
        await eventually(lambda: service.shown, WAIT_S, "the notification")
    desktop.notifications.show("b", "two needs you", "make")
    await eventually(lambda: desktop.fallback == [("b", "two needs you", "make")], WAIT_S, "the other way")
    async with notification_service("actions") as service:
        await eventually(lambda: service.shown, WAIT_S, "the first question, again")
        assert [shown.text for shown in service.shown.values()] == ["npm test"]


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
