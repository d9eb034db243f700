"""A link that is cut two hundred times at random moments while keys and output flow: what is lost, and what is left.

A viewer types numbered lines to a chat on another machine, which repeats each. Every key must arrive once, every line
of output be seen once, and the chat never be called ended. Counted are also this process's descriptors and tasks, and
the bridges and logins that are left.
"""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import sys
import time
from pathlib import Path

import pytest

from session_host.client.sessions.listing import session_named
from session_host.client.viewer.state import FINAL_STATES, NO_DELEGATE, ViewerState
from session_host.client.viewer.viewer import Viewer
from session_host.machines import link
from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.protocol.values import GridSize
from session_host.system import event_loop
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict
from tests.support import processes
from tests.support.ssh_machines import SshMachine, end_logins, ssh_machines
from tests.support.waiting import eventually
from tests.support.windows import outlive

CUTS = 200
MOST_LINES_BETWEEN = 12
MEMORY = "MB of memory"

PROGRAM = """
import sys, os
log = open(os.environ["HOME"] + "/received", "w", buffering=1)
for line in sys.stdin:
    log.write(line)
    print("got", line.strip(), flush=True)
"""


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("cuts", f"a link that is cut {CUTS} times")
    with ssh_machines(bench.area.root / "m", "alpha") as ([alpha], environment), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", environment["PATH"])
        patch.setattr(link, "STEADY_S", 0.0)  # As if each link had been up for long.
        outlive("machines", "add", "alpha")
        outlive("new", "-d", "--on", "alpha", "-n", "log", "--", sys.executable, "-c", PROGRAM)
        typed, seen = event_loop.run(_type_during_cuts(alpha, report))
        received = (alpha.home / "received").read_text().split()
        report.verdicts += [
            Verdict("keys lost, doubled or out of order", _differing(typed, received), "lines", 0, False),
            Verdict("output lost, doubled or out of order", _differing(typed[-len(seen) :], seen), "lines", 0, False),
        ]
        outlive("kill", "alpha:log")
        end_logins("alpha")
    return report


def _differing(expected: list[str], actual: list[str]) -> int:
    return abs(len(expected) - len(actual)) + sum(a != b for a, b in zip(expected, actual, strict=False))


async def _type_during_cuts(alpha: SshMachine, report: Report) -> tuple[list[str], list[str]]:
    machine = RemoteMachine(Link(MachineEntry("alpha", "alpha")))
    machine.link.hold()
    chance = random.Random(1)
    typed: list[str] = []
    back_s, ended = Series("a key typed at the cut, until the program has it", "s"), 0
    info = await machine.call(session_named, "log")
    viewer = Viewer(info.id, NO_DELEGATE, size=GridSize(80, 24), machine=machine)
    viewer.start()
    before = _counts(alpha)
    for _ in range(CUTS):
        for _ in range(chance.randrange(MOST_LINES_BETWEEN)):
            typed.append(f"{len(typed):05}")
            viewer.text(typed[-1])
            viewer.key("Enter", "\r")
            await asyncio.sleep(chance.random() * 0.01)
        alpha.cut()
        began_s = time.monotonic()
        typed.append(f"{len(typed):05}")
        viewer.text(typed[-1])
        viewer.key("Enter", "\r")
        await eventually(lambda: not viewer.inputs, 60, lambda: f"{viewer.line.shown} {viewer.line.message}")
        back_s.values.append(time.monotonic() - began_s)
        ended += viewer.line.shown in FINAL_STATES
    await eventually(lambda: viewer.line.shown is ViewerState.LIVE, 60, lambda: f"{viewer.line.shown}")
    await eventually(lambda: typed[-1] in _text(viewer), 60, "the last line")
    await asyncio.sleep(2)
    after = _counts(alpha)
    for name, count in before.items():
        limit = 20 if name == MEMORY else 1
        report.verdicts.append(Verdict(f"more {name} than before", after[name] - count, "", limit, False))
    report.verdicts.append(Verdict("a chat called ended", ended, "times", 0, False))
    report.verdicts.append(
        Verdict("until the program has the key, median", statistics.median(back_s.values), "s", 2, False)
    )
    report.series.append(back_s)
    seen = re.findall(r"got (\d{5})", _text(viewer))
    viewer.close()
    await viewer.delivery.wait()
    await machine.link.close()
    return typed, seen


def _counts(alpha: SshMachine) -> dict[str, int]:
    ours = processes.with_environment("OUTLIVE_RUNTIME_DIR", str(alpha.runtime))
    bridges = [pid for pid in ours if b"bridge" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "tasks": len(asyncio.all_tasks()),
        "bridges": len(bridges),
        MEMORY: int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 2**20,
    }


def _text(viewer: Viewer) -> str:
    emulator = viewer.replica.emulator
    if emulator is None:
        return ""
    return "\n".join(row.text().strip() for row in [*emulator.history(0, emulator.scrollback_rows), *emulator.rows()])
