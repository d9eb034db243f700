"""A window with panes is killed at random moments: the saved layout and the record stay valid.

``OUTLIVE_FUZZ=50 pytest --timeout 3600 tests/e2e/window/test_killed_at_random.py`` kills it 100 times.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from threading import Timer

import pytest

from gui.settings.layout import WindowLayout
from gui.settings.pane_tree import numbers
from session_host import paths
from session_host.storage.store import Store
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, echo, listed
from tests.support.area import Area
from tests.support.displays import XServer
from tests.support.fuzzing import chance, times
from tests.support.waiting import wait_until
from tests.support.windows import Window, xdotool
from tests.support.x_client import XClient

pytestmark = pytest.mark.e2e

KILLS = 2
LONGEST_USE_S = 2.0
CHATS = 4
USES: tuple[tuple[str, ...], ...] = (
    ("F8",), ("F7",), ("Control_L", "Shift_L", "z"),
    ("Control_L", "Shift_L", "g"), ("Control_L", "Shift_L", "w"), ("Control_L", "Shift_L", "t"),
    ("Control_L", "Shift_L", "b"), ("Control_L", "Next"), ("Control_L", "Prior"),
    *(("Alt_L", "Shift_L", side) for side in ("Left", "Right", "Up", "Down")),
    *(("Control_L", "Shift_L", side) for side in ("Left", "Right", "Up", "Down")),
)  # fmt: skip
COMMANDS = ("movetabtoanew", "movetabtoanother", "closepane")
"""Texts typed into the palette, which ignores the missing spaces."""


@pytest.fixture
def client(display: XServer) -> Iterator[XClient]:
    """Presses keys without starting a process for each."""
    client = XClient()
    yield client
    client.close()


class RandomUser:
    """Random actions of a user: split, move, close, type; no word is typed twice."""

    def __init__(self, choose: random.Random, client: XClient) -> None:
        self._choose = choose
        self._client = client
        self._words = 0

    def act(self) -> None:
        """Do one action."""
        kind = self._choose.random()
        if kind < 0.4:
            self._words += 1
            self._client.type(f"w{self._words}w")
        elif kind < 0.9:
            self._client.press(*self._choose.choice(USES))
        else:
            self._client.press("Control_L", "Shift_L", "p")
            self._client.type(self._choose.choice(COMMANDS))
            self._client.press("Return")


def check_layout(ids: set[str]) -> WindowLayout:
    """Check that the saved layout is valid, and return it."""
    damages: list[str] = []
    with Store.open(paths.database()) as store:
        layout = WindowLayout.from_dict(
            store.layout(lambda: damages.append("unreadable")), lambda: damages.append("damaged")
        )
    assert damages == []
    for window in layout.windows:
        assert sorted(numbers(window.tree)) == list(range(len(window.panes)))
        for pane in window.panes:
            assert set(pane.tabs) <= ids
            assert pane.active in pane.tabs or len(layout.windows) == len(window.panes) == 1
    return layout


def check_typed(chats: list[str]) -> None:
    """Check that no word arrived twice. Two panes of a chat are two attachments, and have no common order."""
    for chat in chats:
        words = re.findall(r"w\d+w", chat_text(chat).replace("\n", ""))
        assert len(words) == len(set(words)), f"{chat}: {words}"


def check_restored(app: Window, layout: WindowLayout) -> None:
    """Check that the window has the saved windows, panes and tabs."""
    expected = [
        (window_number, pane_number, tab, tab == pane.active)
        for window_number, window in enumerate(layout.windows, 1)
        for pane_number, pane in enumerate((window.panes[number] for number in numbers(window.tree)), 1)
        for tab in pane.tabs
    ]
    assert [(tab["window"], tab["pane"], tab["session_id"], tab["in_front"]) for tab in app.tabs()] == expected


def test_a_window_that_is_killed_at_random_moments_of_use_comes_back_as_it_was(
    open_window: OpenWindow, new_chat: NewChat, client: XClient, area: Area
):
    (area.config / "keys.toml").write_text('mirror_right = "F8"\nmirror_down = "F7"\n')
    chats = [new_chat(f"chat-{number}", *echo())["id"] for number in range(CHATS)]
    with open_window() as app:
        for chat in chats:
            app.show(chat)
        app.ask("close")
        app.process.wait()
    with chance() as choose:
        user = RandomUser(choose, client)
        for _ in range(times(KILLS)):
            layout = check_layout(set(chats))
            with open_window() as app:
                check_restored(app, layout)
                shown = wait_until(app.shown, WAIT_S, "a window")
                xdotool("windowactivate", "--sync", shown[0])
                if not app.tabs():
                    app.show(choose.choice(chats))
                killer = Timer(choose.uniform(0.05, LONGEST_USE_S), app.process.kill)
                killer.start()
                while app.process.poll() is None:
                    user.act()
                    with suppress(subprocess.TimeoutExpired):
                        app.process.wait(choose.uniform(0.0, 0.05))
                killer.join()
            check_layout(set(chats))
            check_typed(chats)
            assert {listed(chat)["state"] for chat in chats} == {"running"}
