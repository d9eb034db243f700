"""A session survives its viewers, launchers, terminals and process groups."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from session_host.client.control import request
from session_host.client.sessions.last_screen import last_screen
from session_host.client.sessions.store_access import open_store
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.messages import Describe, Kill, Stop
from session_host.protocol.values import GridSize, State
from tests.programs import Gate, program
from tests.support import processes
from tests.support.hosts import end, is_over, peek, see, shown, start, watching
from tests.support.reboots import kill_at_once
from tests.support.waiting import eventually, wait_for_end, wait_until

pytestmark = pytest.mark.usefixtures("sessions")


def _record(session_id: str):
    with open_store() as store:
        return store.get(session_id)


async def test_a_host_is_a_process_of_its_own(tmp_path: Path) -> None:
    record = await start("cat")
    assert record.program.host_pid is not None
    stat = Path(f"/proc/{record.program.host_pid}/stat").read_text().rpartition(")")[2].split()
    assert stat[4] == "0", "a host has no controlling terminal"
    assert os.getsid(record.program.host_pid) == record.program.host_pid
    assert os.getpgid(record.program.host_pid) == record.program.host_pid
    assert processes.parent(record.program.host_pid) != os.getpid()
    assert Path(f"/proc/{record.program.host_pid}/cwd").readlink() == Path("/")
    for descriptor in (0, 1):
        target = Path(f"/proc/{record.program.host_pid}/fd/{descriptor}").readlink()
        assert target == Path("/dev/null"), "nothing of the launcher's is held"
    await end(record.id)


@pytest.mark.parametrize(
    ("how", "code", "number"), [("7", 7, None), ("TERM", None, 15), ("KILL", None, 9), ("SEGV", None, 11)]
)
async def test_the_exit_and_the_last_output_are_kept(how: str, code: int | None, number: int | None) -> None:
    record = await start(*program("end_with", how, "--text", "last words"))
    assert record.program.host_pid is not None
    await eventually(lambda: is_over(_record(record.id)), 10, "the end to be recorded")
    ended = _record(record.id)
    assert (ended.outcome.exit_code, ended.outcome.exit_signal) == (code, number)
    assert ended.outcome.ended_at is not None
    await asyncio.to_thread(wait_for_end, record.program.host_pid, 10)
    emulator = last_screen(record.id)
    assert emulator is not None
    assert "last words" in "\n".join(row.text() for row in emulator.rows())
    emulator.close()


async def test_a_host_ends_after_its_child_even_if_others_hold_the_terminal() -> None:
    record = await start("sh", "-c", "sleep 30 & echo started; exit 3")
    assert record.program.host_pid is not None
    await eventually(lambda: is_over(_record(record.id)), 10, "the end to be recorded")
    assert _record(record.id).outcome.exit_code == 3
    await asyncio.to_thread(wait_for_end, record.program.host_pid, 10)


async def test_a_child_that_closes_its_terminal_is_not_ended(tmp_path: Path) -> None:
    with Gate(tmp_path / "gate") as gate:
        script = f"exec <&- >&- 2>&-; read x < {gate.path}; exit 4"
        record = await start("sh", "-c", f"trap '' HUP; {script}")
        description = await request(record.id, Describe(0))
        assert description.facts.outcome.state is State.RUNNING
        os.write(os.open(gate.path, os.O_RDWR), b"go\n")
        await eventually(lambda: is_over(_record(record.id)), 10, "the end to be recorded")
        assert _record(record.id).outcome.exit_code == 4


async def test_a_killed_host_is_replaced_automatically() -> None:
    record = await start("cat")
    assert record.program.host_pid is not None
    async with watching(record.id, size=GridSize(90, 20)) as (viewer, watcher):
        viewer.text("before\r")
        await watcher.until(lambda: shown(viewer) == ["before", "before"], "cat's own line")
        await watcher.until(
            lambda: viewer.replica.emulator is not None and viewer.replica.emulator.size == GridSize(90, 20), "its size"
        )
        replaced = watcher.replaced
        os.kill(record.program.host_pid, signal.SIGKILL)
        viewer.text("after\r")
        await see(viewer, watcher, "after")
        await watcher.until(lambda: viewer.line.shown is ViewerState.LIVE, "the viewer to be live again")
        assert watcher.replaced == replaced, "it went on with the screen that it had"
        await watcher.until(lambda: shown(viewer) == ["before", "before", "after", "after"], "cat's own line")
        assert await peek(record.id) == shown(viewer)
        assert not {"lost", "ended"} & set(watcher.states)
        description = await request(record.id, Describe(0))
    assert description.facts.program.host_pid != record.program.host_pid
    assert (description.facts.program.child_pid, description.facts.program.size) == (
        record.program.child_pid,
        GridSize(90, 20),
    )
    assert _record(record.id).outcome.state is State.RUNNING
    wait_until(
        lambda: _record(record.id).program.host_pid == description.facts.program.host_pid,
        10,
        "the new host to be recorded",
    )


async def test_a_session_without_host_and_keepers_is_shown_as_lost() -> None:
    record = await start("cat")
    assert record.program.host_pid is not None
    keeper = (await request(record.id, Describe(0))).host.keeper_pid
    async with watching(record.id) as (_, watcher):
        kill_at_once(
            [*processes.keepers(keeper), record.program.host_pid]
        )  # This test runs without a systemd user manager.
        await watcher.until(lambda: "lost" in watcher.states, "the viewer to say so")
        assert "gone" in watcher.messages[-1]
    assert _record(record.id).outcome.state is State.LOST


async def test_stop_lets_the_program_clean_up_and_kill_does_not(tmp_path: Path) -> None:
    polite = await start("sh", "-c", "trap 'echo bye; exit 5' TERM; echo ready; while :; do read x; done")
    async with watching(polite.id) as (viewer, watcher):
        await see(viewer, watcher, "ready")
        await request(polite.id, Stop(0))
        await watcher.until(lambda: viewer.line.shown == "ended", "the end")
        assert "bye" in shown(viewer)
    await eventually(lambda: is_over(_record(polite.id)), 10, "the end to be recorded")
    assert _record(polite.id).outcome.exit_code == 5
    stubborn = await start(*program("ignore_signals"))
    async with watching(stubborn.id) as (viewer, watcher):
        await see(viewer, watcher, "ready")
    await request(stubborn.id, Kill(0))
    await eventually(lambda: is_over(_record(stubborn.id)), 10, "the end to be recorded")
    assert _record(stubborn.id).outcome.exit_signal == signal.SIGKILL


async def test_a_program_has_the_users_umask_and_default_signal_handlers() -> None:
    """A host ignores SIGHUP and SIGINT and has a private umask; the program inherits none of that.

    The C library's own signals cannot be changed: posix_spawn(3), by which Python 3.13 starts the keeper, ignores them
    for good if a thread of the starter was ever cancelled.
    """
    before = os.umask(0o027)
    try:
        record = await start("sh", "-c", "umask; grep -E 'Sig(Ign|Blk)' /proc/self/status; cat")
    finally:
        os.umask(before)
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "SigIgn")
        umask, blocked, ignored = shown(viewer)
    changeable = sum(1 << number - 1 for number in signal.valid_signals())
    assert umask == "0027"
    assert [int(line.split()[1], 16) & changeable for line in (blocked, ignored)] == [0, 0]
    await end(record.id)
