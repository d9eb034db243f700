"""Chats of another machine in the window, over a real sshd."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from session_host import paths
from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.ssh_machines import SshMachine, end_logins, ssh_machines
from tests.support.waiting import wait_until
from tests.support.windows import outlive

from .conftest import WAIT_S, OpenWindow, chat_text
from .user_actions import wait_until_tabs_are_saved

pytestmark = pytest.mark.e2e


@pytest.fixture
def alpha(area: Area, sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshMachine]:
    """The machine ``alpha``, added."""
    with ssh_machines(area.root / "m", "alpha") as (started, environment):
        monkeypatch.setenv("PATH", environment["PATH"])
        outlive("machines", "add", "alpha")
        yield started[0]
        end_logins("alpha")
        sessions.end_all()


def test_a_chat_there_outlives_window_and_link(open_window: OpenWindow, alpha: SshMachine) -> None:
    outlive("new", "-d", "--on", "alpha", "-n", "api", "shell")
    (chat,) = json.loads(outlive("ls", "--on", "alpha", "--json"))
    far = f"alpha/{chat['id']}"
    with open_window() as first:
        wait_until(first.is_listening, WAIT_S, "the window to listen")
        outlive("window", "show", "alpha:api")
        first.wait_connected([far])
        first.focus()
        first.type("echo typed $((6*7))\n")
        wait_until(lambda: "typed 42" in chat_text("alpha:api"), WAIT_S, "the shell's answer")
        wait_until_tabs_are_saved(first)
        wait_until((paths.state_dir() / "machines" / "alpha.msgpack").exists, WAIT_S, "the list to be kept")
        first.kill()
    alpha.stop()
    with open_window() as second:
        wait_until(second.is_listening, WAIT_S, "the window to listen")
        assert [(tab["session_id"], tab["connected"]) for tab in second.tabs()] == [(far, False)]
        alpha.start()
        second.wait_connected([far])
        second.focus()
        second.type("echo again $((6*8))\n")
        wait_until(lambda: "again 48" in chat_text("alpha:api"), WAIT_S, "the shell's answer")
