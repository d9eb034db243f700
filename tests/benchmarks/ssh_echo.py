"""The round-trip time of a key over ssh: ``outlive attach MACHINE:CHAT``, compared with ``ssh -t MACHINE tmux attach``.

The machine is an ``sshd`` on loopback. Both clients ride on one login each, and run in a PTY of this process, in front
of the same program, which echoes each byte at once. They take turns of a few keys; see ``attach_echo``.
"""

from __future__ import annotations

import itertools
import json
import select
import statistics
from contextlib import ExitStack

import pytest

from tests.benchmarks import peers
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.benchmarks.typists import in_pty
from tests.programs import program
from tests.support.commands import OUTLIVE
from tests.support.ssh_machines import end_logins, ssh_machines
from tests.support.windows import outlive

OURS, TMUX = "outlive attach MACHINE:CHAT", "ssh -t MACHINE tmux attach"
LETTERS = "eovwxyz"
"""Letters that no control sequence contains, so that an echo cannot be mistaken."""

TURNS, KEYS, EVERY_S = 10, 15, 0.03
LIMIT = 1.5


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("ssh_echo", "round trip of one key over ssh")
    if lacking := peers.missing("tmux"):
        report.notes.append(lacking)
        return report
    echo = program("raw_echo")
    times_ms: dict[str, list[list[float]]] = {OURS: [], TMUX: []}
    with ExitStack() as stack:
        [alpha], environment = stack.enter_context(ssh_machines(bench.area.root / "m", "alpha"))
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("PATH", environment["PATH"])
        stack.callback(end_logins, alpha.name)
        outlive("machines", "add", alpha.name)
        chat = json.loads(outlive("new", "command", "-d", "--json", "--on", alpha.name, "-n", "echo", "--", *echo))
        assert chat["name"] == "echo"
        tmux = peers.Tmux(bench.cache)
        tmux.new(echo)
        stack.callback(tmux.kill)
        tmux.run("set-option", "-g", "status", "off")
        typists = {
            OURS: stack.enter_context(in_pty([*OUTLIVE, "attach", f"{alpha.name}:echo"])),
            TMUX: stack.enter_context(in_pty(["ssh", "-t", alpha.name, *tmux.argv("attach")])),
        }
        letters = itertools.cycle(LETTERS)
        for _ in range(bench.rounds):
            for values in times_ms.values():
                values.append([])
            for _, name in itertools.product(range(TURNS), typists):
                for key in itertools.islice(letters, KEYS):
                    times_ms[name][-1] += [seconds * 1e3 for seconds in typists[name]([key])]
                    select.select([], [], [], EVERY_S)
    for share in (50, 99):
        figures = {name: [percentile(each, share) for each in values] for name, values in times_ms.items()}
        report.series += [Series(f"{name}, p{share}", "ms", values) for name, values in figures.items()]
        ratio = statistics.median(ours / theirs for ours, theirs in zip(figures[OURS], figures[TMUX], strict=True))
        report.verdicts.append(Verdict(f"of ssh and tmux, p{share}", ratio, "×", LIMIT, False))
    return report
