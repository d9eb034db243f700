"""A removal on a full disk, of the worktree or of the repository: all or nothing, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.client.worktrees import Worktree, make
from session_host.client.worktrees.removing import Removal, finish_removals, remove
from session_host.paths import worktrees_dir
from tests.support.disks import fill_disk, small_disk
from tests.support.repositories import Checkout


def made(checkout: Checkout) -> Worktree:
    """A worktree with an ignored file; its branch is packed, so that its deletion writes a file."""
    checkout.commit(".gitignore", "build/\n")
    worktree = make(str(checkout.path), None, "x")
    Checkout(worktree.own.path).write("build/result")
    checkout.git("pack-refs", "--all")
    return worktree


def is_gone(worktree: Worktree, checkout: Checkout) -> bool:
    assert not list(worktrees_dir().rglob("*.removing*"))
    there = Path(worktree.own.path).exists(), bool(checkout.worktrees()), checkout.branches() != ["main"]
    assert len(set(there)) == 1
    return not there[0]


def test_on_the_worktrees_full_disk_it_stays_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", 4096) as disk:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk / "state"))
        worktree = made(checkout := Checkout.new(tmp_path / "project"))
        ballast = fill_disk(disk)
        line = f"kept the worktree {worktree.own.path}: No space left on device"
        assert remove(worktree.own) == Removal(removed=False, line=line)
        assert finish_removals() == []
        assert not is_gone(worktree, checkout)
        assert Checkout(worktree.own.path).git("status", "--porcelain", "--ignored") == "!! build/"
        ballast.unlink()
        assert remove(worktree.own).removed
        assert is_gone(worktree, checkout)


def test_on_the_repositorys_full_disk_it_goes(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4096) as disk:
        worktree = made(checkout := Checkout.new(disk / "project"))
        fill_disk(disk)
        assert remove(worktree.own).line == f"removed {worktree.own.path}, including ignored files: build/"
        assert is_gone(worktree, checkout)
