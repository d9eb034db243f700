"""A keeper forked by the tests' server looks in /proc like one started by exec."""

from __future__ import annotations

import os

import pytest

from session_host.keeper_client import discovery
from tests.conftest import Sessions
from tests.support import processes
from tests.support.commands import new
from tests.support.forked_keeper import EXEC


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
    assert vars(discovery)["start_process"] is not EXEC, "keepers are forked"
    new("-d", "--", "cat")
    forked = _shown()
    sessions.end_all()
    monkeypatch.setattr(discovery, "start_process", EXEC)
    assert _shown() == forked
