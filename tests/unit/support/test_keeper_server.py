"""A keeper forked by the tests' server looks in /proc like one started by exec."""

from __future__ import annotations

import os
import subprocess

import pytest

from session_host.keeper_client import discovery
from tests.conftest import Sessions
from tests.support import processes
from tests.support.commands import new


def _shown() -> tuple[str, dict[bytes, bytes], str, int]:
    """Return the values in /proc of a keeper, which is started if there is none."""
    pipe = discovery.connect_or_start_keeper()
    pid = pipe.peer_pid()
    pipe.close()
    assert os.getsid(pid) != os.getsid(0)
    assert processes.name(pid) == "outlive-keeper"
    directory = os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115
    return processes.command_line(pid), processes.environment(pid), directory, len(processes.keepers(pid))


def test_a_forked_keeper_shows_the_same_as_an_executed_one(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    assert vars(discovery)["subprocess"] is not subprocess, "keepers are forked"
    new("-d", "--", "cat")
    forked = _shown()
    sessions.end_all()
    monkeypatch.setattr(discovery, "subprocess", subprocess)
    assert _shown() == forked
