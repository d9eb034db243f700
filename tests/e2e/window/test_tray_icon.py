"""The icon in a real tray: a click opens the waiting chat, with the keyboard focus in it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed, retry_until
from tests.programs import program
from tests.support.displays import XServer
from tests.support.waiting import WaitTimeout, wait_until
from tests.support.windows import xdotool

pytestmark = pytest.mark.e2e

PANEL_PX = 32


def windows() -> str:
    """All windows of the display, as xwininfo prints them."""
    return subprocess.run(["xwininfo", "-root", "-tree"], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def tray(display: XServer, window_manager: None) -> Iterator[subprocess.Popen[bytes]]:
    """A panel with a tray at the lower left corner."""
    process = subprocess.Popen(
        ["trayer", "--edge", "bottom", "--align", "left", "--widthtype", "pixel", "--width", "200",
         "--heighttype", "pixel", "--height", str(PANEL_PX)],
        env={**os.environ, **display.environment()}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: '("panel" "trayer")' in windows(), WAIT_S, "the panel")
        yield process
    finally:
        process.terminate()
        process.wait(10)


def icon_centre() -> str:
    """The centre of Outlive's icon in the panel as "X Y", or "" if there is no icon."""
    found = re.search(r'"outlive"\)\s+(\d\d)x(\d\d)\+\d+\+\d+\s+\+(\d+)\+(\d+)', windows().partition('"panel"')[2])
    if found is None:
        return ""
    width, height, left, top = map(int, found.groups())
    return f"{left + width // 2} {top + height // 2}"


def menu_is_open() -> bool:
    """Whether the icon's menu is visible."""
    outside_the_panel = windows().partition('"panel"')[0]
    return bool(re.search(r'"Outlive": \("\S+" "outlive"\)\s+[1-5]\d\dx', outside_the_panel))


def open_menu() -> None:
    """Click the icon until its menu opens: the panel and the window manager lose a click now and then."""

    def click() -> None:
        centre = wait_until(icon_centre, WAIT_S, lambda: f"the icon in:\n{windows()}")
        xdotool("mousemove", *centre.split(), "click", "3")

    retry_until(click, menu_is_open, "the menu")


def test_one_click_shows_the_waiting_chat(open_window: OpenWindow, new_chat: NewChat, tray: subprocess.Popen[bytes]):
    working = new_chat("working", *program("raw_echo"))
    waiting = new_chat("waiting", "sh", "-c", r"printf '\033]7501;state=blocked\007'; exec cat")
    with open_window() as app:
        app.show(working["id"])
        app.wait_connected([working["id"]])
        wait_until(icon_centre, WAIT_S, lambda: f"the icon in:\n{windows()}")
        app.focus()
        app.press("alt+F4")
        wait_until(lambda: not app.shown(), WAIT_S, "the window to be hidden")
        assert app.process.poll() is None, "with a tray, closing hides"
        wait_until(lambda: listed(waiting["id"])["activity"] == "needs_input", WAIT_S, "the chat to wait for its user")

        open_menu()
        app.press("Down", "Return")
        wait_until(app.shown, WAIT_S, "the window to be back")
        wait_until(
            lambda: [tab["name"] for tab in app.tabs() if tab["active"]] == ["waiting"],
            WAIT_S,
            "the chat's tab in front",
        )
        app.wait_connected([waiting["id"]])
        app.focus()
        app.type("typed here")
        wait_until(lambda: "typed here" in chat_text(waiting["id"]), WAIT_S, "what is typed to reach the chat")
        assert "typed here" not in chat_text(working["id"])
    assert listed(waiting["id"])["state"] == listed(working["id"])["state"] == "running"


def test_closing_without_a_tray_ends_the_window_but_no_chat(open_window: OpenWindow, new_chat: NewChat):
    chat = new_chat("kept", *program("raw_echo"))
    with open_window() as app:
        app.show(chat["id"])
        app.focus()
        app.press("alt+F4")
        try:
            app.process.wait(WAIT_S)
        except subprocess.TimeoutExpired as error:
            raise WaitTimeout("the window is still there") from error
        assert app.process.returncode == 0
    assert listed(chat["id"])["state"] == "running"
