"""A phone is let in at the desk: by clicks and keys in the window, and from a notification of a minimized window."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QImage

from session_host.web import devices, places
from session_host.web.devices import Asking
from session_host.web.places import Served
from tests.support.area import Area
from tests.support.buses import BusDaemon
from tests.support.notification_service import NotificationThread, notification_thread
from tests.support.themes import LIGHT
from tests.support.waiting import wait_until
from tests.support.windows import Window, xdotool

from .conftest import WAIT_S, NewChat, OpenWindow, chat_text, new_echo, picture, retry_until
from .user_actions import Mouse, command

pytestmark = pytest.mark.e2e

_WIDE_PX = 150
"""A button is wider, a line of text is not in one colour for so long."""


@pytest.fixture
def desktop(session_bus: BusDaemon) -> Iterator[NotificationThread]:
    with notification_thread("actions") as desktop:
        yield desktop


def ask() -> Asking:
    """Ask as a phone does that has a code."""
    asking, _number = devices.ask(devices.begin_pairing(), "a key", "", "Firefox on Android", "192.168.1.34")
    return asking


def ask_anew() -> None:
    """Ask no more, and then again."""
    devices.withdraw("a key")
    ask()


def yes_button(app: Window, area: Area) -> tuple[int, int] | None:
    """The place of the button that lets a device in, once it takes clicks; None before."""
    image = QImage(str(picture(app, area, "phone")))
    accent = LIGHT.tokens.color("accent").rgb()
    for y in range(image.height() - 1, 0, -8):
        columns = [x for x in range(0, image.width(), 8) if image.pixel(x, y) == accent]
        if len(columns) * 8 > _WIDE_PX:
            return columns[len(columns) // 2], y
    return None


def test_a_phone_is_let_in_by_a_click_and_refused_by_escape(
    area: Area, open_window: OpenWindow, new_chat: NewChat
) -> None:
    shown = new_echo(new_chat, "shown")
    with socket.socket(socket.AF_UNIX) as served, open_window() as app:
        served.bind(str(places.page_socket()))
        served.listen()
        places.note(Served(("https://desk.example.com",)))
        app.show(shown["id"])
        app.wait_connected([shown["id"]])
        app.focus()
        command(app, "phone")
        wait_until(lambda: devices.load().pairing is not None, WAIT_S, "the code")
        ask()
        wait_until(lambda: yes_button(app, area), WAIT_S, "the button for yes")
        app.type("y")
        app.press("Return")
        wait_until(lambda: not devices.load().asking, WAIT_S, "the refusal")
        assert devices.load().devices == (), "no letter and no Enter lets a device in"

        ask()
        place = wait_until(lambda: yes_button(app, area), WAIT_S, "the button for yes")
        assert place is not None
        Mouse(app.shown()[0], 0).click(*place)
        wait_until(lambda: devices.load().devices, WAIT_S, "the device")
        [device] = devices.load().devices
        assert (device.name, device.rights.word) == ("Phone", "answer")

        ask()
        wait_until(lambda: yes_button(app, area), WAIT_S, "the next device")
        app.press("Escape")
        wait_until(lambda: not devices.load().asking, WAIT_S, "the refusal")
        assert len(devices.load().devices) == 1


def test_a_device_that_asks_while_the_window_is_minimized_is_a_notification_and_takes_no_key(
    area: Area, open_window: OpenWindow, new_chat: NewChat, desktop: NotificationThread
) -> None:
    shown = new_echo(new_chat, "shown")
    with open_window() as app:
        app.show(shown["id"])
        app.wait_connected([shown["id"]])
        app.focus()
        ask()
        app.type("typed on")
        wait_until(lambda: "typed on" in chat_text(shown["id"]), WAIT_S, "the keys where they went")
        assert desktop.shown() == [], "the window says it"
        [window] = app.shown()
        xdotool("windowminimize", "--sync", window)
        retry_until(ask_anew, desktop.shown, "the notification")  # Qt learns late that its window is minimized.
        assert [each.title for each in desktop.shown()] == ["Firefox on Android asks to be let in"]
        assert not app.shown(), "no window comes by itself"
        desktop.click()
        wait_until(lambda: yes_button(app, area), WAIT_S, "the sheet")
        app.focus()
        app.press("Escape")
        wait_until(lambda: not devices.load().asking, WAIT_S, "the refusal")
        wait_until(lambda: not desktop.shown(), WAIT_S, "the notification to go")
