"""34 MB of coloured output without a viewer, compared with tmux.

The main figure is the time from the start of the command (``outlive new -d -- cat FILE``, ``tmux new-session -d cat
FILE``) to the end of the session, with all its output read: our host notifies its clients of the end, and the tmux
server exits. It includes the start-up of both programs. Two more times are reported: the program's own (from the start
of ``cat`` to its end), and the time until our host has saved the last screen and exited.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path

from session_host.client.control import ControlConnection
from session_host.errors import HostUnavailable
from session_host.protocol.messages import StateEvent
from session_host.protocol.values import State
from tests.benchmarks import peers, streams
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, ratio
from tests.programs import program
from tests.support.terminals import Terminal
from tests.support.windows import outlive


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("flood_detached", "34 MB of coloured output, nobody attached")
    flood = streams.flood_file(bench.cache)
    ours = Series("outlive, command to session's end", "s", command="outlive new -d -- cat FILE")
    gone = Series("outlive, command to host's end", "s")
    ours_program = Series("outlive, cat alone", "s")
    bare = Series("bare PTY, discarded", "s", command="script -qc 'cat FILE' /dev/null > /dev/null")
    theirs = Series("tmux, command to server's end", "s", command="tmux new-session -d cat FILE")
    theirs_program = Series("tmux, cat alone", "s")
    report.series = [ours, theirs, gone, ours_program, theirs_program, bare]
    lacking = peers.missing("tmux")
    tmux = peers.Tmux(bench.area.runtime.parent)
    for _ in range(bench.rounds):
        ended_s, gone_s = outlive_s(bench, ["cat", str(flood)])
        ours.values.append(ended_s)
        gone.values.append(gone_s)
        if not lacking:
            theirs.values.append(tmux_s(tmux, ["cat", str(flood)]))
        result = bench.cache / "took"
        timed = program("timed_cat", flood, result)
        outlive_s(bench, timed)
        ours_program.values.append(take(result))
        if not lacking:
            tmux_s(tmux, timed)
            theirs_program.values.append(take(result))
        bare.values.append(bare_s(flood))
    if lacking:
        report.notes.append(lacking)
        return report
    report.verdicts = [
        ratio("speed of tmux's, start-up included", theirs, ours, 1.8, at_least=True),
        ratio("speed of tmux's, the program alone", theirs_program, ours_program, at_least=None),
    ]
    return report


def take(result: Path) -> float:
    """Read and remove the figure that ``timed_cat`` wrote, in seconds."""
    seconds = float(result.read_text())
    result.unlink()
    return seconds


def outlive_s(bench: BenchmarkEnvironment, argv: list[str]) -> tuple[float, float]:
    """Run a program in a session; return the seconds to the session's end and to its host's exit."""
    began_s = time.perf_counter()
    session = bench.new_session(argv, "flood")
    asyncio.run(ended(session["id"]))
    took_s = time.perf_counter() - began_s
    peers.wait_process(session["host_pid"])
    gone_s = time.perf_counter() - began_s
    outlive("rm", session["id"])
    return took_s, gone_s


async def ended(session_id: str) -> None:
    """Wait for a session's end by following its events."""
    try:
        async with ControlConnection(session_id) as connection:
            connection.follow(output=False)
            async for message in connection.messages():
                if isinstance(message, StateEvent) and message.outcome.state is State.EXITED:
                    return
    except HostUnavailable:
        return  # It ended before we could connect.


def tmux_s(tmux: peers.Tmux, argv: list[str]) -> float:
    """Run the program in tmux; return the seconds until the server exits."""
    began_s = time.perf_counter()
    tmux.new(argv)
    tmux.wait_end()
    return time.perf_counter() - began_s


def bare_s(flood: Path) -> float:
    """Run ``cat`` on a bare PTY and discard its output: the lower bound, in seconds."""
    began_s = time.perf_counter()
    with Terminal(["cat", str(flood)]) as terminal, contextlib.suppress(OSError):  # EIO: ``cat`` ended, all is read.
        while os.read(terminal.master, 1 << 16):
            pass
    return time.perf_counter() - began_s
