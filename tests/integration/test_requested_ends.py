"""An end that the user requested is worded differently from other ends."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support.commands import outlive

pytestmark = pytest.mark.usefixtures("sessions")


def started(name: str) -> int:
    """Start a chat; returns the PID of its program."""
    child: int = outlive("new", "--json", "-n", name, "--", "sleep", "1000").json()["child_pid"]
    return child


def test_a_chat_killed_by_its_user_is_not_shown_as_ended_by_sigkill() -> None:
    started("killed")
    started("stopped")
    child = started("hit")
    assert outlive("kill", "killed").code == 0
    assert outlive("stop", "stopped").code == 0
    os.kill(child, signal.SIGKILL)
    assert outlive("wait", "hit", "--exited", "--timeout", "60").code == 0
    started("one of all")
    assert outlive("kill-all", "--yes").code == 0

    listed = outlive("ls", "--all").output
    infos = outlive("ls", "--all", "--json").json()
    found = {info["name"]: (info["exit_signal"], info["end_request"]) for info in infos}

    assert found == {
        "killed": (9, "kill"), "stopped": (15, "stop"), "hit": (9, None), "one of all": (9, "kill"),
    }  # fmt: skip
    assert listed.count("■ killed by you") == 2
    assert listed.count("■ stopped by you") == listed.count("■ signal 9 (SIGKILL)") == 1
    assert "killed was killed by you" in outlive("send", "killed", "x").error
    assert "hit has ended (signal 9 (SIGKILL))" in outlive("send", "hit", "x").error
