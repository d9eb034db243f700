"""A command forked by the tests' server behaves like one in its own interpreter."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.support import command_client, processes
from tests.support.commands import OUTLIVE, environment, new, outlive
from tests.support.waiting import wait_until


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


def test_a_command_that_takes_too_long_is_killed(sessions: Sessions) -> None:
    session = new("--", "cat")
    [server] = [pid for pid in processes.children() if "command_server" in processes.command_line(pid)]

    with pytest.raises(subprocess.TimeoutExpired):
        outlive("wait", session, "--exited", cwd="/", timeout_s=0.5)

    children = Path(f"/proc/{server}/task/{server}/children")
    wait_until(lambda: not children.read_text(), 20, "the command to be gone")


def test_another_setup_of_the_interpreter_needs_its_own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not command_client.is_possible(["ls"], environment({"PYTHONIOENCODING": "ascii"}))
    assert not command_client.is_possible(["ls"], environment({"LC_ALL": "C"}))
    monkeypatch.setenv("PYTHONDEVMODE", "1")
    assert not command_client.is_possible(["ls"], environment())
