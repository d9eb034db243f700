"""Restore points of real working trees, also with errors of git or the disk."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from session_host.errors import FilesChanged, WorktreeError
from session_host.restore_points import kept_tree, points, restoring
from session_host.restore_points.kept_tree import find_tree, keep_tree
from session_host.restore_points.points import About, RestorePoint, listed, remove_all, save, take
from session_host.restore_points.restoring import Restored, file_counts, plan_restore, restore
from tests.support.disks import fill_disk, make_read_only, small_disk
from tests.support.repositories import Checkout

CHAT = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"
PROMPT = About(kind="prompt", item="prompt-1")
HOSTILE = ['new\nline "quoted"\t\'', "-rf", "a b", "ünï", "{file}", os.fsdecode(b"\xff\xfe"), ":(top)x", "*"]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "api")


def files_of(top: Path) -> dict[str, tuple[str, int]]:
    """Text or link target, and permissions, of each file below a directory, without git's own files."""
    found = {}
    for place, directories, names in os.walk(top):
        if ".git" in directories:
            directories.remove(".git")
        for name in [*names, *(each for each in directories if Path(place, each).is_symlink())]:
            path = Path(place, name)
            if name != ".git":
                is_link = path.is_symlink()
                text = str(path.readlink()) if is_link else path.read_text()
                found[str(path.relative_to(top))] = (text, 0 if is_link else stat.S_IMODE(path.stat().st_mode))
    return found


def git_facts(checkout: Checkout) -> tuple[object, ...]:
    """The parts of a repository that a restore point must not change."""
    dot_git = checkout.path / ".git"
    logs = sorted(path for path in (dot_git / "logs").rglob("*") if path.is_file())
    ask = partial(checkout.git, "-c", "core.hooksPath=/dev/null")
    return (
        (dot_git / "HEAD").read_bytes(),
        (dot_git / "index").read_bytes(),
        [path.read_bytes() for path in logs],
        ask("for-each-ref", "refs/heads", "refs/tags", "refs/stash"),
        ask("log", "--all", "--oneline"),
        ask("status", "--porcelain=v2", "--branch").splitlines()[:2],
        sorted(each.name for each in dot_git.iterdir()),
    )


def point_of(checkout: Checkout) -> RestorePoint:
    return take(checkout.path, CHAT, PROMPT)


def back_to(checkout: Checkout, point: RestorePoint) -> Restored:
    outcome = restore(checkout.path, plan_restore(checkout.path, point), CHAT)
    assert (outcome.failed, outcome.problem) == ((), "")
    return outcome


def planned(checkout: Checkout, point: RestorePoint) -> dict[str, str]:
    return {file.path: file.how for file in plan_restore(checkout.path, point).files}


def test_all_files_are_as_before_the_prompt_and_the_restore_can_be_undone(checkout: Checkout) -> None:
    for name in ("tracked", "staged", "removed", "kept/deep/file"):
        checkout.commit(name)
    checkout.write("tracked", "put away\n")
    checkout.git("stash", "push", "-m", "mine")
    checkout.write(".gitignore", "*.log\n")
    checkout.write("staged", "staged\n")
    checkout.git("add", "staged")
    checkout.write("staged", "and changed\n")
    checkout.write("secret", "untracked").chmod(0o600)
    checkout.write("script").chmod(0o755)
    (checkout.path / "link").symlink_to("nowhere")
    (checkout.path / "directory").symlink_to("src")
    for name in HOSTILE:
        checkout.write(name, "before")
    checkout.write("ignored.log", "ignored")
    for hook in ("reference-transaction", "post-index-change", "post-checkout"):
        path = checkout.write(f".git/hooks/{hook}", "#!/bin/sh\ntouch hooked\n")
        path.chmod(0o755)
    before, facts = files_of(checkout.path), git_facts(checkout)
    point = point_of(checkout)
    assert git_facts(checkout) == facts
    checkout.write("tracked", "changed\n")
    (checkout.path / "removed").unlink()
    shutil.rmtree(checkout.path / "kept")
    checkout.write("secret", "changed")
    (checkout.path / "script").chmod(0o644)
    (checkout.path / "link").unlink()
    (checkout.path / "link").symlink_to("elsewhere")
    (checkout.path / "directory").unlink()
    checkout.write("directory/now/real")
    for name in HOSTILE:
        (checkout.path / name).unlink()
        checkout.write(f"{name}.d/file", "new")
    checkout.write("ignored.log", "changed by the agent")
    after = files_of(checkout.path)
    hows = planned(checkout, point)
    assert (hows["tracked"], hows["removed"], hows["directory/now/real"], hows["script"]) == (
        "modified",
        "recreated",
        "deleted",
        "modified",
    )
    assert "ignored.log" not in hows
    outcome = back_to(checkout, point)
    assert files_of(checkout.path) == before | {"ignored.log": after["ignored.log"]}
    assert not (checkout.path / "-rf.d").exists()
    assert git_facts(checkout) == facts
    back_to(checkout, outcome.undo)
    assert files_of(checkout.path) == after
    assert not (checkout.path / "hooked").exists()


def test_a_commit_since_then_stays_and_only_files_change(checkout: Checkout) -> None:
    point = point_of(checkout)
    head = checkout.commit("made/by/agent")
    checkout.git("switch", "-q", "-c", "other")
    assert (plan_restore(checkout.path, point).branch, point.branch) == ("other", "main")
    back_to(checkout, point)
    assert not (checkout.path / "made").exists()
    assert (checkout.git("rev-parse", "HEAD"), checkout.git("branch", "--show-current")) == (head, "other")


def test_the_files_of_a_conflict_are_kept_with_their_marks(checkout: Checkout) -> None:
    checkout.git("branch", "theirs")
    checkout.commit("file", "ours\n")
    checkout.git("switch", "-q", "theirs")
    checkout.commit("file", "theirs\n")
    with pytest.raises(AssertionError):
        checkout.git("merge", "main")
    text = (checkout.path / "file").read_text()
    assert "<<<<<<<" in text
    point = point_of(checkout)
    checkout.write("file", "solved\n")
    checkout.git("add", "file")
    back_to(checkout, point)
    assert (checkout.path / "file").read_text() == text
    assert (checkout.path / ".git/MERGE_HEAD").exists()


def test_an_ignored_file_is_not_deleted_because_gitignore_has_changed(checkout: Checkout) -> None:
    checkout.commit(".gitignore", "cache/\n.env\n")
    checkout.write("cache/big")
    checkout.write(".env", "secret")
    point = point_of(checkout)
    checkout.write(".gitignore", "nothing\n")
    checkout.write("new")
    assert planned(checkout, point) == {".gitignore": "modified", "new": "deleted"}
    back_to(checkout, point)
    assert (checkout.path / ".env").read_text() == "secret"


def test_a_file_that_is_ignored_now_is_kept_before_it_is_replaced(checkout: Checkout) -> None:
    checkout.write("notes", "before")
    point = point_of(checkout)
    checkout.write("notes", "written since")
    checkout.write(".gitignore", "notes\n")
    outcome = back_to(checkout, point)
    assert (checkout.path / "notes").read_text() == "before"
    back_to(checkout, outcome.undo)
    assert (checkout.path / "notes").read_text() == "written since"


def test_files_that_git_would_remove_on_the_way_are_kept_and_named(checkout: Checkout) -> None:
    checkout.commit(".gitignore", "*.log\nway\n")
    checkout.write("place", "a file")
    checkout.git("add", "-f", checkout.write("way/file").relative_to(checkout.path).as_posix())
    point = point_of(checkout)
    (checkout.path / "place").unlink()
    shutil.rmtree(checkout.path / "way")
    checkout.git("rm", "-q", "--cached", "way/file")
    checkout.write("place/ignored.log", "precious")
    checkout.write("way", "precious, too")
    outcome = restore(checkout.path, plan_restore(checkout.path, point), CHAT)
    assert outcome.failed == ("place", "way/file")
    assert (checkout.path / "place/ignored.log").read_text() == "precious"
    assert (checkout.path / "way").read_text() == "precious, too"


def test_nothing_is_written_or_deleted_through_a_symbolic_link(checkout: Checkout, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("outside\n")
    point = point_of(checkout)
    shutil.rmtree(checkout.path / "src/deep")
    (checkout.path / "src/deep").symlink_to(outside)
    back_to(checkout, point)
    assert (checkout.path / "src/deep/file").read_text() == "src/deep/file\n"
    assert (outside / "file").read_text() == "outside\n"


def test_submodules_and_repositories_inside_stay(checkout: Checkout, tmp_path: Path) -> None:
    part = Checkout.new(tmp_path / "part")
    checkout.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(part.path), "part")
    checkout.git("commit", "-qm", "part")
    Checkout.new(checkout.path / "nested")
    Checkout.new(checkout.path / "empty", commits=0)
    point = point_of(checkout)
    Checkout(checkout.path / "part").commit("file", "new\n")
    checkout.git("commit", "-qam", "newer part")
    checkout.write("nested/file", "changed")
    checkout.write("file", "changed")
    restore_plan = plan_restore(checkout.path, point)
    assert ([file.path for file in restore_plan.files], restore_plan.submodules) == (["file"], 1)
    back_to(checkout, point)
    assert (checkout.path / "part/file").read_text() == "new\n"
    assert (checkout.path / "nested/file").read_text() == "changed"


def test_large_and_unreadable_files_stay_as_they_are(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_tree, "MAX_FILE_BYTES", 1000)
    checkout.write("grows", "a")
    checkout.write("large", "b" * 2000)
    checkout.write("shrinks", "c" * 2000)
    point = point_of(checkout)
    assert point.kept.left_out == {"large", "shrinks"}
    for name, text in (("grows", "a" * 2000), ("large", "changed"), ("shrinks", "c"), ("file", "changed")):
        checkout.write(name, text)
    restore_plan = plan_restore(checkout.path, point)
    assert ([file.path for file in restore_plan.files], restore_plan.too_large) == (["file"], 3)


def test_too_many_untracked_files_are_neither_kept_nor_deleted(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_tree, "MAX_UNTRACKED", 3)
    for number in range(4):
        checkout.write(f"new/{number}")
    point = point_of(checkout)
    assert not point.kept.has_untracked
    shutil.rmtree(checkout.path / "new")
    checkout.write("later")
    checkout.write("file", "changed")
    restore_plan = plan_restore(checkout.path, point)
    assert ([file.path for file in restore_plan.files], restore_plan.keeps_untracked) == (["file"], False)


def test_hidden_untracked_files_are_not_kept(checkout: Checkout) -> None:
    checkout.git("config", "status.showUntrackedFiles", "no")
    checkout.write("new")
    assert not point_of(checkout).kept.has_untracked


def test_line_ends_and_filters_are_those_of_git(checkout: Checkout) -> None:
    checkout.git("config", "--global", "filter.caps.clean", "tr a-z A-Z")
    checkout.git("config", "--global", "filter.caps.smudge", "tr A-Z a-z")
    checkout.commit(".gitattributes", "*.caps filter=caps\n*.txt text eol=crlf\n")
    checkout.write("x.caps", "word\n")
    checkout.write("x.txt", "one\r\ntwo\r\n")
    point = point_of(checkout)
    checkout.write("x.caps", "other\n")
    checkout.write("x.txt", "one\r\n")
    back_to(checkout, point)
    assert (checkout.path / "x.caps").read_bytes() == b"word\n"
    assert (checkout.path / "x.txt").read_bytes() == b"one\r\ntwo\r\n"


def test_a_linked_worktree_has_restore_points_of_its_own(checkout: Checkout, tmp_path: Path) -> None:
    linked = Checkout(tmp_path / "linked")
    checkout.git("worktree", "add", "-q", str(linked.path))
    point = take(linked.path / "src", CHAT, PROMPT)
    linked.write("src/deep/file", "changed")
    back_to(linked, point)
    assert [each.at_ms for each in listed(linked.path, [CHAT]) if each.about.kind == "prompt"] == [point.at_ms]
    assert listed(checkout.path, [CHAT]) == []


def test_a_repository_without_commits_has_restore_points(tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "api", commits=0)
    empty = point_of(checkout)
    checkout.write("first")
    first = point_of(checkout)
    outcome = back_to(checkout, empty)
    assert files_of(checkout.path) == {}
    assert outcome.undo.kept.tree == first.kept.tree
    back_to(checkout, first)
    assert list(files_of(checkout.path)) == ["first"]


def test_the_chats_own_directory_stays_when_it_becomes_empty(checkout: Checkout) -> None:
    point = point_of(checkout)
    checkout.write("work/here/file")
    here = checkout.path / "work/here"
    restore(here, plan_restore(here, point), CHAT)
    assert (here.is_dir(), list(here.iterdir())) == (True, [])


def test_files_that_change_before_the_answer_are_asked_about_again(checkout: Checkout) -> None:
    point = point_of(checkout)
    checkout.write("file", "changed")
    accepted = plan_restore(checkout.path, point)
    checkout.write("other")
    with pytest.raises(FilesChanged, match="in the meantime"):
        restore(checkout.path, accepted, CHAT)
    assert (checkout.path / "file").read_text() == "changed"


def test_the_newest_hundred_restore_points_stay_and_a_removed_chat_leaves_none(checkout: Checkout) -> None:
    tree = find_tree(checkout.path)
    kept = keep_tree(tree)
    times = [save(tree, kept, CHAT, PROMPT, at_ms=number).at_ms for number in range(1, 103)]
    assert [point.at_ms for point in listed(checkout.path, [CHAT])] == times[2:]
    other = take(checkout.path, "other", PROMPT)
    remove_all(checkout.path, CHAT)
    assert listed(checkout.path, [CHAT, "other"]) == [other]
    checkout.git("gc", "--quiet", "--prune=now")
    assert planned(checkout, other) == {}


def test_discards_push_no_prompt_out_of_the_list(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "MAX_POINTS", 3)
    tree = find_tree(checkout.path)
    kept = keep_tree(tree)
    prompts = [save(tree, kept, CHAT, PROMPT).at_ms for _ in range(3)]
    discards = [save(tree, kept, CHAT, About(kind="restore")).at_ms for _ in range(5)]
    assert [point.at_ms for point in listed(checkout.path, [CHAT])] == prompts + discards[2:]
    prompts.append(save(tree, kept, CHAT, PROMPT).at_ms)
    assert [point.at_ms for point in listed(checkout.path, [CHAT])] == [*prompts[1:3], *discards[2:], prompts[3]]


def test_a_restore_point_says_what_made_it_also_one_of_another_version(checkout: Checkout) -> None:
    point = point_of(checkout)
    checkout.write("file", "changed")
    back_to(checkout, back_to(checkout, point).undo)
    assert [each.about.maker for each in listed(checkout.path, [CHAT])] == [None, "restore", "undo"]
    checkout.git("update-ref", "-d", point.reference)
    tree, kept = find_tree(checkout.path), keep_tree(find_tree(checkout.path))
    save(tree, kept, "other", About(kind="restore"))  # Both as version 0.1.0 writes them.
    made = save(tree, kept, "other", About(kind="restore", restores=point.at_ms))
    old = checkout.git("cat-file", "tag", made.reference)
    assert "made_by" not in old
    later = old.replace('"kind"', '"made_by": "rebase", "kind"')
    tag = checkout.sh(f"git mktag <<'END'\n{later}\nEND")
    checkout.git("update-ref", made.reference.replace(str(made.at_ms), str(made.at_ms + 1)), tag)
    assert [each.about.maker for each in listed(checkout.path, ["other"])] == [None, "restore", "restore"]


def test_a_missing_repository_missing_git_and_a_hostile_name_are_one_line(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WorktreeError, match="is not in a git repository"):
        take(tmp_path, CHAT, PROMPT)
    with pytest.raises(WorktreeError, match="without files"):
        take(checkout.path / ".git", CHAT, PROMPT)
    with pytest.raises(WorktreeError, match="not the id of a chat"):
        take(checkout.path, "../../heads/main", PROMPT)
    with pytest.raises(WorktreeError, match="does not exist any more"):
        take(tmp_path / "gone", CHAT, PROMPT)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WorktreeError, match="git is not installed"):
        take(checkout.path, CHAT, PROMPT)


def test_a_file_that_cannot_be_written_is_named(checkout: Checkout) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    checkout.commit("closed/file")
    point = point_of(checkout)
    checkout.write("closed/file", "changed")
    checkout.write("file", "changed")
    (checkout.path / "closed").chmod(0o555)
    try:
        outcome = restore(checkout.path, plan_restore(checkout.path, point), CHAT)
    finally:
        (checkout.path / "closed").chmod(0o755)
    assert (outcome.failed, outcome.restored) == (("closed/file",), 1)
    assert "closed/file" in outcome.problem
    assert (checkout.path / "file").read_text() == "file\n"


def test_a_full_disk_is_reported_and_the_rest_can_be_restored_later(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4096) as disk:
        checkout = Checkout.new(disk / "api")
        large = "".join(f"{number}\n" for number in range(90_000))
        checkout.write("a", "small\n")
        checkout.write("b", large)
        point = point_of(checkout)
        (checkout.path / "b").unlink()
        checkout.write("a", "other\n")
        accepted = plan_restore(checkout.path, point)
        filler = fill_disk(disk, leave_bytes=64 << 10)
        outcome = restore(checkout.path, accepted, CHAT)
        assert outcome.failed == ("b",)
        assert outcome.problem
        filler.unlink()
        back_to(checkout, point)
        assert (checkout.path / "b").read_text() == large


def test_a_read_only_repository_has_no_restore_points(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4096) as disk:
        checkout = Checkout.new(disk / "api")
        make_read_only(disk)
        with pytest.raises(WorktreeError, match=r"git failed: .*(?i:read-only|unable)"):
            point_of(checkout)


def test_the_files_that_a_restore_would_change_are_counted_for_each_point(checkout: Checkout) -> None:
    points = [point_of(checkout)]
    for names in (["a", "b"], [], ["file"], ["a"]):
        for name in names:
            checkout.write(name, f"changed for the {len(points)}.")
        points.append(point_of(checkout))
    (checkout.path / "b").unlink()
    assert file_counts(checkout.path, points) == [2, 3, 3, 2, 1]


WAIT_S = 60.0


def test_a_second_restore_at_the_same_time_waits_and_checks_the_files_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Checkout.new(tmp_path / "api")
    point = take(checkout.path, CHAT, About(kind="prompt"))
    checkout.write("file", "changed")
    accepted = plan_restore(checkout.path, point)
    waits = threading.Event()

    def exclusive_lock(directory: Path, *words: Any) -> AbstractContextManager[None]:
        if directory == checkout.path:
            waits.set()
        return kept_tree.exclusive_lock(directory, *words)

    monkeypatch.setattr(restoring, "exclusive_lock", exclusive_lock)
    first = os.open(checkout.path, os.O_RDONLY)
    fcntl.flock(first, fcntl.LOCK_EX)
    with ThreadPoolExecutor() as pool:
        second = pool.submit(restore, checkout.path, accepted, CHAT)
        assert waits.wait(WAIT_S)
        checkout.write("other", "by the first one")
        os.close(first)
        with pytest.raises(FilesChanged):
            second.result()
    assert (checkout.path / "file").read_text() == "changed"


def test_the_other_restore_points_are_listed_and_more_are_made(tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "api")
    points = []
    for number in range(3):
        checkout.write("file", f"{number}")
        points.append(take(checkout.path, CHAT, PROMPT))
    objects = checkout.path / ".git/objects"
    lost_tag = checkout.git("rev-parse", points[0].reference).strip()
    for name in (lost_tag, points[1].kept.tree):
        (objects / name[:2] / name[2:]).unlink()

    assert listed(checkout.path, [CHAT]) == [points[2]]
    checkout.write("file", "3")
    points.append(take(checkout.path, CHAT, PROMPT))
    assert listed(checkout.path, [CHAT]) == points[2:]

    for point in points[2:]:
        checkout.git("update-ref", "-d", point.reference)
    with pytest.raises(WorktreeError, match="git failed: missing object"):
        listed(checkout.path, [CHAT])
    remove_all(checkout.path, CHAT)
    assert listed(checkout.path, [CHAT]) == []
