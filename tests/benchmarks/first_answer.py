"""A new user's first minutes: from ``outlive`` in an empty home to an agent's first answer, by keyboard alone.

The only agent is a program named ``claude``. Like the real one, it takes 0.4 s to print its options; it shows its
prompt and answers a line at once. The benchmark finds prompt and answer on the screen by their colours. It measures
four legs: the window is painted and has the keyboard; Ctrl+Shift+N until the sheet for a new chat is shown; Return
until the agent's prompt is shown; a line and Return until the answer is shown. A pause of one second stands for reading
the window, and another one for reading the sheet. Konsole, alacritty, kitty and xterm start with the agent and get the
same input; they have no sheet.
"""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.benchmarks import peers
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, ratio
from tests.programs import program
from tests.support.commands import OUTLIVE, environment
from tests.support.waiting import wait_until
from tests.support.windows import Window, window
from tests.support.x_client import Area, XClient

OURS = "outlive"
THINKS_S = "0.4"
READS_S = 1.0
WAIT_S = 60.0
WIDTH_PX, HEIGHT_PX = 1600, 1000
SCREEN = Area(0, 0, WIDTH_PX, HEIGHT_PX)
MIDDLE = Area(WIDTH_PX // 2 - 100, HEIGHT_PX // 2 - 50, 200, 100)
READY, ANSWER = ([bytes((*pixel, unused)) * 40 for unused in (0, 255)] for pixel in ((212, 24, 199), (178, 190, 17)))
"""Forty pixels in a row in each of the agent's colours. A pixel is blue, green, red and an unused byte."""

START, SHEET, PROMPT, REPLY = "the window", "the sheet", "the agent's prompt", "its answer"
KEYS = ("Ctrl+Shift+N", "Return", "Return after the first line")


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("first_answer", "from the command in an empty home to an agent's first answer")
    bench.display()
    agent = bench.area.home / "bin" / "claude"
    agent.parent.mkdir()
    agent.write_text(f'#!/bin/sh\nexec {shlex.join(program("coloured_agent"))} "$@"\n')
    agent.chmod(0o755)
    names = [OURS]
    for name in peers.TERMINALS:
        if lacking := peers.missing(name):
            report.notes.append(lacking)
        else:
            names.append(name)
    legs = {name: [START, SHEET, PROMPT, REPLY] if name == OURS else [PROMPT, REPLY] for name in names}
    series = {(name, leg): Series(f"{name}: {leg}", "s") for name in names for leg in [*legs[name], "together"]}
    report.series = list(series.values())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{agent.parent}:/usr/bin:/bin")
        patch.setenv("SHELL", "/bin/sh")
        patch.setenv("COLOURED_AGENT_THINKS_S", THINKS_S)
        for _ in range(bench.rounds):
            for name in names:
                took_s = legs_in_our_window(bench) if name == OURS else legs_in_terminal(name, [str(agent)])
                for leg, value in zip([*legs[name], "together"], [*took_s, sum(took_s)], strict=True):
                    series[name, leg].values.append(value)
    report.verdicts = [
        ratio(f"together, of {name}'s", series[OURS, "together"], series[name, "together"], at_least=None)
        for name in names
        if name != OURS
    ]
    report.notes.append(f"{len(KEYS)} keys ({', '.join(KEYS)}), 0 clicks")
    report.notes.append(f"not counted: {READS_S:g} s each to read the window and the sheet, and to type the line")
    return report


class LegTimer:
    """Measures how long each leg takes, by watching the screen.

    Attributes:
        took_s: the durations of the finished legs, in seconds.
    """

    def __init__(self, client: XClient) -> None:
        self._client = client
        self.took_s: list[float] = []

    def until_seen(self, since_s: float, colour: list[bytes]) -> None:
        """Wait until the colour is on the screen; end the leg."""

        def is_seen() -> bool:
            pixels = self._client.pixels(SCREEN)
            return any(each in pixels for each in colour)

        self._until(since_s, is_seen)

    def until_changed(self, since_s: float, previous: bytes) -> None:
        """Wait until the middle of the screen has changed; end the leg."""
        self._until(since_s, lambda: self.middle() != previous)

    def middle(self) -> bytes:
        """The pixels in the middle of the screen."""
        return self._client.pixels(MIDDLE)

    def _until(self, since_s: float, condition: Callable[[], bool]) -> None:
        while not condition():
            assert self._client.wait_painted(since_s + WAIT_S - time.monotonic()), "nothing is painted"
        self.took_s.append(time.monotonic() - since_s)


@contextmanager
def leg_timer() -> Iterator[tuple[XClient, LegTimer]]:
    """An X client for keys and pixels, and a timer that uses it."""
    client = XClient()
    try:
        with client.watching():
            yield client, LegTimer(client)
    finally:
        client.close()


def legs_in_our_window(bench: BenchmarkEnvironment) -> list[float]:
    """Return the durations of the legs in our window, in seconds; then remove the chat."""
    with leg_timer() as (client, timer):
        began_s, previous = time.monotonic(), timer.middle()
        with window(argv=OUTLIVE) as app:
            timer.until_changed(began_s, previous)
            wait_for_keyboard(app)
            timer.took_s[-1] = time.monotonic() - began_s
            time.sleep(READS_S)
            previous = timer.middle()
            timer.until_changed(client.press("Control_L", "Shift_L", "n"), previous)
            time.sleep(READS_S)
            timer.until_seen(client.press("Return"), READY)
            client.type("hi")
            timer.until_seen(client.press("Return"), ANSWER)
            app.ask("close")
            app.process.wait(WAIT_S)
    bench.end_sessions()
    return timer.took_s


def wait_for_keyboard(app: Window) -> None:
    """Wait until the window has the keyboard focus."""

    def has_it() -> bool:
        words = ["xdotool", "getwindowfocus", "getwindowpid"]
        output = subprocess.run(words, capture_output=True, text=True, check=False, timeout=WAIT_S).stdout
        return output.strip() == str(app.process.pid)

    wait_until(has_it, WAIT_S, "the window to have the keyboard")


def legs_in_terminal(name: str, argv: list[str]) -> list[float]:
    """Return the durations of the legs in another terminal, in seconds."""
    with leg_timer() as (client, timer):
        began_s = time.monotonic()
        with peers.in_terminal(name, argv, environment()):
            timer.until_seen(began_s, READY)
            client.type("hi")
            timer.until_seen(client.press("Return"), ANSWER)
    return timer.took_s
