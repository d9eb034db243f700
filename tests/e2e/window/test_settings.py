"""Settings with real keys and mouse events, in the open window and in the user's own files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, listed
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, has_keyboard, xdotool

pytestmark = pytest.mark.e2e

MINE = """# mine
editor = "code"  # the good one
"""


def settings_windows(own: Window) -> list[str]:
    """The id of the settings window, in a list; an empty one while it is not to be seen."""
    search = ["xdotool", "search", "--all", "--onlyvisible", "--pid", str(own.process.pid), "--name", "^Settings"]
    return subprocess.run(search, check=False, capture_output=True, text=True, timeout=WAIT_S).stdout.split()


def settings_window(own: Window) -> str:
    """The id of the settings window once it has the keyboard."""
    [window] = wait_until(lambda: settings_windows(own), WAIT_S, "the settings window")
    wait_until(lambda: has_keyboard(int(window)), WAIT_S, "the settings window to have the keyboard")
    return window


def click(window: str, x: int, y: int) -> None:
    """Click a place of a window with the mouse."""
    xdotool("mousemove", "--window", window, str(x), str(y), "click", "1")


def picture_of(window: str) -> bytes:
    """The pixels of a window on the screen."""
    shot = ["xwd", "-silent", "-id", window]
    return subprocess.run(shot, check=True, capture_output=True, timeout=WAIT_S).stdout


def waits_for(path: Path, text: str) -> None:
    wait_until(
        lambda: path.exists() and text in path.read_text(), WAIT_S, lambda: f"{text} in {path}: {path.read_text()!r}"
    )


def test_settings_by_keys_and_mouse_act_at_once_and_leave_the_rest_of_the_files(
    open_window: OpenWindow, new_chat: NewChat, area: Area
) -> None:
    config = area.config
    (config / "window.toml").write_text(MINE)
    chat = new_chat("before", "cat")
    with open_window() as own:
        own.show(chat["id"])
        own.focus()
        # By keys alone: the search field has the keyboard; its pages and then the rows follow.
        own.press("ctrl+comma")
        window = settings_window(own)
        own.type("font size")
        own.press("Tab", "Tab", "Up", "Up")
        waits_for(config / "window.toml", "font_size = 7")
        own.press("ctrl+f")
        own.type("rename chat")
        own.press("Tab", "Tab", "Return", "ctrl+shift+r")
        waits_for(config / "keys.toml", 'rename = "Ctrl+Shift+R"')
        # With the mouse: the search field, and the switch of the only row that it finds.
        own.press("Escape")
        click(window, 90, 22)
        own.type("risky paste")
        before = picture_of(window)
        own.type("s")
        wait_until(lambda: picture_of(window) != before, WAIT_S, "the last letter to be searched for")
        click(window, 848, 62)
        waits_for(config / "window.toml", "confirm_paste = false")
        assert (config / "window.toml").read_text().startswith(MINE)
        # A change by hand acts while the window is open.
        (config / "keys.toml").write_text('rename = ["Ctrl+Shift+R", "F7"]\n')
        own.press("Escape", "Escape")
        wait_until(lambda: not settings_windows(own), WAIT_S, "the settings window to be gone")
        own.focus()
        own.press("F7")
        own.press("ctrl+a")
        own.type("after")
        own.press("Return")
        wait_until(lambda: listed(chat["id"])["name"] == "after", WAIT_S, "the new name, by the new key")
