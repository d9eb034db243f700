"""The store's file: permissions, damage, and other versions."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import stat
from functools import partial
from pathlib import Path

import pytest

from session_host.errors import StoreCorrupt, StoreError, StoreRefused
from session_host.storage.store import Store, database
from session_host.storage.store.database import Database
from tests.support.journals import fill, make_record, one_line


class TestPrivacy:
    def test_the_file_and_its_companions_are_private(self, path: Path) -> None:
        before = os.umask(0)
        try:
            with Store.open(path) as store:
                store.insert(make_record())
                names = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
        finally:
            os.umask(before)

        assert names == {"outlive.db": 0o600, "outlive.db-wal": 0o600, "outlive.db-shm": 0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_a_file_readable_by_others_is_made_private(self, path: Path) -> None:
        Store.open(path).close()
        path.chmod(0o644)

        Store.open(path).close()

        assert stat.S_IMODE(path.stat().st_mode) == 0o600


class TestDamage:
    @pytest.mark.parametrize(
        "junk", [b"this is no database" * 400, b"\x00" * 8192, b"SQLite format 3\x00" + b"\xff" * 8000]
    )
    def test_a_file_of_junk_is_refused_and_unchanged(self, path: Path, junk: bytes) -> None:
        path.parent.mkdir(mode=0o700)
        path.write_bytes(junk)

        with pytest.raises(StoreCorrupt, match="damaged") as caught:
            Store.open(path)

        assert str(path) in one_line(caught.value)
        assert path.read_bytes() == junk

    @pytest.mark.parametrize("kept_bytes", [100, 4096, 5000, 3 * 4096])
    def test_a_truncated_file_is_refused(self, path: Path, kept_bytes: int) -> None:
        fill(path)
        os.truncate(path, kept_bytes)

        with pytest.raises(StoreCorrupt), Store.open(path) as store:
            store.all()

    def test_damage_in_the_middle_is_reported_when_it_is_read(self, path: Path) -> None:
        fill(path)
        pages = path.stat().st_size // 4096
        with path.open("r+b") as file:
            for page in range(1, pages):
                file.seek(page * 4096)
                file.write(b"\xde\xad\xbe\xef" * 64)

        with pytest.raises(StoreCorrupt) as caught, Store.open(path) as store:
            store.all()

        one_line(caught.value)

    def test_a_missing_table_is_reported(self, path: Path) -> None:
        Store.open(path).close()
        connection = sqlite3.connect(path)
        connection.execute("DROP TABLE layout")
        connection.close()

        with pytest.raises(StoreCorrupt, match="no table layout"):
            Store.open(path)

    @pytest.mark.parametrize(
        ("column", "value"), [("argv", "{"), ("argv", "3"), ("env", "[]"), ("name", b"\xff"), ("title", b"\xff")]
    )
    def test_an_invalid_row_is_reported(self, path: Path, column: str, value: str | bytes) -> None:
        with Store.open(path) as store:
            store.insert(make_record())
            with store._database.writing() as connection:
                connection.execute(f"UPDATE session SET {column} = ?", (value,))

            with pytest.raises(StoreCorrupt):
                store.all()

    @pytest.mark.parametrize("companion", ["-wal", "-shm"])
    @pytest.mark.parametrize("content", [b"", b"junk", b"\x00" * 40000])
    def test_stray_companions_lose_nothing(self, path: Path, companion: str, content: bytes) -> None:
        records = fill(path, 3)
        Path(f"{path}{companion}").write_bytes(content)

        with Store.open(path) as store:
            assert store.all() == records


class TestMovingDamagedFiles:
    @pytest.mark.parametrize("is_created", [True, False])
    def test_a_file_that_another_process_is_creating_is_not_moved(self, path: Path, *, is_created: bool) -> None:
        path.parent.mkdir(mode=0o700)
        path.write_bytes(b"damaged" * 100)
        first = Store.move_damaged(path)
        if is_created:
            path.touch()

        assert Store.move_damaged(path) == first

        assert path.exists() == is_created
        assert [each.name for each in path.parent.glob("*.damaged-*")] == [first.name]

    def test_a_file_that_another_process_is_filling_is_not_moved(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.parent.mkdir(mode=0o700)
        path.write_bytes(b"damaged" * 100)
        first = Store.move_damaged(path)
        version = Database._version

        def find_damage_meanwhile(database: Database, connection: sqlite3.Connection) -> int:
            descriptor = os.open(path.parent, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                is_free = False  # Another process waits until the file is filled.
            else:
                is_free = True
            os.close(descriptor)
            if is_free:
                Store.move_damaged(path)
            return version(database, connection)

        monkeypatch.setattr(Database, "_version", find_damage_meanwhile)
        Store.open(path).close()
        assert [each.name for each in path.parent.glob("*.damaged-*")] == [first.name]

    def test_a_file_that_another_process_locks_is_not_moved(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path.parent.mkdir(mode=0o700)
        path.write_bytes(b"damaged" * 100)
        first = Store.move_damaged(path)
        Store.open(path).close()
        monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, timeout=0))
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            assert Store.move_damaged(path) == first
        assert path.exists()

    def test_a_file_without_its_tables_is_moved_also_after_another_one(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700)
        path.write_bytes(b"damaged" * 100)
        first = Store.move_damaged(path)
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA user_version = 1")
        connection.close()

        assert Store.move_damaged(path) != first

    def test_a_damaged_file_is_moved_and_kept(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700)
        for number in (1, 2):
            path.write_bytes(b"damaged %d" % number * 100)

            aside = Store.move_damaged(path)

            assert aside.name == f"outlive.db.damaged-{number}"
            assert aside.read_bytes() == b"damaged %d" % number * 100
            assert not path.exists()
        with Store.open(path) as store:
            store.insert(make_record())

    def test_the_companions_are_moved_too(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700)
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").write_bytes(b"x")

        aside = Store.move_damaged(path)

        assert sorted(entry.name for entry in path.parent.iterdir()) == [
            aside.name,
            f"{aside.name}-shm",
            f"{aside.name}-wal",
        ]

    def test_a_second_process_that_met_the_damage_keeps_the_new_file(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700)
        path.write_bytes(b"damaged" * 100)
        first = Store.move_damaged(path)
        record = make_record()
        with Store.open(path) as store:
            store.insert(record)

            assert Store.move_damaged(path) == first

            assert store.all() == [record]

    def test_a_process_with_the_old_file_open_continues_in_the_new_one(self, path: Path) -> None:
        record = make_record()
        with Store.open(path) as long_lived:
            Store.move_damaged(path)
            with Store.open(path) as fresh:
                fresh.insert(record)

                long_lived.update(record.id, title="still heard")

                stored = fresh.get(record.id)
                assert stored is not None
                assert stored.program.title == "still heard"


def _with_step(step: tuple[str, ...]) -> database.Schema:
    present = database.STORE_SCHEMA
    return present._replace(steps=(*present.steps, step))


class TestVersions:
    def test_a_file_of_another_version_is_refused_and_untouched(self, path: Path) -> None:
        Store.open(path).close()
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA user_version = {len(database.STORE_SCHEMA.steps) + 1}")
        connection.close()
        before = path.read_bytes()

        with pytest.raises(StoreError, match="another version of Outlive; upgrade") as caught:
            Store.open(path)

        assert not isinstance(caught.value, StoreCorrupt)
        assert path.read_bytes() == before

    def test_an_older_file_is_migrated_and_keeps_its_rows(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        records = fill(path, 3)

        step = ("ALTER TABLE session ADD COLUMN colour TEXT", "UPDATE session SET colour = 'x'")
        monkeypatch.setattr(database, "STORE_SCHEMA", _with_step(step))

        for _ in range(2):
            with Store.open(path) as store:
                assert store.all() == records
        connection = sqlite3.connect(path)
        assert connection.execute("SELECT count(*) FROM session WHERE colour = 'x'").fetchone() == (3,)
        connection.close()

    def test_a_failed_migration_leaves_the_file_unchanged(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        records = fill(path, 2)

        with monkeypatch.context() as patch:
            step = ("DELETE FROM session", "THIS IS NO SQL")
            patch.setattr(database, "STORE_SCHEMA", _with_step(step))
            with pytest.raises(StoreError):
                Store.open(path)

        with Store.open(path) as store:
            assert store.all() == records


def test_a_store_that_is_moved_aside_while_it_is_opened_is_made_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(path):
        pass
    system_open = os.open

    def open_and_move(name: str | Path, flags: int, *arguments: int, **options: int) -> int:
        try:
            return system_open(name, flags, *arguments, **options)
        except FileExistsError:
            monkeypatch.setattr(os, "open", system_open)
            Store.move_damaged(path)
            raise

    monkeypatch.setattr(os, "open", open_and_move)
    with Store.open(path) as store:
        assert store.all() == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("fields", [{"child_pid": 2**63}, {"title": "\ud800"}, {"title": None}])
def test_a_value_that_sqlite_has_no_place_for_is_refused_in_one_line(path: Path, fields: dict[str, object]) -> None:
    with Store.open(path) as store:
        store.insert(record := make_record())
        with pytest.raises(StoreRefused, match="takes no such value") as caught:
            store.update(record.id, **fields)
        assert one_line(caught.value)
        assert store.get(record.id) == record, "and the store can be used on"
