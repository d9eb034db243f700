"""The time from the start of the window's process until 20 chats are connected and the active one is painted.

To store the layout, the benchmark first opens the 20 tabs in a window and closes the window. The clock starts before
``python -m gui``. It stops when the window's control socket reports that all tabs are connected, and a second time when
the window has returned a screenshot, since the active tab is painted then. The same is measured beside 3,000 ended
chats, a year's, which should cost nothing; so is the window's memory (PSS).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from session_host.client.sessions.store_access import open_store
from session_host.paths import session_journal
from session_host.protocol.values import State
from session_host.storage.journal import Journal, Output
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, ratio
from tests.benchmarks.usage import pss_mb
from tests.programs import Gate, program
from tests.support.facts import chat_facts
from tests.support.windows import window

SESSIONS = 20
LIMIT_S = 1.5
ENDED = 3000
ENDED_COST = 1.15
"""What the ended chats may cost, as a factor."""


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("cold_window", f"a window with {SESSIONS} tabs, from the start of its process")
    bench.display()
    with Gate(bench.cache / "gate") as gate:
        argv = program("numbered_lines", 1000, "--colour", "--gate", gate.path, "--stay")
        ids = [bench.new_session(argv, f"chat-{number}")["id"] for number in range(SESSIONS)]
        with window() as app:
            for session in ids:
                app.show(session)
            app.wait_connected(ids)
            app.ask("close")
            app.process.wait(20)
        alone = measure(bench, ids, "")
        add_ended_chats()
        beside = measure(bench, ids, f", {ENDED} ended chats")
    report.series = [*alone, *beside]
    report.verdicts = [Verdict("cold window", alone[1].median, "s", LIMIT_S, False)]
    for what, with_ended, without in zip(("connected", "painted", "memory"), beside, alone, strict=True):
        verdict = ratio(f"{what}, with {ENDED} ended chats", with_ended, without, ENDED_COST, at_least=False)
        report.verdicts.append(verdict)
    return report


def measure(bench: BenchmarkEnvironment, ids: Sequence[str], beside: str) -> list[Series]:
    """Start the window once for each round."""
    connected = Series(f"all tabs connected{beside}", "s", command="python -m gui")
    painted = Series(f"and the window painted{beside}", "s")
    memory = Series(f"its memory (PSS){beside}", "MB")
    for _ in range(bench.rounds):
        began_s = time.perf_counter()
        with window() as app:
            app.wait_connected(ids, every_s=0.01)
            connected.values.append(time.perf_counter() - began_s)
            app.ask("grab", file=str(bench.cache / "window.png"))
            painted.values.append(time.perf_counter() - began_s)
            memory.values.append(pss_mb(app.process.pid))
            app.ask("close")
            app.process.wait(20)
    return [connected, painted, memory]


def add_ended_chats() -> None:
    """Add chats that ended one after another during a year, each with a short recording."""
    now = datetime.now(UTC)
    with open_store() as store:
        for number in range(ENDED):
            ended_at = (now - timedelta(days=365 * (1 - number / ENDED))).isoformat(timespec="milliseconds")
            record = chat_facts(
                id=str(uuid.uuid4()),
                name=f"ended {number}",
                agent="shell",
                argv=["bash"],
                cwd=f"/p/{number % 20}",
                state=State.EXITED,
                exit_code=0,
                created_at=ended_at,
                ended_at=ended_at,
            )
            store.insert(record)
            with Journal.open(session_journal(record.id)) as journal:
                journal.append([Output(time.time_ns(), 0, b"words of a chat\r\n" * 50)])
