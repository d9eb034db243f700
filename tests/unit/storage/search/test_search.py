"""The search index: recorded lines are found once, also after kills, damage and lost journals."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.errors import StoreBusy, StoreError, UsageError
from session_host.paths import search_index, session_journal
from session_host.storage.journal import Entry, Journal
from session_host.storage.journal import read as really_read
from session_host.storage.search import Hit, Query, Scope, Search, session_update
from session_host.storage.search import index as index_module
from session_host.storage.search.index import SCHEMA
from tests.support.journals import BEGAN_NS, SECOND_NS, output, resize
from tests.unit.storage.search.conftest import Record, texts


def lines(first: int, end: int) -> bytes:
    return b"".join(b"line number %d of many\r\n" % number for number in range(first, end))


def everything(search: Search) -> list[str]:
    return texts(search, "line number", 100_000)


def test_recorded_lines_are_found_newest_first(search: Search, record: Record) -> None:
    record("one", (1.0, b"alpha beta\r\n"), (5.0, b"gamma beta\r\n"))
    record("two", (3.0, b"delta BETA\r\n"))
    search.update(["one", "two"])
    assert texts(search, "beta") == ["gamma beta", "delta BETA", "alpha beta"]
    assert texts(search, "beta", limit=2) == ["gamma beta", "delta BETA"]
    [hit] = search.find(Query.of("delta"), 10)
    assert hit == Hit("two", 1, 12, BEGAN_NS + 3 * SECOND_NS, "delta BETA")
    assert [hit.session_id for hit in search.find(Query.of("beta"), 10, {"one"})] == ["one", "one"]


@pytest.mark.parametrize("typed", ["日本", "é", "x", "--", '"', "ab", "()"])
def test_short_words_are_found(search: Search, record: Record, typed: str) -> None:
    record("one", f"a line with {typed} in it\r\nanother\r\n".encode())
    search.update(["one"])
    assert texts(search, typed)[-1] == f"a line with {typed} in it"


def test_only_new_output_is_read(search: Search, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    record("one", lines(0, 100))
    search.update(["one"])
    assert search.outdated(["one"]) == []
    record("one", lines(100, 200))
    assert search.outdated(["one", "none"]) == ["one"]
    starts: list[int] = []

    def read(directory: Path, start: int = 0) -> Iterator[Entry]:
        starts.append(start)
        return really_read(directory, start)

    monkeypatch.setattr(session_update, "read", read)
    search.update(["one"])
    assert starts == [len(lines(0, 100))]
    assert everything(search) == [f"line number {number} of many" for number in reversed(range(200))]


def test_an_update_can_be_stopped_and_continues_later(
    search: Search, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_update, "STEP_BYTES", 1)
    record("one", *(lines(number, number + 3) for number in range(0, 300, 3)))
    search.update(["one"], should_stop=lambda: True)
    asked = count()
    search.update(["one"], should_stop=lambda: next(asked) > 3)
    assert 0 < len(everything(search)) < 300
    assert search.outdated(["one"]) == ["one"]
    search.update(["one"])
    assert len(everything(search)) == 300


def test_an_update_waits_longer_for_another_writer_than_sqlite_does(
    search: Search, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    record("one", lines(0, 100))
    monkeypatch.setattr("session_host.storage.store.database.BUSY_TIMEOUT_MS", 20)
    with contextlib.closing(sqlite3.connect(search_index(), isolation_level=None)) as other, Search() as waiting:
        other.execute("BEGIN IMMEDIATE")
        tries = count()

        def end_at_the_third() -> bool:
            if next(tries) == 2:
                other.execute("ROLLBACK")
            return False

        waiting.update(["one"], should_stop=end_at_the_third)
        assert len(everything(waiting)) == 100

        record("two", lines(0, 100))
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(session_update, "BUSY_TIMEOUT_S", 0)
        with pytest.raises(StoreBusy, match="locked by another program"):
            waiting.update(["two"])


def test_lines_of_pruned_output_stay_in_the_index(search: Search, record: Record) -> None:
    record("one", lines(0, 100))
    search.update(["one"])
    journal = session_journal("one")
    (journal / "00000001.log").rename(journal / "away")
    with Journal.open(journal) as writer:
        writer.append([resize(5000, 1), output(5000, b"much later\r\n", 9.0)])
    (journal / "00000001.log").rename(journal / "00000002.log")
    search.update(["one"])
    assert len(everything(search)) == 100
    assert texts(search, "later") == ["much later"]


def test_removed_chats_give_their_space_back(search: Search, record: Record) -> None:
    ids = [f"chat {number}" for number in range(4)]
    for session_id in ids:
        record(session_id, lines(0, 5000))
    search.update(ids)
    search.free_space(lambda: False)
    sizes = search.sizes()
    full_bytes = size_of_index()
    assert sum(sizes.values()) == pytest.approx(full_bytes, rel=0.01)
    assert sizes["chat 0"] == pytest.approx(sizes["chat 3"], rel=0.01)
    search.keep_only(ids[3:])
    assert search.sizes()["chat 3"] == pytest.approx(sizes["chat 3"], rel=0.01), "not the space of removed ones"
    search.free_space(lambda: False)
    assert size_of_index() < full_bytes / 2, "one chat of four is left"
    assert len(everything(search)) == 5000
    search.keep_only([])
    assert everything(search) == []
    search.free_space(lambda: False)
    assert size_of_index() < 100_000


def size_of_index() -> int:
    """The bytes of the index without its WAL, which may lack the newest changes."""
    with contextlib.closing(sqlite3.connect(search_index())) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return search_index().stat().st_size


def test_other_processes_write_while_lines_are_removed(search: Search, record: Record) -> None:
    record("one", lines(0, 20_000))
    search.update(["one"])
    search.keep_only([])
    writes = 0

    def write() -> bool:
        nonlocal writes
        with Search() as other:
            other.keep_only([])
        writes += 1
        return False

    search.free_space(write)
    assert writes > 30, "each transaction removes a little"
    assert size_of_index() < 100_000


def test_a_chat_that_is_removed_during_a_search_is_not_found(
    search: Search, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process removes it between the two looks at the index; the search failed with a traceback."""
    record("one", lines(0, 10))
    search.update(["one"])
    candidates = index_module._candidates

    def removed_meanwhile(*args: Any) -> list[Any]:
        found = list(candidates(*args))
        with Search() as other:
            other.keep_only([])
            other.free_space(lambda: False)
        return found

    monkeypatch.setattr(index_module, "_candidates", removed_meanwhile)
    assert everything(search) == []


def test_only_its_user_can_read_the_index(search: Search, record: Record) -> None:
    record("one", b"secret\r\n")
    search.update(["one"])
    for path in search_index().parent.glob("search.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", ["garbage", "empty", "no table", "torn", "a page"])
def test_a_damaged_index_is_made_again(record: Record, damage: str) -> None:
    record("one", lines(0, 3000))
    with Search() as search:
        search.update(["one"])
    path = search_index()
    data = path.read_bytes()
    if damage == "garbage":
        path.write_bytes(b"garbage" * 1000)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "torn":
        path.write_bytes(data[: len(data) // 2 // 4096 * 4096])
    else:
        with sqlite3.connect(path) as file:
            file.execute("DROP TABLE page" if damage == "no table" else "UPDATE page SET lines = x'00'")
        file.close()
    with Search() as search:
        for _ in range(2):
            search.find(Query.of("line"), 10)
            search.update(["one"])
        assert len(everything(search)) == 3000
    assert not list(path.parent.glob("search.db.*"))


def test_an_index_of_another_version_is_left_alone(record: Record) -> None:
    with Search():
        pass
    with sqlite3.connect(search_index()) as file:
        file.execute(f"PRAGMA user_version = {len(SCHEMA.steps) + 1}")
    file.close()
    with pytest.raises(StoreError, match="another version"):
        Search()


def test_several_updates_at_once_index_each_line_once(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_update, "STEP_BYTES", 5000)
    ids = [f"chat {number}" for number in range(4)]
    for session_id in ids:
        record(session_id, *(lines(number, number + 50) for number in range(0, 1000, 50)))

    def read_all() -> None:
        with Search() as search:
            search.update(ids)

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(read_all) for _ in range(4)]:
            done.result()
    with Search() as search:
        for session_id in ids:
            found = [hit.text for hit in search.find(Query.of("line number"), 100_000, {session_id})]
            assert found == [f"line number {number} of many" for number in reversed(range(1000))]


def test_output_is_read_without_a_lock_on_the_index(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    record("one", lines(0, 100))
    record("two", b"another needle\r\n")
    with Search() as search, Search() as other:

        def read(directory: Path, start: int = 0) -> Iterator[Entry]:
            if "one" in str(directory):
                other.update(["two"])
                other.free_space(lambda: True)
            return really_read(directory, start)

        monkeypatch.setattr(session_update, "read", read)
        search.update(["one"])
        assert texts(search, "needle") == ["another needle"]
        assert len(texts(search, "number")) == 100


def test_a_noisy_chat_hides_no_other_chat(search: Search, record: Record) -> None:
    record("quiet", (1.0, b"one needle\r\n"))
    record("noisy", (2.0, b"a needle\r\n" * 20), (3.0, b"".join(b"needle %d\r\n" % n for n in range(300))))
    search.update(["quiet", "noisy"])
    noisy, quiet = search.find_by_session(Query.of("needle"), limit=100, each=3)
    assert [hit.text for hit in noisy.hits] == ["needle 299", "needle 298", "needle 297"]
    assert (noisy.times, noisy.more, noisy.line_count) == ([1, 1, 1], 317, 320)
    assert [hit.text for hit in quiet.hits] == ["one needle"]
    [all_lines] = search.find_by_session(Query.of("needle"), limit=1000, each=1000, among={"noisy"})
    assert (all_lines.hits[-1].text, all_lines.times[-1], all_lines.more) == ("a needle", 20, 0)
    [only] = search.find_by_session(Query.of("needle"), 100, 3, only={"quiet"})
    assert only == quiet
    assert [each.hits[0].text for each in search.find_by_session(Query.of("needle"), 1, 3)] == ["needle 299"]


def test_a_very_noisy_chat_is_not_counted_to_its_end(
    search: Search, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "MAX_COUNTED", 50)
    record("noisy", b"needle\r\n" * 1000)
    search.update(["noisy"])
    [found] = search.find_by_session(Query.of("needle"), 100, 3)
    assert not found.is_counted
    assert 50 < found.line_count < 150


def test_words_that_name_a_time_or_chats_narrow_the_search_and_are_found_as_text(
    search: Search, record: Record
) -> None:
    record("mine", (10.0, b"an error early\r\n"), (50.0, b"an error later\r\n"))
    record("other", (10.0, b"other error early\r\n"), (50.0, b"in march an error of codex\r\n"))
    search.update(["mine", "other"])
    between_ns = BEGAN_NS + 30_000_000_000
    scopes = {
        "last week": Scope(None, 0, between_ns),
        "march": Scope(None, between_ns),
        "codex": Scope(frozenset(["mine"])),
    }

    def found(text: str) -> set[str]:
        query = Query.of(text, scopes.get)
        return {hit.text for each in search.find_by_session(query, 100, 10) for hit in each.hits}

    assert found("error last week") == {"an error early", "other error early"}
    assert found("codex error") == {"an error early", "an error later", "in march an error of codex"}
    assert found("codex error march") == {"an error later", "in march an error of codex"}
    assert found("march") == {"in march an error of codex"}, "a date alone is a word"
    assert found('error "march"') == {"in march an error of codex"}
    assert Query.of("march error", scopes.get).spans("error in march") == [(0, 5), (9, 14)]


READER = """
import sys
from session_host.storage.search import Search, session_update
session_update.STEP_BYTES = 20_000
with Search() as search:
    search.update(["one"], should_stop=lambda: print("on", flush=True))
"""


@pytest.mark.parametrize("turns", [2, 9])
def test_a_killed_reader_loses_and_repeats_nothing(record: Record, turns: int) -> None:
    record("one", *(lines(number, number + 50) for number in range(0, 20_000, 50)))
    process = subprocess.Popen([sys.executable, "-c", "from session_host.storage.search import *;" + READER], stdout=-1)
    assert process.stdout is not None
    for _ in range(turns):
        assert process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with Search() as search:
        assert len(everything(search)) < 20_000, "it was killed in between"
        search.update(["one"])
        assert len(everything(search)) == 20_000


def test_another_build_of_the_engine_continues(search: Search, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    record("one", lines(0, 100), b"begun ")
    search.update(["one"])
    monkeypatch.setattr("session_host.storage.search.reader.engine_build", lambda _engine: "another")
    record("one", b"and ended\r\n" + lines(100, 150))
    search.update(["one"])
    assert everything(search) == [f"line number {number} of many" for number in reversed(range(150))]
    assert texts(search, "ended") == ["begun and ended"]


def test_of_very_much_text_the_newest_is_kept(search: Search, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "MAX_SESSION_BYTES", 100_000)
    monkeypatch.setattr(index_module, "_PAGES_AT_ONCE", 4)
    for first in range(0, 10_000, 1000):
        record("one", lines(first, first + 1000))
        search.update(["one"])
    found = everything(search)
    assert 1000 < len(found) < 5000
    assert found == [f"line number {number} of many" for number in range(9999, 9999 - len(found), -1)]


def test_the_lines_around_a_hit_are_found(search: Search, record: Record) -> None:
    record("one", lines(0, 200))
    search.update(["one"])
    [hit] = search.find(Query.of('"number 100 "'), 10)
    assert [line.number for line in search.around(hit, 3, 2)] == [98, 99, 100, 101, 102, 103]


def test_a_growing_line_is_found_once_and_by_its_end(search: Search, record: Record) -> None:
    for number, word in enumerate((b"streamed", b" words", b" of an", b" answer")):
        record("one", (number * 3.0, word))
        search.update(["one"])
        assert len(texts(search, "streamed")) == 1
    assert texts(search, "answer") == ["streamed words of an answer"]


@given(st.text(st.characters(), max_size=30))
def test_no_query_raises_an_error(typed: str) -> None:
    with Search() as search:
        try:
            query = Query.of(typed)
        except UsageError:
            return
        search.find(query, 5)


@given(st.text(st.characters(exclude_categories=("C", "Z", "M")), min_size=1, max_size=12))
def test_a_planted_line_is_always_found(planted: str) -> None:
    name = f"chat-{os.urandom(6).hex()}"
    with Journal.open(session_journal(name)) as journal:
        data = f"the line before\r\n{planted}\r\nthe line after\r\n".encode()
        journal.append([resize(0, 1, 80, 24), output(0, data)])
    with Search() as search:
        search.update([name])
        shown = search.find(Query.of("the line before"), 1, {name})
        line = search.around(shown[0], 0, 1)[1].text
        # The line as the terminal shows it, which may differ from the planted text.
        assert search.find(Query.of(line), 1, {name})
        assert not planted.isascii() or line == planted


def test_an_unreadable_recording_does_not_stop_the_others(search: Search, record: Record) -> None:
    record("sound", b"a needle\r\n")
    record("odd", b"a needle\r\n")
    away = session_journal("odd").with_name("away")
    session_journal("odd").rename(away)
    session_journal("odd").symlink_to(away)
    search.update(["odd", "sound"])
    assert [hit.session_id for hit in search.find(Query.of("needle"), 10)] == ["sound"]
    assert "move it away" in search.problems["odd"]


@pytest.mark.parametrize("time_ns", [-(2**63), 2**63 - 1])
def test_a_wrong_clock_is_no_error(search: Search, time_ns: int) -> None:
    with Journal.open(session_journal("one")) as journal:
        journal.append([output(0, b"a needle\r\n")._replace(time_ns=time_ns)])
    search.update(["one"])
    [hit] = search.find(Query.of("needle"), 10)
    assert hit.time_ns == time_ns
    assert hit.moment.tzinfo is not None
