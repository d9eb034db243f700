"""The list of 500 chats while ten change each second: the time to a row in window and page, processor time, wake-ups.

The chats have ended, so that nothing but the store tells of them; one of them, the first in the list, is renamed each
half second, and others in between. The time begins when the renaming is written. In the window it ends when
the first row's pixels have changed, by DAMAGE; on the page when a device has the row. Processor time is that of the
window, or of the page's server with what it has started, during the changes; wake-ups are those of all their threads in
a minute in which nothing changes.
"""

from __future__ import annotations

import itertools
import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from session_host.client.sessions.store_access import open_store
from session_host.protocol.values import State
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.support.facts import chat_facts
from tests.support.page_server import Happened, PageServer, Phone, phone
from tests.support.waiting import wait_until
from tests.support.windows import window
from tests.support.x_client import Area, XClient

CHATS = 500
CHANGES_PER_S = 10
MEASURED_OF = 5
"""Each of so many changes is of the first row."""
SECONDS = 30.0
SETTLE_S, REST_S = 5.0, 60.0
TIMEOUT_S = 20.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("list_500", f"the list of {CHATS} chats, of which {CHANGES_PER_S} change each second")
    ids = _add_chats()
    for _ in range(bench.rounds):
        _measure(report, "page", _on_page(bench, ids))
    bench.display()
    bench.tray()
    for _ in range(bench.rounds):
        _measure(report, "window", _in_window(ids))
    for series in report.series:
        if series.unit == "ms of a row":
            series.unit = "ms"
            p50, p95 = (percentile(series.values, share) for share in (50, 95))
            report.notes.append(f"{series.name}: p50 / p95 {p50:.1f} / {p95:.1f} ms")
            report.verdicts.append(Verdict(f"{series.name}, p95", p95, "ms"))
    return report


def _add_chats() -> list[str]:
    """Add the chats; returns their ids, the first one's first: it ended last."""
    ended = datetime.now(UTC) - timedelta(hours=1)  # Their ages do not change each second.
    ids = [str(uuid.uuid4()) for _ in range(CHATS)]
    with open_store() as store:
        store.save_layout({"groups_folded": []})
        for number, each in reversed(list(enumerate(ids))):
            at = (ended - timedelta(milliseconds=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            columns = {"agent": "command", "argv": ["true"], "cwd": f"/p/{number % 20}", "exit_code": 0}
            times = {"created_at": at, "ended_at": at}
            store.insert(chat_facts(id=each, name=f"chat {number}", state=State.EXITED, **columns, **times))
    return ids


Front = tuple[Callable[[str], float], Callable[[], Sequence[int]], list[str]]
"""What waits until a front shows a name and returns when, which processes it has, and the chats."""


def _measure(report: Report, name: str, opened: Iterator[Front]) -> None:
    """Measure one start of a front."""
    with contextmanager(lambda: opened)() as (shown_at, processes, ids):
        time.sleep(SETTLE_S)
        pids = processes()
        before = _cpu_ms(pids)
        times_ms = _change(ids, shown_at)
        used_ms = _cpu_ms(pids) - before
        time.sleep(SETTLE_S)
        before_rest = _wake_ups(pids)
        time.sleep(REST_S)
        woken = _wake_ups(pids) - before_rest
    for what, unit, values in (
        ("from the write to the row", "ms of a row", times_ms),
        (f"processor time for {SECONDS:g} s of changes", "ms", [used_ms]),
        (f"wake-ups in {REST_S:g} s of rest", "", [float(woken)]),
    ):
        series = next((each for each in report.series if each.name == f"{name}: {what}"), None)
        if series is None:
            report.series.append(series := Series(f"{name}: {what}", unit))
        series.values += values


_names = (f"renamed {number}" for number in itertools.count(1))


def _change(ids: Sequence[str], shown_at: Callable[[str], float]) -> list[float]:
    """Rename chats, each at its time; returns how long the first one's names took to be seen, in milliseconds."""
    rng = random.Random(500)
    names = [next(_names) for _ in range(round(SECONDS * CHANGES_PER_S))]
    began_s, written, seen = time.monotonic(), dict[str, float](), dict[str, float]()
    times_s = [(number + rng.random()) / CHANGES_PER_S for number in range(len(names))]

    def rename() -> None:
        with open_store() as store:
            for number, name in enumerate(names):
                time.sleep(max(began_s + times_s[number] - time.monotonic(), 0.0))
                is_first = number % MEASURED_OF == 0
                store.rename(ids[0] if is_first else rng.choice(ids[1:]), name)
                written[name] = time.monotonic()

    renaming = threading.Thread(target=rename)
    renaming.start()
    for name in names[::MEASURED_OF]:
        seen[name] = shown_at(name)
    renaming.join()
    return [(seen[name] - written[name]) * 1000 for name in seen]


def _on_page(bench: BenchmarkEnvironment, ids: list[str]) -> Iterator[Front]:
    """A page's server with one device that shows the list."""
    with PageServer(bench.area) as server, server.pair() as device, phone(device) as shown:
        wait_until(lambda: len(shown.rows) == CHATS, TIMEOUT_S, "the list")
        told = _note_rows(shown, ids[0])

        def shown_at(name: str) -> float:
            wait_until(lambda: name in told, TIMEOUT_S, name)
            return told[name]

        yield shown_at, lambda: [server.pid, *server.children()], ids


def _note_rows(shown: Phone, chat: str) -> dict[str, float]:
    """When the device gets each name of a chat."""
    told: dict[str, float] = {}

    take = shown.take

    def note(happened: Happened) -> None:
        take(happened)
        if happened.kind == "row" and happened.data["id"] == chat:
            told.setdefault(happened.data["name"], time.monotonic())

    vars(shown)["take"] = note
    return told


def _in_window(ids: list[str]) -> Iterator[Front]:
    """A window with its list."""
    client = XClient()
    with window() as app:
        [own] = wait_until(app.shown, TIMEOUT_S, "the window")
        time.sleep(SETTLE_S)
        with client.watching():
            row = _row_of_first(client, client.area_of(int(own)), ids[0])
            previous = [client.pixels(row)]

            def shown_at(_name: str) -> float:
                while True:
                    assert client.wait_painted(TIMEOUT_S), "the row was not painted"
                    at_s = time.monotonic()
                    if (pixels := client.pixels(row)) != previous[0]:
                        previous[0] = pixels
                        return at_s

            yield shown_at, lambda: [app.process.pid], ids
        app.ask("close")
        app.process.wait(TIMEOUT_S)
    client.close()


def _row_of_first(client: XClient, whole: Area, chat: str) -> Area:
    """The part of the window that changes with the name of a chat."""
    before = client.pixels(whole)
    with open_store() as store:
        store.rename(chat, "WWWWWW")
    time.sleep(SETTLE_S / 5)
    after = client.pixels(whole)
    stride = 4 * whole.width
    changed = [
        (index // stride, index % stride // 4)
        for index in range(0, len(before), 4)
        if before[index : index + 4] != after[index : index + 4]
    ]
    assert changed, "no row of the window has changed"
    top, bottom = min(each[0] for each in changed), max(each[0] for each in changed)
    left, right = min(each[1] for each in changed), max(each[1] for each in changed)
    assert bottom - top < 40, "more than a row has changed"
    return Area(whole.left + left, whole.top + top, right - left + 1, bottom - top + 1)


def _cpu_ms(pids: Sequence[int]) -> float:
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) * 1000 / TICKS_PER_S


def _wake_ups(pids: Sequence[int]) -> int:
    """How often the threads of these processes have waited for something."""
    found = [each for pid in pids for each in Path(f"/proc/{pid}/task").glob("*/status")]
    return sum(int(each.read_text().partition("\nvoluntary_ctxt_switches:")[2].split()[0]) for each in found)
