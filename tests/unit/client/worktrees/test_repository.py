""""""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.client.worktrees import find
from session_host.client.worktrees.repository import entries, free_branch, own_directory, slug
from session_host.errors import WorktreeError
from session_host.git import content_of
from session_host.paths import worktree_setup_mark
from tests.support.repositories import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "project")


class TestFinding:
    def test_the_top_of_a_repository_is_found(self, checkout: Checkout) -> None:
        found = find(checkout.path)

        assert (found.name, found.common, found.top, found.relative_directory) == (
            "project",
            checkout.path / ".git",
            checkout.path,
            ".",
        )

    def test_a_symbolic_link_is_followed(self, checkout: Checkout, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(checkout.path / "src")

        found = find(tmp_path / "link" / "deep")

        assert (found.relative_directory, found.top) == ("src/deep", checkout.path)
        assert found.key == find(checkout.path).key

    def test_a_linked_worktree_belongs_to_the_same_repository(self, checkout: Checkout, tmp_path: Path) -> None:
        checkout.git("worktree", "add", "--quiet", str(tmp_path / "other"))

        found = find(tmp_path / "other" / "src")

        assert (found.name, found.common, found.relative_directory) == ("project", checkout.path / ".git", "src")
        assert found.key == find(checkout.path).key

    @pytest.mark.parametrize(("folder", "name"), [("project.git", "project"), ("project/.bare", "project")])
    def test_a_bare_repository_is_found(self, tmp_path: Path, folder: str, name: str) -> None:
        Checkout.new(tmp_path / folder, commits=0, bare=True)

        found = find(tmp_path / folder)

        assert (found.name, found.top, found.relative_directory) == (name, None, ".")

    def test_repositories_of_the_same_name_have_different_keys(self, checkout: Checkout, tmp_path: Path) -> None:
        other = Checkout.new(tmp_path / "elsewhere" / "project")

        assert find(other.path).name == find(checkout.path).name
        assert find(other.path).key != find(checkout.path).key

    def test_git_variables_of_the_environment_are_ignored(
        self, checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = Checkout.new(tmp_path / "other")
        monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(other.path))

        assert find(checkout.path).top == checkout.path


class TestRefusals:
    def test_a_directory_without_a_repository_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(
            WorktreeError, match=r"is not in a git repository; run `git init` there, or start without a worktree"
        ):
            find(tmp_path)

    def test_a_missing_directory_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(WorktreeError, match=r"there is no directory .*; choose another$"):
            find(tmp_path / "none")

    def test_a_git_directory_is_refused(self, checkout: Checkout) -> None:
        with pytest.raises(WorktreeError, match="is a git directory; start the chat in the working tree"):
            find(checkout.path / ".git")

    def test_missing_git_is_reported(self, checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

        with pytest.raises(WorktreeError, match=r"git is not installed; install it .* without --worktree"):
            find(checkout.path)

    def test_an_old_git_is_reported(self, checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        old = tmp_path / "bin" / "git"
        old.parent.mkdir()
        old.write_text(
            '#!/bin/sh\ncase "$*" in *version) echo "git version 2.30.2";;\n'
            "*worktree*) echo 'error: unknown switch `z'\"'\" >&2; exit 129;; esac\n"
        )
        old.chmod(0o755)
        found = find(checkout.path)
        monkeypatch.setenv("PATH", f"{old.parent}:/usr/bin:/bin")

        with pytest.raises(WorktreeError, match=r"git version 2.30.2 is too old"):
            entries(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fix-the-bug", "fix-the-bug"),
        ("feature/x", "feature-x"),
        ("two  words", "two-words"),
        ("-dash", "dash"),
        ("äöü ß 漢字", "äöü-ß-漢字"),
        ("a..b", "a.b"),
        ("x.lock", "x"),
        ("x.lock.lock", "x"),
        (".hidden", "hidden"),
        ("~^:?*[\\", "chat"),
        ("", "chat"),
        ("a" * 300, "a" * 80),
    ],
)
def test_slugs_of_names(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_git_accepts_the_slug_of_any_name() -> None:
    @given(st.text(max_size=60))
    def check(text: str) -> None:
        name = slug(text)
        assert "/" not in name
        assert len(name.encode()) <= 80
        names.append(name)

    names: list[str] = []
    check()
    for name in {*names[-20:], "chat"}:
        subprocess.run(["git", "check-ref-format", f"refs/heads/outlive/{name}"], check=True)


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ([], "outlive/x"),
        (["main", "outlive/y"], "outlive/x"),
        (["outlive/x"], "outlive/x-2"),
        (["outlive/X", "outlive/x-2"], "outlive/x-3"),
        (["outlive/x/deep"], "outlive/x-2"),
        (["outlive"], "outlive-x"),
        (["outlive", "outlive-x"], "outlive-x-2"),
    ],
)
def test_a_free_branch_name_is_found(existing: list[str], expected: str) -> None:
    assert free_branch("x", existing) == expected


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "make",
    [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir, lambda path: path.symlink_to("missing")],
    ids=["a pipe", "an endless device", "a directory", "nothing"],
)
def test_what_is_no_file_of_git_is_not_waited_for(
    make: Callable[[Path], object], checkout: Checkout, tmp_path: Path
) -> None:
    """An agent can put it into its working tree, and where git keeps it."""
    other = tmp_path / "other"
    checkout.git("worktree", "add", "--quiet", str(other))
    own = own_directory(find(checkout.path), other)
    assert own is not None
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only their number
    for path in (other / ".git", own / "gitdir"):
        path.unlink()
        make(path)
        assert content_of(str(path)) == ""
    assert worktree_setup_mark(str(other)) is None
    assert own_directory(find(checkout.path), other) is None
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above
