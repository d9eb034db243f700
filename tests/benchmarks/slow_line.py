"""How old the screen is on a slow line while a program prints much more than the line carries.

The machine is an ``sshd`` on loopback behind a relay that passes 50 KB a second on, with a round trip of 60 ms. The
program prints a line with the time as fast as its terminal takes it, until Ctrl+C, after 20,000 lines of
history. The screen's age is the time since its newest line was printed.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable

import pytest

from session_host.client.sessions.listing import session_named
from session_host.client.viewer.state import NO_DELEGATE
from session_host.client.viewer.viewer import Viewer
from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.protocol.values import GridSize
from session_host.system import event_loop
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.support.ssh_machines import end_logins, ssh_machines
from tests.support.ssh_relay import ssh_relay
from tests.support.waiting import eventually
from tests.support.windows import outlive

PROGRAM = """
import os, signal, sys, time
for number in range(20_000):
    print(f"history {number} " + "x" * 60)
print("ready", flush=True)
while True:
    try:
        sys.stdin.readline()
        while True:
            print(f"{time.monotonic():.3f} " + "y" * 90)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""
BYTES_PER_S = 50_000
FLOOD_S = 5.0
EVERY_S = 0.05
LIMIT_S = 1.2


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("slow_line", f"a flood over a line of {BYTES_PER_S // 1000} KB/s")
    with ssh_machines(bench.area.root / "m", "alpha") as ([alpha], environment), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", environment["PATH"])
        with ssh_relay(alpha.port) as relay:
            far = MachineEntry("far", f"ssh://alpha:{relay.port}")
            outlive("machines", "add", *far)
            outlive("new", "-d", "--on", "far", "-n", "flood", "--", sys.executable, "-c", PROGRAM)
            relay.delay(0.03)
            relay.rate(BYTES_PER_S)
            event_loop.run(_measured(far, report))
            relay.rate(0)
            outlive("kill", "far:flood")
        end_logins(far.destination)
    return report


async def _measured(far: MachineEntry, report: Report) -> None:
    machine = RemoteMachine(Link(far))
    machine.link.hold()
    info = await machine.call(session_named, "flood")
    viewer = Viewer(info.id, NO_DELEGATE, size=GridSize(100, 30), machine=machine)
    attach_s = await _time_of(viewer.start, lambda: "ready" in _text(viewer))
    history_s = await _time_of(lambda: None, lambda: _history(viewer) >= 9_000)
    viewer.text("\r")
    await eventually(lambda: "y" * 90 in _text(viewer), 60, "the flood")
    ages_s = []
    began_s = time.monotonic()
    while time.monotonic() - began_s < FLOOD_S:
        await asyncio.sleep(EVERY_S)
        ages_s.append(time.monotonic() - _newest(viewer))
    interrupted_s = await _time_of(lambda: viewer.text("\x03"), lambda: "interrupted" in _text(viewer))
    again_s = await _time_of(lambda: None, lambda: _history(viewer) >= 9_000)
    report.series += [
        Series("the screen's age in the flood", "s", ages_s),
        Series("the first screen after attach", "s", [attach_s]),
        Series("the history after that", "s", [history_s]),
        Series("Ctrl+C until its effect is seen", "s", [interrupted_s]),
        Series("the history after that ", "s", [again_s]),
    ]
    report.verdicts += [
        Verdict("the screen's age, p95", percentile(ages_s, 95), "s", LIMIT_S, False),
        Verdict("Ctrl+C until its effect is seen", interrupted_s, "s", LIMIT_S, False),
        Verdict("the first screen after attach", attach_s, "s", LIMIT_S, False),
    ]
    viewer.close()
    await viewer.delivery.wait()
    await machine.link.close()


async def _time_of(begin: Callable[[], None], is_done: Callable[[], bool]) -> float:
    began_s = time.monotonic()
    begin()
    await eventually(is_done, 120, "the screen")
    return time.monotonic() - began_s


def _text(viewer: Viewer) -> str:
    rows = viewer.replica.emulator.rows() if viewer.replica.emulator is not None else []
    return "\n".join("".join(run.text for run in row.runs) for row in rows)


def _history(viewer: Viewer) -> int:
    return viewer.replica.emulator.scrollback_rows if viewer.replica.emulator is not None else 0


def _newest(viewer: Viewer) -> float:
    """When the newest whole line on the screen was printed."""
    lines = [line for line in _text(viewer).splitlines() if line.endswith("y" * 90)]
    return float(lines[-1].split()[0]) if lines else 0.0
