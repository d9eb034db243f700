"""The window started from a desktop icon: without a terminal, and with a PATH that no version manager has changed."""

from __future__ import annotations

import pytest

from tests.e2e.window.conftest import WAIT_S, OpenWindow, chat_text, listed
from tests.programs import Gate
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import PATIENT_ARGV, Window

pytestmark = pytest.mark.e2e


@pytest.fixture
def environment_of_a_desktop(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.delenv("TERM")


def started(app: Window) -> str:
    """The chat's id; presses Enter and returns "" if the chat has not been started yet."""
    tabs = app.tabs()
    if not tabs:
        app.press("Return")
        return ""
    return str(tabs[0]["session_id"])


def test_an_agent_that_only_the_login_shell_finds_is_started(
    open_window: OpenWindow, area: Area, gate: Gate, environment_of_a_desktop: None
) -> None:
    programs = area.home / ".nvm" / "bin"
    programs.mkdir(parents=True)
    for name, text in {"claude": "#!/usr/bin/env node\n", "node": '#!/bin/sh\necho "node runs $1"\ncat\n'}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (area.home / ".bash_profile").write_text(f"read -n 1 x <{gate.path}\nPATH={programs}:$PATH\n")

    # In a session of its own, so that the window does not have the terminal in which the tests may run.
    with open_window(argv=PATIENT_ARGV, has_own_session=True) as app:
        app.focus()
        app.press("ctrl+shift+n")
        gate.release()
        for _ in range(12):
            app.press("Left")  # Claude Code is the first agent, and disabled until the login shell has answered.
        session_id = wait_until(lambda: started(app), WAIT_S, "the chat", every_s=0.2)
        wait_until(lambda: f"node runs {programs}/claude" in chat_text(session_id), WAIT_S, "the agent")

    entry = listed(session_id)
    assert entry["agent"] == "claude"
