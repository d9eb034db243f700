"""One key's way to a program and back, against tmux, dtach and a bare PTY.

The program gives each byte back at once (``tests/programs/raw_echo.py``). *Through the host*: a typed
message is written to the host's socket, and the socket is read until the echo's bytes are among what comes.
So it is with the peers: attached in a PTY of ours, they get the byte written, and the PTY is read until it
comes back; the terminal around them has yet to interpret it. *To a client in Python*: the same, with the
message made and what comes decoded while the clock runs, which is this process's work and not the host's.
*At the viewer's replica*: through ``Viewer``, with its queue, its loop (that of ``outlive attach``) and its
engine, until the screen has the letter.

One key at a time, each contestant in turns. Machines change their pace from second to second, so ratios
are taken within a round, and the median of the rounds' ratios is told.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import pty
import select
import socket
import statistics
import subprocess
import termios
import time
from collections.abc import Callable

from session_host import loops
from session_host.client.viewer import Viewer, ViewerState
from session_host.paths import session_socket
from session_host.protocol.codec import HostDecoder, encode
from session_host.protocol.messages import (
    PROTOCOL_VERSION,
    Attach,
    Attached,
    Event,
    Hello,
    InputRefused,
    Key,
    Message,
    Output,
    SnapshotPart,
    Welcome,
)
from session_host.protocol.values import GridSize
from tests.benchmarks import peers
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.benchmarks.setting import Setting
from tests.programs import program
from tests.support.waiting import wait_until
from tests.support.windows import outlive

HOST, CLIENT, VIEWER = "through the host", "to a client in Python", "at the viewer's replica"
PERCENTS = (50, 95, 99)
LIMITS = {50: 1.2, 99: 1.0}
"""Through the host, of tmux's."""

KEYS = 500
"""Keys in a round; the first tenth warms up and is not counted."""

ECHO_BYTES = 3
"""Of a frame with the echo of one key: that there are bytes, how many, and the letter."""

TIMEOUT_S = 20.0
SETTLE_S = 0.2
"""After an attach a peer still paints, and so does ours; keys come after that."""


def run(setting: Setting) -> Report:
    """Measure."""
    report = Report("echo", "round trip of one key")
    echo = program("raw_echo")
    contestants: dict[str, Callable[[], list[float]]] = {
        "bare PTY": lambda: in_pty(echo),
        HOST: lambda: through_host(setting, echo, decoded=False),
        CLIENT: lambda: through_host(setting, echo, decoded=True),
        VIEWER: lambda: loops.run(through_viewer(setting, echo)),
        "tmux": lambda: through_tmux(setting, echo),
        "dtach": lambda: in_pty(["dtach", "-A", str(setting.cache / "dtach"), "-E", "-z", "-r", "none", *echo]),
    }
    for name in ("tmux", "dtach"):
        if lacking := peers.missing(name):
            report.notes.append(lacking)
            del contestants[name]
    rounds: list[dict[str, list[float]]] = [
        {name: measure() for name, measure in contestants.items()} for _ in range(setting.rounds * 2)
    ]
    for percent in PERCENTS:
        for name in contestants:
            values = [percentile(trips[name], percent) for trips in rounds]
            report.series.append(Series(f"{name}, p{percent}", "µs", values))
    report.notes.append(f"{len(rounds)} rounds of {KEYS} keys each; a ratio is the median of the rounds' ratios")
    if "tmux" in contestants:
        for name, percent in itertools.product((HOST, CLIENT, VIEWER), PERCENTS):
            ratios = [percentile(trips[name], percent) / percentile(trips["tmux"], percent) for trips in rounds]
            limit = LIMITS.get(percent) if name == HOST else None
            what, value = f"{name}, of tmux's p{percent}", statistics.median(ratios)
            report.verdicts.append(Verdict(what, value, "×", limit or 0.0, None if limit is None else False))
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


def through_host(setting: Setting, argv: list[str], *, decoded: bool) -> list[float]:
    """Keys through our host, from a client's socket and back to it; ``decoded``: from message to message."""
    session = setting.new_session(argv, "echo")
    wait_until(lambda: "ready" in outlive("peek", session["id"]), TIMEOUT_S, "the program to read")
    taken: list[float] = []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT_S)
        connection.connect(str(session_socket(session["id"])))
        decoder = HostDecoder()

        def messages_until(kind: type[Message]) -> list[Message]:
            """What comes, up to a message of this kind and what came with it."""
            found: list[Message] = []
            while not any(isinstance(message, kind) for message in found):
                found += decoder.feed(connection.recv(65536))
            return found

        connection.sendall(encode(Hello(PROTOCOL_VERSION, "viewer")))
        messages_until(Welcome)
        connection.sendall(encode(Attach(GridSize(peers.COLUMNS, peers.ROWS))))
        [attached] = [each for each in messages_until(SnapshotPart) if isinstance(each, Attached)]
        select.select([], [], [], SETTLE_S)
        for sequence, key in enumerate(keys(), 1):
            message, echo = Key(attached.attachment, sequence, key, key), Output(0, key.encode())
            if decoded:
                began_s = time.perf_counter()
                connection.sendall(encode(message))
                found = messages_until(Output)
                taken.append(time.perf_counter() - began_s)
            else:
                frame, tail = encode(message), encode(echo)[-ECHO_BYTES:]
                began_s = time.perf_counter()
                connection.sendall(frame)
                while tail not in (data := connection.recv(65536)):
                    pass
                taken.append(time.perf_counter() - began_s)
                found = list(decoder.feed(data))
            assert [each.data for each in found if isinstance(each, Output)] == [echo.data]
    setting.end_sessions()
    return counted(taken)


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
