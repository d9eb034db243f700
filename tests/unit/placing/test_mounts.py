from __future__ import annotations

from pathlib import Path

import pytest

from session_host.placing.mounts import check_no_mount
from tests.support.disks import bind_mount


def test_a_mount_at_a_path_or_below_is_found(tmp_path: Path) -> None:
    for name in ("source", "place"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "place")
    place = tmp_path / "place/a b\\c"

    with bind_mount(tmp_path / "source", place):
        for path in (place, tmp_path / "place", tmp_path / "link"):
            with pytest.raises(OSError, match="is mounted; unmount it first") as error:
                check_no_mount(path)
            assert error.value.strerror == f"{place} is mounted; unmount it first"
        check_no_mount(place / "below")
        check_no_mount(tmp_path / "place/a b")
    check_no_mount(tmp_path)
