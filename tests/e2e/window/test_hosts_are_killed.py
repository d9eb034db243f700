"""Hosts and keepers that are killed or hang while the window shows their chats."""

from __future__ import annotations

import os
import signal
import subprocess
from functools import partial

import pytest
from PySide6.QtGui import QImage

from tests.programs import Gate, program
from tests.support import processes
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, clipboard

from .conftest import WAIT_S, NewChat, OpenWindow, chat_text, is_bar_shown, listed, new_echo, picture

pytestmark = pytest.mark.e2e


def piece(number: int) -> str:
    """A text that differs from every other piece."""
    return "".join(f"{number}{place:02d}-" for place in range(60))


def kill(session_id: str, which: str) -> None:
    """Kill the chat's host or the keeper; returns when another process has replaced it."""
    previous = listed(session_id)[which]
    os.kill(previous, signal.SIGKILL)
    wait_until(lambda: listed(session_id)[which] not in {None, previous}, WAIT_S, "another process in its place")


@pytest.mark.parametrize("which", ["host_pid", "keeper_pid"])
def test_text_typed_while_a_process_is_killed_arrives_once(open_window: OpenWindow, new_chat: NewChat, which: str):
    chat = new_echo(new_chat, "typed")
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        app.focus()
        text = ""
        pieces = kills = 0
        while kills < 2:  # On a slow machine, one piece may be typed before the second kill.
            typing = subprocess.Popen(["xdotool", "type", "--delay", "20", piece(pieces)])
            text += piece(pieces)
            pieces += 1
            while typing.poll() is None:
                kill(chat["id"], which)
                kills += 1
        wait_until(lambda: text[-8:] in chat_text(chat["id"]), WAIT_S, "the last that was typed")
        wait_until(lambda: app.tabs()[0]["connected"], WAIT_S, "the tab to be connected")
        wait_until(lambda: text[-8:] in app.copy_all(), WAIT_S, "the window to show it, and to copy it")
        in_window = "".join(app.copy_all().splitlines())
    assert "".join(chat_text(chat["id"]).splitlines()) == in_window == f"ready{text}"
    now = listed(chat["id"])
    assert (now["state"], now["child_pid"]) == ("running", chat["child_pid"])


def page_of(image: QImage) -> QImage:
    """The terminal's part of a picture: the ages in the sidebar change with time."""
    left = image.width() // 3
    return image.copy(left, 50, image.width() - left - 40, image.height() - 120)


def test_scroll_position_and_selection_survive_a_killed_host(
    open_window: OpenWindow, new_chat: NewChat, gate: Gate, area: Area
):
    (area.config / "window.toml").write_text("cursor_blinks = false\n")  # Only scrolling changes the picture.
    chat = new_chat("long", *program("numbered_lines", 300, "--stay", "--gate", gate.path))
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        app.focus()
        # The screen comes first, the scrollback later.
        wait_until(lambda: "line 000001\n" in (text := app.copy_all()) and "end of" in text, WAIT_S, "all lines")
        bottom = still_picture(app, area, QImage())
        app.press("shift+Home")
        before = still_picture(app, area, bottom)
        kill(chat["id"], "host_pid")
        wait_until(lambda: app.tabs()[0]["connected"], WAIT_S, "the tab to be connected")
        after = partial(picture, app, area, "after")
        wait_until(lambda: page_of(QImage(str(after()))) == page_of(before), WAIT_S, "the same lines to be shown")
        subprocess.run(["xclip", "-selection", "clipboard"], input=b"", check=True)
        wait_until(lambda: not clipboard(), WAIT_S, "the clipboard to be empty")
        app.press("ctrl+shift+c")
        selected = wait_until(clipboard, WAIT_S, "what is selected")
        assert "line 000001" in selected
        assert "end of lines" in selected


def still_picture(app: Window, area: Area, other: QImage) -> QImage:
    """Wait until two pictures in a row are equal and differ from another one; returns the last one."""
    pictures: list[QImage] = []

    def is_still() -> bool:
        pictures.append(QImage(str(picture(app, area, "still"))))
        return len(pictures) > 1 and page_of(other) != page_of(pictures[-1]) == page_of(pictures[-2])

    wait_until(is_still, WAIT_S, "the page to be still")
    return pictures[-1]


def test_bars_show_a_late_host_and_one_that_hangs_and_text_typed_meanwhile_arrives_once(
    open_window: OpenWindow, new_chat: NewChat, area: Area
):
    (area.config / "window.toml").write_text('appearance = "light"\n')
    chat = new_echo(new_chat, "typed")
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        app.focus()
        app.type("typed before")
        wait_until(lambda: "before" in chat_text(chat["id"]), WAIT_S, "what is typed")
        assert not is_bar_shown(app, area, "accent")
        now = listed(chat["id"])
        # While the keeper is stopped, no process starts another host.
        processes.stop(now["keeper_pid"])
        try:
            os.kill(now["host_pid"], signal.SIGKILL)
            wait_until(lambda: is_bar_shown(app, area, "accent"), WAIT_S, "the thin bar")
            app.type(", late")
        finally:
            os.kill(now["keeper_pid"], signal.SIGCONT)
        wait_until(lambda: not is_bar_shown(app, area, "accent"), WAIT_S, "the bar to go")
        wait_until(lambda: ", late" in chat_text(chat["id"]), WAIT_S, "what is typed")

        host = listed(chat["id"])["host_pid"]
        processes.stop(host)
        try:
            app.type(", meanwhile")
            wait_until(lambda: is_bar_shown(app, area, "needs_you_fill"), WAIT_S, "the line over the terminal")
            assert not app.tabs()[0]["connected"]
            app.type(", under the line")
        finally:
            os.kill(host, signal.SIGCONT)
        wait_until(lambda: not is_bar_shown(app, area, "needs_you_fill"), WAIT_S, "the line to go")
        app.type(", after")
        wait_until(lambda: "after" in chat_text(chat["id"]), WAIT_S, "what is typed")
        text = "readytyped before, late, meanwhile, under the line, after"
        assert "".join(chat_text(chat["id"]).splitlines()) == text
        processes.stop(host)
        try:
            app.type("x")
            app.press("ctrl+shift+w")
            wait_until(lambda: app.tabs() == [], WAIT_S, "the tab to close")
        finally:
            os.kill(host, signal.SIGCONT)
        wait_until(lambda: "afterx" in chat_text(chat["id"]), WAIT_S, "the last key")
