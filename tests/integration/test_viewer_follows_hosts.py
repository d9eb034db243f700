"""A viewer stays connected to a chat while its host is killed and replaced."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from session_host.client.viewer.replica_progress import Outdated
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.protocol.messages import ActivityEvent, BellEvent, NotificationEvent, TitleEvent
from session_host.protocol.values import GridSize
from tests.programs import Gate, program
from tests.support.facts import known
from tests.support.hosts import Watcher, description_of, end, see, shown, start, watching

pytestmark = pytest.mark.usefixtures("sessions")

KILLS = 5
KEYS = 2000


async def kill_host(session_id: str, viewer: Viewer, watcher: Watcher) -> None:
    """Kill the host; returns when the viewer is live again with another host."""
    described = await asyncio.to_thread(description_of, session_id)
    seen = len(watcher.states)
    os.kill(known(described.facts.program.host_pid), signal.SIGKILL)
    await watcher.until(
        lambda: len(watcher.states) > seen and viewer.line.shown is ViewerState.LIVE, "the viewer to be live again"
    )


async def test_the_replica_stays_and_input_during_the_replacement_arrives_once(tmp_path: Path) -> None:
    record = await start(*program("raw_echo"))
    async with watching(record.id, size=GridSize(80, 24)) as (viewer, watcher):
        await see(viewer, watcher, "ready")
        emulator = viewer.replica.emulator
        typed = ""
        for letter in "abcde":
            killing = asyncio.ensure_future(kill_host(record.id, viewer, watcher))
            for _ in range(KEYS):
                viewer.key(letter, letter)
                typed += letter
                await asyncio.sleep(0)  # Some keys come before the attach, some during it, some after it.
            await killing
        await watcher.until(lambda: len(viewer.inputs) == 0, "all to be acknowledged")
        await watcher.until(lambda: "".join(shown(viewer)[1:]) == typed, "all that was typed, once")
        assert viewer.replica.emulator is emulator, "scroll position and selection are those of the same terminal"
        assert watcher.refusals == []
    await end(record.id)


async def test_no_event_is_repeated_and_title_and_activity_stay(tmp_path: Path) -> None:
    with Gate(tmp_path / "gate") as gate:
        says = r"printf '\033]2;a title\007\033]9;Run it?\007\007said'"
        record = await start("sh", "-c", f"read x < {gate.path}; {says}; exec cat", asks_by_notification=True)
        async with watching(record.id, size=GridSize(80, 24)) as (viewer, watcher):
            gate.release()
            os.write(gate._descriptor, b"\n")
            await see(viewer, watcher, "said")
            for _ in range(KILLS):
                await kill_host(record.id, viewer, watcher)
            kinds = [type(event) for event in watcher.events]
            assert kinds.count(BellEvent) == kinds.count(NotificationEvent) == 1
            activities = [event for event in watcher.events if isinstance(event, ActivityEvent)]
            assert {
                (event.status.activity, event.status.since, event.status.detail) for event in activities[-KILLS:]
            } == {(activities[-1].status.activity, activities[-1].status.since, activities[-1].status.detail)}
            assert activities[-1].status.activity == "needs_input"
            assert {event.title for event in watcher.events if isinstance(event, TitleEvent)} == {"a title"}
        await end(record.id)


async def test_a_new_replica_keeps_the_scroll_position(tmp_path: Path) -> None:
    with Gate(tmp_path / "gate") as gate:
        record = await start(*program("numbered_lines", 300, "--stay", "--gate", gate.path))
        async with watching(record.id, size=GridSize(80, 24)) as (viewer, watcher):
            await see(viewer, watcher, "end of lines")
            assert viewer.replica.emulator is not None
            viewer.replica.emulator.scroll(-100)
            top = viewer.replica.emulator.frame().rows[0].text()
            # As if the viewer had missed more output than the host keeps.
            viewer._rules.progress.now = Outdated(has_history=True)
            replaced = watcher.replaced
            await kill_host(record.id, viewer, watcher)
            await watcher.until(lambda: watcher.replaced > replaced, "a new replica")
            assert viewer.replica.emulator.frame().rows[0].text() == top
        await end(record.id)
