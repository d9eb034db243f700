"""Ends the processes that end with a chat's program; ``session.requests.end_request`` ends the program itself.

Processes that an agent leaves behind at its exit belong to the user, except the daemons that the catalog names: those
serve nobody without the agent.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

from session_host.system.processes.identity import is_running
from session_host.system.processes.process_tree import MARK, ChatProcess, chat_processes, end, matching
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

GRACE_S = 2.0
"""How long the program's descendants have to exit after it."""

POLL_INTERVAL_S = 0.02
ROUNDS = 5
"""How often to look for processes that were started while others were killed."""


def end_processes(
    leader: int,
    session_id: str,
    known: Sequence[ChatProcess],
    *,
    gracefully: bool,
    group_grace_s: float = GRACE_S,
    variable: str = MARK,
) -> None:
    """End the known processes, and all others of the chat, until none is left. Blocks.

    Args:
        leader: the program's PID.
        session_id: the chat's id.
        known: descendants of the program, listed before its end.
        gracefully: whether to send SIGTERM first.
        group_grace_s: how long after SIGTERM those in the program's process group have to exit. If the program was only
            a launcher, which dies of SIGTERM at once, the agent itself is one of them, and may still save an answer.
        variable: the variable of the environment that has the id.
    """
    _end_all(leader, session_id, known, ("",), gracefully, group_grace_s, variable)


async def end_strays(leader: int, session_id: str, patterns: tuple[str, ...]) -> None:
    """Kill daemons that the program left behind: those with command lines that match a pattern."""
    if patterns:
        await Worker().run(lambda: _end_all(leader, session_id, (), patterns, gracefully=True))


def _end_all(
    leader: int,
    session_id: str,
    known: Sequence[ChatProcess],
    patterns: tuple[str, ...],
    gracefully: bool,
    group_grace_s: float = GRACE_S,
    variable: str = MARK,
) -> None:
    """Kill the known processes and those matching a pattern until none is left. Blocks."""
    numbers = [signal.SIGTERM, *[signal.SIGKILL] * ROUNDS] if gracefully else [signal.SIGKILL] * ROUNDS
    for number in numbers:
        found = {*known, *matching(chat_processes(leader, session_id, variable), patterns)}
        living = end(found, number)
        if not living:
            return
        log.info("ended what was left: %d processes, %s", len(living), number.name)
        _wait(living, GRACE_S)
        if number is signal.SIGTERM:
            _wait([each for each in living if _group(each.pid) == leader], group_grace_s - GRACE_S)


def _wait(processes: list[ChatProcess], timeout_s: float) -> None:
    """Wait until the processes are gone, or the time is over."""
    deadline_s = time.monotonic() + timeout_s
    while any(is_running(each.pid, each.started) for each in processes) and time.monotonic() < deadline_s:
        time.sleep(POLL_INTERVAL_S)  # The processes are not our children, so no event reports their exit.


def _group(pid: int) -> int:
    """A process's group; 0 if the process is gone."""
    with suppress(ProcessLookupError):
        return os.getpgid(pid)
    return 0
