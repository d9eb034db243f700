"""Turns of an agent are marked at the same offset in each viewer's replica."""

from __future__ import annotations

import os
import signal
from functools import partial

import pytest

from session_host.client.control import request
from session_host.client.viewer.viewer import Viewer
from session_host.protocol.messages import Describe, Description
from session_host.terminal import available_engines
from tests.support.hosts import end, see, start, watching

pytestmark = pytest.mark.usefixtures("sessions")

AGENT = r"""
state() { printf '\033]7501;state=%s\033\\' "$1"; }
state idle; echo ready
while read -r line; do
    state working; read -r answer; seq 1 30; state idle; echo "done $line"
done
"""
"""An agent that reports its turns; after each line of input, it reads its answer from the next line."""


def turns_in(viewer: Viewer) -> list[str]:
    """The texts of the rows at which turns begin."""
    emulator = viewer.emulator
    if emulator is None:
        return []
    rows = [*emulator.history(0, emulator.scrollback_rows), *emulator.rows()]
    return [rows[prompt.row].text() for prompt in emulator.prompts() if prompt.turn]


def has_turns(viewer: Viewer, count: int) -> bool:
    return turns_in(viewer) == [f"answer {number}" for number in range(count)]


async def test_turns_are_marked_in_all_viewers_and_survive_the_host() -> None:
    record = await start("sh", "-c", AGENT)
    async with watching(record.id) as (viewer, watcher), watching(record.id, output=False, live=False) as (hidden, _):
        await see(viewer, watcher, "ready")

        async def ask(number: int) -> None:
            viewer.text(f"question {number}\r")
            await watcher.until(lambda: len(turns_in(viewer)) == number + 1, f"turn {number}")
            viewer.text(f"answer {number}\r")
            await see(viewer, watcher, f"done question {number}")
            assert has_turns(viewer, number + 1)

        await ask(0)
        description: Description = await request(record.id, Describe(0))
        os.kill(description.host_pid, signal.SIGKILL)
        await ask(1)
        await ask(2)
        # A viewer that did not receive output, and later viewers, also with the other engine.
        hidden.follow(True)
        await watcher.until(partial(has_turns, hidden, 3), "the turns where no output was followed")
    for engine in available_engines():
        async with watching(record.id, engine=engine) as (later, watcher):
            await watcher.until(partial(has_turns, later, 3), f"the turns with {engine}")
    await end(record.id)
