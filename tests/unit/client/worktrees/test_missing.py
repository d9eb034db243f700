"""Worktrees of chats with a missing directory: what only their registration has is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.client.worktrees import Worktree, make, remake
from session_host.client.worktrees.removing import Removal, left_branch, plan, remove, why_kept
from session_host.errors import WorktreeError
from session_host.paths import worktrees_dir
from tests.support.repositories import Checkout

COMMIT = "git commit -q --allow-empty -m work"
WORK = [
    ("echo mine >new; git add new", "1 file staged"),
    ("git rm -q --cached file src/deep/file", "2 files staged"),
    (f"git switch -q --detach; {COMMIT}; {COMMIT}", "2 commits on no branch"),
    (f"(cd $common/..; {COMMIT}); git merge -q --no-commit --no-ff main", "a merge in progress"),
    ("git update-ref refs/worktree/mine HEAD", "references of its own"),
    (f"cd inner; git switch -q -c work; {COMMIT}", "its former submodule inner has 1 commit not pushed"),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A repository with the submodule ``inner``."""
    checkout, inner = Checkout.new(tmp_path / "project"), Checkout.new(tmp_path / "inner")
    checkout.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "inner")
    checkout.git("commit", "--quiet", "-m", "submodule")
    return checkout


@pytest.fixture
def worktree(checkout: Checkout) -> Worktree:
    return make(str(checkout.path), None, "x")


def moved(worktree: Worktree, work: str) -> Checkout:
    """Work in a worktree, then move it."""
    path = Path(worktree.own.path)
    Checkout(path).sh(f"common=$(git rev-parse --path-format=absolute --git-common-dir); {work}")
    return Checkout(path.rename(worktrees_dir().parent / "moved"))


def state_of(checkout: Checkout) -> tuple[str, list[str]]:
    return checkout.git("for-each-ref"), checkout.worktrees()


@pytest.mark.parametrize(("work", "why"), WORK)
def test_a_removal_keeps_what_only_the_registration_has(
    checkout: Checkout, worktree: Worktree, work: str, why: str
) -> None:
    there = moved(worktree, work)
    before = state_of(checkout)

    path = worktree.own.path
    line = f"kept {path} as a worktree, although it is missing: it has {why}"
    line = f"{line}; if it was moved to NEW, run: git worktree repair NEW"
    assert (why_kept(worktree.own), left_branch(worktree.own), plan(worktree.own).path) == (line, "", "")
    assert remove(worktree.own) == Removal(removed=False, line=line)

    assert state_of(checkout) == before
    there.git("worktree", "repair")
    assert there.git("rev-parse", "--git-dir").startswith(str(checkout.path))


@pytest.mark.parametrize(("work", "why"), WORK)
def test_a_resume_keeps_what_only_the_registration_has(
    checkout: Checkout, worktree: Worktree, work: str, why: str
) -> None:
    moved(worktree, work)
    before = state_of(checkout)

    with pytest.raises(WorktreeError) as refused:
        remake(worktree.own)

    assert str(refused.value) == (
        f"the worktree {worktree.own.path} is missing, but has {why}; "
        "if it was moved to NEW, run: git worktree repair NEW"
    )
    assert state_of(checkout) == before
    assert not Path(worktree.own.path).exists()


def test_a_new_chat_on_its_branch_keeps_what_only_the_registration_has(checkout: Checkout, worktree: Worktree) -> None:
    moved(worktree, "echo mine >new; git add new")
    before = state_of(checkout)

    with pytest.raises(WorktreeError, match="is missing, but has 1 file staged"):
        make(str(checkout.path), "outlive/x", "y")

    assert state_of(checkout) == before


def test_a_registration_without_work_goes_with_its_branch_and_that_is_said(
    checkout: Checkout, worktree: Worktree
) -> None:
    there = moved(worktree, "echo mine >new")

    assert left_branch(worktree.own) == "outlive/x"
    line = f"the worktree's directory {worktree.own.path} was missing; removed its branch outlive/x"
    assert remove(worktree.own) == Removal(removed=True, line=line)

    assert (checkout.branches(), checkout.worktrees()) == (["main"], [])
    assert (there.path / "new").read_text() == "mine\n"
    assert remove(worktree.own) == Removal(removed=True, line=""), "nothing is left to remove"


def test_a_branch_with_work_stays_and_the_missing_directory_is_said(checkout: Checkout, worktree: Worktree) -> None:
    moved(worktree, COMMIT)

    kept = "kept the branch outlive/x: 1 commit not on any other branch"
    line = f"the worktree's directory {worktree.own.path} was missing; {kept}"
    assert remove(worktree.own) == Removal(removed=True, line=line)
    assert checkout.branches() == ["main", "outlive/x"]
