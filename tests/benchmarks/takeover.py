"""The time with only one keeper: from the kill of one of the two until both exist again.

The time ends when a new active keeper answers, holds every chat's descriptors, can fork hosts, and has a standby. Half
of the kills hit the active keeper, half the standby; there are 100 chats.
"""

from __future__ import annotations

import os
import signal
import time

from session_host.errors import OutliveError
from session_host.keeper_client.discovery import keeper_status
from session_host.protocol.keeper import KeeperStatus
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.benchmarks.sessions import idle_program
from tests.benchmarks.usage import pss_mb
from tests.support import processes
from tests.support.waiting import WaitTimeout, wait_until

SESSIONS = 100
KILLS_A_ROUND = 20
LIMIT_MS = 20.0
TIMEOUT_S = 20.0


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("takeover", f"a keeper is killed, with {SESSIONS} chats → two hold each of them again")
    for number in range(SESSIONS):
        bench.new_session(idle_program(), f"idle-{number}")
    command = "python -m tests.benchmarks takeover"
    active = Series("the active keeper killed", "ms", command=command)
    standby = Series("the standby killed", "ms", command=command)
    report.series = [active, standby]
    report.notes = [f"memory (PSS) of {what}: {memory:.1f} MB" for what, memory in _memory()]
    for _ in range(bench.rounds * KILLS_A_ROUND):
        active.values.append(milliseconds(ready(), kill_standby=False))
        standby.values.append(milliseconds(ready(), kill_standby=True))
    report.notes += [f"memory (PSS) of {what} after the kills: {memory:.1f} MB" for what, memory in _memory()]
    report.verdicts = [
        Verdict(f"{each.name}: p99", percentile(each.values, 99), "ms", LIMIT_MS, False) for each in (active, standby)
    ]
    return report


def milliseconds(before: KeeperStatus, *, kill_standby: bool) -> float:
    """Kill one of the two keepers; return the time until two keepers hold all sessions again.

    Raises:
        WaitTimeout: there are not two keepers in time, or they have other sessions than before.
    """
    previous_standby = processes.parent(before.pid)
    killed = previous_standby if kill_standby else before.pid
    began_s = time.perf_counter()
    os.kill(killed, signal.SIGKILL)
    while (now := _status()).pid == before.pid:
        if time.perf_counter() - began_s > TIMEOUT_S:
            raise WaitTimeout(f"timed out after {TIMEOUT_S:g} s, waiting for another keeper than {before.pid}")
    took_s = time.perf_counter() - began_s
    if now.sessions != before.sessions:
        raise WaitTimeout("the next keeper has other chats, or other hosts, than the previous one")
    standby = before.pid if kill_standby else previous_standby
    if processes.parent(now.pid) != standby:
        raise WaitTimeout(f"the standby of {now.pid} is not {standby}")
    return took_s * 1000


def _status() -> KeeperStatus:
    """The active keeper's status; retries while one keeper takes over from another."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline_s:
        try:
            status = keeper_status()
        except OutliveError:
            continue
        if status is not None:
            return status
    raise WaitTimeout(f"timed out after {TIMEOUT_S:g} s, waiting for a keeper that answers")


def ready() -> KeeperStatus:
    """The active keeper's status, once it has a standby."""
    status = _status()
    wait_until(lambda: processes.name(processes.parent(status.pid)) == "outlive-standby", TIMEOUT_S, "the standby")
    return status


def _memory() -> list[tuple[str, float]]:
    pid = ready().pid
    return [("the active keeper", pss_mb(pid)), ("the standby", pss_mb(processes.parent(pid)))]
