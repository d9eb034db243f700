"""A chat with an agent, used by keyboard: first prompt, sent text, end, and resume in the same tab."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed, picture
from tests.programs import program
from tests.support.area import Area
from tests.support.repositories import Checkout
from tests.support.screen_reader import ScreenReader
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive

pytestmark = pytest.mark.e2e

AGENT = """\
title = "Parrot"
executable = "parrot"
start = ["parrot", "--session", "{conversation}", "{arguments}", "{prompt}"]
monogram = "Pa"
position = 1
stderr = true

[conversation]
preset = true
resume = ["parrot", "--resume", "{conversation}", "{arguments}"]

[conversation.options]
"--session" = "id"
"--resume" = "id"
"""

PROGRAM = """\
#!/bin/sh
case "$1" in --version|--help) exit ;; esac
printf '\\033]7501;state=working\\007'
echo "told: $*"
echo "a word of complaint" >&2
exec cat
"""


@pytest.fixture
def parrot(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installs an agent that reports that it works, prints its arguments, and repeats its input."""
    programs = area.root / "bin"
    programs.mkdir()
    (programs / "parrot").write_text(PROGRAM)
    (programs / "parrot").chmod(0o700)
    (area.config / "agents").mkdir()
    (area.config / "agents" / "parrot.toml").write_text(AGENT)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("SHELL", "/bin/sh")


def command(app: Window, words: str) -> None:
    """Choose a command in the palette."""
    app.press("ctrl+shift+p")
    app.type(words)
    app.press("Return")


def newest() -> dict[str, Any]:
    """The chat that was started last, as ``ls`` prints it."""
    entries: list[dict[str, Any]] = json.loads(outlive("ls", "--all", "--json"))
    return entries[-1]


def test_an_agent_gets_a_first_prompt_and_is_ended_and_resumed_in_its_tab(
    parrot: None, area: Area, open_window: OpenWindow
):
    directory = area.home / "api"
    directory.mkdir()
    with open_window() as app:
        app.focus()
        app.press("ctrl+shift+n")
        app.press("Tab")
        app.type(str(directory))
        app.press("Escape")  # closes the list of suggestions
        app.press("Tab", "Tab", "Tab")  # past Browse and the name
        app.type("fix the tests")
        app.press("shift+Return")
        app.type("and say why")
        app.press("Return")
        [tab] = wait_until(app.tabs, WAIT_S, "the chat's tab")
        first = tab["session_id"]
        app.wait_connected([first])
        wait_until(lambda: "fix the tests" in chat_text(first), WAIT_S, "the first prompt to be told")
        conversation = listed(first)["provider_session_id"]
        assert f"told: --session {conversation} fix the tests\nand say why" in chat_text(first)

        app.type("hello")
        app.press("Return")
        wait_until(lambda: chat_text(first).count("hello") == 2, WAIT_S, "the answer")
        wait_until(lambda: listed(first)["activity"] == "working", WAIT_S, "the agent's report")
        command(app, "stop chat")
        app.press("Tab", "Return")  # The window asks for confirmation, because the agent works.
        wait_until(lambda: [tab["state"] for tab in app.tabs()] == ["exited"], WAIT_S, "the window to know of the end")
        command(app, "resume")
        app.press("Return")  # In the list of Continue, this conversation is the first.
        wait_until(lambda: newest()["id"] != first, WAIT_S, "the chat that goes on")
        second = newest()
        wait_until(lambda: [tab["session_id"] for tab in app.tabs()] == [second["id"]], WAIT_S, "its tab, and no other")
        app.wait_connected([second["id"]])
        wait_until(lambda: f"told: --resume {conversation}" in chat_text(second["id"]), WAIT_S, "the same conversation")
        assert (second["name"], second["cwd"]) == ("api", str(directory))
        app.focus()
        app.type("again")
        wait_until(lambda: "again" in chat_text(second["id"]), WAIT_S, "the keyboard in its terminal")
        assert picture(app, area, "resumed").stat().st_size > 0


def test_a_text_is_sent_to_a_chat_without_an_open_tab(new_chat: NewChat, open_window: OpenWindow):
    shown, other = new_chat("shown", *program("raw_echo")), new_chat("other", "cat")
    with open_window() as app:
        app.show(shown["id"])
        app.focus()
        command(app, "send to")
        app.press("shift+Tab")  # from the text to the list of recipients
        app.press("space")
        app.press("Down", "Down", "Return")
        app.press("Tab")
        app.type("two")
        app.press("Return")
        app.type("lines")
        app.press("ctrl+Return")
        wait_until(
            lambda: chat_text(other["id"]).split() == ["two", "lines"] * 2, WAIT_S, "the lines, and cat's answer"
        )
        assert "two" not in chat_text(shown["id"])


def start_another(app: Window, *keys: str, prompt: str = "") -> str:
    """Start a chat in the shown chat's project: Enter in the sheet that opens; returns its id."""
    before = {tab["session_id"] for tab in app.tabs()}
    app.press("ctrl+shift+n", *keys)
    app.type(prompt)
    app.press("Return")
    [started] = wait_until(lambda: {tab["session_id"] for tab in app.tabs()} - before, WAIT_S, "the chat's tab")
    app.wait_connected([started])
    return str(started)


def test_enter_starts_no_second_worktree_and_chats_are_told_apart_by_prompt_question_and_branch(
    parrot: None, area: Area, reader: ScreenReader, open_window: OpenWindow
):
    repository = Checkout.new(area.home / "api")

    def wait_for(role: str, *expected: str) -> None:
        """Wait until a screen reader finds texts that begin with these on the screen."""

        def are_shown() -> bool:
            shown = screen.showing(role)
            return all(any(text.startswith(each) for text in shown) for each in expected)

        wait_until(are_shown, WAIT_S, lambda: f"{expected}; there is {screen.showing(role)}", every_s=0.1)

    with open_window() as app:
        app.focus()
        screen = reader.program("outlive")
        command(app, "git worktree")
        app.press("Tab")
        app.type(str(repository.path))
        app.press("Escape", "Return")  # Escape closes the list of suggestions.
        [tab] = wait_until(app.tabs, WAIT_S, "the chat's tab")
        in_worktree = tab["session_id"]
        app.wait_connected([in_worktree])
        assert listed(in_worktree)["branch"] == "outlive/api"
        wait_for("label", "Parrot · api · outlive/api")

        # The worktree was for that one chat.
        second = start_another(app)
        assert listed(second)["cwd"] == str(repository.path)
        assert repository.branches() == ["main", "outlive/api"]
        # No chat is called as an earlier one, although that has ended.
        app.press("ctrl+d")
        wait_until(lambda: listed(second)["state"] == "exited", WAIT_S, "the end")
        third = start_another(app)
        assert [listed(each)["name"] for each in (in_worktree, second, third)] == ["api", "api-2", "api-3"]

        # The first prompt is a chat's name; below it, the question comes first, and the default branch is not named.
        start_another(app, *["Tab"] * 4, prompt="fix the export")
        wait_for("page tab", "api, working", "api-3, working", "fix the export, working")
        wait_for("label", "Parrot · ~/api · main", "working · ")
        app.press("Escape")
        app.type(f"]7501;state=blocked:msg={base64.b64encode(b'Run it?').decode()}")
        app.press("ctrl+g", "Return")  # The program repeats it: it asks.
        wait_for("label", "needs you · ")
        rows = "fix the export, Parrot, needs you, Run it? · api,", "api, Parrot, working, outlive/api · Parrot,"
        wait_for("list item", *rows)
