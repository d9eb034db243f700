"""What events cost: a host's processor time for each, and the wake-ups of a reader while nothing happens.

A program asks 600 questions one after another, each of which is an event. Another one writes the same output, with one
question again and again, which is none. The difference of their hosts' processor times is the cost of a changed status:
its state in the input log, its message for viewers, its event. Then 100 chats and a reader rest for a minute.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict
from tests.programs import program
from tests.support.commands import OUTLIVE, environment, outlive
from tests.support.waiting import wait_for_end

EVENTS = 600
PAUSE_S = 0.005
COST_LIMIT_MS = 0.4
CHATS = 100
REST_S = 60.0
SETTLE_S = 10.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("events", f"{EVENTS} events of one chat, and {CHATS} idle chats with a reader")
    others = Series("host, each question another one", "ms", command="outlive events")
    same = Series("host, the same output without events", "ms")
    for _ in range(bench.rounds):
        for series, questions in ((others, "others"), (same, "same")):
            series.values.append(_cpu_ms_of_host(bench, questions) / EVENTS)
    cost_ms = others.median - same.median
    report.series = [others, same]
    report.verdicts = [Verdict("a host's processor time for a changed status", cost_ms, "ms", COST_LIMIT_MS, False)]
    report.verdicts.append(Verdict("wake-ups of a reader in a minute", _wake_ups(bench), "", 0, False))
    return report


def _cpu_ms_of_host(bench: BenchmarkEnvironment, questions: str) -> float:
    """The processor time of a host while its program asks, in milliseconds."""
    argv = program("questions", EVENTS, "--pause", str(PAUSE_S), *(["--same"] if questions == "same" else []))
    session = bench.new_session(argv, questions)
    assert outlive("wait", session["id"], "--text", "done", "--timeout", "60").code == 0
    time.sleep(SETTLE_S / 5)  # The last events are on their way, and the store is closed.
    fields = Path(f"/proc/{session['host_pid']}/stat").read_text().rpartition(")")[2].split()
    bench.end_sessions()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS_PER_S


def _wake_ups(bench: BenchmarkEnvironment) -> float:
    """How often a reader wakes up in a minute in which nothing happens."""
    for number in range(CHATS):
        bench.new_session(["cat"], f"idle-{number}")
    with subprocess.Popen([*OUTLIVE, "events", "--json"], stdout=subprocess.PIPE, env=environment()) as reader:
        time.sleep(SETTLE_S)
        before = _switches(reader.pid)
        time.sleep(REST_S)
        woken = _switches(reader.pid) - before
        reader.kill()
    wait_for_end(reader.pid, 10)
    return woken


def _switches(pid: int) -> int:
    """How often a process has waited for something."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
