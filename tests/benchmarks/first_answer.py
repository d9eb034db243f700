"""A new user's first minutes: from ``outlive`` in an empty home to an agent's first answer, by keyboard alone.

The only agent is a program that is called ``claude``. It takes 0.4 s to tell its options, as the real one does, shows
its prompt at once, and answers a line at once; both can be told from the pixels by their colours. The legs: the window
is painted and has the keyboard; Ctrl+Shift+N, and the sheet for a new chat is seen; Return, and the agent's prompt is
seen; a line and Return, and the answer is seen. A person reads the window and the sheet for a second each. Konsole,
alacritty, kitty and xterm are started with the agent, and are typed to in the same way: they have no sheet.
"""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.benchmarks import peers
from tests.benchmarks.report import Report, Series, ratio
from tests.benchmarks.setting import Setting
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
"""Forty pixels in a row of the agent's colours: blue, green, red, and a byte without a meaning."""

START, SHEET, PROMPT, REPLY = "the window", "the sheet", "the agent's prompt", "its answer"
KEYS = ("Ctrl+Shift+N", "Return", "Return after the first line")


def run(setting: Setting) -> Report:
    """Measure."""
    report = Report("first_answer", "from the command in an empty home to an agent's first answer")
    setting.display()
    agent = setting.area.home / "bin" / "claude"
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
        for _ in range(setting.rounds):
            for name in names:
                took_s = our_way(setting) if name == OURS else way_in(name, [str(agent)])
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


class Watch:
    """A client that looks at the screen, and how long each leg of a way took.

    Attributes:
        took_s: the legs up to now, in seconds.
    """

    def __init__(self, client: XClient) -> None:
        self._client = client
        self.took_s: list[float] = []

    def until_seen(self, since_s: float, colour: list[bytes]) -> None:
        """End a leg when the colour is on the screen."""

        def is_seen() -> bool:
            pixels = self._client.pixels(SCREEN)
            return any(each in pixels for each in colour)

        self._until(since_s, is_seen)

    def until_changed(self, since_s: float, previous: bytes) -> None:
        """End a leg when the middle of the screen is another than before."""
        self._until(since_s, lambda: self.middle() != previous)

    def middle(self) -> bytes:
        """The middle of the screen."""
        return self._client.pixels(MIDDLE)

    def _until(self, since_s: float, condition: Callable[[], bool]) -> None:
        while not condition():
            assert self._client.wait_painted(since_s + WAIT_S - time.monotonic()), "nothing is painted"
        self.took_s.append(time.monotonic() - since_s)


@contextmanager
def watching() -> Iterator[tuple[XClient, Watch]]:
    """A client for keys and pixels, and its watch."""
    client = XClient()
    try:
        with client.watching():
            yield client, Watch(client)
    finally:
        client.close()


def our_way(setting: Setting) -> list[float]:
    """The legs in our window; afterwards nothing of the chat is left."""
    with watching() as (client, watch):
        began_s, previous = time.monotonic(), watch.middle()
        with window(argv=OUTLIVE) as own:
            watch.until_changed(began_s, previous)
            wait_for_keyboard(own)
            watch.took_s[-1] = time.monotonic() - began_s
            time.sleep(READS_S)
            previous = watch.middle()
            watch.until_changed(client.press("Control_L", "Shift_L", "n"), previous)
            time.sleep(READS_S)
            watch.until_seen(client.press("Return"), READY)
            client.type("hi")
            watch.until_seen(client.press("Return"), ANSWER)
            own.ask("close")
            own.process.wait(WAIT_S)
    setting.end_sessions()
    return watch.took_s


def wait_for_keyboard(own: Window) -> None:
    """Wait until keys go to the window."""

    def has_it() -> bool:
        words = ["xdotool", "getwindowfocus", "getwindowpid"]
        told = subprocess.run(words, capture_output=True, text=True, check=False, timeout=WAIT_S).stdout
        return told.strip() == str(own.process.pid)

    wait_until(has_it, WAIT_S, "the window to have the keyboard")


def way_in(name: str, argv: list[str]) -> list[float]:
    """The legs in another terminal."""
    with watching() as (client, watch):
        began_s = time.monotonic()
        with peers.in_terminal(name, argv, environment()):
            watch.until_seen(began_s, READY)
            client.type("hi")
            watch.until_seen(client.press("Return"), ANSWER)
    return watch.took_s
