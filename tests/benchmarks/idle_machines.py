"""What ten idle machines cost a window that rests for a minute: CPU time, memory, processes of ssh.

The machines are sshds on loopback, each with one idle chat. The window is measured twice: without other machines, and
with them, once all links are up.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from session_host.machines import names
from session_host.machines.names import MachineEntry
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict
from tests.benchmarks.usage import pss_mb
from tests.support.ssh_machines import end_logins, ssh_machines
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive, window

MACHINES = 10
REST_S = 60.0
SETTLE_S = 5.0
TICKS_PER_S = 100
LIMIT_MS = 600.0


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("idle_machines", f"a window that rests for {REST_S:g} s")
    bench.display()
    with (
        ssh_machines(bench.area.root / "m", *(f"m{number}" for number in range(MACHINES))) as (machines, environment),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("PATH", environment["PATH"])
        cpu_ms = [_rest(report, "without other machines", 0)]
        for each in machines:
            names.add(MachineEntry(each.name, each.name))
            outlive("new", "command", "-d", "--on", each.name, "-n", "idle", "--", "sleep", "600")
        cpu_ms.append(_rest(report, f"with {MACHINES} idle machines", MACHINES))
        for each in machines:
            outlive("kill", f"{each.name}:idle")
        end_logins(*(each.name for each in machines))
    what = f"CPU time more with {MACHINES} idle machines, window and ssh"
    report.verdicts.append(Verdict(what, cpu_ms[1] - cpu_ms[0], "ms", LIMIT_MS, False))
    return report


def _rest(report: Report, what: str, links: int) -> float:
    """Let a window rest; returns the CPU time of it and its ssh processes, in milliseconds."""
    with window() as app:
        wait_until(lambda: len(_children(app)) >= links, 60, "the links")
        time.sleep(SETTLE_S)
        pids = [app.process.pid, *_children(app)]
        before = sum(map(_cpu_ms, pids))
        time.sleep(REST_S)
        used = sum(map(_cpu_ms, pids)) - before
        memory = pss_mb(app.process.pid)
        ssh_memory = sum(map(pss_mb, pids[1:]))
        report.series += [
            Series(f"CPU time {what}", "ms", [used]),
            Series(f"memory of the window {what}", "MB", [memory]),
            Series(f"memory of its processes of ssh {what}", "MB", [ssh_memory]),
            Series(f"processes of ssh {what}", "", [len(pids) - 1]),
        ]
        app.ask("close")
        app.process.wait(20)
    return used


def _children(app: Window) -> list[int]:
    """The PIDs of the window's processes of ssh."""
    pid = app.process.pid
    children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]
    return [each for each in children if Path(f"/proc/{each}/comm").read_text(encoding="utf-8").strip() == "ssh"]


def _cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS_PER_S
