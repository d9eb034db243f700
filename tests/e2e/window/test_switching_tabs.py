"""Switching tabs by keys: no other picture is shown in between, and keys typed at once reach the new chat."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, echo
from tests.programs import Gate, program
from tests.support.displays import XServer
from tests.support.waiting import wait_until
from tests.support.windows import Window, xdotool
from tests.support.x_client import Area, XClient

pytestmark = pytest.mark.e2e

TYPED = "abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.fixture
def client(display: XServer) -> Iterator[XClient]:
    """An X client that presses keys and reads pixels."""
    client = XClient()
    yield client
    client.close()


def test_keys_typed_right_after_a_switch_arrive_in_the_new_chat(
    open_window: OpenWindow, new_chat: NewChat, client: XClient
):
    ids = [new_chat(name, *echo())["id"] for name in ("one", "two")]
    expected = dict.fromkeys(ids, "")
    with open_window() as app:
        for session_id in ids:
            app.show(session_id)
    # In the next window, the first tab has not been shown yet, so the window has no screen of its chat.
    with open_window() as app:
        app.wait_connected(ids)
        app.focus()
        for session_id, key in zip(ids, ("Prior", "Next"), strict=True):
            client.press("Control_L", key)
            client.type(TYPED)
            expected[session_id] += TYPED
            wait_until(
                lambda: all(chat_text(each).split()[1:] == [text] * bool(text) for each, text in expected.items()),
                WAIT_S,
                lambda: f"{expected}; there is {[chat_text(each) for each in ids]}",
            )


def test_a_switch_shows_only_the_previous_or_the_new_screen(
    open_window: OpenWindow, new_chat: NewChat, client: XClient, gate: Gate
):
    names = ("first", "other")
    lines = partial(program, "numbered_lines", 2000, "--colour", "--gate", gate.path, "--stay", "--prefix")
    ids = [new_chat(name, *lines(name))["id"] for name in names]
    with open_window() as app:
        for session_id in ids:
            app.show(session_id)
        app.wait_connected(ids)
        app.focus()
        area = lines_area(app)
        pictures = []
        for key in ("Prior", "Next"):
            client.press("Control_L", key)
            pictures.append(still_picture(client, area))
        assert pictures[0] != pictures[1]
        assert all(len(set(picture)) > 16 for picture in pictures), "there are letters in many colours"
        seen: list[bytes] = []
        for key in ("Prior", "Next") * 3:
            wanted = pictures[key == "Next"]
            with client.watching():
                client.press("Control_L", key)
                while not seen or seen[-1] != wanted:
                    assert client.wait_painted(WAIT_S), "the other tab is not shown"
                    seen.append(client.pixels(area))
                while client.wait_painted(0.2):
                    seen.append(client.pixels(area))
            assert seen[-1] == wanted
        assert set(seen) <= set(pictures), "something else was shown between"


def still_picture(client: XClient, area: Area) -> bytes:
    """The pixels of an area, once nothing has been painted for 0.4 s."""
    with client.watching():
        while client.wait_painted(0.4):
            pass
    return client.pixels(area)


def lines_area(app: Window) -> Area:
    """The area with the beginnings of the terminal's upper lines, where no cursor blinks."""
    [found] = wait_until(app.shown, WAIT_S, "the window to be shown")
    lines = xdotool("getwindowgeometry", "--shell", found).splitlines()
    facts = {name: int(value) for name, _, value in (line.partition("=") for line in lines)}
    return Area(facts["X"] + 245, facts["Y"] + 60, 240, 400)
