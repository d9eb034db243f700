"""The foreground program that a new host reads from the state of the previous one."""

from __future__ import annotations

import os
from typing import cast
from unittest.mock import Mock

from session_host.host.watchers.foreground import ForegroundProcess
from session_host.protocol.facts import Foreground
from session_host.storage.descriptors.log_state import (
    NO_COMMAND,
    CommandState,
    ForegroundState,
)
from session_host.system.processes.pty_process import PtyProcess

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
    foreground = ForegroundProcess(changes.append, Mock(), lambda: "now", command, saved_state)
    foreground.start_watching(cast("PtyProcess", FakeProcess(group)))
    try:
        return foreground.poll(), changes, foreground.saved_state
    finally:
        foreground.close()


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
