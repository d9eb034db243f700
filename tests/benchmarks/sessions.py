"""The cost of a session: the time of its start, and the memory of its idle host.

Start: the whole command ``outlive new -d``, and the launch alone as the window does it (from a warm process), compared
with ``tmux new-session -d`` on a running server. Memory: the proportional set size (PSS) of each of 50 hosts, which
share most of their memory, compared with a Python process that has only started.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, ratio
from tests.benchmarks.usage import pss_mb
from tests.programs import program

SESSIONS = 50
LAUNCHES = 20
"""Minimum number of launches from a warm process, since other load on the machine disturbs some."""

MAX_MB = 9.0
MAX_MS = 25.0


def idle_program() -> list[str]:
    """A program that waits for input and does nothing."""
    return program("raw_echo")


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("sessions", f"start and memory of {SESSIONS} sessions")
    command = Series("outlive new -d", "ms", command="outlive new -d -- cat")
    warm = Series("launch from a warm process", "ms")
    tmux = Series("tmux new-session -d", "ms", command="tmux new-session -d cat")
    memory = Series("memory of an idle host (PSS)", "MB")
    bare = Series("memory of a bare Python (PSS)", "MB", command="python -c 'input()'")
    report.series = [command, warm, tmux, memory, bare]
    hosts: list[int] = []
    server = peers.Tmux(bench.cache)
    lacking = peers.missing("tmux")
    if lacking:
        report.notes.append(lacking)
    else:
        server.new(["cat"], "first")
    try:
        for number in range(SESSIONS):
            began_s = time.perf_counter()
            hosts.append(bench.new_session(["cat"], f"idle-{number}")["host_pid"])
            command.values.append((time.perf_counter() - began_s) * 1000)
            if not lacking:
                began_s = time.perf_counter()
                server.new(["cat"], f"idle-{number}")
                tmux.values.append((time.perf_counter() - began_s) * 1000)
    finally:
        if not lacking:
            server.kill()
    memory.values = [pss_mb(pid) for pid in hosts]
    bare.values = [bare_python_mb()]
    asyncio.run(launch_warm(warm, max(LAUNCHES, bench.rounds * 2)))
    report.verdicts.append(Verdict(f"an idle host with {SESSIONS} open", memory.median, "MB", MAX_MB, at_least=False))
    report.verdicts.append(Verdict("the start of a session", warm.median, "ms", MAX_MS, at_least=False))
    report.verdicts.append(ratio("of a bare Python's memory", memory, bare, at_least=None))
    if not lacking:
        report.verdicts.append(ratio("of tmux's start", command, tmux, at_least=None))
    return report


async def launch_warm(series: Series, times: int) -> None:
    """Start sessions as the window does, which keeps the store open."""
    from session_host.agents.catalog import load_catalog
    from session_host.client.chats.launch import launch
    from session_host.client.chats.launch_spec import LaunchRequest
    from session_host.paths import config_dir, database
    from session_host.protocol.values import GridSize
    from session_host.storage.store import Store

    agent = load_catalog(config_dir())["command"]

    with Store.open(database()):
        for number in range(times):
            request = LaunchRequest(
                agent=agent,
                arguments=["cat"],
                name=f"warm-{number}",
                directory=str(Path.home()),
                environment=dict(os.environ),
                overrides={},
                size=GridSize(peers.COLUMNS, peers.ROWS),
                engine=None,
            )
            began_s = time.perf_counter()
            await launch(request)
            series.values.append((time.perf_counter() - began_s) * 1000)


def bare_python_mb() -> float:
    """The memory (PSS) of a Python process that waits for a line."""
    code = "print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        megabytes = pss_mb(process.pid)
        process.communicate(b"\n")
    return megabytes
