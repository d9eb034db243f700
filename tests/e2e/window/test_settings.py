"""Settings changed with real keys and mouse events: their effect in the window and in the user's files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gui.theme.tokens import BAR_HEIGHT_PX, SIDEBAR_WIDTH_PX
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, listed, retry_until
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import settings_window, settings_windows, xdotool

pytestmark = pytest.mark.e2e

MINE = """# mine
editor = "code"  # the good one
"""


def click(window: str, x: int, y: int) -> None:
    """Click at a point of a window with the mouse."""
    xdotool("mousemove", "--window", window, str(x), str(y), "click", "1")


def waits_for(path: Path, text: str) -> None:
    wait_until(
        lambda: path.exists() and text in path.read_text(), WAIT_S, lambda: f"{text} in {path}: {path.read_text()!r}"
    )


def test_settings_changed_by_keys_and_mouse_apply_at_once_and_keep_the_rest_of_the_files(
    open_window: OpenWindow, new_chat: NewChat, area: Area
) -> None:
    config = area.config
    (config / "window.toml").write_text(MINE)
    chat = new_chat("before", "cat")
    with open_window() as app:
        app.show(chat["id"])
        app.focus()
        # By keys alone: Tab goes from the search field, which has the focus, to the pages and then to the rows.
        app.press("ctrl+comma")
        window = settings_window(app)
        app.type("font size")
        app.press("Tab", "Tab", "Up", "Up")  # From the size on the screen, which "Same as the desktop" means.
        waits_for(config / "window.toml", "font_size = 1")
        app.press("ctrl+f")
        app.type("rename chat")
        app.press("Tab", "Tab", "Return", "ctrl+shift+x")
        waits_for(config / "keys.toml", 'rename = "Ctrl+Shift+X"')
        # With the mouse: the search field, and the switch in the only row that the search finds.
        app.press("Escape")
        width = int(re.findall(r"WIDTH=(\d+)", xdotool("getwindowgeometry", "--shell", window))[0])
        click(window, SIDEBAR_WIDTH_PX + 90, BAR_HEIGHT_PX + 22)
        app.type("risky pastes")
        for _ in range(2):
            app.tabs()  # The window answers after the turn of its loop that has searched for the last letter.
        click(window, width - 32, BAR_HEIGHT_PX + 93)
        waits_for(config / "window.toml", "confirm_paste = false")
        assert (config / "window.toml").read_text().startswith(MINE)
        # A change in an editor takes effect while the window is open.
        (config / "keys.toml").write_text('rename = ["Ctrl+Shift+X", "F7"]\n')
        app.press("Escape", "Escape")
        wait_until(lambda: not settings_windows(app), WAIT_S, "the settings window to be gone")
        app.focus()

        def rename() -> None:
            app.press("F7", "ctrl+a")
            app.type("after")
            app.press("Return")

        retry_until(rename, lambda: listed(chat["id"])["name"] == "after", "the new name, by the new key")
