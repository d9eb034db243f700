"""Searching recorded chats, compared with grep over the same text exported to files.

grep reads text files, all of them each time. Outlive reads each recording once (its speed is reported in MB of output
per second), and then queries its index.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

from session_host.paths import database, search_index, session_journal
from session_host.protocol.values import CellSize, GridSize, State
from session_host.storage.journal import Entry, Journal, Output, Resize
from session_host.storage.search import Query, Search
from session_host.storage.store import SessionRecord, Store
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.peers import COLUMNS, ROWS
from tests.benchmarks.report import Report, Series, Verdict, ratio
from tests.benchmarks.streams import stream
from tests.support.commands import OUTLIVE, environment

CHATS = {"plain": 8, "sgr": 8, "unicode": 2, "agent": 2}
CHAT_BYTES = 4_000_000
BEGAN_NS = 1_767_323_045_000_000_000
PIECE_BYTES = 32 * 1024
WORDS = {
    "a rare word": "planted-needle",
    "a common word": "linking",
    "several words": "cargo error 0x7ffe",
    "no such word": "nowhere-to-be-found",
    "one letter, nowhere": "ж",
}
OWN_LIMIT_MS = 100.0


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    chats = sum(CHATS.values())
    report = Report("search", f"{chats} chats of {CHAT_BYTES / 1e6:g} MB of output each")
    texts = bench.cache / "texts"
    texts.mkdir()
    total_bytes = sum(record(kind, number) for kind, count in CHATS.items() for number in range(count))
    reading = Series("reading, all chats", "MB/s", command="outlive search TEXT, the first time")
    with Store.open(database()) as store:
        ids = [each.id for each in store.all()]
    for _ in range(min(bench.rounds, 3)):
        for path in search_index().parent.glob("search.db*"):
            path.unlink()
        with Search() as search:
            began_s = time.perf_counter()
            search.update(ids)
            reading.values.append(total_bytes / 1e6 / (time.perf_counter() - began_s))
    with Search() as search:
        export(search, ids, texts)
    text_bytes = sum(path.stat().st_size for path in texts.iterdir())
    ours = Series("outlive search", "ms", command="outlive search planted-needle")
    bare = Series("python -c pass", "ms", command="python -c pass")
    again = Series("its index, nothing new", "ms", command="session_host.storage.search: Search().update, find")
    peer = Series("grep -r -i -F", "ms", command="grep -r -i -F planted-needle TEXTS")
    queries = {name: Series(f"find: {name}", "ms") for name in WORDS}
    report.series = [reading, ours, bare, again, peer, *queries.values()]
    for _ in range(bench.rounds * 3):
        ours.values.append(milliseconds([*OUTLIVE, "search", "planted-needle"]))
        bare.values.append(milliseconds([sys.executable, "-c", "pass"]))
        peer.values.append(milliseconds(["grep", "-r", "-i", "-F", "planted-needle", str(texts)]))
        began_s = time.perf_counter()
        with Search() as search:
            search.update(ids)
            assert len(search.find(Query.of("planted-needle"), 100)) == chats
            again.values.append((time.perf_counter() - began_s) * 1000)
            for name, words in WORDS.items():
                began_s = time.perf_counter()
                search.find(Query.of(words), 100)
                queries[name].values.append((time.perf_counter() - began_s) * 1000)
    report.verdicts = [
        Verdict("the command's own time", ours.median - bare.median, "ms", OWN_LIMIT_MS, False),
        ratio("a query beside grep", again, peer, 1.0, at_least=False),
        Verdict("the index beside the text", search_index().stat().st_size / text_bytes, "×"),
    ]
    report.notes = [f"{total_bytes / 1e6:.0f} MB of output, {text_bytes / 1e6:.0f} MB of text"]
    shutil.rmtree(texts)
    return report


def record(kind: str, number: int) -> int:
    """Record an ended chat; return the size of its output in bytes."""
    session_id = str(uuid.uuid4())
    data = stream(kind, CHAT_BYTES).replace(b"\n", b"\r\n")
    middle = data.find(b"\r\n", len(data) // 2) + 2
    data = data[:middle] + b"\r\x1b[2Kthe planted-needle of a chat\r\n" + data[middle:]
    entries: list[Entry] = [Resize(BEGAN_NS, 0, 1, GridSize(COLUMNS, ROWS), CellSize(8, 16))]
    entries += [
        Output(BEGAN_NS + first * 1000, first, data[first : first + PIECE_BYTES])
        for first in range(0, len(data), PIECE_BYTES)
    ]
    with Journal.open(session_journal(session_id)) as journal:
        for first in range(0, len(entries), 32):
            journal.append(entries[first : first + 32])
    with Store.open(database()) as store:
        store.insert(
            SessionRecord(
                id=session_id, name=f"{kind}-{number}", agent="command", argv=["cat"], cwd="/", state=State.EXITED,
                exit_code=0, created_at=f"2026-01-02T03:{number:02}:05Z", ended_at="2026-01-02T04:00:00Z",
            )
        )  # fmt: skip
    return len(data)


def export(search: Search, ids: list[str], directory: Path) -> None:
    """Write each chat's text to a file, for grep."""
    for session_id in ids:
        newest = search.find(Query.of("e"), 1, {session_id})
        lines = search.around(newest[0], newest[0].number, 0) if newest else []
        (directory / f"{session_id}.txt").write_text("\n".join(line.text for line in lines))


def milliseconds(argv: list[str]) -> float:
    """Run a command; return its duration."""
    began_s = time.perf_counter()
    subprocess.run(argv, env=environment(), check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return (time.perf_counter() - began_s) * 1000
