"""Changes of real working trees are discarded exactly or not at all, and each discard can be undone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from session_host.client.worktrees.changes import ChangedFile, Changes, Since, read_changes
from session_host.client.worktrees.discarding import Discarded, can_discard_file, discard, hunks_of, undo
from session_host.errors import FilesChanged, WorktreeError
from session_host.restore_points.points import listed
from session_host.structured import patches
from session_host.structured.patches import changed_runs
from tests.support.repositories import Checkout

CHAT = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"
OLD = [f"line {number}" for number in range(1, 41)]
NEW = [*OLD[:4], "five", *OLD[5:20], "added", *OLD[20:38]]
"""Three hunks: line 5 is another, one is added after line 20, the last two are gone."""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "api")


def shown(checkout: Checkout, path: str, since: Since = "commit") -> tuple[Changes, ChangedFile]:
    """The changes as the user sees them, and one file of them."""
    changes = read_changes(checkout.path, since)
    return changes, next(file for file in changes.files if file.path == path)


def discarded(checkout: Checkout, path: str, hunk: int | None = None, since: Since = "commit") -> Discarded:
    return discard(checkout.path, *shown(checkout, path, since), CHAT, hunk)


def joined(lines: list[str], end: bytes = b"\n", last: bytes | None = None) -> bytes:
    return end.join(line.encode() for line in lines) + (end if last is None else last)


@pytest.mark.parametrize(("end", "last", "attributes"), [(b"\n", b"", ""), (b"\r\n", None, "* text eol=crlf")])
def test_one_hunk_is_discarded_and_the_others_and_the_index_stay(
    checkout: Checkout, end: bytes, last: bytes | None, attributes: str
) -> None:
    path = checkout.path / "file"
    checkout.commit(".gitattributes", f"{attributes}\n")
    path.write_bytes(joined(OLD, end, last))
    checkout.git("commit", "-qam", "old")
    staged = [*OLD[:4], "staged", *OLD[5:]]
    path.write_bytes(joined(staged, end, last))
    checkout.git("add", "file")
    path.write_bytes(joined(NEW, end, last))
    path.chmod(0o640)
    index = checkout.git("ls-files", "--stage")
    for hunk, wanted in (
        (0, [*OLD[:20], "added", *OLD[20:38]]),
        (1, [*OLD[:4], "five", *OLD[5:38]]),
        (2, [*OLD[:4], "five", *OLD[5:20], "added", *OLD[20:]]),
    ):
        done = discarded(checkout, "file", hunk)
        assert path.read_bytes() == joined(wanted, end, last)
        undo(checkout.path, done, CHAT)
        assert path.read_bytes() == joined(NEW, end, last)
    done = discarded(checkout, "file")
    assert path.read_bytes() == joined(OLD, end, last)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert checkout.git("ls-files", "--stage") == index
    undo(checkout.path, done, CHAT)
    assert path.read_bytes() == joined(NEW, end, last)
    assert [point.about.maker for point in listed(checkout.path, [CHAT])] == ["discard", "undo"] * 4


SAME = [([f"same {number}"], [f"same {number}"]) for number in range(30)]
BLOCKS = [
    ([], ["first"]),
    SAME[0],
    (["two"], ["TWO", "2"]),
    SAME[1],
    (["-- three", "gone"], []),
    *SAME[2:5],
    ([], ["+ added"]),
    *SAME[5:25],
    (["", "five"], ["FIVE"]),
    SAME[25],
    (["six"], ["SIX"]),
]
"""The lines before and after, of which the changed ones are in two hunks."""


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("is_ended", [(True, True), (True, False), (False, True), (False, False)])
def test_each_run_of_changed_lines_is_discarded_alone(
    checkout: Checkout, end: bytes, is_ended: tuple[bool, bool]
) -> None:
    """``one TWO three FOUR`` became as it was before, where only ``FOUR`` was to."""

    def content(sides: list[int]) -> bytes:
        lines = [line for block, side in zip(BLOCKS, sides, strict=True) for line in block[side]]
        return joined(lines, end, None if is_ended[sides[-1]] else b"")

    path = checkout.path / "file"
    path.write_bytes(content([0] * len(BLOCKS)))
    checkout.git("commit", "-qam", "old")
    path.write_bytes(new := content([1] * len(BLOCKS)))
    changes, file = shown(checkout, "file")
    texts = patches.hunks_of(file.patch)
    runs = [
        (hunk, run)
        for hunk, text in enumerate(texts)
        for run, _ in enumerate(changed_runs(line[:1] for line in text.split("\n")[1:]))
    ]
    assert [hunk for hunk, _ in runs] == [0, 0, 0, 0, 1, 1]
    changed = [place for place, block in enumerate(BLOCKS) if block[0] != block[1]]
    for (hunk, run), place in zip(runs, changed, strict=True):
        done = discard(checkout.path, changes, file, CHAT, hunk, run)
        assert path.read_bytes() == content([int(each != place) for each in range(len(BLOCKS))])
        undo(checkout.path, done, CHAT)
        assert path.read_bytes() == new
    with pytest.raises(WorktreeError, match="cannot be discarded here"):
        discard(checkout.path, changes, file, CHAT, 1, 2)
    assert path.read_bytes() == new


def test_a_script_stays_executable_where_git_does_not_look_at_permissions(checkout: Checkout) -> None:
    checkout.git("config", "core.fileMode", "false")
    script = checkout.write("file", "other\n")
    script.chmod(0o711)
    done = discarded(checkout, "file")
    assert (script.read_text(), stat.S_IMODE(script.stat().st_mode)) == ("file\n", 0o711)
    undo(checkout.path, done, CHAT)
    assert (script.read_text(), stat.S_IMODE(script.stat().st_mode)) == ("other\n", 0o711)


def test_new_deleted_and_executable_files_are_restored_and_the_discard_is_undone(checkout: Checkout) -> None:
    (checkout.path / "file").chmod(0o755)
    checkout.write("new/untracked", "untracked\n")
    checkout.write("staged", "staged\n")
    checkout.git("add", "staged")
    (checkout.path / "src/deep/file").unlink()
    before = {name: (checkout.path / name).read_text() for name in ("new/untracked", "staged")}
    done = {name: discarded(checkout, name) for name in ("file", "new/untracked", "staged", "src/deep/file")}
    assert not os.access(checkout.path / "file", os.X_OK)
    assert not (checkout.path / "new").exists()
    assert not (checkout.path / "staged").exists()
    assert (checkout.path / "src/deep/file").read_text() == "src/deep/file\n"
    for each in done.values():
        undo(checkout.path, each, CHAT)
    assert os.access(checkout.path / "file", os.X_OK)
    assert {name: (checkout.path / name).read_text() for name in before} == before
    assert not (checkout.path / "src/deep/file").exists()


def test_discarding_a_hunk_of_a_renamed_file_keeps_the_renaming(checkout: Checkout) -> None:
    checkout.commit("old", "\n".join(OLD) + "\n")
    checkout.git("mv", "old", "other")
    checkout.write("other", "\n".join(NEW) + "\n")
    _, file = shown(checkout, "other")
    assert (file.state, file.old_path) == ("renamed", "old")
    assert (can_discard_file(file), hunks_of(file)) == (False, 3)
    discarded(checkout, "other", 1)
    assert (checkout.path / "other").read_text().splitlines() == [*OLD[:4], "five", *OLD[5:38]]
    assert not (checkout.path / "old").exists()


def test_a_change_since_the_branch_began_is_discarded_across_commits(checkout: Checkout) -> None:
    checkout.git("checkout", "-qb", "fix")
    checkout.commit("file", "committed\n")
    done = discarded(checkout, "file", since="branch")
    assert (checkout.path / "file").read_text() == "file\n"
    undo(checkout.path, done, CHAT)
    assert (checkout.path / "file").read_text() == "committed\n"


def test_in_a_repository_without_commits_a_new_file_is_discarded(tmp_path: Path) -> None:
    empty = Checkout(tmp_path / "empty")
    empty.path.mkdir()
    empty.git("init", "-q")
    empty.write("new")
    done = discarded(empty, "new")
    assert not (empty.path / "new").exists()
    undo(empty.path, done, CHAT)
    assert (empty.path / "new").read_text() == "new\n"


@pytest.mark.parametrize("name", ['new\nline "quoted"\t\'', "-rf", os.fsdecode(b"\xff\xfe"), ":(top)x"])
def test_files_with_any_name_and_any_bytes_are_restored_by_an_undo(checkout: Checkout, name: str) -> None:
    path = checkout.path / name
    path.write_bytes(b"one\n\xff\xfe\ntwo\n")
    checkout.git("add", "-A")
    checkout.git("commit", "-qm", "name")
    path.write_bytes(b"one\n\xff\xfd\ntwo\n")
    done = discarded(checkout, name, 0)
    assert path.read_bytes() == b"one\n\xff\xfe\ntwo\n"
    undo(checkout.path, done, CHAT)
    assert path.read_bytes() == b"one\n\xff\xfd\ntwo\n"


def test_nothing_is_written_if_the_file_has_changed_since_it_was_shown(checkout: Checkout) -> None:
    checkout.write("file", "shown\n")
    checkout.write("untracked", "shown\n")
    before = {name: shown(checkout, name) for name in ("file", "untracked")}
    for name in before:
        checkout.write(name, "later work\n")
    for name, hunk in (("file", None), ("file", 0), ("untracked", None)):
        with pytest.raises(FilesChanged, match="the file has changed in the meantime"):
            discard(checkout.path, *before[name], CHAT, hunk)
        assert (checkout.path / name).read_text() == "later work\n"
    before = {"file": shown(checkout, "file")}
    checkout.git("commit", "-qam", "the agent's")
    with pytest.raises(FilesChanged, match="another commit"):
        discard(checkout.path, *before["file"], CHAT)
    assert (checkout.path / "file").read_text() == "later work\n"
    assert listed(checkout.path, [CHAT]) == []


def test_an_undo_never_overwrites_later_work(checkout: Checkout) -> None:
    checkout.write("file", "change\n")
    checkout.write("new", "new\n")
    done = {name: discarded(checkout, name) for name in ("file", "new")}
    for name, each in done.items():
        checkout.write(name, "later work\n")
        with pytest.raises(FilesChanged, match="has changed since"):
            undo(checkout.path, each, CHAT)
        assert (checkout.path / name).read_text() == "later work\n"


def test_changes_that_cannot_be_discarded_exactly_are_not_offered(checkout: Checkout) -> None:
    checkout.commit("link-to-be")
    checkout.commit("binary", "a\0b")
    checkout.write("binary", "a\0c")
    (checkout.path / "link-to-be").unlink()
    (checkout.path / "link-to-be").symlink_to("file")
    (checkout.path / "link").symlink_to("file")
    checkout.write("huge", "x\n" * (1 << 20))
    Checkout.new(checkout.path / "inside")
    checkout.git("checkout", "-qb", "other")
    checkout.commit("file", "theirs\n")
    checkout.git("checkout", "-q", "main")
    checkout.commit("file", "ours\n")
    with pytest.raises(AssertionError):
        checkout.git("merge", "-q", "other")
    changes = read_changes(checkout.path)
    assert {file.path for file in changes.files} == {"binary", "file", "huge", "inside/", "link", "link-to-be"}
    assert [file.path for file in changes.files if can_discard_file(file) or hunks_of(file)] == []
    for file in changes.files:
        with pytest.raises(WorktreeError, match="cannot be discarded here"):
            discard(checkout.path, changes, file, CHAT)


def test_a_discard_that_could_not_be_undone_is_refused(checkout: Checkout) -> None:
    checkout.git("rm", "-q", "file")
    with pytest.raises(WorktreeError, match="its deletion is staged"):
        discarded(checkout, "file")
    checkout.git("config", "core.autocrlf", "input")
    path = checkout.path / "src/deep/file"
    path.write_bytes(b"src/deep/file\r\nother\r\n")
    with pytest.raises(WorktreeError, match="line ends"):
        discarded(checkout, "src/deep/file")
    assert path.read_bytes() == b"src/deep/file\r\nother\r\n"
