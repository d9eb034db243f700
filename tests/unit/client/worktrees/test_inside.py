"""Repositories and mounts inside of a worktree: no work in them is lost, and others go with the worktree."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.client.worktrees import Worktree, discard, make
from session_host.client.worktrees.removing import Plan, Removal, plan, remove
from session_host.errors import WorktreeError
from tests.support.disks import bind_mount
from tests.support.repositories import Checkout

PLACE = "vendor/deep/lib"


@pytest.fixture
def origin(tmp_path: Path) -> Checkout:
    """A repository with the tag ``v2``, whose commit is on no branch."""
    origin = Checkout.new(tmp_path / "origin")
    origin.git("switch", "--quiet", "--detach")
    origin.commit("file")
    origin.git("tag", "v2")
    origin.git("switch", "--quiet", "main")
    return origin


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    checkout = Checkout.new(tmp_path / "project")
    checkout.commit(".gitignore", "vendor/\n.claude/\n")
    return checkout


@pytest.fixture
def worktree(checkout: Checkout) -> Worktree:
    return make(str(checkout.path), None, "x")


def contents(top: Path) -> dict[str, str]:
    files = [path for path in top.rglob("*") if path.is_file() and not path.is_symlink()]
    return {str(path.relative_to(top)): path.read_text(errors="replace") for path in files if path.name != "index"}


def is_kept(worktree: Worktree, why: str) -> None:
    top = Path(worktree.own.path)
    before = contents(top)
    assert plan(worktree.own) == Plan()
    assert remove(worktree.own) == Removal(removed=False, line=f"kept the worktree {top}: {why}")
    assert contents(top) == before


def goes(worktree: Worktree, *paths: str) -> None:
    top = Path(worktree.own.path)
    assert plan(worktree.own).repositories == paths
    line = f"removed {top}, including ignored files: vendor/, and repositories in it: {', '.join(paths)}"
    assert remove(worktree.own) == Removal(removed=True, line=line)
    assert not top.exists()


class TestWorkInside:
    @pytest.mark.parametrize(
        ("work", "reason"),
        [
            ("echo x >file", "1 file not committed"),
            ("touch new", "1 file untracked"),
            ("echo x >file; git stash -q", "a stash"),
            ("git worktree add -q ../other", "a worktree of its own"),
            ("git bisect start -q HEAD HEAD~1", "a bisection in progress"),
            ("$commit; $commit; git switch -q --detach HEAD~2", "2 commits not pushed"),
            ("git switch -q --detach; $commit", "1 commit not pushed"),
            ("git switch -q --orphan new; $commit; git switch -q --orphan newer", "1 commit not pushed"),
            ("git switch -q -c own; $commit; git switch -q main; git fetch -q . own", "1 commit not pushed"),
            ("GIT_COMMITTER_DATE=2001-01-01T00:00:00 $commit", "1 commit not pushed"),
            ("$commit; rm -r .git/logs", "2 commits not pushed"),
        ],
    )
    def test_a_clone_in_an_ignored_directory_keeps_the_worktree(
        self, origin: Checkout, worktree: Worktree, work: str, reason: str
    ) -> None:
        there = Checkout(Path(worktree.own.path) / PLACE)
        origin.git("clone", "--quiet", str(origin.path), str(there.path))
        there.sh("commit='git commit -q --allow-empty -m work'; " + work)

        if "worktree add" in work:
            other = str(Path(PLACE).parent / "other")
            of = f"{there.path}/.git"
            is_kept(worktree, f"its repository {PLACE} has {reason} and {other} is a worktree of {of}")
        else:
            is_kept(worktree, f"its repository {PLACE} has {reason}")

    @pytest.mark.parametrize(
        "how",
        [
            "git clone -q $origin {}; git -C {} switch -q --detach v2",
            "git clone -q --depth 1 --branch v2 file://$origin {}",
            "git init -q {}; git -C {} fetch -q $origin refs/tags/v2; git -C {} switch -q --detach FETCH_HEAD",
            "git clone -q $origin {}; $commit $origin; git -C {} pull -q",
            "git clone -q $origin {}; git -C {} switch -q -c own",
            "git init -q {}",
            "git init -q --bare {}",
        ],
    )
    def test_a_clone_without_work_goes_with_the_worktree(self, origin: Checkout, worktree: Worktree, how: str) -> None:
        there = Checkout(worktree.own.path)
        there.write("vendor/x")
        commit = "git commit -q --allow-empty -m later"
        if "$commit" in how:
            before, _, after = how.partition("$commit $origin; ")
            there.sh(before.replace("$origin", str(origin.path)).format(*[PLACE] * 3))
            origin.sh(commit)
            how = after
        there.sh(how.replace("$origin", str(origin.path)).replace("{}", PLACE))

        goes(worktree, PLACE)

    def test_a_bare_repository_with_a_commit_of_its_own_keeps_the_worktree(self, worktree: Worktree) -> None:
        there = Checkout(worktree.own.path)
        there.sh(f"git init -q --bare {PLACE}; git push -q {PLACE} HEAD:refs/heads/main")

        is_kept(worktree, f"its repository {PLACE} has {there.git('rev-list', '--count', 'HEAD')} commits not pushed")

    def test_the_repository_of_files_elsewhere_keeps_the_worktree(self, worktree: Worktree, tmp_path: Path) -> None:
        own = Path(worktree.own.path, "vendor/lib.git")
        own.parent.mkdir()
        elsewhere = Checkout(tmp_path / "elsewhere")
        elsewhere.write("file")
        elsewhere.git("init", "--quiet", f"--separate-git-dir={own}")
        elsewhere.git("add", "file")

        is_kept(worktree, "vendor/lib.git is the repository of files that are elsewhere")

    def test_a_worktree_of_the_same_repository_keeps_it(self, worktree: Worktree) -> None:
        there = Checkout(worktree.own.path)
        there.git("worktree", "add", "--quiet", "--detach", ".claude/worktrees/x")

        is_kept(worktree, "the worktree .claude/worktrees/x is inside of it")

    @pytest.mark.parametrize(
        ("name", "kind"), [(".hg", "a Mercurial repository"), (".svn", "a Subversion working copy")]
    )
    def test_a_repository_of_another_program_keeps_it(self, worktree: Worktree, name: str, kind: str) -> None:
        Checkout(worktree.own.path).write(f"{PLACE}/{name}/store")

        is_kept(worktree, f"{PLACE} is {kind}")

    def test_one_that_is_tracked_does_not(self, checkout: Checkout) -> None:
        for name in (".hg/store", "bare/HEAD", "bare/objects/x", "bare/refs/x"):
            checkout.commit(f"samples/{name}")

        assert remove(make(str(checkout.path), None, "x").own) == Removal(removed=True, line="")

    def test_one_that_git_cannot_read_keeps_it(self, worktree: Worktree) -> None:
        Checkout(worktree.own.path).write(f"{PLACE}/.git", "gitdir: /nowhere\n")

        is_kept(worktree, f"its repository {PLACE} cannot be read: not a git repository: /nowhere")

    def test_a_repository_around_tracked_files_keeps_it(self, worktree: Worktree) -> None:
        there = Checkout(Path(worktree.own.path) / "src")
        there.sh("git init -q; git add .; git commit -qm own")

        is_kept(worktree, "its repository src has 1 commit not pushed")


class TestFormerSubmodules:
    @pytest.mark.parametrize("how", ["git rm -q inner; git commit -qm gone", "git submodule -q deinit -f inner"])
    @pytest.mark.parametrize("has_work", [True, False])
    def test_a_submodule_that_only_git_still_has_is_work(
        self, checkout: Checkout, origin: Checkout, how: str, has_work: bool
    ) -> None:
        local = ("-c", "protocol.file.allow=always")
        checkout.git(*local, "submodule", "--quiet", "add", str(origin.path), "inner")
        checkout.git("commit", "--quiet", "-m", "submodule")
        worktree = make(str(checkout.path), None, "x")
        there = Checkout(worktree.own.path)
        if has_work:
            Checkout(there.path / "inner").sh(
                "git switch -q -c own; git commit -q --allow-empty -m own; git switch -q --detach HEAD~1"
            )
        there.sh(how)
        checkout.git("branch", "pushed", worktree.own.branch)

        if has_work:
            is_kept(worktree, "its former submodule inner has 1 commit not pushed")
        else:
            assert remove(worktree.own) == Removal(removed=True, line="")


class TestMounts:
    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        source = tmp_path / "source"
        (source / "deep").mkdir(parents=True)
        (source / "deep/file").write_text("mine\n")
        return source

    @pytest.mark.parametrize("place", ["vendor/data", "vendor/with a space\tand\\more\n"])
    def test_a_mount_in_it_keeps_the_worktree(self, worktree: Worktree, source: Path, place: str) -> None:
        at = Path(worktree.own.path) / place
        with bind_mount(source, at):
            is_kept(worktree, f"{at} is mounted; unmount it first")
            with pytest.raises(WorktreeError, match="is mounted"):
                discard(worktree.own)
            assert (at / "deep/file").exists()
            assert (Path(worktree.own.path) / "file").exists()
        assert (source / "deep/file").read_text() == "mine\n"
        assert remove(worktree.own).removed
