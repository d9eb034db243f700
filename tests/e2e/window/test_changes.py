"""The tab with the changes in a chat's directory, opened, read and closed with real keys."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.e2e.window.conftest import WAIT_S, OpenWindow
from tests.e2e.window.user_actions import saved_layout
from tests.support.area import Area
from tests.support.repositories import Checkout
from tests.support.structured_chats import wait_for_text
from tests.support.waiting import wait_until
from tests.support.windows import Window, has_keyboard, outlive

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("sessions")]


def changes_windows(app: Window) -> list[str]:
    """The ids of the visible windows that show changes."""
    search = ["xdotool", "search", "--all", "--onlyvisible", "--pid", str(app.process.pid), "--name", "^Changes — "]
    return subprocess.run(search, check=False, capture_output=True, text=True, timeout=WAIT_S).stdout.split()


def show_changes(app: Window, session: str) -> None:
    """Open the tab with the changes of a chat, and wait until it has the keyboard."""
    app.show(session)
    app.wait_connected([session])
    app.focus()
    app.press("ctrl+shift+i")
    [window] = wait_until(lambda: changes_windows(app), WAIT_S, "the tab with the changes")
    wait_until(lambda: has_keyboard(int(window)), WAIT_S, "it to have the keyboard")


def test_a_comment_outlives_a_killed_window_and_ctrl_shift_enter_sends_it_although_a_button_has_the_focus(
    open_window: OpenWindow, area: Area
) -> None:
    checkout = Checkout.new(area.home / "api")
    checkout.write("file", "changed\n")
    read, got = area.root / "read", area.root / "got"
    editor = checkout.write("../editor", f"#!/bin/sh\necho >>{read}\n")
    editor.chmod(0o755)
    (area.config / "window.toml").write_text(f'editor = "{editor} {{file}}:{{line}}"\n')
    command = ["bash", "-c", f"printf '\\e[?2004hready'; cat >{got}"]
    chat = json.loads(outlive("new", "command", "-d", "--json", "-n", "work", "-C", str(checkout.path), "--", *command))
    wait_for_text(chat["id"], "ready")

    def open_box(app: Window, tabs: int) -> None:
        """Open the tab, go to the first changed line by ``tabs`` presses of Tab, and open the comment box there."""
        show_changes(app, chat["id"])
        read.unlink(missing_ok=True)

        def is_read() -> bool:
            app.press("Return")
            return read.exists()

        wait_until(is_read, WAIT_S, "the changes to be read")
        app.press(*["Tab"] * tabs, "ctrl+Down", "ctrl+Return")

    def drafts() -> list[tuple[str, str]]:
        return [(each.text, each.draft) for each in saved_layout().review_comments.get(chat["id"], [])]

    with open_window() as first:
        open_box(first, 3)
        first.type("half a")
        wait_until(lambda: drafts() == [("", "half a")], WAIT_S, "what was typed to be saved")
        first.kill()
    with open_window() as second:
        open_box(second, 5)
        second.type(" thought")
        second.press("ctrl+Return", "shift+Tab", "ctrl+shift+Return")
        wait_until(lambda: got.exists() and "> -file" in got.read_text(), WAIT_S, "the paste")
        assert "thought" not in got.read_text(), "its last line waits for Enter"

        def is_entered() -> bool:
            second.press("Return")
            return "half a thought\x1b[201~\n" in got.read_text()

        wait_until(is_entered, WAIT_S, "the last line")
        wait_until(lambda: drafts() == [], WAIT_S, "no comment to be left")
