"""A chat's host is killed while its user types in the window: the user notices nothing."""

from __future__ import annotations

import os
import signal
import subprocess
from functools import partial

import pytest
from PySide6.QtGui import QImage

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, echo, everything, is_bar_shown, listed, picture
from tests.programs import Gate, program
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, clipboard

pytestmark = pytest.mark.e2e


def piece(number: int) -> str:
    """A text that no other piece has."""
    return "".join(f"{number}{place:02d}-" for place in range(60))


def kill(session_id: str, which: str) -> None:
    """Kill the chat's host or the keeper; returns when there is another."""
    previous = listed(session_id)[which]
    os.kill(previous, signal.SIGKILL)
    wait_until(lambda: listed(session_id)[which] not in {None, previous}, WAIT_S, "another process in its place")


@pytest.mark.parametrize("which", ["host_pid", "keeper_pid"])
def test_what_is_typed_while_it_is_killed_arrives_once(open_window: OpenWindow, new_chat: NewChat, which: str):
    chat = new_chat("typed", *echo())
    with open_window() as own:
        own.show(chat["id"])
        own.wait_connected([chat["id"]])
        own.focus()
        text = ""
        pieces = kills = 0
        while kills < 2:  # where processes start slowly, one piece is typed before the second
            typing = subprocess.Popen(["xdotool", "type", "--delay", "20", piece(pieces)])
            text += piece(pieces)
            pieces += 1
            while typing.poll() is None:
                kill(chat["id"], which)
                kills += 1
        wait_until(lambda: text[-8:] in everything(chat["id"]), WAIT_S, "the last that was typed")
        wait_until(lambda: own.tabs()[0]["connected"], WAIT_S, "the tab to be connected")
        wait_until(lambda: text[-8:] in own.copy_all(), WAIT_S, "the window to show it, and to copy it")
        in_window = "".join(own.copy_all().splitlines())
    assert "".join(everything(chat["id"]).splitlines()) == in_window == f"ready{text}"
    now = listed(chat["id"])
    assert (now["state"], now["child_pid"]) == ("running", chat["child_pid"])


def test_a_host_that_is_long_in_coming_is_waited_for_under_a_thin_bar(
    open_window: OpenWindow, new_chat: NewChat, area: Area
):
    (area.config / "window.toml").write_text('appearance = "light"\n')
    chat = new_chat("typed", *echo())
    with open_window() as own:
        own.show(chat["id"])
        own.wait_connected([chat["id"]])
        own.focus()
        assert not is_bar_shown(own, area, "accent")
        now = listed(chat["id"])
        # Nobody makes another host for the moment.
        os.kill(now["keeper_pid"], signal.SIGSTOP)
        try:
            os.kill(now["host_pid"], signal.SIGKILL)
            wait_until(lambda: is_bar_shown(own, area, "accent"), WAIT_S, "the bar")
            own.type("typed meanwhile")
        finally:
            os.kill(now["keeper_pid"], signal.SIGCONT)
        wait_until(lambda: not is_bar_shown(own, area, "accent"), WAIT_S, "the bar to go")
        own.type(", typed after")
        wait_until(lambda: "after" in everything(chat["id"]), WAIT_S, "what is typed")
        assert "".join(everything(chat["id"]).splitlines()) == "readytyped meanwhile, typed after"


def page_of(image: QImage) -> QImage:
    """The terminal alone: ages in the sidebar go on."""
    left = image.width() // 3
    return image.copy(left, 50, image.width() - left - 40, image.height() - 120)


def test_where_one_has_scrolled_to_and_what_is_selected_stay(
    open_window: OpenWindow, new_chat: NewChat, gate: Gate, area: Area
):
    chat = new_chat("long", *program("numbered_lines", 300, "--stay", "--gate", gate.path))
    with open_window() as own:
        own.show(chat["id"])
        own.wait_connected([chat["id"]])
        own.focus()
        wait_until(lambda: "end of lines" in own.copy_all(), WAIT_S, "the end of the lines")
        bottom = QImage(str(picture(own, area, "bottom")))
        own.press("shift+Home")
        before = scrolled_to_the_start(own, area, bottom)
        kill(chat["id"], "host_pid")
        wait_until(lambda: own.tabs()[0]["connected"], WAIT_S, "the tab to be connected")
        after = partial(picture, own, area, "after")
        wait_until(lambda: page_of(QImage(str(after()))) == page_of(before), WAIT_S, "the same lines to be shown")
        subprocess.run(["xclip", "-selection", "clipboard"], input=b"", check=True)
        own.press("ctrl+shift+c")
        selected = wait_until(clipboard, WAIT_S, "what is selected")
        assert "line 000001" in selected
        assert "end of lines" in selected


def scrolled_to_the_start(own: Window, area: Area, bottom: QImage) -> QImage:
    """The window, once two pictures of it in a row are alike, and not as at the bottom."""
    pictures: list[QImage] = []

    def at_rest() -> bool:
        pictures.append(QImage(str(picture(own, area, "start"))))
        return len(pictures) > 1 and page_of(bottom) != page_of(pictures[-1]) == page_of(pictures[-2])

    wait_until(at_rest, WAIT_S, "the scrolling to end", every_s=0.1)
    return pictures[-1]
