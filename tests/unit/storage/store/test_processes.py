"""Several processes with one file, some of them killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from session_host.errors import StoreError
from session_host.protocol.values import State
from session_host.storage.store import Store
from tests.support.journals import fill, make_record, one_line

REPOSITORY = Path(__file__).parents[4]


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


WRITER = """
import sys, uuid
from pathlib import Path
from session_host.protocol.facts import ChatFacts, Entry, Origin
from session_host.storage.store import Store
path, count = Path(sys.argv[1]), int(sys.argv[2])
sys.stdin.readline()
for number in range(count):
    with Store.open(path) as store:
        id = str(uuid.uuid4())
        created = "2026-01-02T03:04:05Z"
        origin = Origin(id=id, agent="a", argv=["a"], cwd="/", created_at=created)
        store.insert(ChatFacts(origin, Entry(name=str(number))))
        store.update(id, title="t")
"""

INTERRUPTED = """
import sys
from pathlib import Path
from session_host.storage.store import Store
store = Store.open(Path(sys.argv[1]))
with store._database.writing() as connection:
    connection.execute("DELETE FROM session")
    print("in the middle", flush=True)
    sys.stdin.readline()
"""


class TestSeveralProcesses:
    def test_several_processes_create_and_write_the_file_at_once(self, path: Path) -> None:
        writers = [python(WRITER, str(path), "20") for _ in range(4)]
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        for writer in writers:
            _, errors = writer.communicate(timeout=60)
            assert (writer.returncode, errors) == (0, "")

        with Store.open(path) as store:
            assert [record.program.title for record in store.all()] == ["t"] * 80
            assert store.problems() == []

    def test_a_writer_killed_during_a_transaction_leaves_no_trace(self, path: Path) -> None:
        records = fill(path, 5)
        writer = python(INTERRUPTED, str(path))
        assert writer.stdout is not None
        assert writer.stdout.readline() == "in the middle\n"
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate(timeout=60)

        with Store.open(path) as store:
            assert store.all() == records
            store.update(records[0].id, state=State.EXITED)
            assert store.problems() == []

    def test_readers_do_not_wait_for_a_writer(self, path: Path) -> None:
        records = fill(path, 2)
        writer = python(INTERRUPTED, str(path))
        assert writer.stdout is not None
        assert writer.stdout.readline() == "in the middle\n"
        try:
            with Store.open(path) as store:
                assert store.all() == records
        finally:
            writer.kill()
            writer.communicate(timeout=60)

    def test_a_writer_that_waits_in_vain_reports_it(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("session_host.storage.store.database.BUSY_TIMEOUT_MS", 50)
        fill(path, 1)
        writer = python(INTERRUPTED, str(path))
        assert writer.stdout is not None
        assert writer.stdout.readline() == "in the middle\n"
        try:
            with Store.open(path) as store, pytest.raises(StoreError, match="locked by another program") as caught:
                store.insert(make_record())
            one_line(caught.value)
        finally:
            writer.kill()
            writer.communicate(timeout=60)
