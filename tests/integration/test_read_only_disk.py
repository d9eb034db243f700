"""A disk that turned read-only is called so, not a matter of permissions."""

from __future__ import annotations

import pytest

from tests.support.area import Area
from tests.support.commands import new
from tests.support.other_places import on_read_only_disk

pytestmark = pytest.mark.usefixtures("sessions")


def test_a_disk_that_turned_read_only_is_called_so(area: Area) -> None:
    new("-n", "one", "--", "cat")
    for words in (["rename", "one", "two"], ["new", "-d", "-n", "three", "--", "cat"], ["pin", "one"]):
        done = on_read_only_disk(area, *words)
        assert done.code == 1, (words, done)
        assert "the disk is read-only" in done.complaint(), (words, done)
        assert "permissions" not in done.error, (words, done)
    done = on_read_only_disk(area, "doctor")
    assert done.code == 1
    lines = [line for line in done.output.splitlines() if line.startswith("FAIL  state directory")]
    assert lines, done
    assert "the disk is read-only" in lines[0], lines
