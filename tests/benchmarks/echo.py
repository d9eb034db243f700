"""The round-trip time of a key to a program, compared with tmux, dtach and a bare PTY.

The program echoes each byte at once (``tests/programs/raw_echo.py``). *Through the host*: the benchmark writes an
encoded key message to the host's socket, and reads the socket until the echo's bytes have come. Peers are measured in
the same way: the benchmark writes a byte to the PTY in which a peer is attached, and reads the PTY until the byte comes
back; a terminal would still have to interpret it. *To a client in Python*: the same as through the host, but the clock
also covers encoding the message and decoding the reply, which is this process's work and not the host's. *At the
viewer's replica*: through ``Viewer``, with its queue, its event loop (the one of ``outlive attach``) and its engine,
until the screen shows the letter.

All programs run at the same time and take turns of a hundred keys and a pause; each key waits for the echo of the
previous one. A machine's speed changes from second to second. So each round runs all programs within a short time and
gives a ratio; the result is the median of these ratios. Turns are short: a shared machine becomes slower after 50 to
100 ms of work, and typists make pauses. *After a pause* is the first key of a turn, when caches are cold; the other
figures leave out the first tenth of a turn. *Without a pause* is measured in a turn that is five times as long.
"""

from __future__ import annotations

import itertools
import random
import select
import statistics
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack

from tests.benchmarks import peers
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.benchmarks.typists import Typist, in_pty, through_host, through_tmux, through_viewer, to_client
from tests.programs import program

HOST, CLIENT, VIEWER = "through the host", "to a client in Python", "at the viewer's replica"
AFTER_PAUSE, NO_PAUSE = "after a pause", "without a pause"
FIGURES = ("p50", "p95", "p99", AFTER_PAUSE, f"{NO_PAUSE} p50", f"{NO_PAUSE} p99")
LIMITS = {"p50": 2.0, "p99": 2.0}
"""The figure through the host, divided by tmux's."""

LETTERS = "eovwxyz"
"""Letters that no control sequence of the other programs contains, so that an echo cannot be mistaken."""

KEYS = tuple(itertools.islice(itertools.cycle(LETTERS), 100))
"""The keys of a turn. No two neighbours are the same, so that each echo changes the screen."""

WARM_UP = 10
"""Number of keys at the start of a turn that are not counted."""

TURNS, LONG = 5, 5
"""Short turns of each program in a round; and how many times longer the last turn of the round is."""

ROUNDS = 5
"""Rounds for each requested round; a round takes six seconds."""

PAUSE_S = 0.1
"""Between turns; Outlive does its deferred work meanwhile."""


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("echo", "round trip of one key")
    echo = program("raw_echo")
    contestants: dict[str, AbstractContextManager[Typist]] = {
        "bare PTY": in_pty(echo),
        HOST: through_host(bench, echo),
        CLIENT: to_client(bench, echo),
        VIEWER: through_viewer(bench, echo),
        "tmux": through_tmux(bench, echo),
        "dtach": in_pty(["dtach", "-A", str(bench.cache / "dtach"), "-E", "-z", "-r", "none", *echo]),
    }
    for name in ("tmux", "dtach"):
        if lacking := peers.missing(name):
            report.notes.append(lacking)
            del contestants[name]
    rounds: list[RoundTimes] = []
    with ExitStack() as stack:
        typists = {name: stack.enter_context(contestant) for name, contestant in contestants.items()}
        order = random.Random(1)
        for _ in range(bench.rounds * ROUNDS):
            rounds.append(RoundTimes(list(typists)))
            for keys in [KEYS] * TURNS + [KEYS * LONG]:
                for name in order.sample(list(typists), len(typists)):  # No program always follows the same one.
                    rounds[-1].add(name, typists[name](keys))
                    select.select([], [], [], PAUSE_S)
    for figure in FIGURES:
        for name in contestants:
            values = [each.figure(figure, name) for each in rounds]
            report.series.append(Series(f"{name}, {figure}", "µs", values))
    report.notes.append(
        f"{len(rounds)} rounds of {TURNS} × {len(KEYS)} keys, and of {LONG * len(KEYS)} without a pause"
    )
    report.notes.append("a ratio is the median of the rounds' ratios")
    if "tmux" in contestants:
        for name, figure in itertools.product((HOST, CLIENT, VIEWER), FIGURES):
            ratios = [each.figure(figure, name) / each.figure(figure, "tmux") for each in rounds]
            limit = LIMITS.get(figure) if name == HOST else None
            what, value = f"{name}, of tmux's {figure}", statistics.median(ratios)
            report.verdicts.append(Verdict(what, value, "×", limit or 0.0, None if limit is None else False))
    return report


class RoundTimes:
    """All programs' round-trip times in one round, in microseconds."""

    def __init__(self, names: Sequence[str]) -> None:
        self._first: dict[str, list[float]] = {name: [] for name in names}
        self._short: dict[str, list[float]] = {name: [] for name in names}
        self._long: dict[str, list[float]] = {name: [] for name in names}

    def add(self, name: str, taken_s: Sequence[float]) -> None:
        """Add the times of one turn."""
        times_us = [seconds * 1e6 for seconds in taken_s]
        if len(times_us) > len(KEYS):
            self._long[name] += times_us[WARM_UP:]
        else:
            self._first[name].append(times_us[0])
            self._short[name] += times_us[WARM_UP:]

    def figure(self, figure: str, name: str) -> float:
        """Return one program's value for one of ``FIGURES``."""
        if figure == AFTER_PAUSE:
            return percentile(self._first[name], 50)
        times = self._long if figure.startswith(NO_PAUSE) else self._short
        return percentile(times[name], float(figure.rpartition("p")[2]))
