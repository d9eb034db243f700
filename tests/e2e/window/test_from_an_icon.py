"""The window as a desktop starts it: without a terminal, with a PATH that no version manager has changed."""

from __future__ import annotations

import pytest

from tests.e2e.window.conftest import WAIT_S, OpenWindow, everything, listed
from tests.programs import Gate
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import PATIENT_ARGV, Window

pytestmark = pytest.mark.e2e


@pytest.fixture
def as_an_icon_starts_it(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.delenv("TERM")


def started(own: Window) -> str:
    """The chat's id; tries once more if it has not been started yet."""
    tabs = own.tabs()
    if not tabs:
        own.press("Return")
        return ""
    return str(tabs[0]["session_id"])


def test_an_agent_that_only_the_login_shell_finds_is_started(
    open_window: OpenWindow, area: Area, gate: Gate, as_an_icon_starts_it: None
) -> None:
    programs = area.home / ".nvm" / "bin"
    programs.mkdir(parents=True)
    for name, text in {"claude": "#!/usr/bin/env node\n", "node": '#!/bin/sh\necho "node runs $1"\ncat\n'}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (area.home / ".bash_profile").write_text(f"read -n 1 x <{gate.path}\nPATH={programs}:$PATH\n")

    # The window's own process; the terminal that the tests may run in is none of its.
    with open_window(argv=PATIENT_ARGV, has_own_session=True) as own:
        own.focus()
        own.press("ctrl+shift+n")
        gate.release()
        for _ in range(12):
            own.press("Left")  # Claude Code is the first, and greyed until the shell has answered.
        session_id = wait_until(lambda: started(own), WAIT_S, "the chat", every_s=0.2)
        wait_until(lambda: f"node runs {programs}/claude" in everything(session_id), WAIT_S, "the agent")

    found = listed(session_id)
    assert found["agent"] == "claude"
