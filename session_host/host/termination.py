"""Terminate a chat's program and, for an agent, everything that it started.

What an agent leaves behind when it ends of itself is its user's affair, but for the daemons that the catalog
names: those serve nobody once it is gone.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time

from session_host.host.driver.driver import Driver
from session_host.protocol.launch import Watch
from session_host.system.processes.identity import is_running
from session_host.system.processes.process_tree import ChatProcess, chat_processes, end, matching
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

KILL = (signal.SIGKILL, None)
STEPS = ((signal.SIGTERM, 1.0), (signal.SIGHUP, 4.0), KILL)
AGENT_STEPS = ((signal.SIGTERM, 8.0), (signal.SIGHUP, 1.0), KILL)
SHELL_STEPS = ((signal.SIGHUP, 4.0), (signal.SIGTERM, 1.0), KILL)
"""How a program is ended politely: the signal, and how long it then has, in seconds; an agent may have tools to end."""

GRACE_S = 2.0
"""What it started has so long after it; a launcher's own program may be in the midst of leaving."""

LOOK_S = 0.02
ROUNDS = 5
"""So often those are looked for that were started while others were ended."""


async def terminate_program(driver: Driver) -> None:
    """End the program politely; returns when it has ended, and what is to end with it."""
    await _begun(driver)
    driver.input_log.header.request_end("stop")
    known = await _known(driver)
    for number, patience_s in _steps(driver.spec.watch):
        driver.signal(number)
        # A stopped program cannot act on a polite signal.
        driver.signal(signal.SIGCONT)
        try:
            async with asyncio.timeout(patience_s):
                await driver.ended.wait()
        except TimeoutError:
            continue
        break
    await _end_rest(driver, known, politely=True)


async def kill_program(driver: Driver) -> None:
    """End the program at once; returns when it has ended, and what is to end with it."""
    await _begun(driver)
    driver.input_log.header.request_end("kill")
    known = await _known(driver)
    driver.signal(signal.SIGKILL)
    await driver.ended.wait()
    await _end_rest(driver, known, politely=False)


async def end_strays(driver: Driver) -> None:
    """Kill daemons that the program left behind."""
    patterns = driver.spec.watch.strays
    if patterns and driver.process is not None:
        await Worker().run(lambda: _end_all(driver, (), patterns, politely=True))


def _steps(watch: Watch) -> tuple[tuple[signal.Signals, float | None], ...]:
    if watch.leave_by == "SIGHUP":
        return SHELL_STEPS
    return AGENT_STEPS if watch.ends_all else STEPS


async def _begun(driver: Driver) -> None:
    """Wait until the program is exec'd: before that there is no process to signal."""
    await driver.started.wait()


async def _known(driver: Driver) -> list[ChatProcess]:
    """List the processes to end with the program, while its descendants can still be found."""
    process = driver.process
    if not driver.spec.watch.ends_all or process is None:
        return []
    return await Worker().run(lambda: chat_processes(process.pid, driver.spec.session_id))


async def _end_rest(driver: Driver, known: list[ChatProcess], *, politely: bool) -> None:
    if driver.spec.watch.ends_all:
        await Worker().run(lambda: _end_all(driver, known, ("",), politely=politely))


def _end_all(
    driver: Driver, known: tuple[ChatProcess, ...] | list[ChatProcess], patterns: tuple[str, ...], *, politely: bool
) -> None:
    """Kill the known processes and those matching a pattern until none is left. Blocks."""
    assert driver.process is not None
    leader, session_id = driver.process.pid, driver.spec.session_id
    numbers = [signal.SIGTERM, *[signal.SIGKILL] * ROUNDS] if politely else [signal.SIGKILL] * ROUNDS
    for number in numbers:
        found = {*known, *matching(chat_processes(leader, session_id), patterns)}
        living = end(found, number)
        if not living:
            return
        log.info("ended what was left: %d processes, %s", len(living), number.name)
        _wait(living)


def _wait(processes: list[ChatProcess]) -> None:
    """Until they are gone, or the grace is over."""
    deadline_s = time.monotonic() + GRACE_S
    while any(is_running(each.pid, each.started) for each in processes) and time.monotonic() < deadline_s:
        time.sleep(LOOK_S)  # They are not our children: nothing tells.
