"""The log of a session's activity changes: bounded, and readable after a kill or on a full disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_host.protocol.messages import Transition
from session_host.protocol.values import Activity
from session_host.storage.store.activity_log import MAX_LINE_BYTES, append, last


def change(number: int, detail: str = "") -> Transition:
    return Transition(f"2026-01-01T00:00:{number:06}Z", Activity.WORKING, "osc 7501", detail)


def test_added_changes_are_read_newest_last(tmp_path: Path) -> None:
    path = tmp_path / "activity.jsonl"
    assert last(path, 20) == []
    append(path, [change(1), change(2, 'a "ü"\n')])
    append(path, [change(3)])
    assert last(path, 20) == [change(1), change(2, 'a "ü"\n'), change(3)]
    assert last(path, 2) == [change(2, 'a "ü"\n'), change(3)]
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_older_half_of_a_long_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "activity.jsonl"
    for number in range(400):
        append(path, [change(number, "x" * 50)], limit_bytes=4096)
        assert path.stat().st_size <= 4096 + MAX_LINE_BYTES
        assert last(path, 5)[-1] == change(number, "x" * 50)
    kept = last(path, 1000)
    assert kept == [change(number, "x" * 50) for number in range(400 - len(kept), 400)]
    assert len(kept) >= 10
    assert [each.name for each in tmp_path.iterdir()] == ["activity.jsonl"]


def test_a_torn_line_is_skipped_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "activity.jsonl"
    append(path, [change(1)])
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole + whole[:length])
        assert last(path, 20)[:1] == [change(1)]
        append(path, [change(2)])
        found = last(path, 20)
        assert (found[0], found[-1]) == (change(1), change(2))


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic"):
        append(tmp_path / "link", [change(1)])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000))
def test_any_bytes_are_read_without_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "activity.jsonl"
    path.write_bytes(data)
    last(path, 20)
    append(path, [change(1)])
    assert last(path, 1) == [change(1)]
