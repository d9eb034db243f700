"""The time until a typed character is seen, in the window and in ``outlive attach``, on a machine at the end of a slow
line.

The machine is an ``sshd`` on loopback behind a relay with a delay, the program a shell. A typist types a line of random
letters, one every 120 ms; the first one after Enter is left out, since no echo has been seen in that line before. In
the window, XTEST presses the keys, and a key's time ends when the pixels of its cell have changed.
"""

from __future__ import annotations

import random
import select
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from gui.theme.tokens import SIDEBAR_WIDTH_PX
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.support.commands import OUTLIVE
from tests.support.ssh_machines import end_logins, ssh_machines
from tests.support.ssh_relay import ssh_relay
from tests.support.terminals import ScreenTerminal
from tests.support.waiting import wait_until
from tests.support.windows import outlive, window
from tests.support.x_client import Area, XClient

ROUND_TRIPS_MS = (100, 300)
LETTERS = 50
EVERY_S = 0.12
LIMIT_MS = 20.0
WAIT_S = 20.0
SKIPPED_PX, SEEN_PX = (SIDEBAR_WIDTH_PX + 4, 40), (600, 30)
"""Width of the sidebar and height of the tabs, and the size of the compared area beside them, with the line."""

CALIBRATION = "mmmmmmmmm"

Typist = Callable[[int], list[float]]


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("far_echo", "a typed character is seen, on another machine")
    bench.display()
    bench.tray()
    bench.area.config.joinpath("window.toml").write_text("cursor_blinks = false\n", encoding="utf-8")
    with ssh_machines(bench.area.root / "m", "alpha") as ([alpha], environment), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", environment["PATH"])
        with ssh_relay(alpha.port) as relay:
            far = f"ssh://alpha:{relay.port}"
            outlive("machines", "add", "far", far)
            shell = ("env", "PS1=here: ", "bash", "--norc", "-i")
            for name in ("attach", "window"):
                outlive("new", "-d", "--on", "far", "-n", name, "--", *shell)
            try:
                with _far_window() as typed_line:
                    for name, type_line in (("attach", _typed_line), ("window", typed_line)):
                        for round_trip_ms in ROUND_TRIPS_MS:
                            relay.delay(round_trip_ms / 2000)
                            type_line(-1)  # Not counted: so the viewer knows that the line is slow now.
                            times_ms = [each for number in range(bench.rounds) for each in type_line(number)]
                            relay.delay(0)
                            for share in (50, 99):
                                figure = percentile(times_ms, share)
                                what = f"{name}, {round_trip_ms} ms, p{share}"
                                report.series.append(Series(what, "ms", [figure]))
                                report.verdicts.append(Verdict(what, figure, "ms", LIMIT_MS, False))
            finally:
                for name in ("attach", "window"):
                    outlive("kill", f"far:{name}")
        end_logins(far)
    return report


def _letters(number: int) -> Sequence[str]:
    return random.Random(number).choices("abcdefghijklmnopqrstuvwxyz", k=LETTERS)


def _wait_for_next(began_s: float) -> None:
    select.select([], [], [], max(0.0, began_s + EVERY_S - time.monotonic()))


def _typed_line(number: int) -> list[float]:
    """Type a line, and clear it; returns how many milliseconds each character took."""
    times_ms: list[float] = []
    with ScreenTerminal([*OUTLIVE, "attach", "far:attach"]) as terminal:
        terminal.see("here:")
        line = "here: "
        for letter in _letters(number):
            line += letter
            terminal.show_pending()
            began_s = time.monotonic()
            terminal.type(letter)
            terminal.see(line)
            times_ms.append((time.monotonic() - began_s) * 1e3)
            _wait_for_next(began_s)
        terminal.type("\x15")
        terminal.not_see(line[:8])
    return times_ms[1:]


class _Typist:
    """Types into the window, and watches the cells of the line."""

    def __init__(self, client: XClient, window_id: int) -> None:
        self._client = client
        area = client.area_of(window_id)
        self._area = Area(area.left + SKIPPED_PX[0], area.top + SKIPPED_PX[1], *SEEN_PX)
        self._blank = client.pixels(self._area)
        client.type(CALIBRATION)
        wait_until(self._has_typed, WAIT_S, "the echo")
        left, top, right, bottom = self._changed()
        # The cursor filled the first cell, and fills the one after the last letter.
        self._cell = Area(self._area.left + left, self._area.top + top, 0, bottom - top)
        self._cell_px = (right - left) / (len(CALIBRATION) + 1)
        self._clear()

    def _changed(self) -> tuple[int, int, int, int]:
        """The rectangle of the changed pixels in the area."""
        now, width = self._client.pixels(self._area), self._area.width
        changed = [at for at in range(0, len(now), 4) if now[at : at + 4] != self._blank[at : at + 4]]
        columns, rows = [at // 4 % width for at in changed], [at // 4 // width for at in changed]
        return (min(columns), min(rows), max(columns) + 1, max(rows) + 1) if changed else (0, 0, 0, 0)

    def _has_typed(self) -> bool:
        before = self._changed()
        time.sleep(0.3)
        return before[2] > 0 and before == self._changed()

    def _clear(self) -> None:
        self._client.press("Control_L", "u")
        wait_until(lambda: self._changed() == (0, 0, 0, 0), WAIT_S, lambda: f"an empty line; {self._changed()}")

    def typed_line(self, number: int) -> list[float]:
        """Type a line, and clear it; returns how many milliseconds each character took."""
        client, times_ms = self._client, list[float]()
        with client.watching():
            for column, letter in enumerate(_letters(number)):
                left, right = (round(self._cell.left + at * self._cell_px) for at in (column, column + 1))
                cell = self._cell._replace(left=left, width=right - left)
                before = client.pixels(cell)
                began_s = client.press(letter)
                while client.pixels(cell) == before:
                    assert client.wait_painted(WAIT_S), f"{letter} was not painted"
                times_ms.append((time.monotonic() - began_s) * 1e3)
                _wait_for_next(began_s)
        self._clear()
        return times_ms[1:]


@contextmanager
def _far_window() -> Iterator[Typist]:
    """The window with the chat there."""
    client = XClient()
    with window() as app:
        wait_until(app.is_listening, WAIT_S, "the window to listen")
        outlive("window", "show", "far:window")
        wait_until(lambda: any(tab["connected"] for tab in app.tabs()), WAIT_S, "the chat to be connected")
        app.focus()
        time.sleep(1)  # The prompt, and the cursor of a window with the keyboard.
        yield _Typist(client, int(app.shown()[0])).typed_line
        app.ask("close")
        app.process.wait(WAIT_S)
    client.close()
