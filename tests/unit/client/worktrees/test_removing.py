from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from session_host.client.worktrees import Worktree, make
from session_host.client.worktrees.removing import Plan, Removal, plan, remove
from session_host.client.worktrees.submodules import empty_submodules
from session_host.paths import worktrees_dir
from tests.support.area import Area
from tests.support.repositories import Checkout

CLEANED = """
git config --global filter.strip.clean 'grep -v output'
git config --global filter.strip.smudge cat
common=$(git rev-parse --git-common-dir)
mkdir -p "$common/info"
echo 'file filter=strip' >"$common/info/attributes"
echo output >>file
git add file
"""
HIDDEN = "1 file changed but hidden from git (assume-unchanged or skip-worktree)"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "project")


@pytest.fixture
def worktree(checkout: Checkout) -> Worktree:
    return make(str(checkout.path), None, "x")


def removed(worktree: Worktree) -> Removal:
    return remove(worktree.own)


def is_kept(worktree: Worktree, why: str) -> bool:
    before = sorted(str(path) for path in Path(worktree.own.path).rglob("*"))
    result = removed(worktree)
    assert not result.removed
    assert result.line == f"kept the worktree {worktree.own.path}: {why}"
    assert sorted(str(path) for path in Path(worktree.own.path).rglob("*")) == before
    return worktree.own.branch in Checkout(Path(worktree.own.repository)).branches()


@pytest.fixture
def with_submodule(checkout: Checkout, tmp_path: Path) -> Checkout:
    """A repository with the submodule ``inner``, which has the submodule ``nested``."""
    inner, nested = Checkout.new(tmp_path / "inner"), Checkout.new(tmp_path / "nested")
    local = ("-c", "protocol.file.allow=always")
    inner.git(*local, "submodule", "--quiet", "add", str(nested.path), "nested")
    inner.git("commit", "--quiet", "-m", "submodule")
    checkout.git(*local, "submodule", "--quiet", "add", str(inner.path), "inner")
    checkout.git(*local, "submodule", "--quiet", "update", "--init", "--recursive")
    checkout.git("commit", "--quiet", "-m", "submodule")
    return checkout


class TestNothingIsLost:
    def test_worktree_branch_and_directory_are_removed(self, checkout: Checkout, worktree: Worktree) -> None:
        assert removed(worktree) == Removal(removed=True, line="")

        assert checkout.worktrees() == []
        assert checkout.branches() == ["main"]
        assert list(worktrees_dir().iterdir()) == []

    @pytest.mark.parametrize("how", ["tag keeps-it", "branch keeps-it", "merge --quiet --no-ff"])
    def test_a_branch_with_commits_in_another_branch_or_tag_is_removed(
        self, checkout: Checkout, worktree: Worktree, how: str
    ) -> None:
        Checkout(worktree.own.path).commit("work")
        checkout.git(*how.split(), worktree.own.branch)

        assert removed(worktree) == Removal(removed=True, line="")
        assert worktree.own.branch not in checkout.branches()

    def test_a_pushed_branch_is_removed(self, checkout: Checkout, tmp_path: Path) -> None:
        checkout.git("clone", "--quiet", ".", str(tmp_path / "clone"))
        worktree = make(str(tmp_path / "clone"), None, "x")
        there = Checkout(worktree.own.path)
        there.commit("work")
        there.git("push", "--quiet", "origin", "HEAD")

        assert removed(worktree) == Removal(removed=True, line="")
        assert Checkout(tmp_path / "clone").branches() == ["main"]
        assert worktree.own.branch in checkout.branches()

    def test_a_branch_that_existed_before_is_kept(self, checkout: Checkout) -> None:
        checkout.git("branch", "topic")

        assert removed(make(str(checkout.path), "topic", "x")) == Removal(removed=True, line="")
        assert checkout.branches() == ["main", "topic"]

    def test_ignored_files_are_removed_and_named(self, checkout: Checkout) -> None:
        checkout.commit(".gitignore", ".env*\nbuild/\n*.o\n")
        worktree = make(str(checkout.path), None, "x")
        there = Checkout(worktree.own.path)
        for name in (".env", "build/a", "build/b", "src/a.o", "deep/.env.local"):
            there.write(name)

        goes = plan(worktree.own)
        assert (goes.path, goes.branch) == (worktree.own.path, "outlive/x")
        assert goes.ignored == (".env", "deep/.env.local", "src/a.o", "build/")
        assert removed(worktree) == Removal(
            removed=True,
            line=f"removed {worktree.own.path}, including ignored files: .env, deep/.env.local, src/a.o and 1 more",
        )
        assert not Path(worktree.own.path).exists()

    def test_the_plan_says_what_stays_and_what_goes(self, checkout: Checkout, worktree: Worktree) -> None:
        assert plan(worktree.own) == Plan(path=worktree.own.path, branch=worktree.own.branch)
        checkout.git("branch", "topic")
        assert plan(make(str(checkout.path), "topic", "y").own).branch == "", "it was there before"
        Checkout(worktree.own.path).write("new")
        assert plan(worktree.own) == Plan()

    @pytest.mark.parametrize("how", ["rm -r {}", "git worktree remove {}"])
    def test_a_missing_worktree_is_unregistered_and_its_branch_removed(
        self, checkout: Checkout, worktree: Worktree, how: str
    ) -> None:
        checkout.sh(how.format(worktree.own.path))

        line = f"the worktree's directory {worktree.own.path} was missing; removed its branch outlive/x"
        assert removed(worktree) == Removal(removed=True, line=line)
        assert checkout.worktrees() == []
        assert checkout.branches() == ["main"]

    def test_a_branch_that_git_cannot_delete_is_named(self, checkout: Checkout, worktree: Worktree) -> None:
        checkout.write(f".git/refs/heads/{worktree.own.branch}.lock")

        kept = f"kept the branch {worktree.own.branch}: git could not delete it"
        assert removed(worktree) == Removal(removed=True, line=kept)

    def test_a_missing_repository_is_no_error_without_a_worktree(self, checkout: Checkout, worktree: Worktree) -> None:
        shutil.rmtree(checkout.path)
        shutil.rmtree(worktree.own.path)

        assert removed(worktree) == Removal(removed=True, line="")

    def test_a_worktree_with_empty_submodules_is_removed(self, with_submodule: Checkout) -> None:
        shutil.rmtree(with_submodule.path / ".git" / "modules")
        worktree = make(str(with_submodule.path), None, "x")

        assert empty_submodules(Path(worktree.own.path)) == ["inner"]
        assert removed(worktree) == Removal(removed=True, line="")

    def test_submodules_are_filled_without_a_remote_and_a_clean_one_is_removed(
        self, with_submodule: Checkout, tmp_path: Path
    ) -> None:
        url = with_submodule.git("config", "submodule.inner.url")
        (tmp_path / "inner").rename(tmp_path / "far away")
        worktree = make(str(with_submodule.path), None, "x")
        there = Checkout(Path(worktree.own.path) / "inner")

        assert (there.path / "file").read_text() == "file\n"
        assert (there.path / "nested" / "file").read_text() == "file\n"
        assert empty_submodules(Path(worktree.own.path)) == []
        assert there.git("remote", "get-url", "origin") == url
        assert there.git("rev-parse", "origin/main") == there.git("rev-parse", "HEAD")
        assert with_submodule.git("config", "submodule.inner.url") == url
        assert removed(worktree) == Removal(removed=True, line="")
        assert (with_submodule.path / "inner" / "nested" / "file").exists()

    def test_work_in_a_submodule_is_kept_and_named(self, with_submodule: Checkout) -> None:
        at = "inner/nested"
        worktree = make(str(with_submodule.path), None, "x")
        there = Checkout(Path(worktree.own.path) / at)
        there.write("untracked")

        assert is_kept(worktree, f"its submodule {at} has 1 file untracked")

        (there.path / "untracked").unlink()
        there.git("switch", "--quiet", "--create", "work")
        there.commit("file")
        there.git("switch", "--quiet", "--detach", "HEAD~1")

        assert is_kept(worktree, f"its submodule {at} has 1 commit not pushed")

        there.git("update-ref", "refs/remotes/origin/work", "work")  # As a push does.

        assert removed(worktree) == Removal(removed=True, line="")

    def test_an_empty_worktree_before_its_first_commit_is_removed(self, worktree: Worktree) -> None:
        there = Checkout(worktree.own.path)
        there.git("switch", "--quiet", "--orphan", "new")
        there.write("file")
        assert is_kept(worktree, "1 file untracked")
        (there.path / "file").unlink()

        assert removed(worktree) == Removal(removed=True, line="")

    def test_the_agents_other_branch_is_kept(self, checkout: Checkout, worktree: Worktree) -> None:
        Checkout(worktree.own.path).git("switch", "--quiet", "--create", "other")
        checkout.git("merge", "--quiet", "other")

        assert removed(worktree).removed
        assert checkout.branches() == ["main", "other"]


def test_a_clean_worktree_with_a_split_index_is_removed(checkout: Checkout) -> None:
    worktree = make(str(checkout.path), None, "chat")
    inside = Checkout(worktree.own.path)
    inside.git("update-index", "--split-index")
    [shared] = (checkout.path / ".git/worktrees").glob("*/sharedindex.*")
    os.utime(shared, (0, 0))  # git notes its next reading there.
    assert removed(worktree).line == ""


def test_a_pointer_of_git_lfs_is_as_git_has_it_and_no_work(checkout: Checkout) -> None:
    checkout.git("config", "--global", "filter.lfs.clean", "cat")
    checkout.git("config", "--global", "filter.lfs.smudge", "cat")
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n"
    checkout.commit(".gitattributes", "big filter=lfs -text\n")
    checkout.commit("big", text)
    assert removed(make(str(checkout.path), None, "chat")).removed


class TestWorkIsKept:
    def test_below_a_link_in_place_of_the_repositorys_folder(self, worktree: Worktree, tmp_path: Path) -> None:
        folder = Path(worktree.own.path).parent
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")

        assert is_kept(worktree, f"{folder} is a symbolic link, which is unsafe; remove it")

    @pytest.mark.parametrize(
        ("work", "why"),
        [
            ("touch new", "1 file untracked"),
            ("git config status.showUntrackedFiles no; touch new", "1 file untracked"),
            ("echo x >file; touch staged new; git add staged", "2 files not committed and 1 file untracked"),
            ("rm file", "1 file not committed"),
            ("$commit; $commit", "its branch outlive/x has 2 commits not on any other branch"),
            ("git switch -q --detach; $commit", "it has 1 commit on no branch"),
            (
                "(cd $(git rev-parse --git-common-dir)/..; $commit); git merge -q --no-commit --no-ff main",
                "a merge in progress",
            ),
            ("git bisect start HEAD HEAD~1", "a bisection in progress"),
            ("git update-ref refs/worktree/mine HEAD", "it has references of its own"),
            ("git update-index --assume-unchanged file src/deep/file; echo x >file", HIDDEN),
            ("git update-index --skip-worktree file src/deep/file; echo x >file", HIDDEN),
            (CLEANED, "1 file with more than git has, which a filter of yours leaves out"),
            (
                "echo vendor/ >>$(git rev-parse --git-common-dir)/info/exclude; git init -q vendor; touch vendor/x",
                "its repository vendor has 1 file untracked",
            ),
            ("git worktree lock --reason 'on a stick' .", "it is locked: on a stick"),
        ],
    )
    def test_work_is_kept_and_named(self, worktree: Worktree, work: str, why: str) -> None:
        Checkout(worktree.own.path).sh("commit='git commit -q --allow-empty -m work'; " + work)

        assert is_kept(worktree, why)

    def test_a_cherry_pick_between_two_commits_is_kept(self, checkout: Checkout, worktree: Worktree) -> None:
        there = Checkout(worktree.own.path)
        there.sh("git switch -q -c two; echo 1 >file; git commit -qam 1; echo 2 >file; git commit -qam 2")
        there.sh("git switch -q outlive/x; echo 0 >file; git commit -qam 0; ! git cherry-pick two~1 two 2>/dev/null")
        there.sh("echo 0 >file; git add file; git commit -q --allow-empty -m resolved; git branch kept")

        assert is_kept(worktree, "a cherry-pick or revert of several commits in progress")

        there.git("cherry-pick", "--quit")
        assert removed(worktree).removed

    def test_a_branch_with_work_is_kept_when_the_worktree_left_it(self, checkout: Checkout, worktree: Worktree) -> None:
        there = Checkout(worktree.own.path)
        there.commit("work")
        there.git("switch", "--quiet", "--detach", "main")

        assert removed(worktree) == Removal(
            removed=True, line="kept the branch outlive/x: 1 commit not on any other branch"
        )
        assert checkout.branches() == ["main", "outlive/x"]

    def test_a_branch_checked_out_elsewhere_is_kept(self, checkout: Checkout, worktree: Worktree) -> None:
        Checkout(worktree.own.path).git("switch", "--quiet", "--detach")
        checkout.git("switch", "--quiet", worktree.own.branch)

        assert removed(worktree) == Removal(
            removed=True, line=f"kept the branch outlive/x: it is checked out in {checkout.path}"
        )

    def test_a_sparse_checkout_does_not_count_as_work(self, worktree: Worktree) -> None:
        there = Checkout(worktree.own.path)
        there.git("sparse-checkout", "set", "nothing")

        assert not (there.path / "src").exists()
        assert removed(worktree).removed

    def test_a_directory_that_is_no_worktree_any_more_is_kept(self, checkout: Checkout, worktree: Worktree) -> None:
        checkout.git("worktree", "remove", worktree.own.path)
        Path(worktree.own.path).mkdir(parents=True)
        (Path(worktree.own.path) / "mine").write_text("")

        result = removed(worktree)

        assert (result.removed, (Path(worktree.own.path) / "mine").exists()) == (False, True)
        assert "no longer a worktree of" in result.line

    def test_a_worktree_with_a_broken_link_inside_another_repository_is_kept(
        self, worktree: Worktree, area: Area
    ) -> None:
        (Path(worktree.own.path) / ".git").unlink()
        Checkout(area.root).git("init", "--quiet")
        Checkout(area.root).write(".gitignore", "*\n")

        result = removed(worktree)

        assert (result.removed, (Path(worktree.own.path) / "file").exists()) == (False, True)
        assert "no longer a worktree of" in result.line

    def test_a_worktree_without_its_repository_is_kept(self, checkout: Checkout, worktree: Worktree) -> None:
        shutil.rmtree(checkout.path)

        assert not removed(worktree).removed
        assert (Path(worktree.own.path) / "file").exists()

    def test_a_worktree_is_kept_without_git(self, worktree: Worktree, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "")

        result = removed(worktree)

        assert (result.removed, Path(worktree.own.path).exists()) == (False, True)
        assert "git is not installed" in result.line
