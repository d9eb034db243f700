"""An idle session hibernates, and every event wakes it or is handled as before."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from session_host.client.control import request
from session_host.client.sessions.listing import describe
from session_host.client.sessions.upgrade import replace_host
from session_host.client.viewer import closing
from session_host.client.viewer.viewer import Viewer
from session_host.keeper_client.requests import keeper_status
from session_host.paths import database, session_log
from session_host.protocol.messages import ActivityEvent, Describe, Description, ForegroundEvent
from session_host.protocol.values import Activity, GridSize, State
from session_host.storage.store import SessionRecord, Store
from session_host.system.clock import now
from tests.benchmarks.usage import pss_mb
from tests.support import processes
from tests.support.area import Area
from tests.support.claude_like import claude_like
from tests.support.hosts import Watcher, end, hibernate_after, peek, redraw, see, shown, start, watching
from tests.support.reboots import kill_at_once
from tests.support.waiting import eventually, poll_until, wait_for_end

pytestmark = pytest.mark.usefixtures("sessions")

HIBERNATES_AFTER_S = 0.2
TIMEOUT_S = 60.0


@pytest.fixture(autouse=True)
def hibernates_soon(area: Area) -> None:
    hibernate_after(HIBERNATES_AFTER_S)


def log_of(record: SessionRecord) -> str:
    return session_log(record.id).read_text(encoding="utf-8")


async def wait_until_hibernating(record: SessionRecord, times: int = 1) -> int:
    """Wait until the chat has hibernated ``times`` times; returns the PID of the hibernating process."""

    def hibernating_lines() -> list[str]:
        return [line for line in log_of(record).splitlines() if line.endswith(".hibernation hibernating")]

    await eventually(lambda: len(hibernating_lines()) >= times, TIMEOUT_S, f"{record.name} to rest")
    return int(hibernating_lines()[-1].split()[2])


def ends_with(viewer: Viewer, lines: list[str]) -> bool:
    return shown(viewer)[-len(lines) :] == lines


async def described(record: SessionRecord) -> Description:
    answer: Description = await request(record.id, Describe(0))
    return answer


async def test_a_hibernating_chat_answers_the_list_without_waking() -> None:
    record = await start("cat")
    pid = await wait_until_hibernating(record)
    for _ in range(3):
        description = await asyncio.to_thread(describe, record.id)
        assert description is not None
        assert (description.host_pid, description.child_pid) == (pid, record.child_pid)
        assert description.state is State.RUNNING
    assert "woken" not in log_of(record)
    assert pid != record.host_pid
    await end(record.id)


async def test_a_hibernating_chat_takes_less_memory() -> None:
    record = await start("cat")
    assert record.host_pid is not None
    awake_mb = pss_mb(record.host_pid)
    assert pss_mb(await wait_until_hibernating(record)) < awake_mb
    await end(record.id)


async def test_typing_wakes_a_hibernating_chat() -> None:
    record = await start("sh", "-c", "seq -f 'line %g' 300; exec cat")
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "line 300")
        for times, word in enumerate(("first", "second"), 1):
            await wait_until_hibernating(record, times)
            for character in word:
                viewer.key(character, character)
            viewer.key("Enter", "\r")
            await watcher.until(partial(ends_with, viewer, [word, word]), "the echo and the answer")
        assert shown(viewer) == [f"line {number}" for number in range(1, 301)] + ["first"] * 2 + ["second"] * 2
        assert await peek(record.id) == shown(viewer)
        assert watcher.refusals == []
    await end(record.id)


async def test_text_typed_into_a_hibernating_chat_arrives_although_its_viewer_closes_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(closing, "DELIVERY_TIMEOUT_S", TIMEOUT_S)
    record = await start("cat")
    async with watching(record.id) as (viewer, watcher):
        await wait_until_hibernating(record)
        for character in "exit":
            viewer.key(character, character)
        viewer.close()  # In the same turn of the loop: the host wakes later, and closes the connection unread.
        assert await viewer.closed() == 0
    assert await peek(record.id) == ["exit"]
    assert watcher.refusals == []
    await end(record.id)


async def test_the_programs_output_wakes_a_hibernating_chat(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    record = await start("sh", "-c", "read go < $0; seq -f 'line %g' 1000; exec cat", str(gate))
    async with watching(record.id) as (viewer, watcher):
        await wait_until_hibernating(record)
        gate.write_text("go\n")
        await see(viewer, watcher, "line 1000")
        assert shown(viewer) == [f"line {number}" for number in range(1, 1001)]
    await end(record.id)


async def test_the_end_of_a_hibernating_chat_is_recorded_with_its_code(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    record = await start("sh", "-c", "read go < $0; exit 23", str(gate))
    pid = await wait_until_hibernating(record)
    gate.write_text("go\n")
    await asyncio.to_thread(wait_for_end, pid, TIMEOUT_S)
    with Store.open(database()) as store:
        recorded = store.get(record.id)
    assert recorded is not None
    assert (recorded.state, recorded.exit_code) == (State.EXITED, 23)


async def test_a_shutdown_interrupts_a_hibernating_chat() -> None:
    record = await start("cat")
    pid = await wait_until_hibernating(record)
    os.kill(pid, signal.SIGTERM)
    await asyncio.to_thread(wait_for_end, pid, TIMEOUT_S)
    with Store.open(database()) as store:
        recorded = store.get(record.id)
    assert recorded is not None
    assert recorded.state is State.LOST
    assert "restarted" in recorded.error


async def test_a_killed_hibernating_host_is_replaced() -> None:
    record = await start("cat")
    async with watching(record.id) as (viewer, watcher):
        os.kill(await wait_until_hibernating(record), signal.SIGKILL)
        viewer.text("still here")
        await see(viewer, watcher, "still here")
    await end(record.id)


@pytest.mark.parametrize("dies", ["the active keeper", "its standby", "both keepers"])
async def test_hibernating_chats_survive_the_kill_of_the_keeper(dies: str) -> None:
    records = [await start("cat", name=name) for name in ("first", "second")]
    status = await asyncio.to_thread(keeper_status)
    assert status is not None
    pids = [await wait_until_hibernating(record) for record in records]
    active, standby = processes.keepers(status.pid)
    kill_at_once({"the active keeper": [active], "its standby": [standby]}.get(dies, [active, standby]))
    if dies != "both keepers":
        assert all(processes.is_alive(pid) for pid in pids), "they rest on"
    for record in records:
        async with watching(record.id) as (viewer, watcher):
            viewer.text("kept")
            await see(viewer, watcher, "kept")
        await poll_until(
            lambda record=record: described(record),  # type: ignore[misc]
            lambda entry: processes.is_alive(entry.keeper_pid or 0) and entry.keeper_pid != status.pid,
            TIMEOUT_S, "another keeper to be known",
        )  # fmt: skip
        await end(record.id)


async def test_a_hibernating_chat_can_be_upgraded() -> None:
    record = await start("cat")
    pid = await wait_until_hibernating(record)
    result = await asyncio.to_thread(replace_host, record.id, "it")
    assert result.ok, result
    assert (await described(record)).host_pid not in {pid, record.host_pid}
    await end(record.id)


async def test_a_peek_wakes_a_hibernating_chat() -> None:
    record = await start("sh", "-c", "echo here; exec cat")
    await wait_until_hibernating(record)
    assert await peek(record.id) == ["here"]
    await wait_until_hibernating(record, 2)
    assert await peek(record.id) == ["here"]
    await end(record.id)


def asks(watcher: Watcher) -> bool:
    return any(isinstance(event, ActivityEvent) and event.activity is Activity.NEEDS_INPUT for event in watcher.events)


async def test_a_shell_woken_by_a_window_has_been_waiting_since_its_last_output() -> None:
    record = await start("bash", "--norc", "--noprofile", "-i", overrides={"PS1": "ready> "})
    await wait_until_hibernating(record)
    rested = now()
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")

        def waiting() -> list[str]:
            return [event.since for event in watcher.events if isinstance(event, ForegroundEvent)]

        await watcher.until(lambda: bool(waiting()), "the shell to be looked at")
        assert record.created_at <= waiting()[0] < rested
        assert "woken" in log_of(record)
    await end(record.id)


async def test_a_prompts_age_does_not_change_while_the_shell_rests_and_its_screen_is_redrawn() -> None:
    record = await start("bash", "--norc", "--noprofile", "-i", overrides={"PS1": "ready> "})
    since = (await described(record)).foreground_since
    for times in (1, 2):
        await wait_until_hibernating(record, times)
        redraw(record)
        await eventually(lambda times=times: log_of(record).count("woken") == times, TIMEOUT_S, "it to be woken")  # type: ignore[misc]
        assert (await described(record)).foreground_since == since
    await end(record.id)


async def test_a_prompt_after_a_command_that_ended_while_the_shell_rested_is_new() -> None:
    record = await start("bash", "--norc", "--noprofile", "-i", overrides={"PS1": "ready> "})
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")
        viewer.text("sleep 987\r")
        await poll_until(
            lambda: described(record), lambda each: each.foreground == "sleep 987", TIMEOUT_S, "the command to run"
        )
    await eventually(
        lambda: log_of(record).count(".hibernation hibernating") > log_of(record).count("woken"), TIMEOUT_S, "its rest"
    )
    ended = now()
    os.kill(processes.foreground_group(record.child_pid or 0), signal.SIGTERM)
    description = await poll_until(
        lambda: described(record), lambda each: each.foreground == "", TIMEOUT_S, "the prompt to return"
    )
    assert description.foreground_since >= ended
    await end(record.id)


async def test_a_change_of_the_agents_state_file_wakes_a_hibernating_chat(tmp_path: Path) -> None:
    async with claude_like(tmp_path) as chat:
        chat.order("state idle")
        await chat.wait_for_status(Activity.IDLE, "state file")
        async with watching(chat.record.id, output=False) as (_, watcher):
            await wait_until_hibernating(chat.record)
            chat.order("state waiting permission prompt")
            await watcher.until(partial(asks, watcher), "the question")


async def test_a_viewer_that_leaves_is_noticed_during_hibernation() -> None:
    record = await start("cat")
    async with watching(record.id):
        await wait_until_hibernating(record)
        description = await asyncio.to_thread(describe, record.id)
        assert description is not None
        assert description.viewers == 1
    await eventually(lambda: "woken" in log_of(record), TIMEOUT_S, "it to be woken")
    assert (await described(record)).viewers == 0
    await end(record.id)


async def test_a_chat_with_output_does_not_hibernate() -> None:
    record = await start("sh", "-c", "while :; do echo; sleep 0.05; done")
    async with watching(record.id) as (_, watcher):
        began_s = time.monotonic()
        await watcher.until(lambda: time.monotonic() - began_s > 10 * HIBERNATES_AFTER_S, "some of its output")
    assert "to rest" not in log_of(record)
    await end(record.id)


async def test_viewers_of_different_sizes_prevent_hibernation() -> None:
    record = await start("cat")
    small, large = (watching(record.id, size=size) for size in (GridSize(80, 24), GridSize(100, 30)))
    async with small as (viewer, _), large:
        waiting = asyncio.get_running_loop().time() + 10 * HIBERNATES_AFTER_S
        await eventually(lambda: asyncio.get_running_loop().time() > waiting, TIMEOUT_S, "some time to pass")
        assert "to rest" not in log_of(record)
        viewer.close()
        await viewer.closed()
        await wait_until_hibernating(record)
    await end(record.id)


async def test_the_grid_takes_the_remaining_viewers_size_before_hibernation() -> None:
    record = await start("cat")
    async with watching(record.id, size=GridSize(80, 24)) as (viewer, watcher):
        async with watching(record.id, size=GridSize(100, 30)) as (_, other):
            await other.until(lambda: other.replaced > 0, "the other viewer to be shown")
            await watcher.until(lambda: size_of(viewer) == GridSize(100, 30), "the grid of the last one")
        await watcher.until(lambda: size_of(viewer) == GridSize(80, 24), "the grid of the one that stays")
        await wait_until_hibernating(record)
        assert (await described(record)).size == GridSize(80, 24) == size_of(viewer)
    await end(record.id)


def size_of(viewer: Viewer) -> GridSize | None:
    return viewer.emulator.size if viewer.emulator is not None else None


async def test_hibernation_can_be_switched_off() -> None:
    hibernate_after(0)
    record = await start("cat")
    waiting = asyncio.get_running_loop().time() + 10 * HIBERNATES_AFTER_S
    await eventually(lambda: asyncio.get_running_loop().time() > waiting, TIMEOUT_S, "some time to pass")
    assert "to rest" not in log_of(record)
    await end(record.id)
