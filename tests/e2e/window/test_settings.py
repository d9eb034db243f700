"""Settings changed with real keys and mouse events: their effect in the window and in the user's files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed, retry_until
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import outlive, settings_window, settings_windows, xdotool

pytestmark = pytest.mark.e2e

MINE = """# mine
editor = "code"  # the good one
"""


def click(window: str, x: int, y: int) -> None:
    """Click at a point of a window with the mouse."""
    xdotool("mousemove", "--window", window, str(x), str(y), "click", "1")


def picture_of(window: str) -> bytes:
    """The pixels of a window on the screen."""
    shot = ["xwd", "-silent", "-id", window]
    return subprocess.run(shot, check=True, capture_output=True, timeout=WAIT_S).stdout


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
        click(window, 90, 22)
        app.type("risky paste")
        before = picture_of(window)
        app.type("s")
        wait_until(lambda: picture_of(window) != before, WAIT_S, "the last letter to be searched for")
        click(window, 848, 93)
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


FAKE = """#!/bin/sh
# Answers what is asked of an agent before its first chat; else prints its arguments, one in a line, and stays.
case "$1" in
--version) echo "1.0.0 (Claude Code)" ;;
--help) echo "--session-id --settings" ;;
*) printf '%s\\n' "$@"; exec cat ;;
esac
"""


@pytest.fixture
def fake_claude(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installs one agent of the catalog, the only one besides the shell."""
    made_up = area.home / "made-up"
    made_up.mkdir()
    monkeypatch.setenv("PATH", f"{made_up}:/usr/bin:/bin")
    monkeypatch.setenv("SHELL", "/bin/sh")
    for path in (made_up / "claude", area.home / "mine"):
        path.write_text(FAKE)
        path.chmod(0o700)


def test_an_agent_gets_its_configured_arguments_and_a_custom_agent_is_added(
    open_window: OpenWindow, area: Area, fake_claude: None
) -> None:
    agents = area.config / "agents"
    with open_window() as app:
        app.focus()
        app.press("ctrl+comma")
        settings_window(app)
        app.type("add an agent")
        app.press("Tab", "Tab", "space")
        app.type("My agent")
        app.press("Tab", "Tab")
        app.type(str(area.home / "mine"))
        app.press("Tab")
        app.type('--own "a b"')
        app.press("Return")
        waits_for(agents / "my-agent.toml", '"--own", "a b"')
        app.press("ctrl+f")
        app.type("made-up")
        app.press("Tab", "Tab")
        app.type('--model "x y"')
        app.press("Return")
        waits_for(agents / "claude.toml", 'default_arguments = ["--model", "x y"]')
        app.press("Escape", "Escape")
        wait_until(lambda: not settings_windows(app), WAIT_S, "the settings window to be gone")
        app.focus()
        app.press("ctrl+shift+n", "Tab")
        app.type(str(area.home))
        app.press("Escape", "Return")
        [tab] = wait_until(app.tabs, WAIT_S, "the new chat's tab")
        assert listed(tab["session_id"])["agent"] == "claude"
        prints(tab["session_id"], "--model\nx y\n")
    mine = json.loads(outlive("new", "my-agent", "-d", "--json", "-C", str(area.home)))
    prints(mine["id"], "--own\na b\n")


def prints(session_id: str, text: str) -> None:
    wait_until(lambda: text in chat_text(session_id), WAIT_S, lambda: f"{text!r} in {chat_text(session_id)!r}")
