"""Broadcast to two panes by keyboard, including keys that are set to type a text."""

from __future__ import annotations

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window

pytestmark = pytest.mark.e2e

KEYS = """broadcast = "F9"

[[text]]
keys = "Ctrl+Alt+G"
text = 'by\\x20key\\r'
"""
ECHOES = ["sh", "-c", "echo ready; exec cat"]


def words(chat: str) -> list[str]:
    return chat_text(chat).split()


def active(own: Window) -> list[tuple[int, str]]:
    return [(tab["pane"], tab["name"]) for tab in own.tabs() if tab["in_front"] and tab["active"]]


def test_what_is_typed_goes_to_both_panes_until_the_window_ends(
    open_window: OpenWindow, new_chat: NewChat, area: Area
) -> None:
    (area.config / "keys.toml").write_text(KEYS)
    one, two = (new_chat(name, *ECHOES)["id"] for name in ("one", "two"))
    with open_window() as own:
        own.show(one)
        own.focus()
        own.press("ctrl+shift+d")
        wait_until(lambda: active(own) == [(2, "one")], WAIT_S, "the second pane")
        own.show(two)
        own.wait_connected([one, two])
        wait_until(lambda: active(own) == [(2, "two")], WAIT_S, "the second chat")
        own.press("F9")
        own.type("both")
        own.press("Return")
        typed = ["ready", "both", "both"]  # Once by the terminal's echo, and once by cat.
        wait_until(lambda: words(one) == words(two) == typed, WAIT_S, lambda: f"{words(one)}, {words(two)}")
        own.press("ctrl+alt+g")
        typed += ["by", "key", "by", "key"]
        wait_until(lambda: words(one) == words(two) == typed, WAIT_S, lambda: f"{words(one)}, {words(two)}")
        own.kill()
    with open_window() as own:
        own.wait_connected([one, two])
        own.focus()
        wait_until(lambda: active(own) == [(2, "two")], WAIT_S, "the panes of the last time")
        own.type("alone")
        own.press("Return")
        wait_until(lambda: words(two)[-2:] == ["alone", "alone"], WAIT_S, "what was typed")
        assert "alone" not in words(one)
