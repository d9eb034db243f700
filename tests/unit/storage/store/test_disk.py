"""Full, read-only and missing disks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from session_host.errors import StoreCorrupt, StoreError, UnsafeDirectory
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import State
from session_host.storage.store import Store
from tests.support import disks
from tests.support.disks import fill_disk, make_read_only
from tests.support.journals import make_record, one_line


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disks.small_disk(tmp_path / "disk", 512) as mount_point:
        yield mount_point


class TestFullDisk:
    def test_a_disk_full_at_the_start_is_reported(self, small_disk: Path) -> None:
        fill_disk(small_disk)
        path = small_disk / "outlive.db"

        with pytest.raises(StoreError, match="the disk is full") as caught:
            Store.open(path)

        assert str(path) in one_line(caught.value)
        assert not isinstance(caught.value, StoreCorrupt)

    def test_a_disk_full_during_a_write_loses_nothing_and_works_again_later(self, small_disk: Path) -> None:
        path = small_disk / "outlive.db"
        with Store.open(path) as store:
            first = make_record()
            store.insert(first)
            ballast = fill_disk(small_disk, leave_bytes=8192)
            with pytest.raises(StoreError, match="the disk is full") as caught:
                store.insert(make_record(title="x" * 60_000))
            one_line(caught.value)
            assert store.all() == [first]

            ballast.unlink()
            second = make_record()
            store.insert(second)

        with Store.open(path) as store:
            assert store.all() == [first, second]

    def test_threads_of_one_process_read_at_once(self, small_disk: Path) -> None:
        path = small_disk / "outlive.db"
        record = make_record()
        with Store.open(path) as store:
            store.insert(record)
        fill_disk(small_disk)

        def read(_: int) -> list[ChatFacts]:
            with Store.open(path) as store:
                return store.all()

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(read, range(100))) == [[record]] * 100

    def test_a_window_that_opened_the_store_on_a_full_disk_does_not_block_hosts(self, small_disk: Path) -> None:
        path = small_disk / "outlive.db"
        record = make_record(state=State.RUNNING)
        with Store.open(path) as store:
            store.insert(record)
        ballast = fill_disk(small_disk)

        with Store.open(path) as window:
            assert window.all() == [record]
            ballast.unlink()
            with Store.open(path) as host:
                host.update(record.id, state=State.EXITED, exit_code=3)  # fails if the window keeps the file locked
            assert [each.outcome.exit_code for each in window.all()] == [3]


class TestPlacesThatCannotBeWritten:
    def test_a_file_in_place_of_the_state_directory_is_reported(self, tmp_path: Path) -> None:
        (tmp_path / "state").write_text("")

        with pytest.raises(UnsafeDirectory, match="not a directory") as caught:
            Store.open(tmp_path / "state" / "outlive.db")

        one_line(caught.value)

    def test_a_directory_in_place_of_the_database_is_reported(self, path: Path) -> None:
        path.mkdir(parents=True)

        with pytest.raises(StoreError, match="a directory is in the way; move it away") as caught:
            Store.open(path)

        assert str(path) in one_line(caught.value)

    def test_a_link_to_nothing_is_reported(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700)
        path.symlink_to("/nonexistent/outlive.db")

        with pytest.raises(StoreError, match=r"a link to /nonexistent/outlive\.db, which is missing; remove the link"):
            Store.open(path)

    def test_a_read_only_file_system_is_readable_and_reported(self, small_disk: Path) -> None:
        path = small_disk / "state" / "outlive.db"
        Store.open(path).close()
        make_read_only(small_disk)

        with Store.open(path) as store:
            assert store.all() == [], "the existing file can be read"
            with pytest.raises(StoreError, match="the disk is read-only") as caught:
                store.insert(make_record())

        assert str(path) in one_line(caught.value)
