"""Which events notify the user and which do not, with a real bus, tray and notification service."""

from __future__ import annotations

import configparser
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from gui.settings.autostart import autostart_file
from session_host.client.chats.notification_rules import read_rules
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, listed
from tests.programs import Gate, program
from tests.support.area import Area
from tests.support.buses import BusDaemon
from tests.support.commands import environment
from tests.support.notification_thread import NotificationThread, notification_thread
from tests.support.processes import end
from tests.support.tray_host import TrayHost, tray_host
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive

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
        end([app.process.pid])
        app.process.wait()


def test_unseen_events_notify_once_and_muted_chats_never(
    area: Area, new_chat: NewChat, desktop: NotificationThread, tray: TrayHost, open_window: OpenWindow, gate: Gate
):
    settings = area.config / "window.toml"
    settings.write_text(f"long_turn_s = {LONG_TURN_S}\n")
    names = ["turn-1", "turn-2", "turn-3", "turn-4"]
    chats = {name: new_chat(name, *turn_behind(gate)) for name in names}
    shown = new_chat("shown", *program("raw_echo"))

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
        gate.release(4)
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
        new_chat("later", *program("raw_echo"))
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
