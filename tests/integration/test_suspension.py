"""A program that suspends itself, as agents do at Ctrl+Z, is shown as suspended, and continued by the next input."""

from __future__ import annotations

import asyncio
import sys

import pytest

from session_host.client.control import request
from session_host.protocol.messages import ActivityEvent, Describe, Description, ForegroundEvent
from session_host.protocol.values import Activity
from tests.support import processes
from tests.support.commands import outlive
from tests.support.hosts import Watcher, end, see, shown, start, watching

pytestmark = pytest.mark.usefixtures("sessions")

SUSPENDS = """
import os, select, signal, sys, termios, time, tty
before = termios.tcgetattr(0)
signals, writer = os.pipe()
os.set_blocking(writer, False)
signal.set_wakeup_fd(writer)
while True:
    tty.setraw(0)
    print("reads", end="\\r\\n", flush=True)
    while (read := os.read(0, 1)) != b"\\x1a":
        print("read", read, end="\\r\\n", flush=True)
    termios.tcsetattr(0, termios.TCSANOW, before)
    if sys.argv[1] == "waits":
        signal.signal(signal.SIGCONT, lambda *_: None)
    while select.select([signals], [], [], 0)[0]:
        os.read(signals, 64)  # from before
    print("suspended, run fg", flush=True)
    if sys.argv[1] == "late":
        time.sleep(0.5)
    if sys.argv[1] in ("stops", "late"):
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        os.read(signals, 64)
"""
"""It stops itself, at once or as late as on a busy machine, or waits for SIGCONT as agents do, since the kernel drops
the SIGTSTP of their orphaned group."""


async def described(session: str) -> Description:
    found = await request(session, Describe(0))
    assert isinstance(found, Description)
    return found


def activity(watcher: Watcher) -> Activity | None:
    """The last activity that the viewer has."""
    return next((each.status.activity for each in reversed(watcher.events) if isinstance(each, ActivityEvent)), None)


def foreground(watcher: Watcher) -> str | None:
    """The last foreground program that the viewer has."""
    return next(
        (each.foreground.program for each in reversed(watcher.events) if isinstance(each, ForegroundEvent)), None
    )


@pytest.mark.parametrize(
    ("launcher", "how"), [((), "stops"), ((), "late"), ((), "waits"), (("sh", "-c", '"$@"; exit', "sh"), "stops")]
)
async def test_a_program_that_ctrl_z_suspended_is_continued_by_the_next_key_by_continue_and_by_send(
    launcher: tuple[str, ...], how: str
) -> None:
    record = await start(*launcher, sys.executable, "-c", SUSPENDS, how)
    async with watching(record.id) as (viewer, watcher):

        async def suspend(times: int) -> None:
            await watcher.until(lambda: "".join(shown(viewer)).count("reads") == times, "the program to read")
            await watcher.until(lambda: activity(watcher) is not Activity.SUSPENDED, "the chat to be continued")
            viewer.text("\x1a")
            await watcher.until(lambda: activity(watcher) is Activity.SUSPENDED, "the chat to be suspended")

        await suspend(1)
        assert "▲ suspended" in (await asyncio.to_thread(outlive, "ls")).output
        assert "suspended" in (await asyncio.to_thread(outlive, "explain", record.id)).output
        viewer.text("k")
        await watcher.until(lambda: activity(watcher) is Activity.NO_SIGNAL, "the chat to be continued")
        await suspend(2)
        assert viewer.continue_program()
        await suspend(3)
        assert (await asyncio.to_thread(outlive, "send", record.id, "s")).code == 0
        await see(viewer, watcher, "read b's'")
    await end(record.id)


async def test_a_program_that_was_stopped_without_output_is_described_as_suspended_and_takes_a_text() -> None:
    record = await start("cat")
    async with watching(record.id) as (viewer, watcher):
        viewer.text("one\r")
        await see(viewer, watcher, "one")
        pid = (await described(record.id)).facts.program.child_pid
        assert pid is not None
        processes.stop(pid)
        assert (await described(record.id)).facts.status.activity is Activity.SUSPENDED
        assert (await asyncio.to_thread(outlive, "send", record.id, "two", "--enter")).code == 0
        await see(viewer, watcher, "two")
        assert (await described(record.id)).facts.status.activity is Activity.NO_SIGNAL
    await end(record.id)


async def test_the_stopped_jobs_of_a_shell_are_the_shells_affair() -> None:
    record = await start("bash", "--norc", "-i", overrides={"PS1": "ready> "})
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")
        viewer.text("sleep 1000\r")
        await watcher.until(lambda: foreground(watcher) == "sleep", "the command to run")
        viewer.text("\x1a")
        await see(viewer, watcher, "Stopped")
        assert (await described(record.id)).facts.status.activity is Activity.NO_SIGNAL
        viewer.text("kill %1; exit\r")
    await end(record.id)
