"""The foreground program that a new host reads from the state of the previous one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import cast
from unittest.mock import Mock

import pytest

from session_host.host.watchers import foreground
from session_host.host.watchers.foreground import ForegroundProcess
from session_host.protocol.facts import Foreground
from session_host.storage.descriptors.log_state import (
    NO_COMMAND,
    CommandState,
    ForegroundState,
)
from session_host.system.processes.pty_process import PtyProcess
from tests.support.waiting import eventually

SHELL = 0
"""A process group without a program, as a shell that waits."""


class FakeProcess:
    """A session's program with this foreground group."""

    def __init__(self, group: int) -> None:
        self.pid, self.group = os.getpid(), group

    def foreground_group(self) -> int:
        return self.group


async def look(
    saved_state: ForegroundState, *, group: int = SHELL, command: CommandState = NO_COMMAND
) -> tuple[Foreground, list[Foreground], ForegroundState]:
    """The program, the changes and the state after a new host's first look."""
    changes: list[Foreground] = []
    watched = ForegroundProcess(changes.append, Mock(), lambda: "now", command, saved_state)
    watched.start_watching(cast("PtyProcess", FakeProcess(group)))
    try:
        return watched.poll(), changes, watched.saved_state
    finally:
        watched.close()


async def test_a_prompt_keeps_the_time_that_the_previous_host_saved() -> None:
    saved = ForegroundState(SHELL, "", "earlier")
    found, changes, state = await look(saved, command=CommandState(exit_code=1, ended="end"))
    assert found == Foreground("", "earlier", 1, "end")
    assert (changes, state) == ([], saved)


async def test_a_prompt_after_a_saved_program_begins_now() -> None:
    found, changes, state = await look(ForegroundState(4711, "make", "earlier"))
    assert found == Foreground("", "now")
    assert (changes, state) == ([found], ForegroundState(SHELL, "", "now"))


async def test_a_program_after_a_saved_prompt_has_its_own_start() -> None:
    found, _, state = await look(ForegroundState(4711, "", "earlier"), group=os.getpgrp())
    assert found.program
    assert found.since not in {"earlier", ""}
    assert state == ForegroundState(os.getpgrp(), found.program, found.since)


class Program:
    """A program that runs in a directory, with a command line."""

    def __init__(self, directory: Path, *words: str) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", _WAITS, *words], cwd=directory, stdout=subprocess.PIPE)

    def __enter__(self) -> int:
        assert self._process.stdout is not None
        self._process.stdout.readline()
        return self._process.pid

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.communicate()


_WAITS = "import time; print(flush=True); time.sleep(600)"


async def name_of(pid: int, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setattr(foreground, "_command_line", lambda _pid: list(words))
    found, _, _ = await look(ForegroundState(), group=pid)
    return found.program


async def test_a_file_is_looked_for_where_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.txt").touch()
    with Program(tmp_path) as pid:
        assert await name_of(pid, monkeypatch, "vim", "notes.txt") == "vim notes.txt"
        assert await name_of(pid, monkeypatch, "vim", str(tmp_path / "notes.txt")) == "vim notes.txt"
        assert await name_of(pid, monkeypatch, "vim", "missing.txt") == "vim"


async def test_a_disk_that_does_not_answer_holds_no_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, asked = threading.Event(), list[Path]()

    def hangs(path: Path) -> bool:
        asked.append(path)
        answers.wait(60)
        return True

    monkeypatch.setattr(foreground, "LOOK_S", 0.01)
    monkeypatch.setattr(Path, "exists", hangs)
    files = foreground._Files()
    with Program(tmp_path) as pid:
        assert await name_of(pid, monkeypatch, "vim", "notes.txt") == "vim"
    assert not files.has(tmp_path)
    assert not files.has(tmp_path), "one look hangs: there is no other"
    await eventually(lambda: len(asked) == 2, 10, "both threads to look")
    answers.set()
