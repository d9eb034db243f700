"""Chats with agents and shells, used by keyboard: started, continued, resumed, left, and beside a program."""

from __future__ import annotations

import json
from typing import Any

import pytest

from session_host.protocol.values import State
from tests.support.area import Area
from tests.support.screen_reader import ScreenReader
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive

from .conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed, new_echo, picture, retry_until
from .user_actions import command

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


def newest() -> dict[str, Any]:
    """The chat that was started last, as ``ls`` prints it."""
    entries: list[dict[str, Any]] = json.loads(outlive("ls", "--all", "--json"))
    return entries[-1]


def test_an_agent_gets_a_first_prompt_is_stopped_after_a_question_and_resumed_in_its_tab(
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
        conversation = listed(first)["provider_session_id"]
        told = f"told: --session {conversation} fix the tests\nand say why"
        wait_until(lambda: told in chat_text(first), WAIT_S, lambda: f"{told!r} in {chat_text(first)!r}")

        app.type("hello")
        app.press("Return")
        wait_until(lambda: chat_text(first).count("hello") == 2, WAIT_S, "the answer")
        wait_until(lambda: listed(first)["activity"] == "working", WAIT_S, "the agent's report")
        # The window asks for confirmation, because the agent works: Enter alone keeps it running.
        command(app, "stop chat")
        app.answer("Return")
        app.type("still here")
        app.press("Return")
        wait_until(lambda: chat_text(first).count("still here") == 2, WAIT_S, "the keyboard in the chat, which runs on")
        command(app, "stop chat")
        app.answer("Tab", "Return")
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


def stored() -> dict[str, str]:
    """The states of all chats in the store, by id."""
    entries: list[dict[str, Any]] = json.loads(outlive("ls", "--all", "--json"))
    return {entry["id"]: entry["state"] for entry in entries}


def open_shell(app: Window) -> str:
    """Open a shell in a tab by its key; returns its id."""
    before = {tab["session_id"] for tab in app.tabs()}
    app.press("ctrl+shift+Return")
    after = wait_until(
        lambda: [tab["session_id"] for tab in app.tabs() if tab["session_id"] not in before], WAIT_S, "the shell"
    )
    app.wait_connected(after)
    return str(after[0])


def run(app: Window, session_id: str, command: str, shows: str) -> None:
    app.type(command)
    app.press("Return")
    wait_until(lambda: shows in chat_text(session_id), WAIT_S, f"{shows} on the screen")


def test_a_shell_that_is_left_or_whose_idle_tab_is_closed_goes_and_is_found_and_one_that_was_killed_stays(
    open_window: OpenWindow, new_chat: NewChat, reader: ScreenReader, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SHELL", "/bin/bash")
    chat = new_echo(new_chat, "one")["id"]
    with open_window() as app:
        app.show(chat)
        app.focus()

        left = open_shell(app)
        run(app, left, "echo sum=$((1 + 2))", "sum=3")
        screen = reader.program("outlive")
        wait_until(lambda: "idle, 1 chat" in screen.showing("list item"), WAIT_S, "the shell to be an idle one")
        app.press("ctrl+d")
        wait_until(lambda: [tab["session_id"] for tab in app.tabs()] == [chat], WAIT_S, "the shell's tab to close")
        wait_until(
            lambda: not any("ended" in each or "idle" in each for each in screen.showing("list item")),
            WAIT_S,
            "it to leave the list",
        )
        # Keys on their way to the shell are refused for half a second.
        retry_until(lambda: app.type("typed"), lambda: "typed" in chat_text(chat), "the keyboard in the next chat")

        # What it printed is found by the search in all chats.
        app.press("ctrl+shift+s")
        app.type("sum=3")
        app.press("Return")
        wait_until(lambda: [tab["session_id"] for tab in app.tabs()] == [chat, left], WAIT_S, "the shell to be found")
        app.press("ctrl+shift+w")
        wait_until(lambda: [tab["session_id"] for tab in app.tabs()] == [chat], WAIT_S, "its tab to close")

        # The tab of an idle shell is closed and comes back, with what it showed.
        idle = open_shell(app)
        run(app, idle, "x=kept; echo ready=$((6 * 7))", "ready=42")
        app.press("ctrl+shift+w")
        wait_until(lambda: [tab["session_id"] for tab in app.tabs()] == [chat], WAIT_S, "the tab to close")
        app.press("ctrl+shift+t")
        wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "the tab to come back")
        run(app, idle, "echo still-$x", "still-kept")

        # One that was killed stays.
        killed = open_shell(app)
        app.type("kill -KILL $$")
        app.press("Return")
        wait_until(
            lambda: [tab["state"] for tab in app.tabs() if tab["session_id"] == killed] == ["exited"], WAIT_S, "its end"
        )
        app.press("ctrl+shift+w")
        wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "the tab to close")

        # A shell in which a program runs keeps running without its tab.
        busy = open_shell(app)
        run(app, busy, "sh -c 'echo begin=$((2 * 4)); exec cat'", "begin=8")  # It says itself that it runs.
        app.press("ctrl+shift+w")
        wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "the tab to close")

        # One whose program is stopped does, too.
        stopped = open_shell(app)
        run(app, stopped, "sh -c 'echo begin=$((3 * 4)); exec cat'", "begin=12")
        app.press("ctrl+z")
        wait_until(lambda: "Stopped" in chat_text(stopped), WAIT_S, "the program to be stopped")
        app.press("ctrl+shift+w")
        wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "the tab to close")

        app.show(idle)
        app.press("ctrl+shift+w")
        wait_until(lambda: [tab["session_id"] for tab in app.tabs()] == [chat], WAIT_S, "the tab to close")
        app.ask("close")  # Now nobody can undo it any more.
        app.process.wait()
        ended = dict.fromkeys((left, idle, killed), State.EXITED.value)
        assert stored() == dict.fromkeys((chat, busy, stopped), State.RUNNING.value) | ended


def opened(app: Window, *keys: str) -> str:
    """Press keys that open a chat; returns its id, once it is in front and connected."""
    before = {tab["session_id"] for tab in app.tabs()}
    app.press(*keys)

    def started() -> list[str]:
        tabs = app.tabs()
        return [tab["session_id"] for tab in tabs if tab["active"] and tab["session_id"] not in before]

    [session_id] = wait_until(started, WAIT_S, f"the tab of a chat after {keys}", every_s=0.05)
    app.wait_connected([session_id])
    return str(session_id)


def wait_for_text(chat: str, text: str) -> None:
    wait_until(lambda: text in chat_text(chat), WAIT_S, lambda: f"{text!r} in {chat_text(chat)!r}", every_s=0.05)


def test_a_shell_beside_a_program_starts_where_that_is_and_a_file_opens_at_its_line_in_a_tab(
    open_window: OpenWindow, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, programs = area.home / "project", area.root / "bin"
    (project / "src").mkdir(parents=True)
    (project / "src/app.py").touch()
    (project / "errors").write_text("src/app.py:12: error\n")
    programs.mkdir()
    for name, lines in (("nano", 'echo "told: $*"; read line'), ("xdg-mime", "exit 1")):  # No editor has a window.
        (programs / name).write_text(f"#!/bin/sh\n{lines}\n")
        (programs / name).chmod(0o700)
    for name, value in (("PATH", f"{programs}:/usr/bin:/bin"), ("SHELL", "/bin/bash"), ("VISUAL", "nano")):
        monkeypatch.setenv(name, value)
    (area.home / ".bashrc").write_text("PS1='$ '\n")
    shell = json.loads(outlive("new", "shell", "-d", "--json", "-n", "shell", "-C", str(project)))["id"]
    with open_window() as app:
        app.show(shell)
        app.focus()
        app.type("cat errors; (cd src; cat)")
        app.press("Return")
        wait_for_text(shell, "app.py:12")
        wait_until(lambda: listed(shell)["foreground"] == "cat", WAIT_S, "the program in the foreground")

        for keys, pane in (("ctrl+shift+Return", 1), ("ctrl+shift+d", 2)):
            app.show(shell)
            beside = opened(app, keys)
            assert [tab["pane"] for tab in app.tabs() if tab["session_id"] == beside] == [pane]
            app.type("pwd")
            app.press("Return")
            wait_for_text(beside, f"{project}/src\n")

        app.show(shell)
        editor = opened(app, "ctrl+shift+h", "a")
        wait_for_text(editor, f"told: +12,1 {project}/src/app.py")
        app.press("Return")
        wait_until(lambda: editor not in {tab["session_id"] for tab in app.tabs()}, WAIT_S, "its tab to close")
