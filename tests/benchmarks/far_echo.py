"""The time until a typed character is seen in ``outlive attach`` on another machine, at the end of a slow line.

The machine is an ``sshd`` on loopback behind a relay with a delay, the program a shell. A typist types a line of random
letters, one every 120 ms; the first one after Enter is left out, since no echo has been seen in that line before.
"""

from __future__ import annotations

import random
import select
import time

import pytest

from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.support.commands import OUTLIVE
from tests.support.ssh_machines import end_logins, ssh_machines
from tests.support.ssh_relay import ssh_relay
from tests.support.terminals import ScreenTerminal
from tests.support.windows import outlive

ROUND_TRIPS_MS = (100, 300)
LETTERS = 50
EVERY_S = 0.12
LIMIT_MS = 20.0


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("far_echo", "a typed character is seen, on another machine")
    with ssh_machines(bench.area.root / "m", "alpha") as ([alpha], environment), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", environment["PATH"])
        with ssh_relay(alpha.port) as relay:
            far = f"ssh://alpha:{relay.port}"
            outlive("machines", "add", "far", far)
            shell = ("env", "PS1=here: ", "bash", "--norc", "-i")
            outlive("new", "-d", "--on", "far", "-n", "shell", "--", *shell)
            for round_trip_ms in ROUND_TRIPS_MS:
                relay.delay(round_trip_ms / 2000)
                times_ms = [each for number in range(bench.rounds) for each in _typed_line(number)]
                relay.delay(0)
                for share in (50, 99):
                    figure = percentile(times_ms, share)
                    what = f"{round_trip_ms} ms, p{share}"
                    report.series.append(Series(what, "ms", [figure]))
                    report.verdicts.append(Verdict(what, figure, "ms", LIMIT_MS, False))
            outlive("kill", "far:shell")
        end_logins(far)
    return report


def _typed_line(number: int) -> list[float]:
    """Type a line, and clear it; returns how many milliseconds each character took."""
    letters = random.Random(number).choices("abcdefghijklmnopqrstuvwxyz", k=LETTERS)
    times_ms: list[float] = []
    with ScreenTerminal([*OUTLIVE, "attach", "far:shell"]) as terminal:
        terminal.see("here:")
        line = "here: "
        for letter in letters:
            line += letter
            terminal.show_pending()
            began_s = time.perf_counter()
            terminal.type(letter)
            terminal.see(line)
            times_ms.append((time.perf_counter() - began_s) * 1e3)
            select.select([], [], [], max(0.0, EVERY_S - (time.perf_counter() - began_s)))
        terminal.type("\x15")
        terminal.not_see(line[:8])
    return times_ms[1:]
