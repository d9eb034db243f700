"""A damaged object of one restore point does not affect the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.errors import WorktreeError
from session_host.restore_points.points import About, listed, remove_all, take
from tests.support.repositories import Checkout

CHAT = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"
PROMPT = About(kind="prompt", item="prompt-1")


def test_the_other_restore_points_are_listed_and_more_are_made(tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "api")
    points = []
    for number in range(3):
        checkout.write("file", f"{number}")
        points.append(take(checkout.path, CHAT, PROMPT))
    objects = checkout.path / ".git/objects"
    lost_tag = checkout.git("rev-parse", points[0].reference).strip()
    for name in (lost_tag, points[1].kept.tree):
        (objects / name[:2] / name[2:]).unlink()

    assert listed(checkout.path, [CHAT]) == [points[2]]
    checkout.write("file", "3")
    points.append(take(checkout.path, CHAT, PROMPT))
    assert listed(checkout.path, [CHAT]) == points[2:]

    for point in points[2:]:
        checkout.git("update-ref", "-d", point.reference)
    with pytest.raises(WorktreeError, match="git failed: missing object"):
        listed(checkout.path, [CHAT])
    remove_all(checkout.path, CHAT)
    assert listed(checkout.path, [CHAT]) == []
