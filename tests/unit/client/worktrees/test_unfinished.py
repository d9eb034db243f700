"""Worktrees of starts that were killed before their chat was recorded: what a checkout made goes, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from session_host.client.worktrees import Mark, Worktree, make
from session_host.client.worktrees.unfinished import clean_up
from session_host.paths import worktrees_dir
from session_host.protocol.facts import OwnWorktree
from tests.support.repositories import Checkout
from tests.support.waiting import TIMEOUT_S


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "project")


@pytest.fixture
def with_submodule(checkout: Checkout, tmp_path: Path) -> Checkout:
    inner = Checkout.new(tmp_path / "inner")
    checkout.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "inner")
    checkout.git("commit", "--quiet", "-m", "submodule")
    return checkout


def made_by_a_killed_start(checkout: Checkout, branch: str | None = None) -> Worktree:
    """A worktree with the mark of a start that was killed before its chat was recorded."""
    mark = Mark()
    worktree = make(str(checkout.path), branch, "x", mark=mark)
    os.close(mark.descriptors[0])
    return worktree


def marks() -> list[Path]:
    return list(worktrees_dir().glob(".*.making"))


def cleaned_up() -> list[str]:
    """Clean up without any chat; returns the lines for the user."""
    lines: list[str] = []
    clean_up(lambda _path: False, lines.append)
    assert marks() == []
    return lines


def files(top: Path) -> dict[str, tuple[int, bytes]]:
    """The files of a directory by their paths, with mode and content."""
    found = (path for path in sorted(top.rglob("*")) if not path.is_dir())
    return {str(each): (each.lstat().st_mode, b"" if each.is_symlink() else each.read_bytes()) for each in found}


COMMIT = "git commit -q --allow-empty -m work"
CLEANED = """
git config --global filter.strip.clean 'grep -v output'
git config --global filter.strip.smudge cat
mkdir -p $common/info
echo 'file filter=strip' >$common/info/attributes
"""


@pytest.mark.parametrize(
    ("work", "why"),
    [
        ("echo mine >new", "new was written there"),
        (
            "echo 'private/' >>$common/info/exclude; mkdir private; echo mine >private/key",
            "private/key was written there",
        ),
        ("echo mine >file", "file was changed"),
        ("chmod +x file", "file was changed"),
        ("ln -sf src file", "file was changed"),
        ("git update-index --assume-unchanged file; echo mine >file", "file was changed"),
        ("git update-index --skip-worktree file; echo mine >file", "file was changed"),
        (f"{CLEANED} echo output >>file", "file was changed"),
        ("echo mine >new; git add new; rm new", "new is staged"),
        (COMMIT, "its branch outlive/x has commits of its own"),
        (f"git switch -q --detach; {COMMIT}", "it has commits of its own"),
        (f"git switch -q -c other; {COMMIT}", "it has commits of its own"),
        (f"(cd $common/..; {COMMIT}); git merge -q --no-commit --no-ff main", "a merge in progress"),
        ("git init -q vendor", "vendor/ is a separate repository"),
        ("git init -q src", "src/ is a separate repository"),
        ("git worktree lock --reason mine .", "it is locked"),
        ("git update-ref refs/worktree/mine HEAD", "it has references of its own"),
    ],
)
def test_what_no_checkout_made_stays_with_its_branch(checkout: Checkout, work: str, why: str) -> None:
    worktree = made_by_a_killed_start(checkout)
    path = Path(worktree.own.path)
    Checkout(path).sh(f"common=$(git rev-parse --path-format=absolute --git-common-dir); {work}")
    before = files(path), checkout.git("for-each-ref"), files(checkout.path / ".git" / "worktrees")

    (line,) = cleaned_up()

    assert line.startswith(f"kept the worktree {path} of a start that was interrupted: {why}")
    assert (files(path), checkout.git("for-each-ref"), files(checkout.path / ".git" / "worktrees")) == before
    assert cleaned_up() == [], "it is said once"


@pytest.mark.parametrize(
    ("work", "why"),
    [
        ("echo mine >inner/file", "in inner, file was changed"),
        ("echo mine >inner/new", "in inner, new was written there"),
        (
            f"cd inner; git switch -q -c work; {COMMIT}; git switch -q --detach HEAD~1",
            "its submodule inner has commits",
        ),
        ("cd inner; echo mine >file; git stash -q", "its submodule inner has commits"),
        ("git submodule -q deinit -f inner; echo mine >inner/new", "inner/new was written there"),
        ("rm -r inner; git clone -q $common/../inner inner", "inner is a separate repository"),
    ],
)
def test_work_in_a_submodule_stays(with_submodule: Checkout, work: str, why: str) -> None:
    path = Path(made_by_a_killed_start(with_submodule).own.path)
    Checkout(path).sh(f"common=$(git rev-parse --path-format=absolute --git-common-dir); {work}")
    before = files(path)

    (line,) = cleaned_up()

    assert f" interrupted: {why}" in line
    assert files(path) == before


@pytest.mark.parametrize(
    "left",
    [
        "true",
        "rm -r src file",
        "echo initializing >$(git rev-parse --git-dir)/locked",
        "rm $(git rev-parse --git-dir)/index",
        f"own=$(git rev-parse --git-dir); rm file; echo {'0' * 40} >$own/HEAD; echo initializing >$own/locked",
        "rm -r * .git",
        f"common=$(git rev-parse --git-common-dir); {CLEANED}",
        "rm -r $PWD",
        "git worktree remove --force $PWD; mkdir $PWD",
        "truncate --size 3 .env",
        "rm inner/file",
        "git submodule -q deinit -f inner",
    ],
)
def test_what_a_killed_start_left_goes(with_submodule: Checkout, left: str) -> None:
    with_submodule.commit(".gitignore", ".env\n")
    with_submodule.commit(".worktreeinclude", ".env\n")
    with_submodule.write(".env", "KEY=1\n")
    worktree = made_by_a_killed_start(with_submodule)
    Checkout(worktree.own.path).sh(left)

    assert cleaned_up() == []

    assert (with_submodule.branches(), with_submodule.worktrees()) == (["main"], [])
    assert list(worktrees_dir().iterdir()) == []


def test_a_file_that_is_included_and_was_changed_stays(checkout: Checkout) -> None:
    checkout.commit(".gitignore", ".env\n")
    checkout.commit(".worktreeinclude", ".env\n")
    checkout.write(".env", "KEY=1\n")
    path = Path(made_by_a_killed_start(checkout).own.path)
    (path / ".env").write_text("KEY=2\n")

    assert cleaned_up() == [
        f"kept the worktree {path} of a start that was interrupted: .env was written there",
    ]
    assert (path / ".env").read_text() == "KEY=2\n"


def test_the_mark_stays_for_a_caller_who_tells(checkout: Checkout) -> None:
    path = Path(made_by_a_killed_start(checkout).own.path)
    (path / "new").write_text("mine\n")

    clean_up(lambda _path: False)

    assert len(marks()) == 1
    assert len(cleaned_up()) == 1
    assert (path / "new").read_text() == "mine\n"


def test_a_mount_inside_keeps_the_worktree(checkout: Checkout, tmp_path: Path) -> None:
    path = Path(made_by_a_killed_start(checkout).own.path)
    (path / "src" / "data").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine").write_text("mine\n")
    script = "from session_host.client.worktrees.unfinished import clean_up; clean_up(lambda _path: False, print)"
    mounted = f"mount --bind {tmp_path}/data {path}/src/data && exec {sys.executable} -c '{script}'"
    done = subprocess.run(["unshare", "-Urm", "sh", "-c", mounted], capture_output=True, text=True, check=False)
    if "unshare" in done.stderr or "permission denied" in done.stderr:
        pytest.skip(done.stderr)

    assert done.stdout == (
        f"kept the worktree {path} of a start that was interrupted: {path}/src/data is mounted; unmount it first\n"
    )
    assert (tmp_path / "data" / "mine").read_text() == "mine\n"
    assert (path / "file").exists()


def test_what_is_written_while_it_is_judged_stays(checkout: Checkout, tmp_path: Path) -> None:
    """The second file's filter waits: the first one is compared by then."""
    waits = tmp_path / "waits"
    os.mkfifo(waits)
    path = Path(made_by_a_killed_start(checkout).own.path)
    once = f"mv {tmp_path}/once {tmp_path}/done 2>/dev/null && {{ : >{waits}; cat {waits} >&2; }}"
    checkout.git("config", "--global", "filter.slow.clean", f"{once}; cat")
    checkout.git("config", "--global", "filter.slow.smudge", "cat")
    checkout.write(".git/info/attributes", "src/deep/file filter=slow\n")
    (tmp_path / "once").touch()
    lines: list[str] = []
    with ThreadPoolExecutor() as threads:
        judged = threads.submit(clean_up, lambda _path: False, lines.append)
        waits.read_bytes()
        (path / "file").write_text("mine\n")
        waits.write_bytes(b"")
        judged.result(TIMEOUT_S)

    assert (path / "file").read_text() == "mine\n"
    assert lines == []
    checkout.git("config", "--global", "filter.slow.clean", "cat")
    assert len(cleaned_up()) == 1


class TestBranch:
    def test_a_branch_goes_at_the_commit_that_the_mark_names(self, checkout: Checkout) -> None:
        checkout.git("switch", "--quiet", "--detach")
        checkout.commit("file")
        made_by_a_killed_start(checkout)

        assert cleaned_up() == []
        assert checkout.branches() == ["main"]

    def test_a_branch_that_has_moved_to_anothers_commit_stays(self, checkout: Checkout) -> None:
        made_by_a_killed_start(checkout)
        checkout.commit("file")
        checkout.git("update-ref", "refs/heads/outlive/x", "main")

        assert cleaned_up() == []
        assert checkout.branches() == ["main", "outlive/x"]

    def test_a_branch_that_was_there_before_stays(self, checkout: Checkout) -> None:
        checkout.git("branch", "topic", checkout.git("commit-tree", "HEAD^{tree}", "-m", "apart"))
        made_by_a_killed_start(checkout, "topic")

        assert cleaned_up() == []
        assert (checkout.branches(), checkout.worktrees()) == (["main", "topic"], [])


class TestFirstRelease:
    """Marks of version 0.1.0 name no commit."""

    @pytest.fixture
    def worktree(self, checkout: Checkout) -> Worktree:
        worktree = made_by_a_killed_start(checkout)
        (mark,) = marks()
        mark.write_bytes(msgspec.json.encode(worktree.own))
        return worktree

    def test_it_reads_our_marks(self, checkout: Checkout) -> None:
        worktree = made_by_a_killed_start(checkout)
        (mark,) = marks()

        assert msgspec.json.decode(mark.read_bytes(), type=OwnWorktree) == worktree.own

    def test_a_worktree_without_work_goes_with_its_branch(self, checkout: Checkout, worktree: Worktree) -> None:
        assert cleaned_up() == []
        assert (checkout.branches(), checkout.worktrees()) == (["main"], [])

    @pytest.mark.parametrize("work", [COMMIT, "echo mine >new"])
    def test_work_stays(self, checkout: Checkout, worktree: Worktree, work: str) -> None:
        Checkout(worktree.own.path).sh(work)

        assert len(cleaned_up()) == 1
        assert (checkout.branches(), checkout.worktrees()) == (["main", "outlive/x"], [worktree.own.path])
