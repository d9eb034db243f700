"""A file is replaced as a whole, or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from session_host.system.files import replace_file


@pytest.mark.parametrize("is_durable", [False, True])
def test_the_new_content_takes_the_place_of_the_old_and_is_private(tmp_path: Path, is_durable: bool) -> None:
    path = tmp_path / "colors.json"
    for content in (b"old, and longer", b"new"):
        replace_file(path, content, is_durable=is_durable)
        assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_replaced_stays_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    (path / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match=r"record\.json"):
        replace_file(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_beside_it_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"of somebody")
    (tmp_path / "record.new").symlink_to(other)
    with pytest.raises(OSError, match=r"record\.new"):
        replace_file(tmp_path / "record.json", b"new")
    assert other.read_bytes() == b"of somebody"
