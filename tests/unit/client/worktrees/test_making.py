from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from session_host.client.worktrees import Mark, discard, find, make, remake
from session_host.client.worktrees.unfinished import clean_up
from session_host.errors import WorktreeError
from session_host.git import Cancelled, Stop
from session_host.paths import worktrees_dir
from tests.support.area import Area
from tests.support.repositories import Checkout
from tests.support.waiting import TIMEOUT_S


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "project")


def nothing_is_left(checkout: Checkout, branches: list[str]) -> None:
    assert checkout.worktrees() == []
    assert checkout.branches() == branches
    assert list(worktrees_dir().rglob("*")) == []


class TestNew:
    def test_a_branch_named_after_the_chat(self, checkout: Checkout) -> None:
        worktree = make(str(checkout.path), None, "fix the bug")

        assert worktree.own.branch == "outlive/fix-the-bug"
        assert worktree.own.branch_made
        assert (worktree.name, worktree.own.repository) == ("project", str(checkout.path / ".git"))
        assert Path(worktree.own.path) == worktrees_dir() / find(checkout.path).key / "outlive-fix-the-bug"
        assert worktree.directory == worktree.own.path
        there = Checkout(worktree.own.path)
        assert there.git("branch", "--show-current") == "outlive/fix-the-bug"
        assert there.git("rev-parse", "HEAD") == checkout.git("rev-parse", "HEAD")
        assert there.git("status", "--porcelain") == ""
        assert (worktrees_dir().stat().st_mode | Path(worktree.own.path).parent.stat().st_mode) & 0o077 == 0, "private"

    def test_the_chat_starts_in_the_nearest_directory_that_the_branch_has(self, checkout: Checkout) -> None:
        (checkout.path / "src" / "new" / "dir").mkdir(parents=True)

        worktree = make(str(checkout.path / "src" / "new" / "dir"), None, "x")

        assert worktree.directory == f"{worktree.own.path}/src"
        assert make(str(checkout.path / "src" / "deep"), None, "y").directory.endswith("/src/deep")

    def test_a_worktree_made_from_a_linked_one_begins_at_its_commit(self, checkout: Checkout, tmp_path: Path) -> None:
        checkout.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "other"))
        commit = Checkout(tmp_path / "other").commit("more")

        worktree = make(str(tmp_path / "other"), None, "x")

        assert Checkout(worktree.own.path).git("rev-parse", "HEAD") == commit
        assert worktree.own.repository == str(checkout.path / ".git")

    def test_a_worktree_is_made_from_a_bare_repository(self, checkout: Checkout, tmp_path: Path) -> None:
        checkout.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))

        worktree = make(str(tmp_path / "bare.git"), None, "x")

        assert (Path(worktree.own.path) / "file").exists()

    def test_a_worktree_is_made_of_a_submodule(self, checkout: Checkout, tmp_path: Path) -> None:
        outer = Checkout.new(tmp_path / "outer")
        outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(checkout.path), "inner")

        worktree = make(str(outer.path / "inner" / "src"), None, "x")

        assert worktree.directory == f"{worktree.own.path}/src"
        assert Checkout(worktree.own.path).git("branch", "--show-current") == "outlive/x"

    @pytest.mark.parametrize("name", ["Ünïcødé 漢字", "../../etc", "@{-1}"])
    def test_any_chat_name_gives_a_valid_branch(self, checkout: Checkout, name: str) -> None:
        worktree = make(str(checkout.path), None, name)

        assert Path(worktree.own.path).parent.parent == worktrees_dir()
        assert Checkout(worktree.own.path).git("branch", "--show-current") == worktree.own.branch

    def test_worktrees_made_at_the_same_time_get_different_branches(self, checkout: Checkout) -> None:
        with ThreadPoolExecutor(4) as threads:
            worktrees = list(threads.map(lambda _: make(str(checkout.path), None, "x"), range(4)))

        assert sorted(each.own.branch for each in worktrees) == [
            "outlive/x",
            "outlive/x-2",
            "outlive/x-3",
            "outlive/x-4",
        ]
        assert len({each.own.path for each in worktrees}) == 4
        assert sorted(checkout.worktrees()) == sorted(each.own.path for each in worktrees)

    def test_of_two_worktrees_made_for_one_branch_at_once_one_is_refused(self, checkout: Checkout) -> None:
        checkout.git("branch", "topic")

        def attempt(_: int) -> str:
            try:
                return make(str(checkout.path), "topic", "x").own.path
            except WorktreeError as error:
                return str(error)

        with ThreadPoolExecutor(2) as threads:
            first, second = sorted(threads.map(attempt, range(2)))

        assert checkout.worktrees() == [first]
        assert second == f"the branch topic is checked out in {first}; choose another, or start the chat there"


class TestNamedBranches:
    def test_an_existing_branch_is_checked_out(self, checkout: Checkout) -> None:
        commit = checkout.git("commit-tree", "HEAD^{tree}", "-m", "apart")
        checkout.git("branch", "topic/one", commit)

        worktree = make(str(checkout.path), "topic/one", "x")

        assert (worktree.own.branch, worktree.own.branch_made) == ("topic/one", False)
        assert Checkout(worktree.own.path).git("rev-parse", "HEAD") == commit
        assert Path(worktree.own.path).name == "topic-one"

    def test_a_new_branch_is_created(self, checkout: Checkout) -> None:
        worktree = make(str(checkout.path), "größer/漢字", "x")

        assert (worktree.own.branch, worktree.own.branch_made) == ("größer/漢字", True)
        assert checkout.branches() == ["größer/漢字", "main"]

    def test_branches_with_the_same_directory_name_get_different_directories(self, checkout: Checkout) -> None:
        first, second = make(str(checkout.path), "a/b", "x"), make(str(checkout.path), "a-b", "x")

        assert (Path(first.own.path).name, Path(second.own.path).name) == ("a-b", "a-b-2")

    def test_a_remote_branch_is_tracked(self, checkout: Checkout, tmp_path: Path) -> None:
        checkout.git("branch", "topic")
        checkout.git("clone", "--quiet", ".", str(tmp_path / "clone"))

        worktree = make(str(tmp_path / "clone"), "topic", "x")

        assert worktree.own.branch_made
        assert Checkout(worktree.own.path).git("rev-parse", "--abbrev-ref", "@{upstream}") == "origin/topic"

    @pytest.mark.parametrize("name", ["two words", "@{-1}", "HEAD", "a\nb", "--force"])
    def test_invalid_branch_names_are_refused(self, checkout: Checkout, name: str) -> None:
        self.is_refused(checkout, name, "invalid branch name")

    def test_a_branch_name_below_an_existing_branch_is_refused(self, checkout: Checkout) -> None:
        self.is_refused(checkout, "main/x", "git cannot create the branch main/x: ")

    def test_a_branch_of_several_remotes_is_refused(self, checkout: Checkout, tmp_path: Path) -> None:
        checkout.git("branch", "topic")
        checkout.git("clone", "--quiet", ".", str(tmp_path / "clone"))
        clone = Checkout(tmp_path / "clone")
        clone.git("remote", "add", "-f", "upstream", str(checkout.path))

        self.is_refused(clone, "topic", "several remotes have the branch topic; create a local one")

    def is_refused(self, checkout: Checkout, branch: str, why: str) -> None:
        with pytest.raises(WorktreeError, match=why):
            make(str(checkout.path), branch, "x")
        nothing_is_left(checkout, ["main"])


class TestFailures:
    def test_a_repository_without_a_commit_is_refused(self, tmp_path: Path) -> None:
        empty = Checkout.new(tmp_path / "empty", commits=0)

        with pytest.raises(WorktreeError, match=r"empty has no commits; commit something first"):
            make(str(empty.path), None, "x")

        nothing_is_left(empty, [])

    def test_a_failing_filter_leaves_nothing_behind(self, checkout: Checkout) -> None:
        checkout.commit(".gitattributes", "file filter=broken\n")
        checkout.git("config", "filter.broken.smudge", "false")
        checkout.git("config", "filter.broken.required", "true")

        with pytest.raises(WorktreeError, match=r"git cannot create the worktree: .*smudge filter broken failed"):
            make(str(checkout.path), None, "x")

        nothing_is_left(checkout, ["main"])

    def test_a_failing_hook_of_the_user_is_ignored(self, checkout: Checkout) -> None:
        hook = checkout.write(".git/hooks/post-checkout", "#!/bin/sh\necho no >&2\nexit 3\n")
        hook.chmod(0o755)

        worktree = make(str(checkout.path), None, "x")

        assert Checkout(worktree.own.path).git("status", "--porcelain") == ""

    def test_a_checkout_that_times_out_leaves_nothing_behind(
        self, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hook = checkout.write(".git/hooks/post-checkout", "#!/bin/sh\nexec tail -f /dev/null\n")
        hook.chmod(0o755)
        monkeypatch.setattr("session_host.git.WORK_TIMEOUT_S", 5.0)  # What cleans up has to end within it.

        with pytest.raises(WorktreeError, match="git worktree add took longer than 5 s"):
            make(str(checkout.path), None, "x")

        nothing_is_left(checkout, ["main"])

    def test_a_process_left_by_a_hook_does_not_block(self, checkout: Checkout) -> None:
        pid = checkout.path / "pid"
        hook = checkout.write(
            ".git/hooks/post-checkout", f"#!/bin/sh\nsetsid tail -f /dev/null --pid={os.getpid()} &\necho $! >{pid}\n"
        )
        hook.chmod(0o755)

        make(str(checkout.path), None, "x")

        os.kill(int(pid.read_text()), 15)

    def test_a_directory_that_cannot_be_created_is_reported(self, checkout: Checkout, area: Area) -> None:
        (area.state / "worktrees").write_text("")

        with pytest.raises(Exception, match="worktrees is not a directory"):
            make(str(checkout.path), None, "x")

        assert checkout.branches() == ["main"]

    def test_discard_removes_the_worktree_and_its_branch(self, checkout: Checkout) -> None:
        worktree = make(str(checkout.path), None, "x")
        (Path(worktree.own.path) / "left by a hook").write_text("")

        discard(worktree.own)

        nothing_is_left(checkout, ["main"])

    def test_discard_keeps_a_branch_that_existed_before(self, checkout: Checkout) -> None:
        checkout.git("branch", "topic")

        discard(make(str(checkout.path), "topic", "x").own)

        nothing_is_left(checkout, ["main", "topic"])


class TestStaleRegistrations:
    def test_our_worktree_with_a_missing_directory_is_made_again(self, checkout: Checkout) -> None:
        first = make(str(checkout.path), "topic", "x")
        shutil.rmtree(Path(first.own.path).parent)

        second = make(str(checkout.path), "topic", "x")

        assert second.own.path == first.own.path
        assert checkout.worktrees() == [second.own.path]

    @pytest.mark.parametrize("moved", ["rm -r {0}", "mv {0} {0}2", "rm -r $(dirname {0})"])
    def test_the_users_worktree_with_a_missing_directory_is_kept(
        self, checkout: Checkout, tmp_path: Path, moved: str
    ) -> None:
        places = [tmp_path / "trees" / name for name in ("topic", "other")]
        for place in places:
            checkout.git("worktree", "add", "--quiet", "-b", place.name, str(place))
        (places[0] / "new").write_text("mine\n")
        Checkout(places[0]).git("add", "new")
        checkout.sh(moved.format(places[0]))

        with pytest.raises(WorktreeError) as refused:
            make(str(checkout.path), "topic", "x")

        assert str(refused.value) == (
            f"the branch topic is checked out in {places[0]}, which is missing; if it was moved to NEW, run: "
            "git worktree repair NEW; if it is gone for good, run: git worktree prune"
        )
        assert sorted(checkout.worktrees()) == sorted(map(str, places))
        if moved.startswith("mv"):
            there = Checkout(f"{places[0]}2")
            there.git("worktree", "repair")
            assert there.git("diff", "--cached", "--name-only") == "new"

    def test_the_users_worktree_that_is_locked_is_kept(self, checkout: Checkout, tmp_path: Path) -> None:
        place = tmp_path / "disk" / "topic"
        checkout.git("worktree", "add", "--quiet", "--lock", "--reason", "on a stick", "-b", "topic", str(place))
        shutil.rmtree(place)

        with pytest.raises(WorktreeError, match=r"is locked \(on a stick\) but missing; restore it"):
            make(str(checkout.path), "topic", "x")

        assert checkout.worktrees() == [str(place)]

    def test_the_users_worktree_inside_of_a_chats_is_kept(self, checkout: Checkout) -> None:
        outer = make(str(checkout.path), None, "x")
        place = Path(outer.own.path) / ".claude/worktrees/topic"
        checkout.git("worktree", "add", "--quiet", "-b", "topic", str(place))
        shutil.rmtree(place)

        with pytest.raises(WorktreeError, match="which is missing"):
            make(str(checkout.path), "topic", "y")

        assert str(place) in checkout.worktrees()


class TestRemaking:
    @pytest.mark.parametrize("lost", ["rm -r {}", "rm -r {}; git worktree prune", "rm -r {}; mkdir {}"])
    def test_a_lost_worktree_is_made_again_at_its_branch(self, checkout: Checkout, lost: str) -> None:
        worktree = make(str(checkout.path), None, "x")
        commit = Checkout(worktree.own.path).commit("work")
        checkout.sh(lost.replace("{}", worktree.own.path))

        assert remake(worktree.own)

        there = Checkout(worktree.own.path)
        assert there.git("rev-parse", "HEAD") == commit
        assert there.git("status", "--porcelain") == ""
        assert checkout.worktrees() == [worktree.own.path]

    def test_an_existing_worktree_is_left_alone(self, checkout: Checkout) -> None:
        worktree = make(str(checkout.path), None, "x")

        assert not remake(worktree.own)

    @pytest.mark.parametrize(
        ("lost", "why"),
        [
            ("git worktree prune; git branch -D outlive/x", "and its branch outlive/x are missing; start a new chat"),
            ("git worktree prune; git switch -q outlive/x", "outlive/x is checked out in .*/project"),
            ("rm -r .git", r"the repository .* is missing"),
        ],
    )
    def test_what_cannot_be_made_again_is_said(self, checkout: Checkout, lost: str, why: str) -> None:
        worktree = make(str(checkout.path), None, "x")
        shutil.rmtree(worktree.own.path)
        checkout.sh(lost)

        with pytest.raises(WorktreeError, match=why):
            remake(worktree.own)


class TestCancelled:
    """A hook of git that takes its time."""

    @pytest.fixture
    def hook(self, checkout: Checkout, tmp_path: Path) -> Path:
        """A FIFO: the hook waits until it is opened for reading, and then until it is written to."""
        fifo = tmp_path / "hook"
        os.mkfifo(fifo)
        file = checkout.path / ".git" / "hooks" / "post-checkout"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n: > {fifo}\ncat {fifo}\n")
        file.chmod(0o755)
        return fifo

    def left(self, checkout: Checkout) -> tuple[list[str], list[str], list[str]]:
        names = [path.name for path in worktrees_dir().iterdir() if path.is_dir()]
        return checkout.branches(), checkout.worktrees(), names

    def test_a_cancelled_start_leaves_nothing(self, checkout: Checkout, hook: Path) -> None:
        stop = Stop()
        with ThreadPoolExecutor() as threads:
            made = threads.submit(make, str(checkout.path), None, "x", stop=stop)
            hook.read_bytes()
            assert len(checkout.worktrees()) == 1
            stop.set()
            with pytest.raises(Cancelled):
                made.result(TIMEOUT_S)
        assert self.left(checkout) == (["main"], [], [])

    def test_a_killed_maker_leaves_nothing_once_its_hook_has_ended(self, checkout: Checkout, hook: Path) -> None:
        script = "import sys; from session_host.client.worktrees import make; make(sys.argv[1], None, 'x')"
        maker = subprocess.Popen([sys.executable, "-c", script, checkout.path])
        hook.read_bytes()
        maker.kill()
        maker.wait()
        clean_up(lambda _path: False)
        assert len(checkout.worktrees()) == 1, "git still works there"
        hook.write_bytes(b"")
        deadline_s = time.monotonic() + TIMEOUT_S
        while self.left(checkout) != (["main"], [], []) and time.monotonic() < deadline_s:
            clean_up(lambda _path: False)
        assert self.left(checkout) == (["main"], [], [])

    def test_a_worktree_that_a_chat_uses_is_not_cleaned_up(self, checkout: Checkout) -> None:
        mark = Mark()
        worktree = make(str(checkout.path), None, "x", mark=mark)
        os.close(mark.descriptors[0])  # As if the maker was killed just after the chat was recorded.
        clean_up(lambda path: path == worktree.own.path)
        assert self.left(checkout)[1] == [worktree.own.path]
        assert not list(worktrees_dir().glob(".*"))
