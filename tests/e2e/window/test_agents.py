"""Chats with agents and shells, used by keyboard: started, continued, resumed, left, and beside a program."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from session_host.protocol.values import State
from tests.programs import program
from tests.support.area import Area
from tests.support.repositories import Checkout
from tests.support.screen_reader import ScreenReader
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive

from .conftest import WAIT_S, NewChat, OpenWindow, chat_text, echo, listed, picture
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


IDS = [str(uuid.uuid4()), str(uuid.uuid4())]
"""Random ids: a process of another test run with the same id would count as having the conversation open."""


@pytest.fixture
def storing_parrot(area: Area, parrot: None) -> None:
    """The agent stores conversations as Claude Code does."""
    (area.config / "agents" / "parrot.toml").write_text(
        AGENT.replace("preset = true", 'preset = true\nstore = "claude"')
    )


def write_conversation(area: Area, conversation: str, directory: Path, prompt: str) -> None:
    """Write the record of a conversation, as the agent does."""
    directory.mkdir(exist_ok=True)
    name = "".join(each if each.isalnum() else "-" for each in str(directory))
    path = area.home / ".claude" / "projects" / name / f"{conversation}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "user", "cwd": str(directory), "message": {"content": prompt}}) + "\n")


def active_chat(app: Window) -> str:
    """The id of the chat in the active tab."""
    [active] = [tab["session_id"] for tab in app.tabs() if tab["active"]]
    return str(active)


def test_continue_finds_a_conversation_and_resumes_an_ended_one(
    storing_parrot: None, area: Area, open_window: OpenWindow
) -> None:
    write_conversation(area, IDS[0], area.home / "api", "Mend the lexer")
    write_conversation(area, IDS[1], area.home / "web", "Paint it blue")
    with open_window() as app:
        app.focus()
        command(app, "continue")
        app.type("blue")
        app.press("Return")
        [tab] = wait_until(app.tabs, WAIT_S, "the chat's tab")
        first = tab["session_id"]
        app.wait_connected([first])
        wait_until(lambda: f"told: --resume {IDS[1]}" in chat_text(first), WAIT_S, "the agent to be resumed")
        entry = listed(first)
        assert (entry["provider_session_id"], entry["cwd"]) == (IDS[1], str(area.home / "web"))

        # The conversation runs in a chat now: choosing it again shows that chat, also from another tab.
        command(app, "continue")
        app.type("lexer")
        app.press("Return")
        wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "the second tab")
        command(app, "continue")
        app.type("blue")
        app.press("Return")
        wait_until(lambda: active_chat(app) == first, WAIT_S, "the first chat")
        assert len(app.tabs()) == 2

        outlive("kill", first)
        wait_until(lambda: listed(first)["state"] == "exited", WAIT_S, "the end")
        wait_until(lambda: [tab["state"] for tab in app.tabs() if tab["active"]] == ["exited"], WAIT_S, "its end")
        command(app, "continue")
        app.press("Return")  # It is the first one.
        wait_until(lambda: listed(first)["continued_by"], WAIT_S, "the resumed chat")
        wait_until(lambda: first not in {tab["session_id"] for tab in app.tabs()}, WAIT_S, "its tab")
        second = active_chat(app)
        assert listed(first)["continued_by"] == second
        assert listed(second)["provider_session_id"] == IDS[1]


@pytest.fixture(autouse=True)
def plain_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/bash")


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
    open_window: OpenWindow, new_chat: NewChat, reader: ScreenReader
):
    chat = new_chat("one", *echo())["id"]
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
        app.type("typed")
        wait_until(lambda: "typed" in chat_text(chat), WAIT_S, "the keyboard to be in the next chat")

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
        run(app, busy, "echo begin=$((2 * 4)); cat", "begin=8")
        app.press("ctrl+shift+w")
        wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "the tab to close")

        # One whose program is stopped does, too.
        stopped = open_shell(app)
        run(app, stopped, "cat", "cat")
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
