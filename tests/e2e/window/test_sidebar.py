"""The sidebar with a real mouse and real keys: order, pins, multiple selection, grouping and compact rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from session_host.paths import database
from session_host.storage.store import Store
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, listed
from tests.e2e.window.user_actions import visible_windows
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive, xdotool

pytestmark = pytest.mark.e2e

HEADING_PX, ROW_PX, TOP_PX = 28, 48, 36


def at_row(app: Window, row: float, share: float = 0.5) -> tuple[str, ...]:
    """xdotool arguments that move the mouse to a chat's name; rows below the first heading count from 0."""
    [window] = app.shown()
    y = TOP_PX + HEADING_PX + round((row + share) * ROW_PX)
    return ("mousemove", "--sync", "--window", window, "120", str(y))


def pick_up(app: Window, row: float) -> None:
    """Press the mouse on a row and move it, until the image of the drag is shown: a drop before that is none."""
    before = visible_windows(app)
    xdotool(*at_row(app, row), "mousedown", "1")
    for share in (0.6, 0.75, 0.9):
        xdotool(*at_row(app, row, share))
    wait_until(lambda: visible_windows(app) - before, WAIT_S, "the image of the drag")


def drag(app: Window, row: int, to: float) -> None:
    """Drag a row to a position before another row, in several steps, as a user does."""
    pick_up(app, row)
    for step in range(1, 5):
        xdotool(*at_row(app, 0, row + (to - row) * step / 4))
    xdotool(*at_row(app, 0, to - 0.02), "mouseup", "1")


def stored() -> list[dict[str, Any]]:
    with Store.open(database()) as store:
        return [
            {
                "name": record.entry.name,
                "pinned": record.entry.pinned,
                "position": record.entry.position,
                "state": record.outcome.state,
            }
            for record in Store.all(store)
        ]


def in_order() -> list[str]:
    """The names of the running chats in the stored order."""
    running = [each for each in stored() if each["state"] == "running"]
    return [each["name"] for each in sorted(running, key=lambda each: each["position"] or 0)]


def test_chats_are_dragged_pinned_selected_and_stopped(open_window: OpenWindow, new_chat: NewChat, area: Area) -> None:
    chats = [new_chat(name, "cat") for name in ("one", "two", "three")]
    with open_window() as app:
        for chat in reversed(chats):
            app.show(chat["id"])
        # The rows move between groups until the window has heard from each host.
        app.wait_connected([chat["id"] for chat in chats])
        app.focus()
        # The last chat is dragged to the first position.
        drag(app, 2, 0.0)
        wait_until(lambda: in_order() == ["three", "one", "two"], WAIT_S, lambda: f"the new order: {stored()}")
        # By keyboard: the shown chat moves down by one.
        app.press("ctrl+shift+l", "alt+Down")
        wait_until(lambda: in_order() == ["three", "two", "one"], WAIT_S, lambda: f"the new order: {stored()}")
        # The first row is opened with the mouse, and pinned by a command.
        xdotool(*at_row(app, 0), "click", "1")
        app.press("ctrl+shift+p")
        app.type("pin chat")
        app.press("Return")
        wait_until(lambda: any(each["pinned"] for each in stored()), WAIT_S, lambda: f"the pin: {stored()}")
        # The last chat is dragged to the right edge of the page, which splits the page.
        [window] = app.shown()
        edge = ("mousemove", "--sync", "--window", window, "--")
        pick_up(app, 2.3)  # There it is before and after the pinned one has a heading of its own.
        for x in (200, 700, 1060):
            xdotool(*edge, str(x), "400")
        xdotool(*edge, "1062", "402", "mouseup", "1")
        wait_until(
            lambda: [(tab["pane"], tab["name"]) for tab in app.tabs() if tab["pane"] == 2] == [(2, "one")],
            WAIT_S,
            lambda: f"a second pane: {app.tabs()}",
        )
        # Two other chats, below a second heading, are selected and stopped together, after one question.
        xdotool(*at_row(app, 0, 2.25), "click", "1")
        xdotool("keydown", "ctrl", *at_row(app, 0, 3.25), "click", "1", "keyup", "ctrl")
        xdotool(*at_row(app, 0, 2.25), "click", "3")
        app.press("Up", "Return")
        app.answer("Tab", "Return")
        wait_until(
            lambda: [listed(chat["id"])["state"] for chat in chats] == ["exited", "exited", "running"],
            WAIT_S,
            lambda: f"two to end: {outlive('ls', '--all', '--json')}",
        )
    assert json.loads(outlive("ls", "--json"))[0]["name"] == "three"
