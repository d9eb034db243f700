"""The time from an attach to the first frame of a session with 10,000 lines of history.

A viewer without a window connects to a running session. The first time ends when the replica returns its first frame
(painting it takes 1 to 6 ms more, see ``engines``), the second when the replica has the whole history. Both engines
are measured.
"""

from __future__ import annotations

import asyncio
import time

from session_host.client.control import request
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.protocol.messages import Event, InputRefused, Peek
from session_host.protocol.values import GridSize
from session_host.terminal.base import EngineName, Frame
from tests.benchmarks import peers
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict
from tests.programs import Gate, program

LINES = 10_100
"""One screen more than the history holds, so that the history is full."""

LIMIT_MS = 30.0
POLL_S = 0.02
"""Poll interval until the program has written everything; not part of any figure."""


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("attach", "first frame of an attach, 10,000 lines of history")
    engines: tuple[EngineName, ...] = ("ghostty", "pyte")
    for engine in engines:
        series = Series(f"{engine}, request to first frame", "ms", command="outlive attach SESSION")
        whole = Series(f"{engine}, request to whole history", "ms")
        report.series += [series, whole]
        with Gate(bench.cache / "gate") as gate:
            argv = program("numbered_lines", LINES, "--colour", "--width", 100, "--gate", gate.path, "--stay")
            session = bench.new_session(argv, f"attach-{engine}", engine=engine)
            asyncio.run(measure(session["id"], engine, bench.rounds * 2, series, whole))
            gate.release()
        bench.end_sessions()
        if engine == "ghostty":
            report.verdicts.append(Verdict("first frame", series.median, "ms", LIMIT_MS, False))
    return report


class FirstFrame:
    """A viewer's delegate that takes the first frame as soon as the viewer has a replica."""

    def __init__(self) -> None:
        self.viewer: Viewer | None = None
        self.first: Frame | None = None
        self.first_s = 0.0
        self.live = asyncio.Event()

    def viewer_replaced(self) -> None:
        assert self.viewer is not None
        assert self.viewer.emulator is not None
        if self.first is None:
            self.first = self.viewer.emulator.frame()
            self.first_s = time.perf_counter()

    def viewer_state(self, state: ViewerState, message: str) -> None:
        if state is ViewerState.LIVE:
            self.live.set()

    def viewer_damaged(self) -> None:
        pass

    def viewer_event(self, event: Event) -> None:
        pass

    def viewer_refused(self, refusal: InputRefused) -> None:
        raise AssertionError(f"an input was refused: {refusal.message}")


async def measure(session_id: str, engine: EngineName, times: int, first: Series, whole: Series) -> None:
    """Attach ``times`` times, once the host has interpreted all of the program's output."""
    while "end of lines" not in (await request(session_id, Peek(1, lines=3))).lines:  # noqa: ASYNC110
        await asyncio.sleep(POLL_S)
    for _ in range(times):
        first_ms, whole_ms = await attach_once(session_id, engine)
        first.values.append(first_ms)
        whole.values.append(whole_ms)


async def attach_once(session_id: str, engine: EngineName) -> tuple[float, float]:
    """Attach and detach; return the milliseconds to the first frame and to the whole history."""
    frame = FirstFrame()
    viewer = frame.viewer = Viewer(session_id, frame, size=GridSize(peers.COLUMNS, peers.ROWS), engine=engine)
    async with asyncio.timeout(60):
        began_s = time.perf_counter()
        viewer.start()
        await frame.live.wait()
        whole_s = time.perf_counter()
    assert frame.first is not None
    assert frame.first.full, "the first frame shows all rows"
    assert "end of lines" in [row.text() for row in frame.first.rows.values()], "the first frame is the screen"
    assert viewer.emulator is not None
    assert viewer.emulator.scrollback_rows >= 9_000, f"the history is there: {viewer.emulator.scrollback_rows} rows"
    viewer.close()
    return (frame.first_s - began_s) * 1000, (whole_s - began_s) * 1000
