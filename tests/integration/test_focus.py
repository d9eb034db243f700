"""Focus reports to a program without viewers: one report, also after kills."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from tests.programs import program
from tests.support.facts import known
from tests.support.hosts import description_of, end, peek, see, start, watching
from tests.support.waiting import poll_until

pytestmark = pytest.mark.usefixtures("sessions")

OUT, IN = "<1b5b4f>", "<1b5b49>"
TIMEOUT_S = 60.0


async def wait_until_read(session_id: str, lines: list[str]) -> None:
    """Wait until the program has read exactly these lines."""

    def fits(found: list[str]) -> bool:
        read = [line for line in found if line != "ready"]
        assert read == lines[: len(read)]
        return read == lines

    await poll_until(lambda: peek(session_id), fits, TIMEOUT_S, str(lines))


async def test_a_program_without_viewers_gets_one_focus_report() -> None:
    record = await start(*program("raw_echo", "--show", "--enable", "1004"))
    await wait_until_read(record.id, [OUT])
    async with watching(record.id) as (viewer, watcher):
        viewer.focus(True)
        await see(viewer, watcher, IN)
        viewer.key("a", "a")
        await see(viewer, watcher, "<61>")
    # The viewer left without reporting that it lost the focus.
    await wait_until_read(record.id, [OUT, IN, "<61>", OUT])
    described = await asyncio.to_thread(description_of, record.id)
    os.kill(known(described.facts.program.host_pid), signal.SIGKILL)
    async with watching(record.id) as (viewer, watcher):
        viewer.focus(True)
        await wait_until_read(record.id, [OUT, IN, "<61>", OUT, IN])
        viewer.key("b", "b")
        await see(viewer, watcher, "<62>")
    await wait_until_read(record.id, [OUT, IN, "<61>", OUT, IN, "<62>", OUT])
    await end(record.id)
