"""Hours of mixed work: ``python -m tests.benchmarks.soak --minutes 60 [--to DIRECTORY]``.

Sessions write like agents, flood, redraw a full screen, echo, or wait. Viewers stay, come and go, resize, peek and
type. Short sessions begin and end. Every few seconds the benchmark measures the memory (PSS) of
the keeper, of each lasting host and of a viewer (an ``outlive attach``), the size of the files in memory that hosts and
keeper share, and the number of descriptors. It writes ``soak.csv`` and ``soak.svg``, and prints a verdict: flat, if
over the last two thirds of the time nothing grew by more than noise.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import os
import random
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.control import request
from session_host.errors import OutliveError
from session_host.paths import config_dir
from session_host.protocol.messages import Describe, Peek, Send
from session_host.protocol.values import CellSize, GridSize
from tests.benchmarks.environment import benchmark_environment
from tests.benchmarks.plot import line_plot
from tests.benchmarks.quick_sessions import active_keeper
from tests.benchmarks.usage import descriptor_count, flatness, memory_files_mb, pss_mb
from tests.support.commands import OnTerminal
from tests.support.hosts import watching

MIN_GROWTH_MB, GROWTH_SHARE = 1.5, 0.05
"""Growth that allocators and caches cause; a leak exceeds it within minutes."""

AGENT = """
import random, sys, time
choose = random.Random(1)
while True:
    for _ in range(choose.randrange(5, 200)):
        color = choose.randrange(256)
        words = "lorem ipsum dolor " * choose.randrange(1, 6)
        print(f"\\x1b[38;5;{color}m{words}\\x1b[m \\u6f22\\u5b57 \\U0001f469", flush=True)
    print(f"\\x1b]2;step {choose.randrange(1000)}\\x07", end="", flush=True)
    time.sleep(choose.random() * 0.4)
"""
REDRAW = """
import random, sys, time
sys.stdout.write("\\x1b[?1049h")
while True:
    lines = [f"\\x1b[{row};1H\\x1b[4{row % 8}m{random.random():.60f}\\x1b[m" for row in range(1, 24)]
    sys.stdout.write("\\x1b[?2026h" + "".join(lines) + "\\x1b[?2026l")
    sys.stdout.flush()
    time.sleep(0.1)
"""

SIZES = (GridSize(1, 1), GridSize(80, 24), GridSize(100, 30))
PROGRAMS = {
    "agent": [sys.executable, "-ISc", AGENT],
    "redraw": [sys.executable, "-ISc", REDRAW],
    "flood": ["bash", "-c", "while :; do seq 1 200000; sleep 3; done"],
    "one line": ["bash", "-c", "while :; do head -c 3M /dev/zero | tr '\\0' x; sleep 3; done"],
    # Fill the host's output ring (2 MiB) at the start; otherwise it would fill for an hour.
    "echo": ["sh", "-c", "seq 1 400000; exec cat"],
    "idle": ["sleep", "1000000"],
}


class Soak:
    """One run: its sessions, the activities in them, and the measured series."""

    def __init__(self, seed: int) -> None:
        self._choose = random.Random(seed)
        self._agent = load_catalog(config_dir())["command"]
        self.sessions: dict[str, str] = {}
        self.done: dict[str, int] = {}
        self.faults: list[str] = []
        self.series: dict[str, list[tuple[float, float]]] = {}

    async def start(self, name: str, argv: list[str]) -> str:
        """Start a session; return its id."""
        environment = dict(os.environ)
        request = LaunchRequest(agent=self._agent, arguments=argv, name=name, directory="/", environment=environment)
        return (await launch(request)).id

    def _some(self) -> str:
        return self._choose.choice(list(self.sessions.values()))

    def _size(self) -> GridSize:
        # A wider history takes more memory. With few sizes, a slow growth stands out from these differences.
        return self._choose.choice(SIZES)

    # ------------------------------------------------------------ activities

    async def stay(self, session: str) -> None:
        """Attach a viewer and never detach."""
        async with watching(session, live=False):
            await asyncio.Event().wait()

    async def come_and_go(self) -> None:
        """Attach, resize, type, and detach. The session "agent" is left out: it keeps its lasting viewer's size."""
        session = self._choose.choice([self.sessions[name] for name in PROGRAMS if name != "agent"])
        async with watching(session, size=self._size(), output=self._choose.random() < 0.8) as (viewer, _):
            for _ in range(self._choose.randrange(5)):
                viewer.resize(self._size(), CellSize(8, 16))
                viewer.text("typed by who comes and goes\r")
                await asyncio.sleep(self._choose.random())

    async def look(self) -> None:
        """Peek at a random session with all its history."""
        await request(self._some(), Peek(0, scrollback=True, ansi=self._choose.random() < 0.5))

    async def type(self) -> None:
        """Send text to the session "echo"."""
        await request(self.sessions["echo"], Send(0, "sent " * self._choose.randrange(1, 50), enter=True))

    async def short(self) -> None:
        """Start a session that ends at once."""
        await self.start("short", ["sh", "-c", "seq 1 100; exit 3"])

    async def repeat(self, name: str, what: Any, pause_s: float) -> None:
        """Repeat one activity; record failures and continue."""
        while True:
            try:
                work: Coroutine[Any, Any, None] = what()
                await work
                self.done[name] = self.done.get(name, 0) + 1
            except (OutliveError, AssertionError, OSError) as error:
                self.faults.append(f"{name}: {error}")
            await asyncio.sleep(pause_s * 2 * self._choose.random())

    # ------------------------------------------------------------ measuring

    async def measure(self, at_s: float, viewer_pid: int) -> dict[str, float]:
        """Measure all figures once; return them by name."""
        row: dict[str, float] = {}
        for name, session in self.sessions.items():
            host = (await request(session, Describe(0))).host_pid
            row[f"host: {name}"] = pss_mb(host)
            row[f"files: {name}"] = memory_files_mb(host)
            row[f"descriptors: {name}"] = descriptor_count(host)
        row["viewer"] = pss_mb(viewer_pid)
        keeper = active_keeper()
        if keeper is not None:
            row["keeper"] = pss_mb(keeper)
            row["descriptors: keeper"] = descriptor_count(keeper)
        for name, figure in row.items():
            self.series.setdefault(name, []).append((at_s, figure))
        return row


async def drain(terminal: OnTerminal) -> None:
    """Read and discard all output on a terminal."""
    loop, read = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(terminal.master, read.set)
    try:
        while True:
            await read.wait()
            read.clear()
            with contextlib.suppress(BlockingIOError):
                os.read(terminal.master, 65536)
    finally:
        loop.remove_reader(terminal.master)


async def run(minutes: float, directory: Path, seed: int) -> int:
    """Run the soak; return 1 unless all figures are flat and nothing failed."""
    soak = Soak(seed)
    for name, argv in PROGRAMS.items():
        soak.sessions[name] = await soak.start(name, argv)
    until_s = minutes * 60
    every_s = max(1.0, until_s / 600)
    directory.mkdir(parents=True, exist_ok=True)
    began_s = time.monotonic()
    with OnTerminal("attach", soak.sessions["agent"]) as terminal, (directory / "soak.csv").open("w") as file:
        tasks = [
            asyncio.create_task(work)
            for work in (
                drain(terminal),
                *(soak.stay(session) for session in soak.sessions.values()),
                soak.repeat("came and went", soak.come_and_go, 0.5),
                soak.repeat("looked", soak.look, 1.0),
                soak.repeat("typed", soak.type, 0.3),
                soak.repeat("short sessions", soak.short, 2.0),
            )
        ]
        writer: csv.DictWriter[str] | None = None
        try:
            while (at_s := time.monotonic() - began_s) < until_s:
                row = await soak.measure(at_s, terminal.pid)
                if writer is None:
                    writer = csv.DictWriter(file, ["seconds", *row], extrasaction="ignore")
                    writer.writeheader()
                writer.writerow({"seconds": f"{at_s:.1f}", **{name: f"{figure:.3f}" for name, figure in row.items()}})
                file.flush()
                ended = [task for task in tasks if task.done()]
                if ended:
                    soak.faults.append(f"ended: {ended[0]}")
                    break
                await asyncio.sleep(every_s)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    memory = {name: points for name, points in soak.series.items() if not name.startswith("descriptors")}
    (directory / "soak.svg").write_text(line_plot(f"soak, {minutes:g} minutes", "MB", memory))
    return verdict(soak, minutes, directory)


def verdict(soak: Soak, minutes: float, directory: Path) -> int:
    """Print the results; return 1 unless all figures are flat and nothing failed."""
    print(f"soak of {minutes:g} minutes: " + ", ".join(f"{count} {name}" for name, count in soak.done.items()))
    flat = True
    for name, points in soak.series.items():
        counts = name.startswith("descriptors")
        judged = flatness(points, least=4 if counts else MIN_GROWTH_MB, share=0 if counts else GROWTH_SHARE)
        flat = flat and judged.flat
        print(judged.line(name, points))
    for fault in dict.fromkeys(soak.faults):
        print(f"  FAILED {soak.faults.count(fault)} × {fault}")
    print(f"  → {'flat' if flat else 'NOT FLAT'}; see {directory / 'soak.csv'} and soak.svg")
    return 0 if flat and not soak.faults else 1


def main() -> int:
    """Run the soak that the command line describes; return 1 unless all is flat and nothing failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    parser.add_argument("--to", type=Path, default=Path("soak"), help="where the figures go (./soak)")
    parser.add_argument("--seed", type=int, default=1, help="of chance (1)")
    options = parser.parse_args()
    with benchmark_environment(1):
        return asyncio.run(run(options.minutes, options.to.absolute(), options.seed))


if __name__ == "__main__":
    sys.exit(main())
