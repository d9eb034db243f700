"""The round-trip time of a key through ``outlive attach``, compared with ``tmux attach``.

Each client runs in a PTY of this process, in front of the same program, which echoes each byte at once. The benchmark
writes a key to the client's PTY and reads the PTY until the key's letter comes back. It sends keys every 2 ms, like a
held key in a quick terminal, and every 60 ms, like a typist; each key waits for the echo of the previous one.

The clients take turns, a few keys each. Each round gives one ratio; see ``echo``.
"""

from __future__ import annotations

import itertools
import random
import select
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.benchmarks import peers
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.benchmarks.typists import Typist, in_pty, new_session, through_tmux
from tests.programs import program
from tests.support.commands import OUTLIVE

OURS, TMUX = "outlive attach", "tmux attach"
LETTERS = "eovwxyz"
"""Letters that no control sequence contains, so that an echo cannot be mistaken."""

SPACINGS_MS = {2: 60, 60: 12}
"""The time between two keys, and the number of keys in a turn."""

TURNS = 8
LIMIT = 2.0
"""Our time divided by tmux's."""


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("attach_echo", "round trip of one key through a client in a terminal")
    if lacking := peers.missing("tmux"):
        report.notes.append(lacking)
        return report
    echo = program("raw_echo")
    times_ms: dict[tuple[str, int], list[list[float]]] = {
        (name, spacing): [] for name in (OURS, TMUX) for spacing in SPACINGS_MS
    }
    with ExitStack() as stack:
        typists = {
            OURS: stack.enter_context(through_attach(bench, echo)),
            TMUX: stack.enter_context(through_tmux(bench, echo)),
        }
        order = random.Random(1)
        letters = itertools.cycle(LETTERS)
        for _ in range(bench.rounds):
            for values in times_ms.values():
                values.append([])
            for _ in range(TURNS):
                for name, spacing in order.sample(list(times_ms), len(times_ms)):
                    for key in itertools.islice(letters, SPACINGS_MS[spacing]):
                        began_s = time.perf_counter()
                        times_ms[name, spacing][-1] += [seconds * 1e3 for seconds in typists[name]([key])]
                        left_s = spacing / 1e3 - (time.perf_counter() - began_s)
                        select.select([], [], [], max(left_s, 0.0))
    for spacing, share in itertools.product(SPACINGS_MS, (50, 99)):
        figures = {name: [percentile(each, share) for each in times_ms[name, spacing]] for name in (OURS, TMUX)}
        what = f"keys {spacing} ms apart, p{share}"
        report.series += [Series(f"{name}, {what}", "ms", values) for name, values in figures.items()]
        ratio = statistics.median(ours / theirs for ours, theirs in zip(figures[OURS], figures[TMUX], strict=True))
        report.verdicts.append(Verdict(f"{OURS} of tmux's, {what}", ratio, "×", LIMIT, False))
    return report


@contextmanager
def through_attach(bench: BenchmarkEnvironment, argv: list[str]) -> Iterator[Typist]:
    """A typist for ``outlive attach`` in a PTY."""
    with in_pty([*OUTLIVE, "attach", new_session(bench, argv)]) as typist:
        yield typist
