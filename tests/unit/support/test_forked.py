"""Commands and keepers that the tests' servers fork behave like those in an interpreter of their own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from session_host.keeper_client import discovery
from tests.conftest import Sessions
from tests.support import command_client, processes
from tests.support.commands import OUTLIVE, environment, new, outlive
from tests.support.forked_process import EXEC


@pytest.mark.parametrize("words", [["--version"], ["ls", "--json"], ["nonsense"], ["peek", "日本"], ["send", "--help"]])
def test_both_have_the_same_output(words: list[str], tmp_path: Path) -> None:
    assert command_client.is_possible(words, environment())
    process = subprocess.run([*OUTLIVE, *words], capture_output=True, cwd=tmp_path, env=environment(), check=False)

    assert outlive(*words) == outlive(*words, cwd=tmp_path)
    assert outlive(*words, cwd=tmp_path) == (process.returncode, process.stdout.decode(), process.stderr.decode())


def test_a_forked_command_has_its_own_environment_directory_umask_and_input(sessions: Sessions, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        done = outlive("new", "--json", "--", "sh", "-c", "umask; exec cat", cwd=tmp_path, env={"MINE": "yes"})
    finally:
        os.umask(before)
    session = done.json()
    assert session["cwd"] == str(tmp_path)
    assert processes.environment(session["child_pid"])[b"MINE"] == b"yes"
    assert outlive("wait", session["id"], "--text", "0027", "--timeout", "60").code == 0
    assert outlive("send", session["id"], "-", typed="typed").code == 0
    assert outlive("wait", session["id"], "--text", "typed", "--timeout", "60").code == 0


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
