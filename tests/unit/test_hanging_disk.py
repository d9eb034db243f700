"""A directory on a network mount without its server hangs nothing but the question about it."""

from __future__ import annotations

import ast
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import gui
import session_host
from gui.bridge.git_status import repository_files
from session_host.client.worktrees import status_of
from session_host.client.worktrees.changes import read_changes
from session_host.errors import WorktreeError
from session_host.host.operations.runner import start
from session_host.restore_points.points import About, take
from session_host.structured.operations import StartTerminal
from tests.support.disks import hanging_disk

MINUTE_S = 60.0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with hanging_disk(tmp_path / "mount") as path:
        yield path


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(WorktreeError, match="does not answer"):
        call()


def test_the_interpreter_runs_while_git_is_asked_about_a_hanging_directory(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("session_host.git.READ_TIMEOUT_S", 1.0)
    asked: list[Callable[[], object]] = [
        lambda: status_of(str(disk), timeout_s=1.0),
        lambda: repository_files(str(disk)),
        lambda: refused(lambda: read_changes(disk)),
        lambda: refused(lambda: take(disk, "8b0dd3d1", About(kind="prompt"))),
    ]
    threads = [threading.Thread(target=each, daemon=True) for each in asked]
    for thread in threads:
        thread.start()
    ticks, until_s = 0, time.monotonic() + MINUTE_S
    while threads[0].is_alive() and time.monotonic() < until_s:
        ticks += 1
        threads[0].join(0.001)
    for thread in threads:
        thread.join(MINUTE_S)
    assert ticks > 20


def test_a_command_of_an_agent_enters_its_directory_itself(disk: Path) -> None:
    operation = StartTerminal(1, "1", ("true",), str(disk))
    started = start(operation, {}, str(disk), 0o022, 0, "")
    os.close(started.master)
    started.process.kill()
    assert started.process.wait(MINUTE_S) < 0


def test_no_process_is_started_in_a_directory_that_may_hang() -> None:
    """``Popen(cwd=…)`` holds the interpreter until the child is in the directory; "/" never hangs."""
    own_process = {"worktree_setup/command.py"}
    checked_before = {"agents/login_shell.py"}
    found = set()
    for package in (gui, session_host):
        root = Path(package.__path__[0])
        for path in root.rglob("*.py"):
            text = path.read_text()
            if "cwd=" not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("Popen", ".run", "_exec", "_shell")):
                    values = [word.value for word in node.keywords if word.arg == "cwd"]
                    if any(ast.unparse(value) != "'/'" for value in values):
                        found.add(str(path.relative_to(root)))
    assert found == own_process | checked_before
