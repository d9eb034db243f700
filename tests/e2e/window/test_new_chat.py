"""A chat is started in the window by keyboard, as a user does."""

from __future__ import annotations

import json

import pytest

from tests.e2e.window.conftest import WAIT_S, OpenWindow, chat_text, listed
from tests.e2e.window.user_actions import command
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive

pytestmark = pytest.mark.e2e


def start_shell(app: Window, directory: str) -> str:
    """Start a shell by keys alone; returns its id."""
    before = {tab["session_id"] for tab in app.tabs()}
    app.focus()
    app.press("ctrl+shift+n")
    # No agent is installed: the shell is the first entry that can be started, and is already selected.
    app.press("Tab")
    app.type(directory)
    app.press("Escape")  # closes the list of suggestions
    app.press("Return")
    after = wait_until(
        lambda: [tab for tab in app.tabs() if tab["session_id"] not in before], WAIT_S, "the new chat's tab"
    )
    session_id: str = after[0]["session_id"]
    app.wait_connected([session_id])
    return session_id


@pytest.fixture
def only_a_shell(monkeypatch: pytest.MonkeyPatch, area: Area) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("SHELL", "/bin/sh")


def test_a_chat_started_by_keys_goes_on_after_enter_on_the_question_and_once_stopped_stays_in_its_tab(
    open_window: OpenWindow, area: Area, only_a_shell: None
):
    directory = area.home / "project"
    directory.mkdir()
    with open_window() as app:
        session_id = start_shell(app, str(directory))
        app.type(r"printf '\033]7501;state=working\007'; echo $((6 * 7))-from-$PWD")
        app.press("Return")
        wait_until(lambda: f"42-from-{directory}" in chat_text(session_id), WAIT_S, "the shell's answer")
        entry = listed(session_id)
        assert (entry["name"], entry["agent"], entry["cwd"]) == ("project", "shell", str(directory))
        wait_until(lambda: listed(session_id)["activity"] == "working", WAIT_S, "the report")

        # The window asks for confirmation, because the chat works.
        command(app, "stop chat")
        app.press("Return")
        app.type("echo still-$((6 * 7))")
        app.press("Return")
        wait_until(lambda: "still-42" in chat_text(session_id), WAIT_S, "the keyboard in the chat, which runs on")
        command(app, "stop chat")
        app.press("Tab", "Return")
        wait_until(lambda: listed(session_id)["state"] == "exited", WAIT_S, "the chat to end")
        [tab] = app.tabs()
        assert tab["session_id"] == session_id
        app.kill()
    with open_window() as second:
        assert [tab["state"] for tab in second.tabs()] == ["exited"]
    assert json.loads(outlive("ls", "--json")) == []
