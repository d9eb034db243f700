"""A chat that is put to sleep by its row's menu, and woken by what is typed in its tab."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.paths import config_dir
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.conversing import ask, install, new
from tests.support.structured_chats import new_chat, wait, wait_for_text
from tests.support.waiting import wait_until
from tests.support.windows import xdotool

from .conftest import WAIT_S, OpenWindow, chat_text, listed
from .user_actions import visible_windows

pytestmark = pytest.mark.e2e

WORDS = "and one more that is long enough"


@pytest.fixture
def chat(tmp_path: Path, sessions: object, monkeypatch: pytest.MonkeyPatch) -> str:
    """A chat in a terminal, of which the agent has a conversation and is idle."""
    install(tmp_path / "bin")
    file = config_dir() / "agents" / "claude.toml"
    file.write_text(f"{file.read_text()}shown_within_s = 6.0\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    (tmp_path / "project").mkdir()
    chat = new("claude", tmp_path / "project")
    ask(chat, "first")
    wait(chat, "idle")
    return chat


def test_a_chat_is_put_to_sleep_by_its_menu_and_what_is_typed_wakes_it_once(chat: str, open_window: OpenWindow):
    with open_window() as app:
        app.show(chat)
        app.wait_connected([chat])
        app.focus()
        app.press("ctrl+shift+l", "Down", "Menu")
        wait_until(lambda: len(visible_windows(app, "--name", "Outlive")) > 1, WAIT_S, "the menu")
        app.press("Up", "Right", "Return")  # Sleep or end, Put to sleep
        wait_until(lambda: listed(chat)["is_asleep"], WAIT_S, "the sleep")
        wait_until(lambda: [tab["state"] for tab in app.tabs()] == ["exited"], WAIT_S, "the window to know of it")
        app.show(chat)
        app.press("Return", "Down")
        app.type("second")
        app.press("BackSpace", "d")
        assert listed(chat)["is_asleep"], "only a text with Enter wakes it"
        app.press("Return")
        app.type("third")
        app.press("Return")
        wait_until(lambda: listed(chat)["continued_by"], WAIT_S, "the chat that goes on")
        woken = listed(chat)["continued_by"]
        wait_until(lambda: "you said: third" in chat_text(woken), WAIT_S, "both texts")
        text = chat_text(woken)
        assert "kept: first" in text, "in its conversation"
        assert [text.count(f"you said: {each}") for each in ("second", "third")] == [1, 1], text
        assert text.index("you said: second") < text.index("you said: third"), "in their order"
        wait_until(lambda: [tab["session_id"] for tab in app.tabs()] == [woken], WAIT_S, "its tab, and no other")


def test_in_a_chat_view_the_prompt_box_wakes_it(sessions: object, area: Area, open_window: OpenWindow):
    session = new_chat(area, "x")
    with open_window() as app:
        app.show(session)
        app.wait_connected([session])
        app.focus()
        app.type("answer: yes indeed")
        app.press("Return")
        wait_for_text("x", "^yes indeed$")
        wait("x", "idle")
        done = outlive("sleep", "x")
        assert done.code == 0, done.error
        wait_until(lambda: [tab["state"] for tab in app.tabs()] == ["exited"], WAIT_S, "the window to know of it")
        app.type("answer: again")
        app.press("Return")
        # The chat that goes on takes the place of the page while this is typed.
        xdotool("type", "--delay", "30", "--", f"answer: {WORDS}")
        app.press("Return")
        wait_for_text("x", f"^{WORDS}$")
        text = outlive("peek", "x", "--scrollback").output
        prompts = [line for line in text.splitlines() if line.startswith("> ")]
        assert prompts == ["> answer: yes indeed", "> answer: again", f"> answer: {WORDS}"], text
