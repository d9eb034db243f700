"""Files are placed and deleted one by one: nothing that changed since it was seen is lost, whenever this is killed."""

from __future__ import annotations

import errno
import os
import signal
import stat
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from session_host.placing.files import Changed, Placing, Seen, Tree, is_hidden, recover
from tests.support.disks import small_disk

OLD, NEW = b"old\n", b"new\n"


def seen(top: Path, path: str) -> Seen | None:
    with Tree(top, "sha1") as tree:
        return tree.look(path)


def placing(top: Path, *paths: str, directories: dict[str, int] | None = None) -> Placing:
    return Placing(top, top.parent / "home", "sha1", {path: seen(top, path) for path in paths}, directories or {})


def put(at: Placing, path: str, content: bytes = NEW, permissions: int = 0o644) -> None:
    new = at.new / "one"
    new.write_bytes(content)
    at.place(path, new, permissions)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    for path in ("a/b/file", "a/file", "other"):
        (tree / path).write_bytes(OLD)
    return tree


def names(top: Path) -> set[str]:
    return {str(path.relative_to(top)) for path in top.rglob("*")}


def test_files_are_placed_and_deleted_and_nothing_else_is_left(top: Path) -> None:
    before = names(top)
    with placing(top, "a/b/file", "a/file", "n/m/made", "other", directories={"n": 0o750, "n/m": 0o500}) as at:
        put(at, "a/b/file", permissions=0o600)
        at.delete("other")
        put(at, "n/m/made")
        link = at.new / "link"
        link.symlink_to("./else//where")
        at.place("a/file", link, 0)
    assert names(top) == before - {"other"} | {"n", "n/m", "n/m/made"}
    assert (top / "a/b/file").read_bytes() == NEW
    assert stat.S_IMODE((top / "a/b/file").stat().st_mode) == 0o600
    assert os.readlink(top / "a/file") == "./else//where"  # noqa: PTH115 - not as a path
    assert [stat.S_IMODE((top / each).stat().st_mode) for each in ("n", "n/m")] == [0o750, 0o500]
    assert not (top.parent / "home").exists()


def change(how: str, path: Path) -> None:
    """Change a file in some way."""
    if how in {"a link", "a directory", "gone", "a pipe"}:
        path.unlink()
    match how:
        case "written":
            path.write_bytes(b"own\n")
        case "written with the same size and time":
            path.write_bytes(b"own\n")
            os.utime(path, ns=(0, 0))
        case "replaced":
            path.with_name("x").write_bytes(b"own\n")
            path.with_name("x").rename(path)
        case "made private":
            path.chmod(0o600)
        case "a link":
            path.symlink_to("own")
        case "a directory":
            path.mkdir()
            (path / "own").touch()
        case "a pipe":
            os.mkfifo(path)


HOW = ["written", "written with the same size and time", "replaced", "made private", "a link", "a directory", "gone"]


@pytest.mark.parametrize("how", [*HOW, "a pipe"])
@pytest.mark.parametrize("deletes", [True, False])
def test_a_file_that_changed_after_it_was_seen_stays(top: Path, how: str, deletes: bool) -> None:
    os.utime(top / "a/file", ns=(0, 0))
    with placing(top, "a/file") as at:
        change(how, top / "a/file")
        before, mode = names(top), (top / "a/file").lstat().st_mode if how != "gone" else 0
        with pytest.raises(Changed):
            at.delete("a/file") if deletes else put(at, "a/file")
    assert names(top) == before
    if how != "gone":
        assert (top / "a/file").lstat().st_mode == mode
    if how in {"replaced", "written", "written with the same size and time"}:
        assert (top / "a/file").read_bytes() == b"own\n"


def test_a_file_that_appears_is_not_overwritten(top: Path) -> None:
    with placing(top, "made") as at:
        (top / "made").write_bytes(b"own\n")
        with pytest.raises(Changed):
            put(at, "made")
    assert (top / "made").read_bytes() == b"own\n"


def test_empty_directories_are_no_obstacle(top: Path) -> None:
    (top / "made" / "one" / "two").mkdir(parents=True)
    with placing(top, "made") as at:
        put(at, "made")
    assert (top / "made").read_bytes() == NEW


def test_a_file_that_is_saved_while_its_place_is_free_stays(top: Path) -> None:
    with placing(top, "a/file") as at:
        sys.addaudithook(_Once("os.link", lambda: (top / "a/file").write_bytes(b"own\n")))
        with pytest.raises(Changed, match="another file has appeared"):
            put(at, "a/file")
    assert (top / "a/file").read_bytes() == b"own\n"
    assert names(top) == {"a", "a/b", "a/b/file", "a/file", "other"}


class _Once:
    """An audit hook that acts once; hooks cannot be removed."""

    def __init__(self, event: str, act: Callable[[], object]) -> None:
        self._event, self._act, self.is_on = event, act, True

    def __call__(self, event: str, _arguments: object) -> None:
        if event == self._event and self.is_on:
            self.is_on = False
            self._act()


def test_the_way_never_leads_over_a_symbolic_link(top: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(OLD)
    known = {"a/file": seen(top, "a/file"), "a/made": None}
    (top / "a").rename(top / "moved")
    (top / "a").symlink_to(outside)
    with Placing(top, top.parent / "home", "sha1", known, {}) as at:
        for path in known:
            with pytest.raises(Changed):
                put(at, path)
            with pytest.raises(Changed):
                at.delete(path)
    assert names(outside) == {"file"}
    assert seen(top, "a/file") is None


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 256) as disk:
        (disk / "file").write_bytes(OLD)
        known = {"file": seen(disk, "file")}
        with (
            Placing(disk, tmp_path / "home", "sha1", known, {}) as at,
            pytest.raises(OSError, match=os.strerror(errno.ENOSPC)),
        ):
            put(at, "file", b"x" * (1 << 20))
        assert names(disk) == {"file"}
        assert (disk / "file").read_bytes() == OLD


def test_a_hidden_name_that_cannot_be_deleted_at_once_is_deleted_at_the_end(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = os.unlink

    def fail(name: str, **options: int) -> None:
        if is_hidden(str(name)):
            monkeypatch.setattr(os, "unlink", unlink)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        unlink(name, **options)

    before = names(top)
    for _ in range(2):  # First of the old file, then of the new one.
        with placing(top, "a/file") as at:
            monkeypatch.setattr(os, "unlink", fail)
            put(at, "a/file")
        assert (top / "a/file").read_bytes() == NEW
        assert names(top) == before


EVENTS = {"open", "os.rename", "os.link", "os.remove", "os.rmdir", "os.chmod", "os.mkdir"}


def killed_at(number: int, top: Path) -> bool:
    """Place and delete in a process that is killed at a call; returns whether there was such a call."""

    def work() -> None:
        count = 0

        def kill(event: str, _arguments: object) -> None:
            nonlocal count
            if event in EVENTS:
                count += 1
                if count == number:
                    os.kill(os.getpid(), 9)

        sys.addaudithook(kill)
        private = {"private": 0o750, "private/deep": 0o550}
        with placing(top, "a/b/file", "a/file", "private/deep/made", "other", directories=private) as at:
            put(at, "a/b/file")
            put(at, "private/deep/made")
            at.delete("other")
            put(at, "a/file")

    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the child must not go on as pytest
            traceback.print_exc()
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL
    return status != 0


@pytest.mark.parametrize("links", [True, False], ids=["with hard links", "without"])
def test_after_a_kill_at_any_call_each_file_is_the_old_or_the_new_one(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "link", refuse)
    number, is_whole, top = 0, False, tmp_path
    while not is_whole:
        number += 1
        top = tmp_path / str(number) / "tree"
        (top / "a" / "b").mkdir(parents=True)
        for path in ("a/b/file", "a/file", "other"):
            (top / path).write_bytes(OLD)
        is_whole = not killed_at(number, top)
        recover(top, top.parent / "home")
        assert not (top.parent / "home").exists()
        assert not [path for path in names(top) if is_hidden(path)]
        made = top / "private/deep/made"
        private_ones = {"private", "private/deep", "private/deep/made"} if made.exists() else set()
        assert names(top) - {"other"} == {"a", "a/b", "a/b/file", "a/file"} | private_ones
        for path in ("a/b/file", "a/file"):
            assert (top / path).read_bytes() in {OLD, NEW}
        if made.exists():
            assert made.read_bytes() == NEW
            assert [stat.S_IMODE(each.stat().st_mode) for each in list(made.parents)[:2]] == [0o550, 0o750]
    assert (top / "a/file").read_bytes() == NEW
    assert number > 20
