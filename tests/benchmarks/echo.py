"""The time of a key to a program and back, compared with tmux, dtach and a bare PTY.

The program gives each byte back at once (``tests/programs/raw_echo.py``). *Through the host*: a typed
message is written to the host's socket, and the socket is read until the echo's bytes are among what comes.
So it is with the peers: attached in a PTY of ours, they get the byte written, and the PTY is read until it
comes back; the terminal around them has yet to interpret it. *To a client in Python*: the same, with the
message made and what comes decoded while the clock runs, which is this process's work and not the host's.
*At the viewer's replica*: through ``Viewer``, with its queue, its loop (that of ``outlive attach``) and its
engine, until the screen has the letter.

All are open at once, and type by turns, a hundred keys and a pause, each key when the echo of the one before
is there. A machine's speed changes from second to second. So each round runs all programs within a short time and gives
a ratio; the result is the median of these ratios. Turns are short: a shared machine becomes slower after 50 to 100 ms
of work, and typists make pauses. *After a pause* is the first key of a turn, when all has gone cold; the first tenth is
not among the others. *Without a pause* is what it comes to in a turn five times as long.
"""

from __future__ import annotations

import itertools
import random
import select
import statistics
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack

from tests.benchmarks import peers
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.benchmarks.setting import Setting
from tests.benchmarks.typists import Typing, in_pty, through_host, through_tmux, through_viewer, to_client
from tests.programs import program

HOST, CLIENT, VIEWER = "through the host", "to a client in Python", "at the viewer's replica"
AFTER_PAUSE, NO_PAUSE = "after a pause", "without a pause"
FIGURES = ("p50", "p95", "p99", AFTER_PAUSE, f"{NO_PAUSE} p50", f"{NO_PAUSE} p99")
LIMITS = {"p50": 1.2, "p99": 1.0}
"""Through the host, of tmux's."""

LETTERS = "eovwxyz"
"""Letters that no control sequence of the other programs contains, so that the echo is found without doubt."""

KEYS = tuple(itertools.islice(itertools.cycle(LETTERS), 100))
"""Typed in a turn: no two neighbours are the same, so that each echo changes the screen."""

WARM_UP = 10
"""So many of them come first, and are not counted with the others."""

TURNS, LONG = 5, 5
"""Of each in a round; and at its end one that is so many times longer."""

ROUNDS = 5
"""For each that is asked for: a round takes six seconds."""

PAUSE_S = 0.1
"""Between turns; ours does what it put off."""


def run(setting: Setting) -> Report:
    """Measure."""
    report = Report("echo", "round trip of one key")
    echo = program("raw_echo")
    contestants: dict[str, AbstractContextManager[Typing]] = {
        "bare PTY": in_pty(echo),
        HOST: through_host(setting, echo),
        CLIENT: to_client(setting, echo),
        VIEWER: through_viewer(setting, echo),
        "tmux": through_tmux(setting, echo),
        "dtach": in_pty(["dtach", "-A", str(setting.cache / "dtach"), "-E", "-z", "-r", "none", *echo]),
    }
    for name in ("tmux", "dtach"):
        if lacking := peers.missing(name):
            report.notes.append(lacking)
            del contestants[name]
    rounds: list[Turns] = []
    with ExitStack() as stack:
        typings = {name: stack.enter_context(contestant) for name, contestant in contestants.items()}
        order = random.Random(1)
        for _ in range(setting.rounds * ROUNDS):
            rounds.append(Turns(list(typings)))
            for keys in [KEYS] * TURNS + [KEYS * LONG]:
                for name in order.sample(list(typings), len(typings)):  # Nobody always comes after the same.
                    rounds[-1].add(name, typings[name](keys))
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


class Turns:
    """What all took in one round, in microseconds."""

    def __init__(self, names: Sequence[str]) -> None:
        self._first: dict[str, list[float]] = {name: [] for name in names}
        self._short: dict[str, list[float]] = {name: [] for name in names}
        self._long: dict[str, list[float]] = {name: [] for name in names}

    def add(self, name: str, taken_s: Sequence[float]) -> None:
        """One turn."""
        taken = [seconds * 1e6 for seconds in taken_s]
        if len(taken) > len(KEYS):
            self._long[name] += taken[WARM_UP:]
        else:
            self._first[name].append(taken[0])
            self._short[name] += taken[WARM_UP:]

    def figure(self, figure: str, name: str) -> float:
        """One of ``FIGURES``."""
        if figure == AFTER_PAUSE:
            return percentile(self._first[name], 50)
        trips = self._long if figure.startswith(NO_PAUSE) else self._short
        return percentile(trips[name], float(figure.rpartition("p")[2]))
