"""Panes and windows are made, dragged and activated; switches of tabs; scroll positions; typing into several panes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from PySide6.QtGui import QImage

from gui.settings.pane_tree import Rect
from gui.theme.tokens import BAR_HEIGHT_PX, SIDEBAR_WIDTH_PX
from gui.window.actions.menus import MENU, PANES
from tests.programs import Gate, program
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.displays import XServer
from tests.support.structured_chats import wait_for_text
from tests.support.waiting import wait_until
from tests.support.windows import Window, has_keyboard, xdotool
from tests.support.x_client import Area as ScreenArea
from tests.support.x_client import XClient

from .conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed, new_echo, picture
from .user_actions import Mouse, command, other_window, saved_layout

pytestmark = pytest.mark.e2e

FIRST_CELLS_PX = (8, 8, 24, 16)
"""A rectangle in a page: the beginning of the first line, without the cursor."""
SMALL_PX = (940, 400)
"""A narrower window would have a rail in place of the sidebar."""
FAR_RIGHT_PX, BELOW_PX, FAR_BELOW_PX = 640, 500, 800
"""Coordinates below a window of that size in the upper left corner of the screen."""


def front_tabs(app: Window) -> list[tuple[int, int, str, bool]]:
    """Window, pane, chat name and whether it is active, for the front tab of each pane."""
    return [(tab["window"], tab["pane"], tab["name"], tab["active"]) for tab in app.tabs() if tab["in_front"]]


def wait_front_tabs(app: Window, *expected: tuple[int, int, str, bool]) -> None:
    seen: list[Any] = []

    def as_expected() -> bool:
        seen[:] = front_tabs(app)
        return seen == list(expected)

    wait_until(as_expected, WAIT_S, lambda: f"{expected}; there is {seen}")


def columns(chat: dict[str, Any]) -> int:
    return int(listed(chat["id"])["cols"])


def test_panes_and_windows_are_made_by_key_menu_and_mouse_and_after_a_kill_the_last_used_one_is_in_front(
    open_window: OpenWindow, new_chat: NewChat, area: Area, gate: Gate
):
    one, two = (new_echo(new_chat, name) for name in ("one", "two"))
    long = new_chat("long", *program("numbered_lines", 500, "--gate", gate.path, "--stay"))
    chats = [one, long, two]
    (area.config / "keys.toml").write_text('mirror_right = "F8"\n')
    with open_window() as app:
        for chat in chats:
            app.show(chat["id"])
        app.wait_connected([chat["id"] for chat in chats])
        app.focus()
        [first_id] = app.shown()
        mouse = Mouse(first_id, 0)

        # The same chat in two panes: typed once, seen in both.
        app.press("F8")
        wait_front_tabs(app, (1, 1, "two", False), (1, 2, "two", True))
        app.type("hello")
        wait_until(lambda: chat_text(two["id"]).split() == ["ready", "hello"], WAIT_S, "what was typed, once")
        wait_until(lambda: len(mouse.pages()) == 2, WAIT_S, "the panes to be saved")
        left, right = mouse.pages()

        def cells(page: Rect, row: int) -> QImage:
            x, y, width, height = FIRST_CELLS_PX
            return QImage(str(picture(app, area, "both"))).copy(page.left + x, page.top + y + row * 17, width, height)

        wait_until(lambda: cells(left, 1) == cells(right, 1) != cells(left, 3), WAIT_S, "the text in both panes")

        # Split downwards by the window's menu; another chat is shown in the new pane.
        width = saved_layout().windows[0].geometry[2]  # type: ignore[index] # it was saved
        mouse.click(width - 16, BAR_HEIGHT_PX // 2)
        before = [part for part in MENU if part and part != "reopen_tab"]  # It is disabled: no tab was closed.
        app.press(*["Down"] * (before.index(PANES) + 1), "Right", *["Down"] * PANES.index("mirror_down"), "Return")
        wait_front_tabs(app, (1, 1, "two", False), (1, 2, "two", False), (1, 3, "two", True))
        app.press("ctrl+shift+k")
        app.type("long")
        app.press("Return")
        wait_front_tabs(app, (1, 1, "long", True), (1, 2, "two", False), (1, 3, "two", False))
        for _ in range(2):
            command(app, "move tab to the next pane")
        wait_front_tabs(app, (1, 1, "two", False), (1, 2, "two", False), (1, 3, "long", True))

        # A tab is dragged to the lower edge of its own page.
        page = mouse.pages()[0]
        below = (page.left + page.width // 2, page.top + page.height - 12)
        mouse.drag(app, (page.left + 30, 18), (page.left + 40, 90), below)
        wait_front_tabs(app, (1, 1, "two", False), (1, 2, "one", True), (1, 3, "two", False), (1, 4, "long", False))

        # Keys move the focus between panes, maximise a pane and resize it.
        app.press("alt+shift+Right")
        wait_until(lambda: front_tabs(app)[3][3], WAIT_S, "the pane at the right to be active")
        narrow = columns(long)
        app.press("ctrl+shift+z")
        wait_until(lambda: columns(long) > narrow + 20, WAIT_S, "the maximised pane's size")
        app.press("ctrl+shift+z")
        wait_until(lambda: columns(long) == narrow, WAIT_S, "the previous size")
        app.press(*["ctrl+shift+Left"] * 4)
        wait_until(lambda: columns(long) > narrow + 5, WAIT_S, "the pane to be wider")
        wait_until(lambda: "end of lines" in chat_text(long["id"]), WAIT_S, "all lines")
        app.press(*["shift+Prior"] * 3)
        app.press("alt+shift+Up")
        wait_until(lambda: front_tabs(app)[2][3], WAIT_S, "the pane above to be active")

        # The tab is torn off by the mouse, moved back by the command, and torn off again by the command.
        wait_until(lambda: len(mouse.pages()) == 4, WAIT_S, "the panes to be saved")
        page = mouse.pages()[1]
        way_out = (page.left + 30, page.top - 18), (page.left + 40, page.top + 60), (page.left + 40, 900)
        mouse.drag(app, *way_out, escapes=True)
        mouse.drag(app, *way_out)
        wait_until(lambda: len(app.shown()) == 2, WAIT_S, "a second window")
        wait_front_tabs(app, (1, 1, "two", False), (1, 2, "two", False), (1, 3, "long", False), (2, 1, "one", True))
        command(app, "move tab to another window")
        wait_until(lambda: len(app.shown()) == 1, WAIT_S, "the second window to close")
        assert [tab["name"] for tab in app.tabs()] == ["two", "two", "one", "two", "long"]
        command(app, "move tab to a new window")
        wait_until(lambda: len(app.shown()) == 2, WAIT_S, "a second window")
        [second_id] = {*app.shown()} - {first_id}
        wait_until(lambda: has_keyboard(int(second_id)), WAIT_S, "the new window to have the keyboard")
        app.type("there")
        wait_until(lambda: chat_text(one["id"]).split()[1:] == ["there"], WAIT_S, "what is typed in it")
        wait_until(lambda: saved_layout().windows[0].panes[2].places, WAIT_S, "the scroll position to be saved")
        app.press("ctrl+shift+b")
        wait_until(lambda: saved_layout().windows[1].sidebar_collapsed, WAIT_S, "the sidebar to be saved")
        layout, tabs = saved_layout(), app.tabs()
        app.kill()
    with open_window() as again:
        again.wait_connected([chat["id"] for chat in chats])
        wait_until(lambda: len(again.shown()) == 2, WAIT_S, "both windows")
        keys = ("session_id", "window", "pane", "in_front")
        assert [[tab[key] for key in keys] for tab in again.tabs()] == [[tab[key] for key in keys] for tab in tabs]
        outlive("window", "grab", str(area.root / "both.png"), "--window", "all")
        wait_until(lambda: any(has_keyboard(int(each)) for each in again.shown()), WAIT_S, "the keyboard")
        again.type(" again")
        wait_until(lambda: "again" in chat_text(one["id"]), WAIT_S, "the keys to go to the window that was used last")
        pictures = [QImage(str(area.root / f"both-{number}.png")) for number in (1, 2)]
        geometries = [window.geometry or () for window in layout.windows]
        assert [(image.width(), image.height()) for image in pictures] == [each[2:] for each in geometries]
        again.ask("close")
        again.process.wait()
    assert saved_layout().windows == layout.windows


def test_tabs_are_dragged_out_to_a_new_window_between_windows_and_back(open_window: OpenWindow, new_chat: NewChat):
    chats = {name: new_echo(new_chat, name)["id"] for name in ("one", "two", "three")}

    def rows(app: Window) -> list[list[str]]:
        tabs = app.tabs()
        return [[tab["name"] for tab in tabs if tab["window"] == number] for number in (1, 2)]

    def wait_rows(app: Window, *expected: list[str]) -> None:
        wait_until(lambda: rows(app) == list(expected), WAIT_S, lambda: f"{expected}; there is {rows(app)}")

    def wait_typed(app: Window, window_id: str, name: str, words: str) -> None:
        wait_until(lambda: has_keyboard(int(window_id)), WAIT_S, "the window to have the keyboard")
        app.type(words + " ")
        wait_until(lambda: words in chat_text(chats[name]).split(), WAIT_S, f"the keyboard to be in {name}")

    with open_window() as app:
        for session_id in chats.values():
            app.show(session_id)
        app.wait_connected(list(chats.values()))
        app.focus()
        [first_id] = app.shown()
        first = Mouse(first_id, 0)
        first.move_and_resize(20, 20, *SMALL_PX)
        tab = (first.pages()[0].left + 30, 18)
        first.drag(app, tab, (tab[0], 200), (tab[0], FAR_BELOW_PX))
        wait_until(lambda: len(app.shown()) == 2, WAIT_S, "a second window")
        wait_rows(app, ["two", "three"], ["one"])
        [second_id] = [each for each in app.shown() if each != first_id]
        wait_typed(app, second_id, "one", "torn")

        second = Mouse(second_id, 1)
        second.move_and_resize(FAR_RIGHT_PX, BELOW_PX, *SMALL_PX)
        there = first.from_here(second, second.pages()[0].left + 200, 18)
        first.drag(app, tab, (tab[0], 80), there)
        wait_rows(app, ["three"], ["one", "two"])
        wait_typed(app, second_id, "two", "moved")

        tab = (second.pages()[0].left + 30, 18)
        there = second.from_here(first, first.pages()[0].left + 200, 18)
        second.drag(app, tab, (tab[0], 80), there)
        wait_rows(app, ["three", "one"], ["two"])
        wait_typed(app, first_id, "one", "back")
        second.drag(app, tab, (tab[0], 80), there)
        wait_rows(app, ["three", "one", "two"], [])
        # The tabs have moved before the window that they left has closed.
        wait_until(lambda: app.shown() == [first_id], WAIT_S, "the first window to be the only one")


def test_the_click_that_activates_a_pane_or_the_window_only_focuses(
    open_window: OpenWindow, new_chat: NewChat, area: Area
):
    """It reaches no program that has the mouse, and pastes nothing into a chat that asks."""
    (area.config / "keys.toml").write_text('mirror_right = "F8"\n')
    mouse_program = new_chat("mouse", *program("raw_echo", "--show", "--enable", "1000,1006"))["id"]
    repeats = shlex.join(program("raw_echo", "--show", "--enable", "1004"))  # It also gets the changes of the focus.
    asking = new_chat("asking", "sh", "-c", rf"printf '\033]7501;state=blocked\007'; exec {repeats}")["id"]
    for chat in (mouse_program, asking):
        wait_for_text(chat, "ready")

    gets, loses = b"\x1b[I", b"\x1b[O"  # the keyboard

    def read() -> bytes:
        """What the chat that asks has read, perhaps several inputs at once."""
        return bytes.fromhex("".join(re.findall("<([0-9a-f]*)>", chat_text(asking))))

    def wait_read_last(change: bytes) -> None:
        """Wait until the chat that asks has got each change of the focus: it may be slower than the other one."""
        wait_until(lambda: read().endswith(change), WAIT_S, lambda: f"{change!r} to be the last; it got {read()!r}")

    with open_window() as app, other_window() as other:
        app.show(mouse_program)
        app.focus()
        [window] = app.shown()
        mouse = Mouse(window, 0)
        app.press("F8")
        wait_front_tabs(app, (1, 1, "mouse", False), (1, 2, "mouse", True))
        app.show(asking)
        wait_front_tabs(app, (1, 1, "mouse", False), (1, 2, "asking", True))
        app.wait_connected([mouse_program, asking])
        wait_until(lambda: len(saved_layout().windows[0].panes) == 2, WAIT_S, "the panes to be saved")
        wait_until(lambda: listed(asking)["activity"] == "needs_input", WAIT_S, "the question")
        wait_read_last(gets)
        left, right = mouse.pages()

        mouse.click(left.left + 50, left.top + 60)
        wait_front_tabs(app, (1, 1, "mouse", True), (1, 2, "asking", False))
        wait_read_last(loses)
        app.type("x")
        wait_until(lambda: "<78>" in chat_text(mouse_program), WAIT_S, "the key")
        assert chat_text(mouse_program).split() == ["ready", "<78>"]
        mouse.click(left.left + 90, left.top + 60)
        wait_until(lambda: f"{b'm'.hex()}>" in chat_text(mouse_program), WAIT_S, "the click in the active pane")

        xdotool("keydown", "shift")
        mouse.click(left.left + 20, left.top + 16, times=2)  # Selects the word "ready".
        xdotool("keyup", "shift")
        mouse.click(right.left + 60, right.top + 60, button=2)
        wait_front_tabs(app, (1, 1, "mouse", False), (1, 2, "asking", True))
        wait_read_last(gets)
        before = read()
        assert re.fullmatch(rb"(\x1b\[[IO])+", before)
        xdotool("windowfocus", "--sync", other)
        wait_until(lambda: read() == before + loses, WAIT_S, lambda: f"no keyboard in the chat; it got {read()!r}")
        mouse.click(right.left + 60, right.top + 90, button=2)
        wait_until(lambda: has_keyboard(int(window)), WAIT_S, "the window to have the keyboard")
        app.type("x")
        wait_until(lambda: read() == before + loses + gets + b"x", WAIT_S, lambda: f"the key; it got {read()!r}")
        mouse.click(right.left + 90, right.top + 60, button=2)
        wait_until(lambda: read().endswith(b"ready"), WAIT_S, "the paste in the active pane")


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
    ids = [new_echo(new_chat, name)["id"] for name in ("one", "two")]
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
    for name in names:
        wait_for_text(name, f"end of {name}s")
    with open_window() as app:
        for session_id in ids:
            app.show(session_id)
        app.wait_connected(ids)
        app.focus()
        area = lines_area(app)
        pictures = [still_picture(client, area)]
        for key in ("Prior", "Next"):
            client.press("Control_L", key)
            pictures.append(next_picture(client, area, pictures[-1]))
        del pictures[0]
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


def still_picture(client: XClient, area: ScreenArea) -> bytes:
    """The pixels of an area, once nothing has been painted for 0.4 s."""
    with client.watching():
        while client.wait_painted(0.4):
            pass
    return client.pixels(area)


def next_picture(client: XClient, area: ScreenArea, before: bytes) -> bytes:
    """The pixels of an area once they are others than before, and still."""
    wait_until(lambda: client.pixels(area) != before, WAIT_S, "another picture")
    return still_picture(client, area)


def lines_area(app: Window) -> ScreenArea:
    """The area with the beginnings of the terminal's upper lines, where no cursor blinks."""
    [found] = wait_until(app.shown, WAIT_S, "the window to be shown")
    lines = xdotool("getwindowgeometry", "--shell", found).splitlines()
    facts = {name: int(value) for name, _, value in (line.partition("=") for line in lines)}
    return ScreenArea(facts["X"] + SIDEBAR_WIDTH_PX + 5, facts["Y"] + 60, 240, 400)
