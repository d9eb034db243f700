"""Keys typed while the window is busy reach the field or program that has the focus when they are handled."""

from __future__ import annotations

import os
import signal
import subprocess
from functools import partial

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, echo, listed
from tests.e2e.window.user_actions import other_window
from tests.support import processes
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, settings_window, xdotool

pytestmark = pytest.mark.e2e


def test_keys_after_closing_the_directory_list_reach_the_name_field(area: Area, open_window: OpenWindow):
    directory = area.home / "api"
    directory.mkdir()
    with open_window() as app:
        app.focus()
        app.press("ctrl+shift+n")
        app.press("Tab")
        app.type(str(directory))
        app.tabs()  # Its answer shows that the window has handled the text and opened the list.
        processes.stop(app.process.pid)
        try:
            app.press("Escape", "Tab", "Tab")  # closes the list; passes Browse
            app.type("typed ahead")
        finally:
            os.kill(app.process.pid, signal.SIGCONT)
        app.press("Return")
        [tab] = wait_until(app.tabs, WAIT_S, "the chat's tab")
        chat = listed(tab["session_id"])
        assert (chat["name"], chat["cwd"]) == ("typed ahead", str(directory))


def windows(app: Window) -> set[str]:
    """The X server's ids of the visible windows and menus called "Outlive"."""
    search = ["xdotool", "search", "--onlyvisible", "--pid", str(app.process.pid), "--name", "Outlive"]
    # The search fails if a window closes before xdotool has read its name.
    return {*subprocess.run(search, capture_output=True, text=True, timeout=WAIT_S, check=False).stdout.split()}


def all_windows(app: Window) -> list[str]:
    """The X server's ids of all visible windows."""
    search = ["xdotool", "search", "--onlyvisible", "--pid", str(app.process.pid)]
    return subprocess.run(search, capture_output=True, text=True, timeout=WAIT_S, check=False).stdout.split()


def open_menu(app: Window, top_px: int = 300) -> None:
    """Open the terminal's context menu ``top_px`` below the window's top.

    Two calls need different positions: two clicks at one position would be a double click.
    """
    [window] = windows(app)
    xdotool("mousemove", "--window", window, "600", str(top_px), "click", "3")
    wait_until(lambda: len(windows(app)) > 1, WAIT_S, "the menu")
    for _ in range(2):
        app.tabs()  # The second answer shows that the window has sent all X requests for showing the menu.


def is_repeated(session_id: str, text: str) -> bool:
    """Whether a typed line is there twice: the terminal's echo, and the output of ``cat``."""
    return chat_text(session_id).count(text) == 2


def test_keys_after_closing_a_menu_reach_the_program_and_it_closes_with_the_keyboard_elsewhere(
    new_chat: NewChat, open_window: OpenWindow
):
    chat = new_chat("chat", "cat")
    with open_window() as app, other_window() as other:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        app.focus()
        for top_px, text, keys in ((300, "one", ["Escape"]), (400, "two", ["Down", "Escape"])):
            open_menu(app, top_px)
            processes.stop(app.process.pid)
            try:
                app.press(*keys)
                app.type(text)
                app.press("Return")
            finally:
                os.kill(app.process.pid, signal.SIGCONT)
            wait_until(partial(is_repeated, chat["id"], text), WAIT_S, "the text")
            wait_until(lambda: len(windows(app)) == 1, WAIT_S, "the menu to be gone")
        open_menu(app, 500)
        xdotool("windowfocus", "--sync", other)
        wait_until(lambda: len(windows(app)) == 1, WAIT_S, "the menu to close")


def test_keys_after_closing_a_choice_list_reach_the_choice(area: Area, open_window: OpenWindow):
    settings = area.config / "window.toml"
    with open_window() as app:
        app.focus()
        app.press("ctrl+comma")
        settings_window(app)
        app.type("group chats")
        app.press("Tab", "Tab")
        shown = len(all_windows(app))
        app.press("space")
        wait_until(lambda: len(all_windows(app)) > shown, WAIT_S, "the list")
        for _ in range(2):
            app.tabs()  # The second answer shows that the window has sent all X requests for showing the list.
        processes.stop(app.process.pid)
        try:
            app.press("Escape", "Down")
        finally:
            os.kill(app.process.pid, signal.SIGCONT)
        wait_until(lambda: settings.exists() and "project" in settings.read_text(), WAIT_S, "the next choice")


WAYS = [
    [("press", "ctrl+shift+Return")], [("press", "ctrl+shift+d")],
    [("press", "ctrl+shift+p"), ("type", "new shell"), ("press", "Return")],
    [("press", "ctrl+shift+n"), ("press", "Return")],
]  # fmt: skip
"""The ways of starting a shell: its key, beside the chat, in the palette, in the sheet."""


def test_what_is_typed_right_after_the_start_of_a_shell_goes_to_that_shell(
    open_window: OpenWindow, new_chat: NewChat, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # No agent is installed: the sheet has chosen the shell.
    monkeypatch.setenv("SHELL", "/bin/sh")
    before = new_chat("before", *echo())["id"]
    with open_window() as app:
        app.focus()
        for number, ways in enumerate(WAYS, 40):
            known = {before, *(tab["session_id"] for tab in app.tabs())}
            app.show(before)
            app.wait_connected([before])
            for how, what in ways[:-1]:
                getattr(app, how)(what)
            app.tabs()  # Its answer shows that the window has handled the keys so far.
            processes.stop(app.process.pid)
            try:
                app.press(ways[-1][1])
                app.press("x", "ctrl+u")  # It deletes the line: in the shell, too.
                app.type(f"echo $(({number} + 2))-ahead")
                app.press("Return")
            finally:
                os.kill(app.process.pid, signal.SIGCONT)
            [started] = wait_until(partial(new_tabs, app, known), WAIT_S, "the shell's tab")
            wait_until(partial(has_said, started, f"{number + 2}-ahead"), WAIT_S, f"the text after {ways}")
        assert chat_text(before).split() == ["ready"]


def new_tabs(app: Window, known: set[str]) -> list[str]:
    """The chats with a tab that are not known yet."""
    return [tab["session_id"] for tab in app.tabs() if tab["session_id"] not in known]


def has_said(session_id: str, text: str) -> bool:
    return text in chat_text(session_id)
