"""Broadcast to two panes by keyboard, including keys that are set to type a text."""

from __future__ import annotations

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window

pytestmark = pytest.mark.e2e

KEYS = """broadcast = "F9"
mirror_right = "F8"

[[text]]
keys = "Ctrl+Alt+G"
text = 'by\\x20key\\r'
"""
ECHOES = ["sh", "-c", "echo ready; exec cat"]


def words(chat: str) -> list[str]:
    return chat_text(chat).split()


def active(app: Window) -> list[tuple[int, str]]:
    return [(tab["pane"], tab["name"]) for tab in app.tabs() if tab["in_front"] and tab["active"]]


def test_typed_text_goes_to_both_panes_until_the_window_ends(
    open_window: OpenWindow, new_chat: NewChat, area: Area
) -> None:
    (area.config / "keys.toml").write_text(KEYS)
    one, two = (new_chat(name, *ECHOES)["id"] for name in ("one", "two"))
    with open_window() as app:
        app.show(one)
        app.focus()
        app.press("F8")
        wait_until(lambda: active(app) == [(2, "one")], WAIT_S, "the second pane")
        app.show(two)
        app.wait_connected([one, two])
        wait_until(lambda: active(app) == [(2, "two")], WAIT_S, "the second chat")
        app.press("F9")
        app.type("both")
        app.press("Return")
        typed = ["ready", "both", "both"]  # Once by the terminal's echo, and once by cat.
        wait_until(lambda: words(one) == words(two) == typed, WAIT_S, lambda: f"{words(one)}, {words(two)}")
        app.press("ctrl+alt+g")
        typed += ["by", "key", "by", "key"]
        wait_until(lambda: words(one) == words(two) == typed, WAIT_S, lambda: f"{words(one)}, {words(two)}")
        app.kill()
    with open_window() as app:
        app.wait_connected([one, two])
        app.focus()
        wait_until(lambda: active(app) == [(2, "two")], WAIT_S, "the panes of the last time")
        app.type("alone")
        app.press("Return")
        wait_until(lambda: words(two)[-2:] == ["alone", "alone"], WAIT_S, "what was typed")
        assert "alone" not in words(one)
