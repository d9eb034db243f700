"""What disks, other processes and other versions do to the file."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from session_host.errors import OutliveError, StoreCorrupt, StoreError, UnsafeDirectory
from session_host.protocol.values import State
from session_host.store import SessionRecord, Store
from session_host.store.schema import SCHEMA_VERSION

MakeRecord = Callable[..., SessionRecord]
REPOSITORY = Path(__file__).parents[3]


def one_line(error: BaseException) -> str:
    text = str(error)
    assert "\n" not in text
    return text


def fill(path: Path, make_record: MakeRecord, count: int = 50) -> list[SessionRecord]:
    records = [make_record(title="x" * 400, created_at="2026-01-02T03:04:05Z") for _ in range(count)]
    with Store.open(path) as store:
        for record in records:
            store.add(record)
    return records


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class TestPrivacy:
    def test_the_file_and_its_companions_are_the_owners_alone(self, path: Path, make_record: MakeRecord) -> None:
        before = os.umask(0)
        try:
            with Store.open(path) as store:
                store.add(make_record())
                names = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
        finally:
            os.umask(before)

        assert names == {"outlive.db": 0o600, "outlive.db-wal": 0o600, "outlive.db-shm": 0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_a_file_that_others_could_read_is_closed_to_them(self, path: Path) -> None:
        Store.open(path).close()
        path.chmod(0o644)

        Store.open(path).close()

        assert stat.S_IMODE(path.stat().st_mode) == 0o600


class TestDamage:
    @pytest.mark.parametrize(
        "junk", [b"this is no database" * 400, b"\x00" * 8192, b"SQLite format 3\x00" + b"\xff" * 8000]
    )
    def test_a_file_of_junk(self, path: Path, junk: bytes) -> None:
        path.parent.mkdir(mode=0o700)
        path.write_bytes(junk)

        with pytest.raises(StoreCorrupt, match="damaged") as caught:
            Store.open(path)

        assert str(path) in one_line(caught.value)
        assert path.read_bytes() == junk

    @pytest.mark.parametrize("kept_bytes", [100, 4096, 5000, 3 * 4096])
    def test_a_truncated_file(self, path: Path, make_record: MakeRecord, kept_bytes: int) -> None:
        fill(path, make_record)
        os.truncate(path, kept_bytes)

        with pytest.raises(StoreCorrupt), Store.open(path) as store:
            store.all()

    def test_damage_in_the_middle_is_met_when_it_is_read(self, path: Path, make_record: MakeRecord) -> None:
        fill(path, make_record)
        pages = path.stat().st_size // 4096
        with path.open("r+b") as file:
            for page in range(1, pages):
                file.seek(page * 4096)
                file.write(b"\xde\xad\xbe\xef" * 64)

        with pytest.raises(StoreCorrupt) as caught, Store.open(path) as store:
            store.all()

        one_line(caught.value)

    def test_a_table_that_is_gone(self, path: Path) -> None:
        Store.open(path).close()
        connection = sqlite3.connect(path)
        connection.execute("DROP TABLE layout")
        connection.close()

        with pytest.raises(StoreCorrupt, match="no table layout"):
            Store.open(path)

    @pytest.mark.parametrize(("column", "value"), [("argv", "{"), ("argv", "3"), ("env", "[]"), ("name", b"\xff")])
    def test_a_row_that_cannot_be_ours(
        self, path: Path, make_record: MakeRecord, column: str, value: str | bytes
    ) -> None:
        with Store.open(path) as store:
            store.add(make_record())
            with store._database.writing() as connection:
                connection.execute(f"UPDATE session SET {column} = ?", (value,))

            with pytest.raises(StoreCorrupt):
                store.all()

    def test_text_that_is_no_utf8(self, store: Store, make_record: MakeRecord) -> None:
        store.add(make_record())
        with store._database.writing() as connection:
            connection.execute("UPDATE session SET title = cast(x'ff' as text)")

        with pytest.raises(StoreCorrupt):
            store.all()

    def test_problems_are_none_in_a_sound_file(self, store: Store, make_record: MakeRecord) -> None:
        store.add(make_record())

        assert store.problems() == []

    @pytest.mark.parametrize("companion", ["-wal", "-shm"])
    @pytest.mark.parametrize("content", [b"", b"junk", b"\x00" * 40000])
    def test_stray_companions_lose_nothing(
        self, path: Path, make_record: MakeRecord, companion: str, content: bytes
    ) -> None:
        records = fill(path, make_record, 3)
        Path(f"{path}{companion}").write_bytes(content)

        with Store.open(path) as store:
            assert store.all() == records


class TestSettingAside:
    def test_makes_room_for_a_fresh_file_and_keeps_the_damaged_one(self, path: Path, make_record: MakeRecord) -> None:
        path.parent.mkdir(mode=0o700)
        for number in (1, 2):
            path.write_bytes(b"damaged %d" % number * 100)

            aside = Store.set_aside(path)

            assert aside.name == f"outlive.db.damaged-{number}"
            assert aside.read_bytes() == b"damaged %d" % number * 100
            assert not path.exists()
        with Store.open(path) as store:
            store.add(make_record())

    def test_takes_the_companions_along(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700)
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").write_bytes(b"x")

        aside = Store.set_aside(path)

        assert sorted(entry.name for entry in path.parent.iterdir()) == [
            aside.name,
            f"{aside.name}-shm",
            f"{aside.name}-wal",
        ]

    def test_the_second_who_met_the_damage_leaves_the_fresh_file_alone(
        self, path: Path, make_record: MakeRecord
    ) -> None:
        path.parent.mkdir(mode=0o700)
        path.write_bytes(b"damaged" * 100)
        first = Store.set_aside(path)
        record = make_record()
        with Store.open(path) as store:
            store.add(record)

            assert Store.set_aside(path) == first

            assert store.all() == [record]

    def test_who_has_the_old_file_open_goes_on_in_the_fresh_one(self, path: Path, make_record: MakeRecord) -> None:
        record = make_record()
        with Store.open(path) as long_lived:
            Store.set_aside(path)
            with Store.open(path) as fresh:
                fresh.add(record)

                long_lived.update(record.id, title="still heard")

                found = fresh.get(record.id)
                assert found is not None
                assert found.title == "still heard"


class TestVersions:
    def test_a_newer_file_is_refused_and_untouched(self, path: Path) -> None:
        Store.open(path).close()
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        connection.close()
        before = path.read_bytes()

        with pytest.raises(StoreError, match="newer Outlive; upgrade") as caught:
            Store.open(path)

        assert not isinstance(caught.value, StoreCorrupt)
        assert path.read_bytes() == before

    def test_an_older_file_takes_the_missing_steps_and_keeps_its_rows(
        self, path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        records = fill(path, make_record, 3)
        from session_host.store import database, schema

        step = ("ALTER TABLE session ADD COLUMN later TEXT", "UPDATE session SET later = 'x'")
        monkeypatch.setattr(database, "MIGRATIONS", (*schema.MIGRATIONS, step))
        monkeypatch.setattr(database, "SCHEMA_VERSION", SCHEMA_VERSION + 1)

        for _ in range(2):
            with Store.open(path) as store:
                assert store.all() == records
        connection = sqlite3.connect(path)
        assert connection.execute("SELECT count(*) FROM session WHERE later = 'x'").fetchone() == (3,)
        connection.close()

    def test_a_step_that_fails_leaves_the_file_as_it_was(
        self, path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        records = fill(path, make_record, 2)
        from session_host.store import database, schema

        with monkeypatch.context() as patch:
            step = ("DELETE FROM session", "THIS IS NO SQL")
            patch.setattr(database, "MIGRATIONS", (*schema.MIGRATIONS, step))
            patch.setattr(database, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
            with pytest.raises(StoreError):
                Store.open(path)

        with Store.open(path) as store:
            assert store.all() == records


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mount_point = tmp_path / "disk"
    mount_point.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k,mode=0700", "tmpfs", mount_point],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode != 0:
        pytest.skip(f"mount is not allowed here: {mounted.stderr.strip()}")
    try:
        yield mount_point
    finally:
        subprocess.run(["umount", "--lazy", mount_point], check=True)


def fill_disk(directory: Path, leave_bytes: int = 0) -> Path:
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\x00" * 4096)
        except OSError:
            pass
        file.truncate(max(0, file.tell() - leave_bytes))
    return ballast


class TestFullDisk:
    def test_at_start(self, small_disk: Path) -> None:
        fill_disk(small_disk)
        path = small_disk / "outlive.db"

        with pytest.raises(StoreError, match="the disk is full") as caught:
            Store.open(path)

        assert str(path) in one_line(caught.value)
        assert not isinstance(caught.value, StoreCorrupt)

    def test_while_writing_loses_nothing_and_works_again_after(self, small_disk: Path, make_record: MakeRecord) -> None:
        path = small_disk / "outlive.db"
        with Store.open(path) as store:
            first = make_record()
            store.add(first)
            ballast = fill_disk(small_disk, leave_bytes=8192)
            with pytest.raises(StoreError, match="the disk is full") as caught:
                store.add(make_record(title="x" * 60_000))
            one_line(caught.value)
            assert store.all() == [first]

            ballast.unlink()
            second = make_record()
            store.add(second)

        with Store.open(path) as store:
            assert store.all() == [first, second]


class TestPlacesThatCannotBeWritten:
    def test_the_state_directory_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "state").write_text("")

        with pytest.raises(UnsafeDirectory, match="not a directory") as caught:
            Store.open(tmp_path / "state" / "outlive.db")

        one_line(caught.value)

    def test_a_parent_of_it_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "home").write_text("")

        with pytest.raises(OutliveError) as caught:
            Store.open(tmp_path / "home" / "state" / "outlive.db")

        one_line(caught.value)

    def test_the_database_is_a_directory(self, path: Path) -> None:
        path.mkdir(parents=True)

        with pytest.raises(StoreError, match="cannot be opened") as caught:
            Store.open(path)

        assert str(path) in one_line(caught.value)

    def test_a_read_only_file_system(self, small_disk: Path) -> None:
        path = small_disk / "state" / "outlive.db"
        Store.open(path).close()
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

        with pytest.raises(StoreError) as caught:
            Store.open(path)

        assert str(path) in one_line(caught.value)


WRITER = """
import sys, uuid
from pathlib import Path
from session_host.store import Store, SessionRecord
path, count = Path(sys.argv[1]), int(sys.argv[2])
sys.stdin.readline()
for number in range(count):
    with Store.open(path) as store:
        id = str(uuid.uuid4())
        created = "2026-01-02T03:04:05Z"
        store.add(SessionRecord(id=id, name=str(number), agent="a", argv=["a"], cwd="/", created_at=created))
        store.update(id, title="t")
"""

INTERRUPTED = """
import sys
from pathlib import Path
from session_host.store import Store
store = Store.open(Path(sys.argv[1]))
with store._database.writing() as connection:
    connection.execute("DELETE FROM session")
    print("in the middle", flush=True)
    sys.stdin.readline()
"""


class TestSeveralProcesses:
    def test_all_create_and_write_at_once(self, path: Path) -> None:
        writers = [python(WRITER, str(path), "20") for _ in range(4)]
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        for writer in writers:
            _, errors = writer.communicate(timeout=60)
            assert (writer.returncode, errors) == (0, "")

        with Store.open(path) as store:
            assert [record.title for record in store.all()] == ["t"] * 80
            assert store.problems() == []

    def test_a_writer_killed_in_mid_transaction_leaves_no_trace(self, path: Path, make_record: MakeRecord) -> None:
        records = fill(path, make_record, 5)
        writer = python(INTERRUPTED, str(path))
        assert writer.stdout is not None
        assert writer.stdout.readline() == "in the middle\n"
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate(timeout=10)

        with Store.open(path) as store:
            assert store.all() == records
            store.update(records[0].id, state=State.EXITED)
            assert store.problems() == []

    def test_readers_do_not_wait_for_a_writer(self, path: Path, make_record: MakeRecord) -> None:
        records = fill(path, make_record, 2)
        writer = python(INTERRUPTED, str(path))
        assert writer.stdout is not None
        assert writer.stdout.readline() == "in the middle\n"
        try:
            with Store.open(path) as store:
                assert store.all() == records
        finally:
            writer.kill()
            writer.communicate(timeout=10)

    def test_a_writer_that_waits_in_vain_says_so(
        self, path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("session_host.store.database.BUSY_TIMEOUT_MS", 50)
        fill(path, make_record, 1)
        writer = python(INTERRUPTED, str(path))
        assert writer.stdout is not None
        assert writer.stdout.readline() == "in the middle\n"
        try:
            with Store.open(path) as store, pytest.raises(StoreError, match="kept it locked") as caught:
                store.add(make_record())
            one_line(caught.value)
        finally:
            writer.kill()
            writer.communicate(timeout=10)


def test_opening_is_quick(path: Path, make_record: MakeRecord) -> None:
    fill(path, make_record, 200)
    times_s = []
    for _ in range(20):
        begun_s = time.perf_counter()
        store = Store.open(path)
        times_s.append(time.perf_counter() - begun_s)
        store.close()

    assert min(times_s) < 0.002
