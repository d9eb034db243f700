"""An agent's answer is copied by keyboard, from the agent's own record."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.e2e.window.conftest import WAIT_S, OpenWindow, chat_text
from tests.programs import program
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import clipboard, outlive

pytestmark = pytest.mark.e2e


@pytest.fixture
def agent(area: Area, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Installs a program called claude that writes a record as Claude Code does."""
    programs = area.root / "bin"
    programs.mkdir()
    path = programs / "claude"
    path.write_text(f'#!/bin/sh\nexec {shlex.join(program("recording_agent"))} "$@"\n', encoding="utf-8")
    path.chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return path


def test_the_last_answer_is_copied_as_the_agent_wrote_it(agent: Path, area: Area, open_window: OpenWindow) -> None:
    chat = json.loads(outlive("new", "claude", "-d", "--json", "-n", "fix", "-C", str(area.home)))["id"]
    wait_until(lambda: "ready" in chat_text(chat), WAIT_S, "the agent")
    with open_window() as app:
        app.show(chat)
        app.wait_connected([chat])
        app.focus()

        def ask(prompt: str) -> None:
            app.type(prompt)
            app.press("Return")
            wait_until(lambda: f"answered {prompt}" in chat_text(chat), WAIT_S, "the answer")

        ask("hello")
        ask("again")
        app.press("ctrl+shift+o")
        expected = "**again** first\n\n- one\n- two"
        wait_until(lambda: clipboard() == expected, WAIT_S, lambda: f"the last answer, not {clipboard()!r}")

        ask("third")
        outlive("stop", chat)
        app.press("ctrl+shift+p")
        app.type("copy last answer")
        app.press("Return")
        expected = "**third** first\n\n- one\n- two"
        wait_until(lambda: clipboard() == expected, WAIT_S, lambda: f"the ended chat's answer, not {clipboard()!r}")
