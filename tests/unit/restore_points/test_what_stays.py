"""Files that a restore could not bring back stay, by name; what is saved meanwhile stays; permissions come back."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from session_host.client.worktrees.changes import read_changes
from session_host.client.worktrees.discarding import discard, undo
from session_host.errors import WorktreeError
from session_host.restore_points import points
from session_host.restore_points.kept_tree import Git
from session_host.restore_points.points import About, RestorePoint, listed, take
from session_host.restore_points.restoring import (
    Plan,
    Restored,
    Stay,
    Why,
    file_counts,
    plan_restore,
    restore,
    stay_lines,
)
from tests.support.disks import small_disk
from tests.support.repositories import Checkout
from tests.unit.restore_points.test_lfs import LFS

CHAT = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"
PROMPT = About(kind="prompt")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "api")


@pytest.fixture
def at_calls() -> Iterator[Callable[[str, Callable[[tuple[object, ...]], object]], None]]:
    """Calls a function at each audit event of a name, until the test's end."""
    is_on = True

    def add(name: str, act: Callable[[tuple[object, ...]], object]) -> None:
        def hook(event: str, arguments: tuple[object, ...]) -> None:
            if is_on and event == name:
                act(arguments)

        sys.addaudithook(hook)

    yield add
    is_on = False


def kept(checkout: Checkout) -> RestorePoint:
    return take(checkout.path, CHAT, PROMPT)


def back_to(checkout: Checkout, point: RestorePoint) -> tuple[Plan, Restored]:
    plan = plan_restore(checkout.path, point)
    return plan, restore(checkout.path, plan, CHAT)


def undone(checkout: Checkout, done: Restored) -> Restored:
    outcome = restore(checkout.path, plan_restore(checkout.path, done.undo), CHAT)
    assert outcome.failed == ()
    return outcome


NOTEBOOK = b'{"source": 1}\n"output": "an hour of work"\n'


def notebook(checkout: Checkout) -> str:
    for name, program in (("clean", "grep -v output || true"), ("smudge", "cat")):
        checkout.git("config", "--global", f"filter.strip.{name}", program)
    checkout.commit(".gitattributes", "*.ipynb filter=strip\n")
    return "a.ipynb"


def line_ends(checkout: Checkout) -> str:
    checkout.commit(".gitattributes", "* text=auto\n")
    return "ends"


def ident(checkout: Checkout) -> str:
    checkout.commit(".gitattributes", "*.c ident\n")
    return "a.c"


# fmt: off
REWRITTEN: list[tuple[Callable[[Checkout], str], bytes]] = [
    (notebook, NOTEBOOK),
    (line_ends, b"one\r\ntwo\r\n"),
    (line_ends, b"one\r\ntwo\n"),
    (ident, b"$Id: mine, by hand $\n"),
]
# fmt: on


@pytest.mark.parametrize(("feature", "own"), REWRITTEN, ids=["a filter", "CRLF", "mixed line ends", "ident"])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_file_that_git_would_write_in_another_way_stays_by_name_and_the_others_are_restored(
    checkout: Checkout, feature: Callable[[Checkout], str], own: bytes, is_new: bool
) -> None:
    name = feature(checkout)
    file = checkout.path / name
    if not is_new:
        checkout.commit(name, "before\n")
    point = kept(checkout)
    file.write_bytes(own)
    checkout.write("file", "changed\n")
    plan, done = back_to(checkout, point)
    assert plan.stays == done.stayed == (Stay(path=name, why="rewritten"),)
    assert [each.path for each in plan.files] == ["file"]
    assert (done.restored, done.failed) == (1, ())
    assert file.read_bytes() == own
    assert (checkout.path / "file").read_text() == "file\n"
    undone(checkout, done)
    assert file.read_bytes() == own
    assert file_counts(checkout.path, [point]) == [1]


@pytest.mark.parametrize("mark", ["--skip-worktree", "--assume-unchanged"])
def test_a_marked_file_with_changes_of_its_own_is_not_lost(checkout: Checkout, mark: str) -> None:
    checkout.commit("older", "older\n")
    checkout.git("rm", "-q", "--cached", "file")
    (checkout.path / "file").unlink()
    point = kept(checkout)
    file = checkout.write("file", "key=\n")
    checkout.git("add", "file")
    for path in ("file", "older"):
        checkout.git("update-index", mark, path)
        checkout.write(path, "key=secret\n")
    plan, done = back_to(checkout, point)
    assert plan.stays == (Stay(path="file", why="unsaved"), Stay(path="older", why="unsaved"))
    undone(checkout, done)
    for each in (file, checkout.path / "older"):
        assert each.read_text() == "key=secret\n"
    assert checkout.git("ls-files", "-v", "file")[0] in "Sh"


@pytest.mark.parametrize("mark", ["--skip-worktree", "--assume-unchanged"])
def test_a_marked_file_that_the_point_does_not_have_as_it_was_stays_by_name(checkout: Checkout, mark: str) -> None:
    checkout.git("update-index", mark, "file")
    file = checkout.write("file", "key=secret\n")
    point = kept(checkout)
    checkout.write("file", "file\n")  # As the index has it.
    plan, _ = back_to(checkout, point)
    assert plan.stays == (Stay(path="file", why="unsaved"),)
    assert file.read_text() == "file\n"


def test_the_missing_files_of_a_sparse_checkout_are_not_called_unsaved(checkout: Checkout) -> None:
    checkout.git("sparse-checkout", "set", "--no-cone", "/file")
    assert not (checkout.path / "src").exists()
    point = kept(checkout)
    checkout.write("file", "changed\n")
    plan, done = back_to(checkout, point)
    assert (plan.stays, done.restored) == ((), 1)
    assert not (checkout.path / "src").exists()


def test_a_file_that_is_not_in_its_encoding_stays_by_name_and_the_others_are_restored(checkout: Checkout) -> None:
    checkout.commit(".gitattributes", "*.txt working-tree-encoding=UTF-16\n")
    (checkout.path / "a.txt").write_bytes("before".encode("utf-16"))
    point = kept(checkout)
    checkout.write("a.txt", "ASCII")
    checkout.write("file", "changed\n")
    plan, done = back_to(checkout, point)
    assert (plan.stays, done.restored) == ((Stay(path="a.txt", why="unsaved"),), 1)
    assert (checkout.path / "a.txt").read_text() == "ASCII"
    (checkout.path / "a.txt").unlink()
    back_to(checkout, point)
    assert (checkout.path / "a.txt").read_bytes() == "before".encode("utf-16")


@pytest.mark.parametrize("mode", [0o711, 0o640])
def test_a_discard_leaves_permissions_that_git_has_not_changed(checkout: Checkout, mode: int) -> None:
    (checkout.path / "file").chmod(0o755 if mode & 0o100 else 0o644)
    checkout.git("commit", "-qam", "mode", "--allow-empty")
    checkout.write("file", "agent\n")
    (checkout.path / "file").chmod(mode)
    changes = read_changes(checkout.path)
    discard(checkout.path, changes, changes.files[0], CHAT)
    assert stat.S_IMODE((checkout.path / "file").stat().st_mode) == mode


def test_without_room_for_gits_output_a_line_says_so(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = kept(checkout)
    checkout.write("file", "changed\n")
    plan = plan_restore(checkout.path, point)
    with small_disk(tmp_path / "disk", 64, files=1) as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        for call in (partial(plan_restore, checkout.path, point), partial(restore, checkout.path, plan, CHAT)):
            with pytest.raises(WorktreeError, match=r"free some space|No space left"):
                call()
    assert (checkout.path / "file").read_text() == "changed\n"


def test_what_is_saved_during_a_restore_is_not_overwritten(
    checkout: Checkout, at_calls: Callable[[str, Callable[[tuple[object, ...]], object]], None]
) -> None:
    names = [f"name-{number}" for number in range(20)]
    for name in names:
        checkout.write(name, "before\n")
    point = kept(checkout)
    for name in names:
        checkout.write(name, "agent\n")
    plan = plan_restore(checkout.path, point)
    saved = set[str]()

    def save(arguments: tuple[object, ...]) -> None:
        """When a file is placed, save the next one."""
        name = str(arguments[1])
        if name in names[:-1] and name not in saved:
            following = names[names.index(name) + 1]
            saved.add(following)
            (checkout.path / following).write_text("mine\n")

    at_calls("os.link", save)
    done = restore(checkout.path, plan, CHAT)
    assert saved
    assert set(done.failed) == saved
    for name in names:
        assert (checkout.path / name).read_text() == ("mine\n" if name in saved else "before\n")


def test_a_save_while_a_discard_waits_for_the_repository_is_not_overwritten(
    checkout: Checkout, at_calls: Callable[[str, Callable[[tuple[object, ...]], object]], None]
) -> None:
    file = checkout.write("file", "agent\n")
    changes = read_changes(checkout.path)

    def save(_arguments: tuple[object, ...]) -> None:
        if (checkout.path / ".git/outlive-placing").exists():
            file.write_text("mine\n")

    at_calls("os.rename", save)
    with pytest.raises(Exception, match="has changed in the meantime"):
        discard(checkout.path, changes, changes.files[0], CHAT)
    assert file.read_text() == "mine\n"


@pytest.mark.parametrize("removes", [True, False])
def test_files_of_git_lfs_are_whole_after_a_restore_with_their_rules_and_after_its_undo(
    checkout: Checkout, tmp_path: Path, removes: bool
) -> None:
    program = tmp_path / "bin" / "lfs"
    program.parent.mkdir()
    program.write_text(LFS)
    program.chmod(0o755)
    for name in ("clean", "smudge"):
        checkout.git("config", "--global", f"filter.lfs.{name}", f"{program} {name}")
    (checkout.path / ".git" / "lfs").mkdir()  # As git-lfs makes it at its first file.
    rules, large = checkout.path / ".gitattributes", checkout.path / "sub" / "large.bin"
    before = kept(checkout)
    rules.write_text("*.bin filter=lfs -text\n")
    large.parent.mkdir()
    large.write_text("whole\n" * 100)
    with_rules = kept(checkout)
    if removes:
        _, done = back_to(checkout, before)
        assert not rules.exists()
        assert not large.exists()
        undone(checkout, done)
    else:
        rules.unlink()
        large.unlink()
        back_to(checkout, with_rules)
    assert large.read_text() == "whole\n" * 100


def test_files_below_rules_that_stay_are_neither_written_nor_deleted(checkout: Checkout) -> None:
    for name in ("clean", "smudge"):
        checkout.git("config", "--global", f"filter.upper.{name}", "cat")
    checkout.commit("sub/.gitattributes", "*.x filter=upper\n")
    checkout.commit("sub/a.x", "before\n")
    point = kept(checkout)
    checkout.write("sub/.gitattributes", "*.x ident\n" + "#" * (9 << 20))
    checkout.write("sub/a.x", "after\n")
    checkout.write("sub/new.x", "new\n")
    checkout.write("file", "after\n")
    plan, done = back_to(checkout, point)
    assert [each.path for each in plan.files] == ["file"]
    assert {each.path for each in done.stayed} == {"sub/.gitattributes", "sub/a.x", "sub/new.x"}
    assert (checkout.path / "sub/a.x").read_text() == "after\n"
    assert (checkout.path / "sub/new.x").read_text() == "new\n", "the undo could not write it back"


PRIVATE = {"secret": 0o600, "private/key": 0o640, "private": 0o700, "tool": 0o700, "plain": 0o644, "tool.sh": 0o755}


def make_private(checkout: Checkout) -> None:
    for path in PRIVATE:
        if path != "private":
            checkout.write(path, f"{path}\n")
    for path, mode in PRIVATE.items():
        (checkout.path / path).chmod(mode)


def modes(checkout: Checkout) -> dict[str, int]:
    return {path: stat.S_IMODE((checkout.path / path).stat().st_mode) for path in PRIVATE}


@pytest.mark.parametrize("has_file_mode", ["true", "false"])
@pytest.mark.parametrize("is_tracked", [True, False])
def test_secret_files_come_back_as_private_as_they_were(
    checkout: Checkout, has_file_mode: str, is_tracked: bool
) -> None:
    checkout.git("config", "core.fileMode", has_file_mode)
    empty = kept(checkout)
    make_private(checkout)
    if is_tracked:
        checkout.git("add", ".")
        checkout.git("commit", "-qm", "all")
    before = kept(checkout)
    _, done = back_to(checkout, empty)
    assert not (checkout.path / "private").exists()
    undone(checkout, done)
    assert modes(checkout) == PRIVATE
    for path in PRIVATE:
        if path != "private":
            (checkout.path / path).unlink()
    (checkout.path / "private").rmdir()
    back_to(checkout, before)
    assert modes(checkout) == PRIVATE


@pytest.fixture
def private_umask() -> Iterator[None]:
    """The umask of hosts, which make the points before prompts."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("private_umask")
@pytest.mark.parametrize("usual", [0o022, 0o002, 0o027, 0o077])
def test_permissions_come_back_from_a_point_of_a_host(checkout: Checkout, usual: int) -> None:
    for each in checkout.path.rglob("*"):
        if ".git" not in each.parts:
            each.chmod((0o777 if each.is_dir() else 0o666) & ~usual)
    make_private(checkout)
    for path in ("plain", "private/key"):
        checkout.write(f"more/{path}").parent.chmod(0o777 & ~usual)
        (checkout.path / "more" / path).chmod(0o666 & ~usual)
    (checkout.path / "more").chmod(0o777 & ~usual)
    before = all_modes(checkout)
    point = kept(checkout)
    found = points.permissions_of(Git(checkout.path), point)
    assert found is not None
    assert found.umask == usual
    assert found.others.keys() <= PRIVATE.keys()

    os.umask(0o022)
    for path in [*PRIVATE, "more/plain", "more/private/key"]:
        if path != "private":
            (checkout.path / path).unlink()
    for path in ("private", "more/private", "more"):
        (checkout.path / path).rmdir()
    back_to(checkout, point)

    assert all_modes(checkout) == before


def all_modes(checkout: Checkout) -> dict[str, int]:
    found = {str(path.relative_to(checkout.path)): path for path in checkout.path.rglob("*")}
    return {name: stat.S_IMODE(path.lstat().st_mode) for name, path in found.items() if not name.startswith(".git")}


def test_a_discarded_private_file_comes_back_private(checkout: Checkout) -> None:
    make_private(checkout)
    for path in ("secret", "private/key"):
        changes = read_changes(checkout.path)
        file = next(each for each in changes.files if each.path == path)
        undo(checkout.path, discard(checkout.path, changes, file, CHAT), CHAT)
    assert modes(checkout) == PRIVATE


def test_a_point_without_permissions_is_restored_as_before(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "permissions_of", lambda *_: None)
    monkeypatch.setattr("session_host.restore_points.restoring.permissions_of", lambda *_: None)
    make_private(checkout)
    kept(checkout)
    checkout.write("secret", "agent\n")
    (checkout.path / "secret").chmod(0o600)
    back_to(checkout, listed(checkout.path, [CHAT])[0])
    assert stat.S_IMODE((checkout.path / "secret").stat().st_mode) == 0o600


def test_no_more_permissions_are_kept_than_there_is_room_for(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("session_host.restore_points.kept_tree.MAX_PERMISSIONS", 3)
    make_private(checkout)
    point = kept(checkout)
    found = points.permissions_of(Git(checkout.path), point)
    assert found is not None
    assert len(found.others) == 3


KILLED = """
import os, sys
from pathlib import Path
import msgspec
from session_host.restore_points.restoring import Plan, restore

top, chat = Path(sys.argv[1]), sys.argv[2]
plan = msgspec.msgpack.decode((top.parent / "plan").read_bytes(), type=Plan)
sys.addaudithook(lambda event, _: os.kill(os.getpid(), 9) if event == "os.link" else None)
restore(top, plan, chat)
"""


def test_what_a_killed_restore_left_is_put_back_and_is_no_file_of_the_user(checkout: Checkout) -> None:
    checkout.write("file", "agent\n")
    point = kept(checkout)
    checkout.write("file", "later\n")
    plan = plan_restore(checkout.path, point)
    (checkout.path.parent / "plan").write_bytes(msgspec.msgpack.encode(plan))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(checkout.path), CHAT], timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (checkout.path / "file").exists()  # It is aside.
    assert [each.path for each in read_changes(checkout.path).files] == ["file"]
    assert (checkout.path / "file").read_text() == "later\n"
    assert [each.name for each in checkout.path.iterdir() if each.name.startswith(".outlive")] == []


def test_a_file_that_a_restore_left_is_left_by_its_undo_too_although_the_rules_change(checkout: Checkout) -> None:
    file = checkout.path / "mixed"
    file.write_bytes(b"one\r\ntwo\n")
    checkout.git("add", "mixed")
    checkout.git("commit", "-qm", "mixed")
    file.unlink()
    point = kept(checkout)
    file.write_bytes(b"one\r\ntwo\n")
    checkout.write(".gitattributes", "mixed text\n")
    plan, done = back_to(checkout, point)
    assert [each.path for each in plan.files] == [".gitattributes"]
    undone(checkout, done)
    assert file.read_bytes() == b"one\r\ntwo\n"


def test_an_undo_replaces_what_its_restore_wrote_although_rules_make_git_save_that_as_another_content(
    checkout: Checkout,
) -> None:
    checkout.git("config", "status.showUntrackedFiles", "no")
    file = checkout.path / "file"
    file.write_bytes(b"one\r\ntwo\r\n")
    point = kept(checkout)
    file.write_bytes(b"later\n")
    checkout.write(".gitattributes", "file text\n")
    _, done = back_to(checkout, point)
    assert file.read_bytes() == b"one\r\ntwo\r\n"
    again = undone(checkout, done)
    assert (file.read_bytes(), again.stayed) == (b"later\n", ())
    undone(checkout, again)
    assert file.read_bytes() == b"one\r\ntwo\r\n"


def test_what_an_undo_leaves_of_a_restore_is_named(checkout: Checkout) -> None:
    log = checkout.write("a.log", "log\n")
    point = kept(checkout)
    log.unlink()
    checkout.write(".gitignore", "*.log\n")
    _, done = back_to(checkout, point)
    assert log.exists()
    assert undone(checkout, done).stayed == (Stay(path="a.log", why="new"),)
    assert log.exists()


def test_a_line_says_why_files_stay_and_names_the_first() -> None:
    whys: dict[str, Why] = {"big": "unsaved", "a.ipynb": "rewritten", "b.ipynb": "rewritten", "a.log": "new"}
    assert stay_lines([Stay(path=path, why=why) for path, why in whys.items()], str.upper, 1) == [
        "1 file stays as it is, not saved (too large, unreadable, hidden from git, or not as git would write it): BIG",
        "2 files stay as they are, which git would write in another way (filter, line ends, ident): A.IPYNB, …",
        "1 file stays as it is, perhaps there before (ignored then, or one of too many new files): A.LOG",
    ]
