"""One key's way to a program and back, against tmux, dtach and a bare PTY.

The program gives each byte back at once (``tests/programs/raw_echo.py``). A viewer without a window
sends a key as a typed message and waits until its replica has the echo, engine included, on the loop
that ``outlive attach`` runs on; the peers are attached in a PTY of ours, which gets the byte written and
is read until it comes back. One key at a time, each contestant in turns; percentiles are over all keys.
"""

from __future__ import annotations

import asyncio
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Callable

from session_host import loops
from session_host.client.viewer import Viewer, ViewerState
from session_host.protocol.messages import Event, InputRefused
from session_host.protocol.values import GridSize
from tests.benchmarks import peers
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.benchmarks.setting import Setting
from tests.programs import program

KEYS = 1000
"""Keys in a round; the first tenth warms up and is not counted."""

TIMEOUT_S = 20.0
SETTLE_S = 0.2
"""After an attach a peer still paints, and so does ours; keys come after that."""


def run(setting: Setting) -> Report:
    """Measure."""
    report = Report("echo", "round trip of one key")
    echo = program("raw_echo")
    contestants: dict[str, Callable[[], list[float]]] = {
        "bare PTY": lambda: in_pty(echo),
        "outlive": lambda: loops.run(through_viewer(setting, echo)),
        "tmux": lambda: through_tmux(setting, echo),
        "dtach": lambda: in_pty(["dtach", "-A", str(setting.cache / "dtach"), "-E", "-z", "-r", "none", *echo]),
    }
    for name in ("tmux", "dtach"):
        if lacking := peers.missing(name):
            report.notes.append(lacking)
            del contestants[name]
    trips: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(setting.rounds):
        for name, measure in contestants.items():
            trips[name] += measure()
    for percent in (50, 95, 99):
        for name, values in trips.items():
            report.series.append(Series(f"{name}, p{percent}", "µs", [percentile(values, percent)]))
    report.notes.append(f"{setting.rounds} × {KEYS} keys each")
    if "tmux" in trips:
        for percent, limit, at_least in ((50, 1.5, False), (99, 0.0, None)):
            value = percentile(trips["outlive"], percent) / percentile(trips["tmux"], percent)
            report.verdicts.append(Verdict(f"of tmux's p{percent}", value, "×", limit, at_least))
    return report


class Trips:
    """A viewer's delegate that types the next key in the moment the replica shows the one before."""

    def __init__(self) -> None:
        self.viewer: Viewer | None = None
        self.ready = asyncio.Event()
        self.done = asyncio.Event()
        self.taken: list[float] = []
        self._keys = iter(keys())
        self._began_s = 0.0

    def type_next(self) -> None:
        """Send a key and start the clock."""
        assert self.viewer is not None
        key = next(self._keys, "")
        if key:
            self._began_s = time.perf_counter()
            self.viewer.key(key, key)
        else:
            self.done.set()

    def viewer_damaged(self) -> None:
        if self._began_s:
            self.taken.append(time.perf_counter() - self._began_s)
            self.type_next()
        elif self.viewer is not None and is_ready(self.viewer):
            self.ready.set()

    def viewer_state(self, state: ViewerState, message: str) -> None:
        pass

    def viewer_replaced(self) -> None:
        if not self._began_s and self.viewer is not None and is_ready(self.viewer):
            self.ready.set()

    def viewer_event(self, event: Event) -> None:
        pass

    def viewer_refused(self, refusal: InputRefused) -> None:
        raise AssertionError(f"a key was refused: {refusal.message}")


async def through_viewer(setting: Setting, argv: list[str]) -> list[float]:
    """Keys through our host."""
    session = await asyncio.to_thread(setting.new_session, argv, "echo")
    trips = Trips()
    viewer = trips.viewer = Viewer(session["id"], trips, size=GridSize(peers.COLUMNS, peers.ROWS))
    viewer.start()
    async with asyncio.timeout(60):
        await trips.ready.wait()
        asyncio.get_running_loop().call_later(SETTLE_S, trips.type_next)
        await trips.done.wait()
    viewer.close()
    await asyncio.to_thread(setting.end_sessions)
    return counted(trips.taken)


LETTERS = "eovwxyz"
"""Letters that stand in no control sequence of the peers, so that the echo is found at once and surely."""


def is_ready(viewer: Viewer) -> bool:
    """The program reads."""
    return viewer.emulator is not None and any("ready" in row.text() for row in viewer.emulator.rows())


def keys() -> list[str]:
    """What is typed: no two neighbours are the same, so that each echo changes the screen."""
    return [LETTERS[number % len(LETTERS)] for number in range(KEYS)]


def counted(taken: list[float]) -> list[float]:
    """Without the warm-up; in microseconds."""
    return [seconds * 1e6 for seconds in taken[KEYS // 10 :]]


def through_tmux(setting: Setting, argv: list[str]) -> list[float]:
    """Keys through tmux, its client attached in a PTY."""
    tmux = peers.Tmux(setting.cache)
    tmux.new(argv)
    tmux.run("set-option", "-g", "status", "off")
    try:
        return in_pty(tmux.argv("attach"))
    finally:
        tmux.kill()


def in_pty(argv: list[str]) -> list[float]:
    """Keys through a program attached in a PTY of ours."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (peers.ROWS, peers.COLUMNS))
    process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    taken: list[float] = []
    try:
        read_until(master, b"ready")
        settle(master)
        for key in keys():
            byte = key.encode()
            began_s = time.perf_counter()
            os.write(master, byte)
            while byte not in os.read(master, 65536):
                pass
            taken.append(time.perf_counter() - began_s)
        os.write(master, b"\x04")
        read_until(master, b"bye")
    finally:
        process.kill()
        process.wait()
        os.close(master)
    return counted(taken)


def read_until(master: int, text: bytes) -> None:
    """Read until a text has come."""
    output = b""
    while text not in output:
        assert select.select([master], [], [], TIMEOUT_S)[0], f"{text!r} did not come; got {output[-200:]!r}"
        output += os.read(master, 65536)


def settle(master: int) -> None:
    """Read what a peer still paints after it attached."""
    while select.select([master], [], [], SETTLE_S)[0]:
        os.read(master, 65536)
