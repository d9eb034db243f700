"""If Outlive cannot use its own files, it says why, and what to do."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from gui.bridge.store_thread import SocketWatcher
from session_host import paths
from session_host.errors import OutliveError, StoreError
from session_host.paths import ensure_private, obstacle
from session_host.storage.store import Store
from tests.support.disks import small_disk
from tests.support.other_users import NOBODY, as_another_user, needs_root


def test_nothing_is_in_the_way_of_a_missing_file_or_a_usable_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "missing", tmp_path / "no" / "directory", tmp_path):
        assert obstacle(path, is_directory=path == tmp_path) == ""


def test_a_directory_on_a_disk_without_room_for_files_is_named_with_what_helps(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64, files=1) as disk, pytest.raises(OutliveError) as caught:
        ensure_private(disk / "state" / "run")
    assert re.fullmatch(
        r"/.*/disk/state/run: the disk is full; free some space, or remove some files", str(caught.value)
    )


def test_another_user_who_takes_the_runtime_directorys_name_does_not_block_outlive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = tmp_path / "outlive-0"
    monkeypatch.delenv("OUTLIVE_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("OUTLIVE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(paths, "usual_runtime_dir", lambda: taken)
    assert paths.runtime_dir() == taken
    taken.mkdir()
    assert paths.runtime_dir() == taken
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    assert paths.runtime_dir() == tmp_path / "state" / "run"

    monkeypatch.undo()
    monkeypatch.delenv("OUTLIVE_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("OUTLIVE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(paths, "usual_runtime_dir", lambda: taken)
    ensure_private(tmp_path / "state" / "run")
    taken.rmdir()
    assert paths.runtime_dir() == tmp_path / "state" / "run", "the chats there stay reachable"


def test_a_file_where_a_directory_is_needed_is_named(tmp_path: Path) -> None:
    file = tmp_path / "sessions"
    file.touch()
    expected = f"{file} is not a directory; move it away"
    assert obstacle(file, is_directory=True) == expected
    assert obstacle(file / "id" / "journal", is_directory=True) == expected


def test_a_directory_where_a_file_is_needed_is_named(tmp_path: Path) -> None:
    assert obstacle(tmp_path) == f"{tmp_path}: a directory is in the way; move it away"


@needs_root
class TestClosedDirectories:
    @pytest.fixture
    def directory(self, tmp_path: Path) -> Path:
        """A directory of another user, who may reach it."""
        for each in (*tmp_path.parents, tmp_path):
            if each.stat().st_uid == os.getuid() and each != Path("/"):
                each.chmod(each.stat().st_mode | 0o011)
        directory = tmp_path / "a b"
        directory.mkdir()
        os.chown(directory, NOBODY, NOBODY)
        return directory

    @pytest.mark.parametrize("mode", [0o000, 0o500, 0o600])
    def test_the_command_that_opens_them_is_named(self, directory: Path, mode: int) -> None:
        def open_store() -> str:
            try:
                Store.open(directory / "outlive.db").close()
            except StoreError as error:
                return str(error)
            return "opened"

        directory.chmod(mode)
        expected = f"{directory} has mode {mode:04o}; run `chmod 700 '{directory}'`"
        assert as_another_user(open_store) == expected
        directory.chmod(0o700)
        assert as_another_user(open_store) == "opened"

    def test_the_window_watches_what_it_can_see(self, directory: Path, tmp_path: Path) -> None:
        def watch() -> bool:
            return SocketWatcher(tmp_path, directory / "x") is not None

        directory.chmod(0o000)
        assert as_another_user(watch) is True
