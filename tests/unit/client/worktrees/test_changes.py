"""The changes of real working trees, also with errors of git, the disk or the repository."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.client.worktrees import changes as changes_module
from session_host.client.worktrees import status_of
from session_host.client.worktrees.changes import (
    ChangedFile,
    Changes,
    Since,
    State,
    lines_before,
    read_changes,
    read_diff,
)
from session_host.client.worktrees.discarding import discard
from session_host.errors import WorktreeError
from session_host.git import Stop, stopped_by
from session_host.restore_points.points import About, take
from session_host.restore_points.restoring import plan_restore
from tests.support.repositories import Checkout
from tests.support.waiting import eventually

HOSTILE = ['new\nline "quoted"\t', "-rf", "a b", "\u202egpj.exe", "ünï", "{file}"]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "api")


def by_path(changes: Changes) -> dict[str, ChangedFile]:
    return {file.path: file for file in changes.files}


def facts(changes: Changes) -> dict[str, tuple[str, int, int]]:
    return {file.path: (file.state, file.added, file.removed) for file in changes.files}


def program(directory: Path, text: str) -> str:
    """A program for git to run; returns its path."""
    path = directory / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_staged_unstaged_and_untracked_files_are_one_list(checkout: Checkout) -> None:
    for name in ("gone", "staged", "both", "run"):
        checkout.commit(name, "one\ntwo\n")
    checkout.commit("old/name", "".join(f"{number}\n" for number in range(30)))
    checkout.commit("link", "target\n")
    (checkout.path / "image").write_bytes(b"\0\1")
    checkout.git("add", "image")
    checkout.git("commit", "-qm", "image")
    checkout.git("rm", "-q", "gone")
    checkout.write("staged", "one\nthree\n")
    checkout.write("both", "one\nthree\n")
    checkout.git("add", "staged", "both")
    checkout.write("both", "one\nthree\nfour\n")
    checkout.git("mv", "old/name", "name")
    (checkout.path / "run").chmod(0o755)
    (checkout.path / "image").write_bytes(b"\0\2")
    (checkout.path / "link").unlink()
    (checkout.path / "link").symlink_to("file")
    checkout.write("known")
    checkout.git("add", "-N", "known")
    checkout.write("new/untracked", "a\nb")
    (checkout.path / "new/pipe").symlink_to("nowhere")
    checkout.write(".gitignore", "*.log\n")
    checkout.write("ignored.log")
    changes = read_changes(checkout.path / "src" / "deep")
    assert (changes.top, changes.branch, changes.since, changes.more) == (str(checkout.path), "main", "commit", 0)
    assert facts(changes) == {
        ".gitignore": ("untracked", 1, 0),
        "both": ("modified", 2, 1),
        "gone": ("deleted", 0, 2),
        "image": ("modified", 0, 0),
        "known": ("added", 1, 0),
        "link": ("type", 1, 1),
        "name": ("renamed", 0, 0),
        "new/pipe": ("untracked", 1, 0),
        "new/untracked": ("untracked", 2, 0),
        "run": ("modified", 0, 0),
        "staged": ("modified", 1, 1),
    }
    files = by_path(changes)
    assert files["name"].old_path == "old/name"
    assert files["run"].modes == ("100644", "100755")
    assert files["image"].withheld == "binary"
    assert files["both"].patch == "@@ -1,2 +1,3 @@\n one\n-two\n+three\n+four\n"
    assert files["new/untracked"].patch == "@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline at end of file\n"


def test_a_file_that_is_there_is_not_called_deleted_because_its_deletion_is_staged(checkout: Checkout) -> None:
    for name in ("README.md", "same", "a [b]*", "local.cfg", "gone", "replaced"):
        checkout.commit(name, "one\ntwo\n")
    checkout.git("rm", "-q", "--cached", "README.md", "same", "local.cfg", "gone", "replaced", ":(literal)a [b]*")
    checkout.write("README.md", "one\nthree\n")
    checkout.write("a [b]*", "one\n")
    checkout.write(".gitignore", "local.cfg\n")
    (checkout.path / "gone").unlink()
    (checkout.path / "replaced").unlink()
    checkout.write("replaced/inside", "x\n")
    changes = read_changes(checkout.path)
    assert facts(changes) == {
        ".gitignore": ("untracked", 1, 0),
        "README.md": ("dropped", 1, 1),
        "a [b]*": ("dropped", 0, 1),
        "gone": ("deleted", 0, 2),
        "local.cfg": ("dropped", 0, 0),
        "replaced": ("deleted", 0, 2),
        "replaced/inside": ("untracked", 1, 0),
        "same": ("dropped", 0, 0),
    }
    assert by_path(changes)["README.md"].patch == "@@ -1,2 +1,2 @@\n one\n-two\n+three\n"
    staged = checkout.git("diff", "--cached", "--name-status")
    assert staged.count("D\t") == 6, "git's own index is as it was"


def test_the_status_counts_the_same_files_as_the_list(checkout: Checkout) -> None:
    checkout.commit("README.md", "one\n")
    checkout.git("rm", "-q", "--cached", "README.md")
    for name in ("new/one", "new/two", "new/deep/three", "four"):
        checkout.write(name)

    def counts() -> tuple[int, int]:
        status = status_of(str(checkout.path))
        assert status is not None
        return status.dirty, len(read_changes(checkout.path).files)

    assert counts() == (5, 5)
    checkout.git("config", "status.showUntrackedFiles", "no")
    assert counts() == (1, 1)


def test_hostile_names_stay_unchanged_and_each_has_its_own_patch(checkout: Checkout) -> None:
    for name in HOSTILE:
        checkout.commit(name, "before\n")
        checkout.write(name, f"{name.splitlines()[0]}\n")
    latin = os.fsdecode(b"caf\xe9")
    checkout.write(latin, "new\n")
    files = by_path(read_changes(checkout.path))
    assert set(files) == {*HOSTILE, latin}
    for name in HOSTILE:
        assert files[name].patch == f"@@ -1 +1 @@\n-before\n+{name.splitlines()[0]}\n"


@pytest.mark.parametrize("kind", ["pipe", "forbidden"])
@pytest.mark.parametrize("since", ["commit", "prompt"])
def test_a_file_that_cannot_be_read_does_not_hide_the_others(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, kind: str, since: Since
) -> None:
    for name in ("x", "y", "z"):
        checkout.commit(name, "before\n")
    point = take(checkout.path, "8b0dd3d1", About(kind="prompt"))
    for name in ("x", "z"):
        checkout.write(name, "after\n")
    if kind == "pipe":
        (checkout.path / "y").unlink()
        os.mkfifo(checkout.path / "y")
    else:
        checkout.write("y", "after\n")
        allowed = os.access
        monkeypatch.setattr(os, "access", lambda path, mode: path != checkout.path / "y" and allowed(path, mode))
    files = by_path(read_changes(checkout.path, since, point=point))
    assert {name: (file.state, file.withheld, file.added) for name, file in files.items()} == {
        "x": ("modified", "", 1),
        "y": ("modified", "unreadable", 0),
        "z": ("modified", "", 1),
    }
    found = plan_restore(checkout.path, point)
    assert ([file.path for file in found.files], found.too_large) == (["x", "z"], 1)


def test_before_the_first_commit_all_files_are_new(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.git("init", "-q", "-b", "main")
    assert read_changes(tmp_path).files == ()
    checkout.write("a")
    checkout.write("b")
    checkout.git("add", "a")
    assert facts(read_changes(tmp_path)) == {"a": ("added", 1, 0), "b": ("untracked", 1, 0)}


def test_conflicts_submodules_and_repositories_inside_are_named(checkout: Checkout) -> None:
    inner = Checkout.new(checkout.path / "inner")
    checkout.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.path), "module")
    checkout.commit("kept", "one\n")
    Checkout(checkout.path / "module").commit("more")
    checkout.git("checkout", "-qb", "other")
    checkout.commit("file", "theirs\n")
    checkout.git("rm", "-q", "kept")
    checkout.git("commit", "-qm", "without it")
    checkout.git("checkout", "-q", "main")
    checkout.commit("file", "ours\n")
    checkout.commit("kept", "two\n")
    with pytest.raises(AssertionError, match="merge"):
        checkout.git("merge", "other")
    files = by_path(read_changes(checkout.path))
    assert {path: file.state for path, file in files.items()} == {
        "file": "conflict",
        "kept": "conflict",
        "module": "modified",
        "inner/": "untracked",
    }
    assert "+<<<<<<< HEAD\n" in files["file"].patch
    assert files["module"].is_submodule
    assert files["inner/"].is_submodule


def test_a_branch_is_compared_with_where_it_began(checkout: Checkout) -> None:
    assert read_changes(checkout.path, "branch").since == "commit", "the default branch has no starting point"
    checkout.git("checkout", "-qb", "fix")
    checkout.write("file", "changed\n")
    assert read_changes(checkout.path).default_branch == "", "the branch has no commit of its own"
    checkout.commit("added")
    checkout.git("branch", "-f", "origin-was-here", "HEAD~2")
    checkout.git("update-ref", "refs/remotes/origin/main", "HEAD~2")
    checkout.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    since_commit, since_branch = read_changes(checkout.path), read_changes(checkout.path, "branch")
    assert (since_commit.default_branch, since_commit.since, set(facts(since_commit))) == ("main", "commit", {"file"})
    assert (since_branch.branch, since_branch.since, set(facts(since_branch))) == ("fix", "branch", {"added", "file"})


def test_git_writes_nothing_and_runs_no_program_of_the_repository(checkout: Checkout, tmp_path: Path) -> None:
    run = program(tmp_path, f'touch {tmp_path}/ran; cat "$1" 2>/dev/null || exit 0')
    checkout.commit(".gitattributes", "* diff=own\n")
    for name, value in (
        ("core.fsmonitor", run),
        ("diff.external", run),
        ("diff.own.textconv", run),
        ("diff.own.command", run),
        ("core.pager", run),
        ("color.ui", "always"),
        ("diff.noprefix", "true"),
        ("diff.renames", "false"),
        ("diff.submodule", "log"),
        ("diff.autoRefreshIndex", "false"),
        ("core.quotePath", "false"),
        ("status.short", "true"),
        ("status.branch", "true"),
        ("diff.relative", "true"),
    ):
        checkout.git("config", name, value)
    checkout.write("src/deep/file", "changed\n")
    os.utime(checkout.path / "file", (1, 1))  # Its time differs from the index's, its content does not.
    checkout.write("untracked")

    def kept() -> dict[str, tuple[int, int]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in (checkout.path / ".git").rglob("*")
        }

    before = kept()
    for directory in (checkout.path, checkout.path / "src"):
        assert set(facts(read_changes(directory))) == {"src/deep/file", "untracked"}
    assert kept() == before
    assert not (tmp_path / "ran").exists()


def test_an_index_that_is_locked_or_split_is_read(checkout: Checkout) -> None:
    checkout.git("update-index", "--split-index")
    checkout.write("file", "changed\n")
    checkout.write("staged")
    checkout.git("add", "staged")
    (checkout.path / ".git" / "index.lock").touch()
    assert set(facts(read_changes(checkout.path))) == {"file", "staged"}


def test_files_beyond_the_limit_are_left_out_and_counted(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        checkout.write(f"tracked{number:02}", "x" * 400 + "\n")
    checkout.git("add", ".")
    for number in range(20):
        checkout.write(f"untracked{number:02}", "y" * 400 + "\n")
    monkeypatch.setattr(changes_module, "MAX_FILES", 30)
    changes = read_changes(checkout.path)
    assert (len(changes.files), changes.more, changes.without_lines) == (30, 10, 0)
    monkeypatch.setattr(changes_module, "MAX_BYTES", 6000)
    changes = read_changes(checkout.path)
    assert (len(changes.files), changes.more) == (30, 10)
    assert 15 < changes.without_lines < 30
    assert all(bool(file.patch) != (file.withheld == "limit") for file in changes.files)
    monkeypatch.setattr(changes_module, "MAX_PATCH_CHARACTERS", 100)
    assert {file.withheld for file in read_changes(checkout.path).files if file.state == "untracked"} == {"large"}


def test_a_file_that_git_does_not_compare_is_large_and_not_binary(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes_module, "LARGE_FILE_BYTES", 1000)
    monkeypatch.setattr(changes_module, "_SETTINGS", ("-c", "core.bigFileThreshold=1000"))
    checkout.write("file", "x\n" * 1000)
    assert by_path(read_changes(checkout.path))["file"].withheld == "large"


def test_untracked_files_that_the_user_hides_are_not_listed(checkout: Checkout) -> None:
    checkout.write("untracked")
    checkout.git("config", "status.showUntrackedFiles", "no")
    assert read_changes(checkout.path).files == ()


async def test_a_git_that_hangs_is_ended_when_nobody_waits_for_it(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real, slow = shutil.which("git"), tmp_path / "bin" / "git"
    slow.parent.mkdir()
    hang = f"touch {tmp_path}/hangs; exec tail -f /dev/null"
    slow.write_text(f'#!/bin/sh\ncase " $* " in *" status "*) {hang};; esac\nexec {real} "$@"\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(changes_module, "TIMEOUT_S", 1000.0)
    stop = Stop()
    with stopped_by(stop):
        reading = asyncio.ensure_future(asyncio.to_thread(read_changes, checkout.path))
    await eventually((tmp_path / "hangs").exists, 60.0, "git to hang")
    stop.set()
    with pytest.raises(WorktreeError):
        await reading
    with stopped_by(stop), pytest.raises(WorktreeError):
        read_changes(checkout.path)


class TestErrors:
    """Errors, each reported in one line that says what is wrong."""

    def test_no_repository(self, tmp_path: Path) -> None:
        with pytest.raises(WorktreeError, match=f"^{tmp_path} is not in a git repository$"):
            read_changes(tmp_path)

    def test_gits_own_directory(self, checkout: Checkout) -> None:
        with pytest.raises(WorktreeError, match=r"is git's own directory, without files$"):
            read_changes(checkout.path / ".git")

    def test_the_directory_is_gone(self, checkout: Checkout) -> None:
        shutil.rmtree(checkout.path)
        with pytest.raises(WorktreeError, match=f"^the directory {checkout.path} does not exist any more$"):
            read_changes(checkout.path)

    def test_git_is_missing(self, checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
        with pytest.raises(WorktreeError, match=r"^git is not installed; install it \(Debian: apt install git\)$"):
            read_changes(checkout.path)

    def test_a_damaged_index(self, checkout: Checkout) -> None:
        (checkout.path / ".git" / "index").write_bytes(b"DIRC damaged")
        with pytest.raises(WorktreeError, match=r"^git failed: "):
            read_changes(checkout.path)

    def test_an_object_of_a_partial_clone(self, checkout: Checkout) -> None:
        blob = checkout.git("rev-parse", "HEAD:file")
        (checkout.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
        checkout.write("file", "other\n")
        with pytest.raises(WorktreeError, match=r"^an object of the repository is not on this computer; "):
            read_changes(checkout.path)

    @pytest.mark.parametrize("hangs_at", ["status", "diff"])
    def test_git_hangs(
        self, checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hangs_at: str
    ) -> None:
        real = shutil.which("git")
        slow = tmp_path / "bin" / "git"
        slow.parent.mkdir()
        hang = "printf ':100644'; tail -f /dev/null & tail -f /dev/null"
        slow.write_text(f'#!/bin/sh\ncase " $* " in *" {hangs_at} "*) {hang};; esac\nexec {real} "$@"\n')
        slow.chmod(0o755)
        monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
        monkeypatch.setattr(changes_module, "TIMEOUT_S", 5.0)  # The calls before have to end within it.
        with pytest.raises(WorktreeError, match=rf"^git {hangs_at} took longer than \S+ s; check the disk$"):
            read_changes(checkout.path)


def test_changes_since_a_prompt_have_untracked_files_on_both_sides(checkout: Checkout) -> None:
    checkout.write("before", "one\n")
    checkout.write("gone")
    point = take(checkout.path, "chat", About(kind="prompt"))
    checkout.write("before", "one\ntwo\n")
    (checkout.path / "gone").unlink()
    checkout.write("new", "a\n")
    checkout.commit("src/deep/file", "committed\n")
    changes = read_changes(checkout.path / "src", "prompt", point=point)
    assert (changes.since, changes.branch) == ("prompt", "main")
    assert facts(changes) == {
        "before": ("modified", 1, 0),
        "gone": ("deleted", 0, 1),
        "new": ("added", 1, 0),
        "src/deep/file": ("modified", 1, 1),
    }


LETTERS: dict[str, State] = {"A": "added", "D": "deleted", "M": "modified", "R": "renamed", "T": "type"}
MODES = {
    "A": ("000000", "100644"),
    "D": ("100755", "000000"),
    "M": ("100644", "100755"),
    "R": ("100644", "100644"),
    "T": ("100644", "120000"),
}

names = st.text(
    st.characters(exclude_categories=[], exclude_characters="\0"), min_size=1, max_size=12
)  # also line ends, quotes, and lone surrogates
texts = st.sampled_from(["", "x", "diff --git a/x b/x", "@@ -1 +1 @@", "-- a", "\0", "é"])
lines = st.lists(st.tuples(st.sampled_from("+- "), texts), min_size=1, max_size=5)


class FileDiff(NamedTuple):
    """One file of a diff."""

    letter: str
    name: str
    old_path: str
    body: list[tuple[str, str]] | None
    """The lines of its hunk, by sign and text; None for a binary file."""

    @property
    def counts(self) -> tuple[int, int]:
        signs = [sign for sign, _ in self.body or ()]
        return signs.count("+"), signs.count("-")

    @property
    def hunk(self) -> str:
        return "@@ -1,9 +1,9 @@\n" + "".join(f"{sign}{text}\n" for sign, text in self.body or ())

    @property
    def raw(self) -> str:
        path = f"{self.old_path}\0{self.name}" if self.letter == "R" else self.name
        score = "095" if self.letter == "R" else ""
        return f":{' '.join(MODES[self.letter])} 1234567 0000000 {self.letter}{score}\0{path}\0"

    @property
    def numbers(self) -> str:
        added, removed = self.counts if self.body is not None else ("-", "-")
        path = f"\0{self.old_path}\0{self.name}" if self.letter == "R" else self.name
        return f"{added}\t{removed}\t{path}\0"

    @property
    def patch(self) -> str:
        head = 'diff --git "a/?" "b/?"\nindex 1234567..89abcde\n'
        body = "Binary files a/? and b/? differ\n" if self.body is None else f"--- a/?\n+++ b/?\n{self.hunk}"
        return (head + body) * (2 if self.letter == "T" else 1)

    @property
    def read(self) -> ChangedFile:
        added, removed = self.counts
        before, after = (mode.replace("000000", "") for mode in MODES[self.letter])
        times = 2 if self.letter == "T" else 1
        return ChangedFile(
            path=self.name,
            old_path=self.old_path if self.letter == "R" else "",
            state=LETTERS[self.letter],
            added=added,
            removed=removed,
            modes=(before, after),
            patch="" if self.body is None else self.hunk * times,
            withheld="binary" if self.body is None else "",
        )


made_files = st.lists(
    st.builds(FileDiff, st.sampled_from(sorted(LETTERS)), names, names, st.none() | lines), min_size=1, max_size=4
)


def printed(files: list[FileDiff]) -> str:
    """The output of git for these files."""
    parts = ([file.raw for file in files], [file.numbers for file in files], ["\0"], [file.patch for file in files])
    return "".join("".join(part) for part in parts)


@given(made_files)
def test_each_file_has_its_own_name_numbers_and_patch(files: list[FileDiff]) -> None:
    assert read_diff(printed(files)) == [file.read for file in files]


@given(made_files, st.data())
def test_of_a_diff_that_is_cut_off_all_whole_patches_are_read(files: list[FileDiff], data: st.DataObject) -> None:
    whole = printed(files)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    diffs = read_diff(cut, is_cut=True)
    expected = [file.read for file in files]
    assert [file.path for file in diffs] == [file.path for file in expected[: len(diffs)]]
    for file, entire in zip(diffs, expected, strict=False):
        assert file.withheld == "limit" or file == entire
    if len(cut) > len(whole) - len(files[-1].patch) + len("diff --git "):
        assert diffs[:-1] == expected[:-1]


@given(st.text() | st.text(alphabet=":01 AMRT\0\t\n-").map(lambda text: f":{text}"))
def test_anything_else_is_refused(text: str) -> None:
    try:
        read_diff(text)
    except ValueError:
        return
    assert not text or text.startswith(":")


def test_invalid_utf8_is_escaped_in_patches_and_kept_in_names() -> None:
    file = FileDiff("M", "caf\udce9", "", [("+", "caf\udce9")])
    [diff] = read_diff(printed([file]))
    assert (diff.path, diff.patch) == ("caf\udce9", "@@ -1,9 +1,9 @@\n+caf\\xe9\n")


def test_other_bytes_look_different(checkout: Checkout) -> None:
    """Both sides of the change were "caf" with the same replacement character."""
    checkout.commit("old")
    for name, content in (("old", b"caf\xe9\n"), ("new", b"\xff\n")):
        (checkout.path / name).write_bytes(content)
    checkout.git("add", "old")
    checkout.git("commit", "-qm", "Latin-1")
    (checkout.path / "old").write_bytes(b"caf\xe8\n")
    changes = read_changes(checkout.path)
    files = by_path(changes)
    assert files["old"].patch == "@@ -1 +1 @@\n-caf\\xe9\n+caf\\xe8\n"
    assert files["new"].patch == "@@ -0,0 +1 @@\n+\\xff\n"
    assert lines_before(changes, files["old"]) == ("caf\\xe9",)
    discard(checkout.path, changes, files["old"], "chat", 0)
    assert (checkout.path / "old").read_bytes() == b"caf\xe9\n"


def test_a_submodule_with_changes_inside_is_a_row(checkout: Checkout, tmp_path: Path) -> None:
    for name, inner in (("inner", ""), ("outer", str(tmp_path / "inner"))):
        repository = Checkout.new(tmp_path / name)
        if inner:
            repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", inner, "deep")
            repository.git("commit", "-qm", "a submodule")
    words = ("submodule", "add", "-q", str(tmp_path / "outer"), "module")
    checkout.git("-c", "protocol.file.allow=always", *words)
    checkout.git("-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init", "--recursive")
    checkout.git("commit", "-qm", "a submodule")
    module = Checkout(checkout.path / "module")

    def rows() -> list[str]:
        status = status_of(str(checkout.path / "src"))
        found = read_changes(checkout.path).files
        assert status is not None
        assert status.dirty == len(found)
        assert all(file.is_submodule and file.state == "modified" for file in found)
        return [f"{file.path}: {file.patch.splitlines()[-1]}" for file in found]

    dirty = [f"module: +Subproject commit {module.git('rev-parse', 'HEAD')}-dirty"]
    assert rows() == []
    module.write("file", "other\n")
    assert rows() == dirty
    module.git("checkout", "-q", "file")
    module.write("new")
    assert rows() == dirty
    (module.path / "new").unlink()
    module.write("deep/file", "other\n")
    assert rows() == dirty
    Checkout(module.path / "deep").git("checkout", "-q", "file")
    point = take(checkout.path, "chat", About(kind="prompt"))
    module.commit("more")
    assert rows() == [f"module: +Subproject commit {module.git('rev-parse', 'HEAD')}"]
    [file] = read_changes(checkout.path, "prompt", point=point).files
    assert (file.path, file.is_submodule) == ("module", True)
    assert plan_restore(checkout.path, point).submodules == 1


def test_late_files_are_not_called_too_large(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.write("untracked")
    assert not read_changes(checkout.path).is_late
    monkeypatch.setattr(changes_module, "TIMEOUT_S", 0.0)
    monkeypatch.setattr(changes_module._Reader, "_left_s", lambda _: 60.0)
    changes = read_changes(checkout.path)
    assert changes.is_late
    assert by_path(changes)["untracked"].withheld == "limit"


def test_of_a_file_that_was_large_only_its_length_is_said(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.commit("large", "x\n" * 1000)
    checkout.commit("gone", "x\n" * 1000)
    checkout.commit("picture", "\0" * 10)
    monkeypatch.setattr(changes_module, "LARGE_FILE_BYTES", 1000)
    monkeypatch.setattr(changes_module, "_SETTINGS", ("-c", "core.bigFileThreshold=1000"))
    checkout.write("large", "small\n")
    checkout.write("picture", "\0\1")
    (checkout.path / "gone").unlink()
    withheld = {file.path: file.withheld for file in read_changes(checkout.path).files}
    assert withheld == {"large": "large", "gone": "large", "picture": "binary"}


def test_a_file_that_is_not_kept_says_why(checkout: Checkout) -> None:
    checkout.commit(".gitattributes", "*.own filter=own\n")
    checkout.commit("x.own", "one\n")
    checkout.git("config", "filter.own.clean", "cat")
    point = take(checkout.path, "chat", About(kind="prompt"))
    checkout.write("x.own", "two\n")
    checkout.write("large", "x\n" * (5 << 20))
    withheld = {file.path: file.withheld for file in read_changes(checkout.path, "prompt", point=point).files}
    assert withheld == {"x.own": "", "large": "large"}


def test_a_patch_that_is_too_long_is_left_out_and_its_numbers_stay() -> None:
    [diff] = read_diff(printed([FileDiff("M", "a", "", [("+", "x" * (1 << 20))])]))
    assert (diff.withheld, diff.added, diff.patch) == ("large", 1, "")
