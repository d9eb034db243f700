"""One key's way to a program and back, against tmux, dtach and a bare PTY.

The program gives each byte back at once (``tests/programs/raw_echo.py``). *Through the host*: a typed
message is written to the host's socket, and the socket is read until the echo's bytes are among what comes.
So it is with the peers: attached in a PTY of ours, they get the byte written, and the PTY is read until it
comes back; the terminal around them has yet to interpret it. *To a client in Python*: the same, with the
message made and what comes decoded while the clock runs, which is this process's work and not the host's.
*At the viewer's replica*: through ``Viewer``, with its queue, its loop (that of ``outlive attach``) and its
engine, until the screen has the letter.

All are open at once, and type by turns, a hundred keys and a pause, each key when the echo of the one before
is there. Machines change their pace from second to second, so ratios are taken within a round, in which all
have their turns within moments, and the median of the rounds' ratios is told. Turns are short, since a machine
that many share is slower once it has been busy for some 50 to 100 ms, and who types makes pauses.
*After a pause* is the first key of a turn, when all has gone cold; the first tenth is not among the others.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import pty
import random
import select
import socket
import statistics
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

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
LIMITS = {"p50": 1.2, "p99": 1.0}
"""Through the host, of tmux's."""

LETTERS = "eovwxyz"
"""Letters that stand in no control sequence of the peers, so that the echo is found at once and surely."""

KEYS = tuple(itertools.islice(itertools.cycle(LETTERS), 100))
"""Typed in a turn: no two neighbours are the same, so that each echo changes the screen."""

WARM_UP = 10
"""So many of them come first, and are not counted with the others."""

TURNS = 5
"""Of each in a round."""

ROUNDS = 5
"""For each that is asked for: a round takes five seconds."""

ECHO_BYTES = 3
"""Of a frame with the echo of one key: that there are bytes, how many, and the letter."""

TIMEOUT_S = 20.0
SETTLE_S = 0.2
"""After an attach a peer still paints, and so does ours."""

PAUSE_S = 0.1
"""Between turns; ours does what it put off."""

Typing = Callable[[], list[float]]
"""Types ``KEYS``; how long each was on its way there and back, in seconds."""


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
    rounds: list[dict[str, list[float]]] = []
    after_pause: list[dict[str, list[float]]] = []
    order = random.Random(1)
    with ExitStack() as stack:
        typings = {name: stack.enter_context(contestant) for name, contestant in contestants.items()}
        for _ in range(setting.rounds * ROUNDS):
            rounds.append({name: [] for name in typings})
            after_pause.append({name: [] for name in typings})
            for _ in range(TURNS):
                for name in order.sample(list(typings), len(typings)):  # Nobody always comes after the same.
                    taken = [seconds * 1e6 for seconds in typings[name]()]
                    select.select([], [], [], PAUSE_S)
                    after_pause[-1][name].append(taken[0])
                    rounds[-1][name] += taken[WARM_UP:]
    figures = [(f"p{percent}", percent, rounds) for percent in PERCENTS] + [("after a pause", 50, after_pause)]
    for figure, percent, trips in figures:
        for name in contestants:
            values = [percentile(each[name], percent) for each in trips]
            report.series.append(Series(f"{name}, {figure}", "µs", values))
    report.notes.append(
        f"{len(rounds)} rounds of {TURNS} × {len(KEYS)} keys; a ratio is the median of the rounds' ratios"
    )
    if "tmux" in contestants:
        for name, (figure, percent, trips) in itertools.product((HOST, CLIENT, VIEWER), figures):
            ratios = [percentile(each[name], percent) / percentile(each["tmux"], percent) for each in trips]
            limit = LIMITS.get(figure) if name == HOST else None
            what, value = f"{name}, of tmux's {figure}", statistics.median(ratios)
            report.verdicts.append(Verdict(what, value, "×", limit or 0.0, None if limit is None else False))
    return report


def waiting_for(descriptor: int) -> Callable[[], object]:
    """Waits as terminals do, until there is something to be read.

    To block in a read is not the same: a socket's reader is woken when the other side has read, too.
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return poll.poll


# ------------------------------------------------------------ ours


def new_session(setting: Setting, argv: list[str]) -> str:
    """A session whose program reads; its id."""
    session_id: str = setting.new_session(argv, "echo")["id"]
    wait_until(lambda: "ready" in outlive("peek", session_id), TIMEOUT_S, "the program to read")
    return session_id


class Client:
    """A client without a loop.

    Attributes:
        descriptor: of its socket; blocks, as the peers' PTYs do.
    """

    def __init__(self, connection: socket.socket, session_id: str) -> None:
        connection.connect(str(session_socket(session_id)))
        self.descriptor = connection.fileno()
        self._decoder = HostDecoder()
        self._sequences = itertools.count(1)
        os.write(self.descriptor, encode(Hello(PROTOCOL_VERSION, "viewer")))
        self.messages_until(Welcome)
        os.write(self.descriptor, encode(Attach(GridSize(peers.COLUMNS, peers.ROWS))))
        [attached] = [each for each in self.messages_until(SnapshotPart) if isinstance(each, Attached)]
        self._attachment = attached.attachment

    def messages_until(self, kind: type[Message]) -> list[Message]:
        """What comes, up to a message of this kind and what came with it."""
        found: list[Message] = []
        while not any(isinstance(message, kind) for message in found):
            found += self.messages(os.read(self.descriptor, 65536))
        return found

    def messages(self, data: bytes) -> list[Message]:
        """What these bytes say."""
        return list(self._decoder.feed(data))

    def frame(self, key: str) -> bytes:
        """The next message."""
        return encode(Key(self._attachment, next(self._sequences), key, key))


@contextmanager
def attached_client(setting: Setting, argv: list[str]) -> Iterator[Client]:
    """A client of a new session, once there is nothing more to be painted."""
    session_id = new_session(setting, argv)
    with socket.socket(socket.AF_UNIX) as connection:
        client = Client(connection, session_id)
        select.select([], [], [], SETTLE_S)
        yield client


@contextmanager
def through_host(setting: Setting, argv: list[str]) -> Iterator[Typing]:
    """Keys through our host, from a client's socket and back to it."""
    with attached_client(setting, argv) as client:

        def typing() -> list[float]:
            taken: list[float] = []
            descriptor = client.descriptor
            readable = waiting_for(descriptor)
            for key in KEYS:
                frame, tail = client.frame(key), encode(Output(0, key.encode()))[-ECHO_BYTES:]
                data = b""
                began_s = time.perf_counter()
                os.write(descriptor, frame)
                while tail not in data:
                    readable()
                    data += os.read(descriptor, 65536)
                taken.append(time.perf_counter() - began_s)
                assert_echo(key, client.messages(data))
            return taken

        yield typing


@contextmanager
def to_client(setting: Setting, argv: list[str]) -> Iterator[Typing]:
    """Keys through our host, from message to message."""
    with attached_client(setting, argv) as client:

        def typing() -> list[float]:
            taken: list[float] = []
            for key in KEYS:
                began_s = time.perf_counter()
                os.write(client.descriptor, client.frame(key))
                found = client.messages_until(Output)
                taken.append(time.perf_counter() - began_s)
                assert_echo(key, found)
            return taken

        yield typing


def assert_echo(key: str, messages: Sequence[Message]) -> None:
    """This key alone came back."""
    assert [each.data for each in messages if isinstance(each, Output)] == [key.encode()]


class Trips:
    """A viewer's delegate that types the next key in the moment the replica shows the one before."""

    def __init__(self, session_id: str) -> None:
        self._ready = asyncio.Event()
        self._done = asyncio.Event()
        self._taken: list[float] = []
        self._keys: Iterator[str] = iter(())
        self._began_s = 0.0
        self._viewer = Viewer(session_id, self, size=GridSize(peers.COLUMNS, peers.ROWS))

    async def begin(self) -> None:
        """Show the screen."""
        self._viewer.start()
        async with asyncio.timeout(TIMEOUT_S):
            await self._ready.wait()
        await asyncio.sleep(SETTLE_S)

    async def type_all(self) -> list[float]:
        """One turn."""
        self._keys, self._taken = iter(KEYS), []
        self._done.clear()
        self._type_next()
        async with asyncio.timeout(TIMEOUT_S):
            await self._done.wait()
        return self._taken

    async def end(self) -> None:
        """Close the viewer."""
        self._viewer.close()
        await self._viewer.closed()

    def _type_next(self) -> None:
        if key := next(self._keys, ""):
            self._began_s = time.perf_counter()
            self._viewer.key(key, key)
        else:
            self._began_s = 0.0
            self._done.set()

    def viewer_damaged(self) -> None:
        if self._began_s:
            self._taken.append(time.perf_counter() - self._began_s)
            self._type_next()

    def viewer_state(self, state: ViewerState, message: str) -> None:
        if state is ViewerState.LIVE:
            self._ready.set()

    def viewer_replaced(self) -> None:
        pass

    def viewer_event(self, event: Event) -> None:
        pass

    def viewer_refused(self, refusal: InputRefused) -> None:
        raise AssertionError(f"a key was refused: {refusal.message}")


@contextmanager
def through_viewer(setting: Setting, argv: list[str]) -> Iterator[Typing]:
    """Keys through our host and a viewer."""
    session_id = new_session(setting, argv)
    with asyncio.Runner(loop_factory=loops.loop_factory()) as runner:

        async def made() -> Trips:
            return Trips(session_id)

        trips = runner.run(made())
        runner.run(trips.begin())
        try:
            yield lambda: runner.run(trips.type_all())
        finally:
            runner.run(trips.end())


# ------------------------------------------------------------ the peers


@contextmanager
def through_tmux(setting: Setting, argv: list[str]) -> Iterator[Typing]:
    """Keys through tmux, its client attached in a PTY."""
    tmux = peers.Tmux(setting.cache)
    tmux.new(argv)
    tmux.run("set-option", "-g", "status", "off")
    try:
        with in_pty(tmux.argv("attach")) as typing:
            yield typing
    finally:
        tmux.kill()


@contextmanager
def in_pty(argv: list[str]) -> Iterator[Typing]:
    """Keys through a program attached in a PTY of ours."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (peers.ROWS, peers.COLUMNS))
    process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)

    def typing() -> list[float]:
        taken: list[float] = []
        readable = waiting_for(master)
        for key in KEYS:
            byte, data = key.encode(), b""
            began_s = time.perf_counter()
            os.write(master, byte)
            while byte not in data:
                readable()
                data += os.read(master, 65536)
            taken.append(time.perf_counter() - began_s)
        return taken

    try:
        read_until(master, b"ready")
        while select.select([master], [], [], SETTLE_S)[0]:  # It still paints.
            os.read(master, 65536)
        yield typing
        os.write(master, b"\x04")
        read_until(master, b"bye")
    finally:
        process.kill()
        process.wait()
        os.close(master)


def read_until(master: int, text: bytes) -> None:
    """Read until a text has come."""
    output = b""
    while text not in output:
        assert select.select([master], [], [], TIMEOUT_S)[0], f"{text!r} did not come; got {output[-200:]!r}"
        output += os.read(master, 65536)
