"""Start times and durations of a shell's commands: the host measures them, and all viewers have the same."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from session_host.client.control import request
from session_host.client.sessions.last_screen import last_screen
from session_host.client.viewer.viewer import Viewer
from session_host.protocol.messages import Describe, Description
from session_host.protocol.values import CommandTime
from session_host.terminal import available_engines
from session_host.terminal.base import Emulator, EngineName
from tests.conftest import Sessions
from tests.support.hosts import end, see, start, watching
from tests.support.waiting import eventually

SHELL = r"""
mark() { printf '\033]133;%s\007' "$1"; }
mark A; echo "prompt 0"
number=0
while read -r line; do
    mark C; echo "began $line"; read -r _; number=$((number + 1))
    mark 'D;0'; mark A; echo "prompt $number"
done
"""
"""A shell with marks, in which each command runs until the next line of input."""


def times_in(emulator: Emulator | None) -> list[CommandTime]:
    """The times of a terminal's commands, in the order of the commands."""
    if emulator is None:
        return []
    found = [emulator.commands.of(prompt.number) for prompt in emulator.prompts() if prompt.output is not None]
    return [command.time() for command in found if command is not None and command.began_ms]


def ended_in(viewer: Viewer) -> list[CommandTime]:
    return [each for each in times_in(viewer.emulator) if each.took_ms >= 0]


@pytest.mark.parametrize("engine", available_engines())
async def test_the_host_measures_command_times_and_they_survive_it(sessions: Sessions, engine: EngineName) -> None:
    record = await start("sh", "-c", SHELL, engine=engine)
    before_ms = time.time_ns() // 1_000_000
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "prompt 0")

        async def kill_host() -> None:
            description: Description = await request(record.id, Describe(0))
            os.kill(description.host_pid, signal.SIGKILL)

        viewer.text("one\r")
        await see(viewer, watcher, "began one")
        await eventually(lambda: [each.took_ms for each in times_in(viewer.emulator)] == [-1], 10, "its beginning")
        viewer.text("\r")
        await see(viewer, watcher, "prompt 1")
        await eventually(lambda: len(ended_in(viewer)) == 1, 10, "its end")
        viewer.text("two\r")
        await see(viewer, watcher, "began two")
        await eventually(lambda: len(times_in(viewer.emulator)) == 2, 10, "the second one's beginning")
        began = times_in(viewer.emulator)[1]
        await kill_host()
        viewer.text("\r")
        await see(viewer, watcher, "prompt 2")
        await eventually(lambda: len(ended_in(viewer)) == 2, 10, "an end that the next host has seen")
        known = times_in(viewer.emulator)
    assert before_ms <= known[0].began_ms <= known[1].began_ms <= time.time_ns() // 1_000_000
    assert known[0].number < known[1].number
    assert known[1].began_ms == began.began_ms
    assert known[1].took_ms > 0, "from one host's clock to another's"
    for other in available_engines():
        async with watching(record.id, engine=other) as (later, _):
            await eventually(lambda: times_in(later.emulator) == known, 10, f"the times with {other}")
    await end(record.id)
    await asyncio.to_thread(sessions.end_all)
    for other in available_engines():
        screen = last_screen(record.id, other)
        assert screen is not None
        assert times_in(screen) == known
        screen.close()
