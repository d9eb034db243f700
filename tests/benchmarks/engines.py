"""The two engines alone: the speed of interpreting output, and of making frames and snapshots.

No processes and no sockets are involved: output goes to ``feed`` in pieces of 64 KiB. A frame is all rows of a 120×40
screen as values, the input of painting.
"""

from __future__ import annotations

import time

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import create
from session_host.terminal.base import Emulator, EngineName
from tests.benchmarks import peers, streams
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series

PIECE_BYTES = 65536
SIZES: dict[EngineName, int] = {"ghostty": 8_000_000, "pyte": 200_000}
"""Bytes to feed, just enough for stable figures."""


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("engines", "the engines alone, 120×40")
    for engine, size_bytes in SIZES.items():
        for kind in streams.KINDS:
            data = streams.stream(kind, size_bytes).replace(b"\n", b"\r\n")
            series = Series(f"{engine}, {kind}", "MB/s")
            for _ in range(bench.rounds):
                series.values.append(len(data) / 1e6 / feed_s(new(engine), data))
            report.series.append(series)
        report.series += reading(engine, bench.rounds)
    return report


def new(engine: EngineName) -> Emulator:
    """Create an emulator."""
    return create(engine, GridSize(peers.COLUMNS, peers.ROWS), cell=CellSize())


def feed_s(emulator: Emulator, data: bytes) -> float:
    """Feed all data; return the seconds that took."""
    began_s = time.perf_counter()
    for start in range(0, len(data), PIECE_BYTES):
        emulator.feed(data[start : start + PIECE_BYTES])
    took_s = time.perf_counter() - began_s
    emulator.close()
    return took_s


def reading(engine: EngineName, rounds: int) -> list[Series]:
    """Time frames and snapshots of a screen with a full history."""
    emulator = new(engine)
    for number in range(1, 10_101):
        emulator.feed(streams.coloured_line(number).replace("\n", "\r\n").encode())
    frame = Series(f"{engine}, full frame", "ms")
    snapshot = Series(f"{engine}, snapshot of 10,000 lines", "ms")
    replay = Series(f"{engine}, replay of 10,000 lines", "ms")
    for _ in range(rounds):
        for series, take in ((frame, emulator.frame), (snapshot, emulator.snapshot), (replay, emulator.replay)):
            emulator.damage_all()
            began_s = time.perf_counter()
            take()
            series.values.append((time.perf_counter() - began_s) * 1000)
    emulator.close()
    return [frame, snapshot, replay]
