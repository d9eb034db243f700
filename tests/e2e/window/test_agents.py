"""A chat with an agent, used by keyboard: first prompt, sent text, end, and resume in the same tab."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed, picture
from tests.programs import program
from tests.support.area import Area
from tests.support.repositories import Checkout
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


def command(own: Window, words: str) -> None:
    """Choose a command in the palette."""
    own.press("ctrl+shift+p")
    own.type(words)
    own.press("Return")


def newest() -> dict[str, Any]:
    """The chat that was started last, as ``ls`` prints it."""
    found: list[dict[str, Any]] = json.loads(outlive("ls", "--all", "--json"))
    return found[-1]


def test_an_agent_gets_a_first_prompt_and_is_ended_and_resumed_in_its_tab(
    parrot: None, area: Area, open_window: OpenWindow
):
    directory = area.home / "api"
    directory.mkdir()
    with open_window() as own:
        own.focus()
        own.press("ctrl+shift+n")
        own.press("Tab")
        own.type(str(directory))
        own.press("Escape")  # closes the list of suggestions
        own.press("Tab", "Tab", "Tab")  # past Browse and the name
        own.type("fix the tests")
        own.press("shift+Return")
        own.type("and say why")
        own.press("Return")
        [tab] = wait_until(own.tabs, WAIT_S, "the chat's tab")
        first = tab["session_id"]
        own.wait_connected([first])
        wait_until(lambda: "fix the tests" in chat_text(first), WAIT_S, "the first prompt to be told")
        conversation = listed(first)["provider_session_id"]
        assert f"told: --session {conversation} fix the tests\nand say why" in chat_text(first)

        own.type("hello")
        own.press("Return")
        wait_until(lambda: chat_text(first).count("hello") == 2, WAIT_S, "the answer")
        wait_until(lambda: listed(first)["activity"] == "working", WAIT_S, "the agent's report")
        command(own, "stop chat")
        own.press("Return")  # The window asks for confirmation, because the agent works.
        wait_until(lambda: [tab["state"] for tab in own.tabs()] == ["exited"], WAIT_S, "the window to know of the end")
        command(own, "resume chat")
        wait_until(lambda: newest()["id"] != first, WAIT_S, "the chat that goes on")
        second = newest()
        wait_until(lambda: [tab["session_id"] for tab in own.tabs()] == [second["id"]], WAIT_S, "its tab, and no other")
        own.wait_connected([second["id"]])
        wait_until(lambda: f"told: --resume {conversation}" in chat_text(second["id"]), WAIT_S, "the same conversation")
        assert (second["name"], second["cwd"]) == ("api", str(directory))
        own.focus()
        own.type("again")
        wait_until(lambda: "again" in chat_text(second["id"]), WAIT_S, "the keyboard in its terminal")
        assert picture(own, area, "resumed").stat().st_size > 0


def test_a_text_is_sent_to_a_chat_without_an_open_tab(new_chat: NewChat, open_window: OpenWindow):
    shown, other = new_chat("shown", *program("raw_echo")), new_chat("other", "cat")
    with open_window() as own:
        own.show(shown["id"])
        own.focus()
        command(own, "send to")
        own.press("shift+Tab")  # from the text to the list of recipients
        own.press("space")
        own.press("Down", "Down", "Return")
        own.press("Tab")
        own.type("two")
        own.press("Return")
        own.type("lines")
        own.press("ctrl+Return")
        wait_until(
            lambda: chat_text(other["id"]).split() == ["two", "lines"] * 2, WAIT_S, "the lines, and cat's answer"
        )
        assert "two" not in chat_text(shown["id"])


def test_a_chat_in_a_new_worktree_is_started_by_keyboard(parrot: None, area: Area, open_window: OpenWindow):
    repository = Checkout.new(area.home / "api")
    with open_window() as own:
        own.focus()
        own.press("ctrl+shift+n")
        own.press("Tab")
        own.type(str(repository.path))
        own.press("Escape")
        own.press("Tab", "Tab", "Tab", "Tab", "Tab", "space")  # past Browse, name, prompt and saved prompts to "More"
        own.press("shift+Tab", "shift+Tab")  # past the variables
        own.press("space")
        own.press("Return")
        [tab] = wait_until(own.tabs, WAIT_S, "the chat's tab")
        own.wait_connected([tab["session_id"]])
    assert listed(tab["session_id"])["cwd"] != str(repository.path)
    assert "outlive/api" in repository.branches()
