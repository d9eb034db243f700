"""Structured chats: the time from the agent's write to the viewer and to the pixels, and a host's memory.

The agent is the fake app-server. Each word of its answers is the time just before the word is written. *At the viewer*:
until a viewer's transcript has the word, in the event loop of ``outlive attach``, without a window. *On the screen*:
until the X server has painted the word in the product's window, detected by DAMAGE and changed pixels. For comparison,
a program writes such words in a terminal chat in the same window, in turns with the structured chat, and in xterm. Each
word comes after a pause; the first word of a turn is reported separately.

Memory: idle hosts of a terminal chat and of structured chats, just after their start: with their share
of common pages (PSS), without it (USS), and files in memory, which neither counts. The agents' memory is not included.

The long chat is a resumed thread of the agent. An attach is measured from the message to the last part of the snapshot,
and to the restored transcript; ``chat_view`` measures the rest, up to the pixels.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from session_host.client.chats.resume import resume
from session_host.client.connection import HostConnection
from session_host.client.control import request
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.keeper_client.discovery import keeper_status
from session_host.protocol.messages import Attach, Event, InputRefused, Send, SnapshotPart
from session_host.structured.transcript import BUILD, Transcript
from session_host.system import event_loop
from tests.benchmarks import peers
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, percentile, ratio
from tests.benchmarks.usage import memory_files_mb, pss_mb, uss_mb
from tests.programs import Gate, program
from tests.support.commands import environment
from tests.support.hosts import end
from tests.support.long_thread import lengthen
from tests.support.structured_chats import received, start_chat, viewing
from tests.support.windows import Window, window, xdotool
from tests.support.x_client import Area, XClient

TURNS = 2
"""In each round."""

WORDS, PAUSE_MS = 12, 60
PROMPT = f"clock: {WORDS}\ndelay: {PAUSE_MS}"
ITEMS = 10_000
ATTACHES = 2
"""In each round."""

WAIT_S = 60.0
QUIET_S = 0.4
SIDEBAR_PX, BAR_PX, PROMPT_PX = 242, 38, 110
"""Sizes of the window's parts around the transcript or terminal."""

PAINTED_LIMIT_MS = 5.0


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("structured", f"structured chats; words after {PAUSE_MS} ms each; {ITEMS:,} items")
    directory = bench.cache / "threads"
    directory.mkdir()
    memory(bench, report, directory)
    bench.end_sessions()
    with asyncio.Runner(loop_factory=event_loop.loop_factory()) as runner:
        times = runner.run(at_viewer(directory, bench.rounds * TURNS))
    _add_results(report, "at the viewer", times)
    with ExitStack() as stack:
        bench.display()
        client = XClient()
        stack.callback(client.close)
        on_screen(bench, report, directory, client)
    return report


def _add_results(report: Report, name: str, turns: Sequence[Sequence[float]]) -> Series:
    """Add the times of some turns to the report; return the series without the first word of each turn."""
    words = Series(f"a word, {name}", "ms", [each for turn in turns for each in turn[1:]])
    found = [words]
    if len(turns) > 1:
        found.insert(0, Series(f"the first word of a turn, {name}", "ms", [turn[0] for turn in turns]))
    for series in found:
        report.series.append(series)
        p50, p99 = (percentile(series.values, share) for share in (50, 99))
        report.notes.append(f"{series.name}: p50 / p99 {p50:.2f} / {p99:.2f} ms")
    return words


# ------------------------------------------------------------ from a word to the viewer


class ArrivalTimes:
    """A viewer's delegate that records the time from each word's write to its arrival."""

    def __init__(self, session_id: str) -> None:
        self.viewer = Viewer(session_id, self, runtime="structured")
        self.live = asyncio.Event()
        self.turns: list[list[float]] = []
        self._words = 0
        self._answer = ""

    def viewer_damaged(self) -> None:
        now_ns = time.monotonic_ns()
        transcript = self.viewer.transcript
        assert transcript is not None
        last = transcript[len(transcript) - 1]
        if last.kind != "agent":
            return
        if last.id != self._answer:
            self._answer, self._words = last.id, 0
            self.turns.append([])
        words = last.text.split()
        self.turns[-1] += [(now_ns - int(word)) / 1e6 for word in words[self._words :]]
        self._words = len(words)

    def viewer_state(self, state: ViewerState, message: str) -> None:
        if state is ViewerState.LIVE:
            self.live.set()

    def viewer_replaced(self) -> None:
        pass

    def viewer_event(self, event: Event) -> None:
        pass

    def viewer_refused(self, refusal: InputRefused) -> None:
        raise AssertionError(f"a prompt was refused: {refusal.message}")

    def is_done(self, turns: int) -> bool:
        """Whether this number of turns has ended."""
        transcript = self.viewer.transcript
        return len(self.turns) == turns and transcript is not None and transcript.status.state == "idle"


async def at_viewer(directory: Path, turns: int) -> list[list[float]]:
    """Return the time from each word to a viewer's transcript, in milliseconds, a list for each turn."""
    record = await start_chat(directory)
    times = ArrivalTimes(record.id)
    times.viewer.start()
    try:
        async with asyncio.timeout(WAIT_S):
            await times.live.wait()
            for number in range(1, turns + 1):
                times.viewer.prompt(PROMPT)
                while not times.is_done(number):  # noqa: ASYNC110 - polls only between measurements
                    await asyncio.sleep(PAUSE_MS / 1000 * WORDS if len(times.turns) < number else 0.02)
    finally:
        times.viewer.close()
        await times.viewer.closed()
    assert all(len(turn) == WORDS for turn in times.turns), f"not all words came: {times.turns}"
    await end(record.id)
    return times.turns


# ------------------------------------------------------------ from a word to the pixels


def on_screen(bench: BenchmarkEnvironment, report: Report, directory: Path, client: XClient) -> None:
    """Measure a structured chat and a terminal chat in the window, then xterm."""
    result = bench.cache / "words"
    with Gate(bench.cache / "gate") as gate:
        writer = program("clock_words", TURNS * WORDS, PAUSE_MS, result, "--gate", gate.path)

        def written() -> list[float]:
            """Let the program write; return the time from each word to the area's pixels, in milliseconds."""
            painted = paintings(client, area, gate.release, until=result.exists)
            words = result.read_text().split()
            result.unlink()
            gate.release()
            return delays_ms(words, painted)

        with window() as app:
            record = asyncio.run(start_chat(directory))
            show(app, record.id)
            app.focus()
            area = page_area(client, app.shown()[0])
            chat_times, terminal_times = [], []
            for each in range(bench.rounds):
                show(app, record.id)
                for number in range(each * TURNS + 1, (each + 1) * TURNS + 1):
                    painted = paintings(client, area, lambda: send(record.id))
                    chat_times.append(delays_ms(asyncio.run(last_answer(record.id, number)), painted))
                show(app, bench.new_session(writer, "words")["id"])
                terminal_times += written()
            chat = _add_results(report, "on the screen", chat_times)
            terminal = _add_results(report, "in a terminal chat in the window", [terminal_times])
            app.ask("close")
            app.process.wait(20)
        p50 = percentile(chat.values, 50)
        report.verdicts.append(Verdict("a word on the screen, p50", p50, "ms", PAINTED_LIMIT_MS, at_least=False))
        report.verdicts.append(ratio("on the screen, of a terminal chat's", chat, terminal, at_least=None))
        if lacking := peers.missing("xterm"):
            report.notes.append(lacking)
            return
        with peers.in_terminal("xterm", writer, environment()):
            found = xdotool("search", "--sync", "--onlyvisible", "--class", "xterm").split()
            area = client.area_of(int(found[0]))
            xterm = _add_results(report, "in xterm", [written()])
        report.verdicts.append(ratio("on the screen, of xterm's", chat, xterm, at_least=None))


def show(app: Window, session_id: str) -> None:
    """Show a chat's tab and wait until it is connected."""
    app.show(session_id)
    app.wait_connected([session_id])


def send(session_id: str) -> None:
    """Send the prompt as ``outlive send`` does."""
    asyncio.run(request(session_id, Send(0, PROMPT, token=os.urandom(16).hex())))


async def last_answer(session_id: str, answers: int) -> list[str]:
    """The words of the last answer, once the chat has ``answers`` answers and is idle."""
    async with viewing(session_id, read_only=True) as chat:
        await chat.until_idle(answers)
        return chat.texts()[-1].split()


def paintings(
    client: XClient, area: Area, begin: Callable[[], object], *, until: Callable[[], bool] = lambda: True
) -> list[float]:
    """Call ``begin``; return the times at which the area's pixels changed, in seconds, until they rest."""
    times_s: list[float] = []
    with client.watching():
        previous = client.pixels(area)
        begin()
        end_s = time.monotonic() + WAIT_S
        while True:
            if client.wait_painted(QUIET_S):
                seen_s = time.monotonic()
                pixels = client.pixels(area)
                if pixels != previous:
                    times_s.append(seen_s)
                    previous = pixels
            elif times_s and until():
                return times_s
            assert time.monotonic() < end_s, "it does not come to rest"


def delays_ms(words: Sequence[str], painted: Sequence[float]) -> list[float]:
    """The time from each word's write to the next change of the pixels, in milliseconds."""
    found = []
    for word in words:
        written_s = int(word) / 1e9
        seen_s = next((each for each in painted if each > written_s), None)
        assert seen_s is not None, "a word was not painted"
        found.append((seen_s - written_s) * 1000)
    return found


def page_area(client: XClient, window_id: str) -> Area:
    """The screen area of the window's transcript or terminal."""
    whole = client.area_of(int(window_id))
    return Area(
        whole.left + SIDEBAR_PX, whole.top + BAR_PX, whole.width - SIDEBAR_PX, whole.height - BAR_PX - PROMPT_PX
    )


# ------------------------------------------------------------ memory, and a long chat


def memory(bench: BenchmarkEnvironment, report: Report, directory: Path) -> None:
    """Measure attaches to the long chat; compare the memory of idle hosts."""
    long_id = asyncio.run(long_chat(directory))
    attaching(report, long_id, bench.rounds * ATTACHES)
    short_id = asyncio.run(short_chat(directory))
    chats = {
        "a terminal chat": bench.new_session(["cat"], "cat")["id"],
        "a structured chat": short_id,
        f"a structured chat of {ITEMS:,} items": long_id,
    }
    terminal, short, _ = _measure(report, hosts(chats))
    report.verdicts.append(ratio("a structured chat's host, of a terminal chat's", short, terminal, at_least=None))


def hosts(chats: dict[str, str]) -> dict[str, int]:
    """The PIDs of the chats' hosts, with the same keys as ``chats``."""
    status = keeper_status()
    assert status is not None
    pids = {each.session_id: each.host_pid for each in status.sessions}
    return {name: pids[session_id] for name, session_id in chats.items()}


def _measure(report: Report, pids: dict[str, int]) -> list[Series]:
    """Measure each host once; return the series of PSS."""
    found = []
    for name, pid in pids.items():
        series = Series(f"host of {name} (PSS)", "MB", [pss_mb(pid)])
        unshared, files = uss_mb(pid), memory_files_mb(pid)
        report.series.append(series)
        report.notes.append(f"host of {name}: USS {unshared:.2f} MB, files in memory {files:.2f} MB")
        found.append(series)
    return found


async def short_chat(directory: Path) -> str:
    """Start a structured chat and wait for one answer; return the session's id."""
    record = await start_chat(directory, prompt="answer: hello")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
    return record.id


async def long_chat(directory: Path) -> str:
    """Start a structured chat that resumes a long thread of the agent; return the session's id."""
    first = await short_chat(directory)
    thread = received(directory, "turn/start")[-1]["params"]["threadId"]
    await end(first)
    lengthen(directory / f"{thread}.json", ITEMS)
    # A terminal chat keeps no transcript, so resuming it requests the agent's history.
    terminal = await resume(first, runtime="terminal")
    await end(terminal.id)
    record = await resume(terminal.id, runtime="structured")
    async with viewing(record.id) as chat:

        def is_there() -> bool:
            transcript = chat.viewer.transcript
            return transcript is not None and len(transcript) >= ITEMS and transcript.status.state == "idle"

        await chat.watcher.until(is_there, "the history")
    return record.id


def attaching(report: Report, session_id: str, times: int) -> None:
    """Measure ``times`` attaches to the long chat."""
    received = Series(f"attach, {ITEMS:,} items: the snapshot is received", "ms")
    restored = Series("and restored", "ms")
    report.series += [received, restored]
    sizes = []
    for _ in range(times):
        size, received_ms, restored_ms = asyncio.run(attach(session_id))
        sizes.append(size)
        received.values.append(received_ms)
        restored.values.append(restored_ms)
    report.notes.append(f"the snapshot of {ITEMS:,} items has {median(sizes) / 1e6:.2f} MB")


async def attach(session_id: str) -> tuple[int, float, float]:
    """Attach once; return the snapshot's size in bytes, and the milliseconds until it is received and restored."""
    connection = await HostConnection.open(session_id, "viewer", BUILD)
    parts: list[bytes] = []
    done = asyncio.Event()
    at_s = [0.0, 0.0]

    def take(message: Any) -> None:
        if isinstance(message, SnapshotPart):
            parts.append(message.data)
            if message.last:
                at_s[0] = time.perf_counter()
                transcript = Transcript.restore(b"".join(parts))
                at_s[1] = time.perf_counter()
                assert len(transcript) >= ITEMS
                done.set()

    connection.set_callbacks(take, done.set)
    began_s = time.perf_counter()
    connection.send_message(Attach(read_only=True))
    async with asyncio.timeout(WAIT_S):
        await done.wait()
    connection.close()
    await connection.wait_closed()
    assert at_s[1], "the connection was lost"
    return sum(map(len, parts)), (at_s[0] - began_s) * 1000, (at_s[1] - began_s) * 1000
