"""A file system that refuses locks is named, with the variable that leads to another one."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import tomllib
from pathlib import Path

import pytest

from gui.window.remote_control.single_instance import claim_or_raise
from session_host.cli.doctor import files
from session_host.client.worktrees import find, make
from session_host.endpoint.conversation import ConversationFile
from session_host.errors import HostUnavailable, OutliveError, StoreBusy, StoreError, WorktreeError
from session_host.keeper_client.discovery import connect_or_start_keeper
from session_host.paths import lock_refusal, worktrees_dir
from session_host.storage.store.database import store_error
from session_host.toml_writing import write_values
from tests.support.area import Area
from tests.support.repositories import Checkout

NUMBERS = [errno.ENOLCK, errno.EOPNOTSUPP]


@pytest.fixture(params=NUMBERS)
def reason(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The reason for which all locks are refused."""

    def refuse(*_: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(fcntl, "lockf", refuse)
    return os.strerror(request.param)


def expected(directory: Path, reason: str, variable: str) -> str:
    return f"{directory}: its file system refuses locks ({reason}); set {variable} to a directory on a local disk"


def test_a_usual_file_system_refuses_none(tmp_path: Path) -> None:
    assert lock_refusal(tmp_path, "X") == ""
    assert lock_refusal(tmp_path / "missing", "X") == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR])
def test_the_database_reports_it(tmp_path: Path, reason: str, code: int) -> None:
    """SQLite takes ENOLCK for a lock of another process, and the other reasons for a broken disk."""
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = code
    found = store_error(error, tmp_path / "outlive.db")
    assert type(found) is StoreError
    assert str(found) == expected(tmp_path, reason, "OUTLIVE_STATE_DIR")


def test_a_lock_of_another_process_is_still_reported_as_such(tmp_path: Path) -> None:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    assert isinstance(store_error(error, tmp_path / "outlive.db"), StoreBusy)


def test_the_keeper_the_window_and_doctor_report_it(area: Area, reason: str) -> None:
    with pytest.raises(HostUnavailable) as keeper:
        connect_or_start_keeper()
    assert str(keeper.value) == expected(area.runtime, reason, "OUTLIVE_RUNTIME_DIR")
    with pytest.raises(OutliveError) as window:
        claim_or_raise()
    assert str(window.value) == expected(area.runtime, reason, "OUTLIVE_RUNTIME_DIR")
    checks = {check.name: check for check in files.directories()}
    assert checks["runtime directory"].message.endswith(f"refuses locks ({reason})")
    assert checks["state directory"].remedy == "set OUTLIVE_STATE_DIR to a directory on a local disk"


def test_a_worktree_and_a_conversation_with_a_model_server_report_it(area: Area, tmp_path: Path, reason: str) -> None:
    checkout = Checkout.new(tmp_path / "project")
    with pytest.raises(WorktreeError) as worktree:
        make(str(checkout.path), None, "x")
    folder = worktrees_dir() / find(checkout.path).key
    assert str(worktree.value) == expected(folder, reason, "OUTLIVE_STATE_DIR")
    with pytest.raises(OutliveError) as conversation:
        ConversationFile(tmp_path / "c.jsonl", "c")
    assert str(conversation.value) == expected(tmp_path, reason, "OUTLIVE_STATE_DIR")


def test_settings_are_written_without_locks(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "window.toml"
    write_values(path, {"font_size": 12})
    assert tomllib.loads(path.read_text()) == {"font_size": 12}, reason
