"""Ignored files that ``.worktreeinclude`` names are copied into a new worktree."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from session_host.client.worktrees import make, making, remake
from session_host.errors import WorktreeError
from session_host.paths import worktrees_dir
from tests.support.repositories import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A project with ignored files."""
    checkout = Checkout.new(tmp_path / "project")
    top = checkout.path
    (top / ".gitignore").write_text(".env*\nnode_modules/\n*.key\n")
    (top / ".worktreeinclude").write_text("# what an agent needs\n.env*\n!.env.old\nnode_modules/small/\nnotes.txt\n")
    (top / "notes.txt").write_text("untracked, and not ignored")
    for file in (".env", ".env.old", "src/.env.local", "a.key", "node_modules/small/x.js", "node_modules/large/y.js"):
        (top / file).parent.mkdir(parents=True, exist_ok=True)
        (top / file).write_text(file)
    checkout.git("add", ".gitignore", ".worktreeinclude")
    checkout.git("commit", "--quiet", "-m", "ignore")
    return checkout


def ignored_files(worktree: str) -> list[str]:
    listing = Checkout(worktree).git("ls-files", "--others", "--ignored", "--exclude-standard")
    return listing.splitlines()


COPIED = [".env", "node_modules/small/x.js", "src/.env.local"]


def test_named_files_are_copied(checkout: Checkout) -> None:
    (checkout.path / ".env").chmod(0o600)
    (checkout.path / ".env.link").symlink_to("/elsewhere")
    worktree = Path(make(str(checkout.path / "src"), None, "x").own.path)
    assert ignored_files(str(worktree)) == [".env", ".env.link", *COPIED[1:]]
    assert (worktree / ".env").read_text() == ".env"
    assert (worktree / ".env").stat().st_mode & 0o777 == 0o600
    assert (worktree / ".env.link").readlink() == Path("/elsewhere")
    assert not (worktree / "notes.txt").exists(), "git does not ignore it: it is work"
    second = make(str(worktree), None, "y")
    assert ignored_files(second.own.path) == [".env", ".env.link", *COPIED[1:]], "from a linked worktree, too"


def test_a_remade_worktree_has_the_files_again(checkout: Checkout) -> None:
    worktree = make(str(checkout.path), None, "x")
    shutil.rmtree(worktree.own.path)
    assert remake(worktree.own)
    assert ignored_files(worktree.own.path) == COPIED


def test_without_the_file_nothing_is_copied(checkout: Checkout) -> None:
    (checkout.path / ".worktreeinclude").unlink()
    assert ignored_files(make(str(checkout.path), None, "x").own.path) == []


def test_nothing_is_written_through_a_link_of_the_branch(checkout: Checkout, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    checkout.git("switch", "--quiet", "--create", "linked")
    shutil.rmtree(checkout.path / "src")
    (checkout.path / "src").symlink_to(outside)
    checkout.git("add", "src")
    checkout.git("commit", "--quiet", "-am", "a link")
    checkout.git("switch", "--quiet", "-")
    (checkout.path / "src").mkdir(exist_ok=True)
    (checkout.path / "src" / ".env.local").write_text("secret")
    make(str(checkout.path), "linked", "x")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("problem", ["too large", "unreadable"])
def test_a_file_that_cannot_be_copied_leaves_no_worktree(
    checkout: Checkout, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if problem == "too large":
        monkeypatch.setattr(making, "MAX_BYTES", 3)
    else:

        def refuse(*_arguments: object, **_options: object) -> None:
            raise PermissionError(13, "Permission denied", str(checkout.path / ".env"))

        monkeypatch.setattr(shutil, "copy2", refuse)
    branches = checkout.branches()
    with pytest.raises(WorktreeError, match=r"\.worktreeinclude names"):
        make(str(checkout.path), None, "x")
    assert checkout.worktrees() == []
    assert checkout.branches() == branches
    assert list(worktrees_dir().rglob("*")) == []
