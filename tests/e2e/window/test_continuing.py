"""Continue… lists conversations, also those from outside of Outlive; the chosen one goes on in a chat."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from tests.e2e.window.conftest import WAIT_S, OpenWindow, chat_text, listed
from tests.e2e.window.test_agents import AGENT, PROGRAM, command
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive

pytestmark = pytest.mark.e2e

IDS = [str(uuid.uuid4()), str(uuid.uuid4())]
"""Random ids: a process of another test run with the same id would count as having the conversation open."""


@pytest.fixture
def parrot(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installs an agent that stores conversations as Claude Code does, and prints its arguments."""
    programs = area.root / "bin"
    programs.mkdir()
    (programs / "parrot").write_text(PROGRAM)
    (programs / "parrot").chmod(0o700)
    (area.config / "agents").mkdir()
    (area.config / "agents" / "parrot.toml").write_text(
        AGENT.replace("preset = true", 'preset = true\nstore = "claude"')
    )
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("SHELL", "/bin/sh")


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
    parrot: None, area: Area, open_window: OpenWindow
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
