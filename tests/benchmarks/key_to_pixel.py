"""The time from a key press to its pixels, in the product's window and in other terminals, in one run.

XTEST presses the key. The time ends when DAMAGE has reported painting by the X server and the window's pixels have
changed. All windows are open at the same time, with a program that echoes each byte; they get the keyboard focus in
turns. Keys come 20 ms and 100 ms apart. Only Outlive has another process in between: the host.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tests.benchmarks import peers
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.programs import program
from tests.support.commands import environment
from tests.support.waiting import wait_until
from tests.support.windows import window, xdotool
from tests.support.x_client import Area, XClient

OURS = "outlive"
SPACINGS_MS = (20, 100)
LETTERS = "eovwxyz"
KEYS, WARM_UP = 60, 5
"""Counted keys of a turn, and the uncounted ones before them. All of them fit into one line."""

SETTLE_S = 0.5
"""Pause after a window got the keyboard focus: its cursor changes, and window frames fade."""

WAIT_S = 20.0
SEEN_PX = 120
"""Height of the compared area: the top of the window, which contains the text."""

P50_LIMIT, P99_LIMIT = 0.7, 2.0
"""Our p50 divided by alacritty's; our p99 divided by our p50."""


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("key_to_pixel", "from the key to the pixels")
    bench.display()
    bench.tray()
    echo = program("raw_echo")
    with ExitStack() as stack:
        client = XClient()
        stack.callback(client.close)
        windows: dict[str, str] = {OURS: stack.enter_context(_our_window(bench, echo))}
        for name in peers.TERMINALS:
            if lacking := peers.missing(name):
                report.notes.append(lacking)
            else:
                windows[name] = stack.enter_context(_terminal_window(name, echo))
        times_ms = {(name, spacing): list[list[float]]() for name in windows for spacing in SPACINGS_MS}
        order, turns = random.Random(1), dict.fromkeys(windows, 0)
        for _ in range(bench.rounds):
            for name, spacing in order.sample(list(times_ms), len(times_ms)):
                xdotool("windowactivate", "--sync", windows[name])
                area = client.area_of(int(windows[name]))._replace(height=SEEN_PX)
                keys = [LETTERS[(number + turns[name]) % len(LETTERS)] for number in range(WARM_UP + KEYS)]
                turns[name] += 1
                times_ms[name, spacing].append(_type(client, area, keys, spacing / 1000)[WARM_UP:])
    _add_results(report, times_ms)
    return report


def _add_results(report: Report, times_ms: dict[tuple[str, int], list[list[float]]]) -> None:
    for (name, spacing), turns in sorted(times_ms.items(), key=lambda each: each[0][1]):
        values = [value for turn in turns for value in turn]
        report.series.append(Series(f"{name}, keys {spacing} ms apart", "ms", values))
        p50, p99 = (percentile(values, share) for share in (50, 99))
        report.notes.append(f"{name}, keys {spacing} ms apart: p50 / p99 {p50:.2f} / {p99:.2f} ms")
    for spacing in SPACINGS_MS:
        ours = times_ms[OURS, spacing]
        for peer in (each for each in peers.TERMINALS if (each, spacing) in times_ms):
            pairs = zip(ours, times_ms[peer, spacing], strict=True)
            value = statistics.median(percentile(mine, 50) / percentile(theirs, 50) for mine, theirs in pairs)
            limit = False if peer == "alacritty" else None
            report.verdicts.append(Verdict(f"p50 of {peer}'s, {spacing} ms apart", value, "×", P50_LIMIT, limit))
        values = [value for turn in ours for value in turn]
        spread = percentile(values, 99) / percentile(values, 50)
        report.verdicts.append(Verdict(f"p99 of p50, {spacing} ms apart", spread, "×", P99_LIMIT, False))


def _type(client: XClient, area: Area, keys: Sequence[str], spacing_s: float) -> list[float]:
    """Type keys over the only line, in which each is another letter there; return the times to their pixels, in ms."""
    found = []
    with client.watching():
        client.press("Return")
        _settle(client)
        for key in keys:
            previous = client.pixels(area)
            while client.wait_painted(0):
                pass
            began_s = client.press(key)
            while True:
                assert client.wait_painted(WAIT_S), f"{key} was not painted"
                seen_s = time.monotonic()
                if client.pixels(area) != previous:
                    break
            found.append((seen_s - began_s) * 1000)
            time.sleep(max(began_s + spacing_s - time.monotonic(), 0.0))
    return found


def _settle(client: XClient) -> None:
    end_s = time.monotonic() + SETTLE_S
    while (left_s := end_s - time.monotonic()) > 0:
        client.wait_painted(left_s)


@contextmanager
def _our_window(bench: BenchmarkEnvironment, argv: list[str]) -> Iterator[str]:
    """Our window with a chat; yields the X window's id."""
    session = bench.new_session(argv, "keys")["id"]
    with window() as app:
        app.show(session)
        app.wait_connected([session])
        yield wait_until(app.shown, WAIT_S, "the window")[0]
        app.ask("close")
        app.process.wait(WAIT_S)


@contextmanager
def _terminal_window(name: str, argv: list[str]) -> Iterator[str]:
    """Another terminal's window; yields the X window's id."""
    with peers.in_terminal(name, argv, environment()):
        yield xdotool("search", "--sync", "--onlyvisible", "--class", name).split()[0]
