"""Disks that are full, read-only, or not there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.errors import OutliveError, StoreCorrupt, StoreError, UnsafeDirectory
from session_host.store import Store
from tests.support.records import MakeRecord, one_line


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
