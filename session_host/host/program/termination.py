"""Ends the processes that end with a chat's program; ``session.requests.end_request`` ends the program itself.

Processes that an agent leaves behind at its exit belong to the user, except the daemons that the catalog names: those
serve nobody without the agent.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Sequence

from session_host.system.processes.identity import is_running
from session_host.system.processes.process_tree import MARK, ChatProcess, chat_processes, end, matching
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

GRACE_S = 2.0
"""How long the program's descendants have to exit after it; a launcher's own program may be exiting already."""

POLL_INTERVAL_S = 0.02
ROUNDS = 5
"""How often to look for processes that were started while others were killed."""


def end_processes(
    leader: int, session_id: str, known: Sequence[ChatProcess], *, gracefully: bool, variable: str = MARK
) -> None:
    """End the known processes, and all others of the chat, until none is left. Blocks.

    Args:
        leader: the program's PID.
        session_id: the chat's id.
        known: descendants of the program, listed before its end.
        gracefully: whether to send SIGTERM first.
        variable: the variable of the environment that has the id.
    """
    _end_all(leader, session_id, known, ("",), gracefully=gracefully, variable=variable)


async def end_strays(leader: int, session_id: str, patterns: tuple[str, ...]) -> None:
    """Kill daemons that the program left behind: those with command lines that match a pattern."""
    if patterns:
        await Worker().run(lambda: _end_all(leader, session_id, (), patterns, gracefully=True))


def _end_all(
    leader: int,
    session_id: str,
    known: Sequence[ChatProcess],
    patterns: tuple[str, ...],
    *,
    gracefully: bool,
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
        _wait(living)


def _wait(processes: list[ChatProcess]) -> None:
    """Wait until the processes are gone, or the grace period is over."""
    deadline_s = time.monotonic() + GRACE_S
    while any(is_running(each.pid, each.started) for each in processes) and time.monotonic() < deadline_s:
        time.sleep(POLL_INTERVAL_S)  # The processes are not our children, so no event reports their exit.
