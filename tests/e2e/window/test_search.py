"""Searching in all chats with the keyboard alone, on a real X server, with real chats."""

from __future__ import annotations

import pytest

from gui.bridge.search import LINES_OF_CHAT
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text
from tests.programs import program
from tests.support.commands import outlive
from tests.support.waiting import wait_until
from tests.support.windows import Window, clipboard

pytestmark = pytest.mark.e2e

LINES = 2000


def selected(app: Window) -> str:
    """The selected text in the terminal."""
    app.press("ctrl+shift+c")
    return clipboard()


def go_to(app: Window, words: str, session_id: str, marked: str) -> None:
    """Search for words and press Enter at once; waits until the match is selected in its chat."""
    app.press("ctrl+shift+s", "ctrl+a")
    app.type(words)
    app.press("Return")
    wait_until(lambda: active(app) == session_id, WAIT_S, f"the chat with {words}")
    wait_until(lambda: selected(app) == marked, WAIT_S, lambda: f"{marked!r} to be marked, not {clipboard()!r}")


def test_matches_in_a_running_and_an_ended_chat_are_found_and_a_noisy_chat_hides_no_other(
    open_window: OpenWindow, new_chat: NewChat
) -> None:
    quiet = new_chat("quiet", "sh", "-c", "echo by the way; cat")
    wait_until(lambda: "by the way" in chat_text(quiet["id"]), WAIT_S, "the one line")
    ended = new_chat("ended", *program("numbered_lines", LINES))
    outlive("wait", ended["id"], "--exited")
    looked_at = new_chat("looked-at", "sh", "-c", f"seq -f 'step %g of the way' 1 {LINES}; cat")
    wait_until(lambda: f"step {LINES} of the way" in chat_text(looked_at["id"]), WAIT_S, "the last step")
    other = new_chat("other", *program("raw_echo"))
    with open_window() as app:
        app.show(other["id"])
        app.focus()
        go_to(app, '"step 777 of"', looked_at["id"], "step 777 of")
        go_to(app, "000123", ended["id"], "000123")
        # A chat that has the word 2,000 times takes a few rows: its newest lines, and the number of the others.
        go_to(app, "way", looked_at["id"], "way")
        app.press("ctrl+shift+s", *["Down"] * (LINES_OF_CHAT + 1), "Return")
        wait_until(lambda: active(app) == quiet["id"], WAIT_S, "the chat with one match")
        assert chat_text(other["id"]).strip() == "ready", "what was typed went to the sheet, and not to a chat"


def active(app: Window) -> str:
    """The id of the chat in the active tab, or ""."""
    return next((str(tab["session_id"]) for tab in app.tabs() if tab["active"]), "")
