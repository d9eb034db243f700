"""Find in a chat with the keyboard alone, on a real X server, in a real chat."""

from __future__ import annotations

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text
from tests.support.waiting import wait_until
from tests.support.windows import Window, clipboard

pytestmark = pytest.mark.e2e


def copied(app: Window) -> str:
    app.press("ctrl+shift+c")
    return clipboard()


def test_find_begins_at_the_newest_match_enter_goes_up_and_nothing_is_typed_into_the_chat(
    open_window: OpenWindow, new_chat: NewChat
) -> None:
    chat = new_chat("steps", "sh", "-c", "seq -f 'step %g of the way' 1 2000; cat")
    wait_until(lambda: "step 2000 of" in chat_text(chat["id"]), WAIT_S, "the last step")
    with open_window() as app:
        app.show(chat["id"])
        app.focus()
        app.press("ctrl+shift+f", "alt+r")
        app.type("step 77.*way")
        # From the bottom: 779, …, 770, 77.
        app.press("Return", "Return", "shift+F3", "Escape")
        wait_until(lambda: copied(app) == "step 778 of the way", WAIT_S, lambda: f"the match, not {clipboard()!r}")
        app.type("typed")
        app.press("Return")
        wait_until(lambda: chat_text(chat["id"]).rstrip().endswith("typed"), WAIT_S, "the keys to go to the chat")
        assert chat_text(chat["id"]).count("way") == 2000
