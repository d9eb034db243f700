from __future__ import annotations

import os
from pathlib import Path

import pytest

from session_host.client.worktrees import Status, status_of
from tests.support.repositories import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "project")


def status(path: Path | str) -> Status:
    git_status = status_of(str(path))
    assert git_status is not None
    return git_status


def test_a_clean_worktree_has_no_changes(checkout: Checkout) -> None:
    git_status = status(checkout.path)

    assert git_status == Status(
        repository="project",
        branch="main",
        commit=checkout.git("rev-parse", "HEAD")[:8],
        dirty=0,
        ahead=None,
        behind=None,
        is_default_branch=True,
    )
    assert git_status.words == "project · main"
    assert git_status.words_without_repository == "main"


def test_every_kind_of_change_is_counted_once(checkout: Checkout) -> None:
    for name in ("renamed", "staged then changed", "deleted"):
        checkout.commit(name, f"{name}\n" * 20)
    checkout.write("file", "changed\n")
    checkout.git("mv", "renamed", "? new name")
    checkout.write("staged then changed", "1\n")
    checkout.git("add", ".")
    checkout.write("staged then changed", "2\n")
    (checkout.path / "deleted").unlink()
    checkout.write("new/a")
    checkout.write("new/b")
    checkout.write("line\nfeed")

    git_status = status(checkout.path)

    assert git_status.dirty == 7
    assert git_status.words == "project · main · 7 changed"


def test_the_changes_stay_behind_a_right_to_left_branch(checkout: Checkout) -> None:
    checkout.git("switch", "--quiet", "--create", "\u05ea\u05db\u05d5\u05e0\u05d4")
    checkout.write("file", "changed\n")

    assert status(checkout.path).words == "project · \u05ea\u05db\u05d5\u05e0\u05d4\u200e · 1 changed"


def test_a_detached_head_shows_its_commit(checkout: Checkout) -> None:
    checkout.git("switch", "--quiet", "--detach")

    git_status = status(checkout.path)

    assert git_status.branch is None
    assert git_status.words == f"project · {checkout.git('rev-parse', 'HEAD')[:8]}"


def test_a_list_of_chats_leaves_the_default_branch_out(checkout: Checkout) -> None:
    """That of "origin" as it was cloned, or else "main" or "master"."""
    checkout.git("switch", "--quiet", "--create", "trunk")
    checkout.write("file", "changed\n")
    assert status(checkout.path).words_without_default_branch == "project · trunk · 1 changed"
    checkout.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    checkout.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert status(checkout.path).words_without_default_branch == "project · 1 changed"
    assert status(checkout.path).words == "project · trunk · 1 changed"
    checkout.git("switch", "--quiet", "main")
    assert status(checkout.path).words_without_default_branch == "project · main · 1 changed"
    head = checkout.path / ".git/refs/remotes/origin/HEAD"
    head.unlink()
    os.mkfifo(head)  # Nothing waits for what a repository put there.
    assert status(checkout.path).is_default_branch


def test_an_empty_repository_has_no_commit(tmp_path: Path) -> None:
    empty = Checkout.new(tmp_path / "empty", commits=0)

    assert status(empty.path) == Status(
        repository="empty", branch="main", commit="", dirty=0, ahead=None, behind=None, is_default_branch=True
    )


def test_commits_ahead_and_behind_are_counted(checkout: Checkout, tmp_path: Path) -> None:
    checkout.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Checkout(tmp_path / "clone")
    checkout.commit("theirs")
    clone.commit("ours")
    clone.commit("ours")
    clone.git("fetch", "--quiet")

    git_status = status(clone.path)

    assert (git_status.ahead, git_status.behind) == (2, 1)
    assert git_status.words == "clone · main · ↑2 ↓1"


def test_reading_the_status_takes_no_lock(checkout: Checkout) -> None:
    (checkout.path / ".git" / "index.lock").touch()
    checkout.write("file", "changed\n")

    assert status(checkout.path).dirty == 1


@pytest.mark.parametrize("what", ["no repository", "no directory", "no git", "too slow"])
def test_an_unreadable_status_is_none(
    what: str, tmp_path: Path, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path
    if what == "no directory":
        place = tmp_path / "none"
    if what == "no git":
        place = checkout.path
        monkeypatch.setenv("PATH", "")
    if what == "too slow":
        place = checkout.path
        slow = tmp_path / "bin" / "git"
        slow.parent.mkdir()
        slow.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
        slow.chmod(0o755)
        monkeypatch.setenv("PATH", f"{slow.parent}:/usr/bin:/bin")

    assert status_of(str(place), timeout_s=0.3) is None
