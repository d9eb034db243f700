"""Chats that need the user: marks, notifications, the tray, and ways to the waiting chats."""

from __future__ import annotations

import base64
import configparser
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from session_host.client.autostart import autostart_file
from session_host.client.chats.notification_rules import read_rules
from session_host.paths import notifications_file
from tests.programs import Gate
from tests.support import processes
from tests.support.area import Area
from tests.support.buses import BusDaemon
from tests.support.commands import environment
from tests.support.displays import XServer
from tests.support.notification_service import NotificationThread, notification_thread
from tests.support.tray_host import TrayHost, tray_host
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive, xdotool

from .conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed, new_echo, retry_until

pytestmark = pytest.mark.e2e

LONG_TURN_S = 1


@pytest.fixture
def desktop(session_bus: BusDaemon) -> Iterator[NotificationThread]:
    with notification_thread("actions") as desktop:
        yield desktop


@pytest.fixture
def tray(session_bus: BusDaemon) -> Iterator[TrayHost]:
    with tray_host() as tray:
        yield tray


def turn_behind(gate: Gate) -> list[str]:
    """A program that works until the gate is released, and then exits with code 3 after a line of input."""
    works, rests = r"\033]9;4;1;10\007", r"\033]9;4;0\007"
    return ["sh", "-c", f"printf '{works}'; head -c 1 {gate.path} >/dev/null; printf '{rests}'; read line; exit 3"]


def wait_for(chat: dict[str, Any], key: str, value: str) -> None:
    """Wait until ``ls`` prints this value for a chat."""
    wait_until(lambda: listed(chat["id"])[key] == value, WAIT_S, f"{chat['name']} to be {value}")


def active(app: Window) -> list[str]:
    return [tab["name"] for tab in app.tabs() if tab["active"]]


def is_active(app: Window, name: str) -> bool:
    return active(app) == [name]


def numbers_of_chats(tray: TrayHost, until: Callable[[list[str]], bool]) -> dict[str, int]:
    """Wait until the chats in the tray's menu fulfil a condition on their order; returns the entries' ids by name."""

    def read() -> dict[str, int]:
        entries = {label.split("  ·  ")[0]: number for label, number in tray.menu().items() if "  ·  " in label}
        return entries if until(list(entries)) else {}

    return wait_until(read, WAIT_S, lambda: f"the chats in {tray.menu()}")


def palette(app: Window, text: str) -> None:
    """Choose a command in the palette."""
    app.press("ctrl+shift+p")
    app.type(text)
    app.press("Return")


@contextmanager
def started_at_login(tray: TrayHost) -> Iterator[Window]:
    """Start the window as the desktop does at login: it shows only an icon in the tray."""
    tray.items.clear()
    entry = configparser.RawConfigParser()
    entry.read(autostart_file())
    command = shlex.split(entry["Desktop Entry"]["Exec"])
    app = Window(subprocess.Popen(command, env=environment()))
    try:
        wait_until(app.is_listening, WAIT_S, "the window to listen")
        wait_until(lambda: tray.items, WAIT_S, "its icon")
        subprocess.run(command, env=environment(), check=True, timeout=WAIT_S)
        assert app.shown() == [], "another login leaves it there"
        yield app
    finally:
        processes.end([app.process.pid])
        app.process.wait()


def test_unseen_events_notify_once_and_muted_chats_never(
    area: Area, new_chat: NewChat, desktop: NotificationThread, tray: TrayHost, open_window: OpenWindow, gate: Gate
):
    settings = area.config / "window.toml"
    settings.write_text(f"long_turn_s = {LONG_TURN_S}\n")
    names = ["turn-1", "turn-2", "turn-3", "turn-4"]
    chats = {name: new_chat(name, *turn_behind(gate)) for name in names}
    shown = new_echo(new_chat, "shown")

    def die(name: str) -> None:
        outlive("send", chats[name]["id"], "x", "--enter", "--anyway")
        wait_for(chats[name], "state", "exited")

    with open_window() as app:
        app.show(chats["turn-4"]["id"])
        app.wait_connected([chats["turn-4"]["id"]])
        app.focus()
        palette(app, "notifications")
        app.type("mute this")
        app.press("Return")
        # Keys (from the X server) and commands (from a socket) may arrive in any order.
        wait_until(lambda: read_rules(chats["turn-4"]["id"]).is_muted, WAIT_S, "the chat to be muted")
        app.show(shown["id"])
        wait_until(lambda: active(app) == ["shown"], WAIT_S, "the other tab")
        for name in names:
            wait_for(chats[name], "activity", "working")
        since = max(datetime.fromisoformat(listed(chat["id"])["activity_since"]).timestamp() for chat in chats.values())
        wait_until(lambda: time.time() - since > LONG_TURN_S, WAIT_S, "the turns to be long ones")
        processes.stop(app.process.pid)  # Then the turns have ended at once for it, however slow each one is.
        try:
            gate.release(4)
            for name in names:
                wait_for(chats[name], "activity", "idle")
        finally:
            os.kill(app.process.pid, signal.SIGCONT)
        wait_until(desktop.shown, WAIT_S, "the notification")
        [notification] = desktop.shown()
        assert notification.title == "3 chats finished"
        assert sorted(notification.text.split(", ")) == names[:3]
        desktop.click()
        wait_until(lambda: active(app)[0] in names[:3], WAIT_S, "a chat of them in front")
        for name in names[:3]:
            app.show(chats[name]["id"])
        wait_until(lambda: not desktop.shown(), WAIT_S, "the notification to go with the last chat that was looked at")

        app.show(shown["id"])
        palette(app, "notifications")
        app.type("for an hour")
        app.press("Return")
        wait_until(lambda: tray.tooltip().endswith("muted"), WAIT_S, "the tray to say so")
        die("turn-1")
        assert not autostart_file().parent.exists()
        settings.write_text("start_at_login = true\n")
        wait_until(autostart_file().exists, WAIT_S, "the file in the directory autostart")
    with started_at_login(tray) as app:
        wait_until(lambda: tray.tooltip().endswith("muted"), WAIT_S, "the tray to say so again: it is remembered")
        read_before = tray.menu()["Unmute"]
        new_echo(new_chat, "later")
        wait_until(lambda: any(label.startswith("later") for label in tray.menu()), WAIT_S, "another chat in the menu")
        tray.click(read_before)
        wait_until(lambda: not tray.tooltip().endswith("muted"), WAIT_S, "the end of the muting")
        app.wait_connected([shown["id"]])
        die("turn-4")
        die("turn-2")
        wait_until(desktop.shown, WAIT_S, "the notification")
        assert [notification.title for notification in desktop.shown()] == ["turn-2 ended unexpectedly"]
        desktop.click()
        wait_until(app.shown, WAIT_S, "the window, with the chat that died")
        wait_until(lambda: active(app) == ["turn-2"], WAIT_S, "the chat's tab in front")

        working = new_chat("working", *turn_behind(gate))
        wait_for(working, "activity", "working")
        numbers = numbers_of_chats(tray, until=lambda names: names[0] == "working")
        # One change after the other: after two at once, the entry that has moved may be the one that is gone.
        die("turn-3")
        numbers_of_chats(tray, until=lambda names: "turn-3" not in names)
        gate.release(1)
        now = numbers_of_chats(tray, until=lambda names: names[0] != "working")
        assert any(now[name] != numbers[name] for name in now), "an entry has moved"
        for name in ("working", "turn-3", "later"):
            tray.click(numbers[name])
            wait_until(partial(is_active, app, name), WAIT_S, "the chat of the number that was read before")
        settings.write_text("start_at_login = false\n")
        wait_until(lambda: not autostart_file().exists(), WAIT_S, "the file to go")


def asks_behind(gate: Gate) -> list[str]:
    """A program that waits at a gate, asks something and waits for a line, again and again."""
    asks = rf"\033]7501;state=blocked:msg={base64.b64encode(b'Run npm test?').decode()}\007"
    answered = r"\033]7501;state=idle\007"
    wait, ask = f"head -c 1 {gate.path} >/dev/null", f"printf '{asks}'; read answer; printf '{answered}'"
    return ["sh", "-c", f"while {wait}; do {ask}; done"]


def test_questions_and_notifications_of_programs_are_shown_and_a_click_goes_to_the_chat_where_its_tab_is(
    new_chat: NewChat, desktop: NotificationThread, open_window: OpenWindow, gate: Gate, area: Area
):
    (area.config / "keys.toml").write_text('mirror_right = "F8"\n')
    shown = new_echo(new_chat, "shown")
    asking = new_chat("asking", *asks_behind(gate))
    says = r"\033]99;i=1:d=0;Build\033\\\033]99;i=1:p=body;all <b>done</b>\033\\"
    build = new_chat("build", "sh", "-c", rf"read line; printf '{says}'; exec cat")
    with open_window() as app:
        app.show(asking["id"])
        app.show(shown["id"])
        app.wait_connected([shown["id"]])
        app.focus()
        app.press("F8")
        places = [(1, "asking"), (1, "shown"), (2, "shown")]
        wait_until(lambda: [(tab["pane"], tab["name"]) for tab in app.tabs()] == places, WAIT_S, "the second pane")
        assert desktop.shown() == []
        gate.release()
        wait_until(desktop.shown, WAIT_S, "the notification")
        [notification] = desktop.shown()
        assert (notification.title, notification.text) == ("asking needs you", "Run npm test?")
        desktop.click()
        wait_until(partial(is_active, app, "asking"), WAIT_S, "the chat's tab in front")
        assert [(tab["pane"], tab["name"]) for tab in app.tabs()] == places
        app.wait_connected([asking["id"]])
        app.focus()
        app.type("yes")
        app.press("Return")
        wait_until(lambda: "yes" in chat_text(asking["id"]), WAIT_S, "the answer")
        wait_until(lambda: listed(asking["id"])["activity"] != "needs_input", WAIT_S, "the question to be answered")
        assert desktop.shown() == []

        # An answer from elsewhere withdraws the notification.
        app.press("ctrl+Next")
        wait_until(lambda: [tab["in_front"] for tab in app.tabs()] == [False, True, True], WAIT_S, "the other tab")
        gate.release()
        wait_until(desktop.shown, WAIT_S, "the notification")
        outlive("send", asking["id"], "yes", "--enter", "--anyway")
        wait_until(lambda: not desktop.shown(), WAIT_S, "the notification to go")

        # A program's own notification is no question.
        outlive("send", build["id"], "go", "--enter")
        wait_until(desktop.shown, WAIT_S, "the notification")
        [notification] = desktop.shown()
        assert (notification.title, notification.text) == ("build: Build", "all <b>done</b>")
        assert listed(build["id"])["activity"] == "running"
        desktop.click()
        wait_until(lambda: active(app) == ["build"], WAIT_S, "the chat's tab in front")
        wait_until(lambda: not desktop.shown(), WAIT_S, "the notification to go")


def test_the_notification_of_a_killed_window_goes_with_the_next_window(
    new_chat: NewChat, desktop: NotificationThread, open_window: OpenWindow, gate: Gate
):
    """Its buttons would do nothing."""
    shown = new_echo(new_chat, "shown")
    asking = new_chat("asking", *asks_behind(gate))
    with open_window() as app:
        app.show(shown["id"])
        gate.release()
        wait_until(desktop.shown, WAIT_S, "the notification")
        # The service shows it before the window has its number.
        wait_until(notifications_file().exists, WAIT_S, "the window to save the notification's number")
        app.kill()
    outlive("send", asking["id"], "yes", "--enter", "--anyway")
    wait_until(lambda: listed(asking["id"])["activity"] != "needs_input", WAIT_S, "the question to be answered")
    with open_window():
        wait_until(lambda: not desktop.shown(), WAIT_S, "the notification to go")


def test_a_tray_that_starts_after_the_window_gets_the_icon(
    session_bus: BusDaemon, open_window: OpenWindow, new_chat: NewChat
):
    new_echo(new_chat, "early")
    with open_window(), tray_host() as tray:
        assert "Open Outlive" in tray.menu()
        wait_until(lambda: tray.tooltip() == "Outlive: 1 chat running", WAIT_S, tray.tooltip)


PANEL_PX = 32


def windows() -> str:
    """All windows of the display, as xwininfo prints them."""
    return subprocess.run(["xwininfo", "-root", "-tree"], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def panel(display: XServer, window_manager: None) -> Iterator[subprocess.Popen[bytes]]:
    """A panel with a tray at the lower left corner."""
    process = subprocess.Popen(
        [
            "trayer",
            "--edge",
            "bottom",
            "--align",
            "left",
            "--widthtype",
            "pixel",
            "--width",
            "200",
            "--heighttype",
            "pixel",
            "--height",
            str(PANEL_PX),
        ],
        env={**os.environ, **display.environment()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: '("panel" "trayer")' in windows(), WAIT_S, "the panel")
        yield process
    finally:
        process.terminate()
        process.wait(60)


def icon_centre() -> str:
    """The centre of Outlive's icon in the panel as "X Y", or "" if there is no icon."""
    found = re.search(r'"outlive"\)\s+(\d\d)x(\d\d)\+\d+\+\d+\s+\+(\d+)\+(\d+)', windows().partition('"panel"')[2])
    if found is None:
        return ""
    width, height, left, top = map(int, found.groups())
    return f"{left + width // 2} {top + height // 2}"


def menu_place() -> tuple[int, int] | None:
    """The left upper corner of the icon's menu, None while it is not visible; a message at the icon is less high."""
    outside_the_panel = windows().partition('"panel"')[0]
    menu = r'(0x\w+) "Outlive": \("\S+" "outlive"\)\s+[1-5]\d\dx[1-9]\d\d\+\S+\s+\+(\d+)\+(\d+)'
    for window, left, top in re.findall(menu, outside_the_panel):
        state = subprocess.run(["xwininfo", "-id", window], check=False, capture_output=True, text=True)
        if "IsViewable" in state.stdout:
            return int(left), int(top)
    return None


def open_menu() -> tuple[int, int]:
    """Click the icon until its menu opens: the panel and the window manager lose a click now and then."""

    def click() -> None:
        centre = wait_until(icon_centre, WAIT_S, lambda: f"the icon in:\n{windows()}")
        xdotool("mousemove", *centre.split(), "click", "3")

    return retry_until(click, menu_place, "the menu")


def test_one_click_shows_the_waiting_chat(open_window: OpenWindow, new_chat: NewChat, panel: subprocess.Popen[bytes]):
    working = new_echo(new_chat, "working")
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

        left, top = open_menu()
        xdotool("mousemove", str(left + 40), str(top + 15), "click", "1")
        wait_until(app.shown, WAIT_S, "the window to be back")
        wait_until(partial(is_active, app, "waiting"), WAIT_S, "the chat's tab in front")
        app.wait_connected([waiting["id"]])
        app.focus()
        app.type("typed here")
        wait_until(lambda: "typed here" in chat_text(waiting["id"]), WAIT_S, "what is typed to reach the chat")
        assert "typed here" not in chat_text(working["id"])
    assert listed(waiting["id"])["state"] == listed(working["id"])["state"] == "running"
