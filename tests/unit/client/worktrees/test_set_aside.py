"""A worktree that is removed is set aside first: what is written meanwhile stays, and so does what a kill leaves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from session_host.client.worktrees import Worktree, make
from session_host.client.worktrees.removing import Removal, finish_removals, remove
from session_host.paths import worktrees_dir
from session_host.protocol.facts import OwnWorktree
from tests.support.audited import in_child
from tests.support.disks import bind_mount
from tests.support.other_users import as_another_user, needs_root
from tests.support.repositories import Checkout

COUNTED = {"os.rename", "os.remove", "os.rmdir", "os.chmod", "os.scandir", "subprocess.Popen"}
"""Calls at which a remover is killed."""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A repository with an ignored directory and a submodule."""
    checkout, inner = Checkout.new(tmp_path / "project"), Checkout.new(tmp_path / "inner")
    checkout.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "inner")
    checkout.commit(".gitignore", "build/\n")
    return checkout


@pytest.fixture
def worktree(checkout: Checkout) -> Worktree:
    worktree = make(str(checkout.path), None, "x")
    there = Checkout(worktree.own.path)
    there.write("build/deep/result")
    (there.path / "build/deep").chmod(0o555)
    return worktree


def hidden(worktree: Worktree) -> Path:
    path = Path(worktree.own.path)
    return path.with_name(f".{path.name}.removing")


def contents(top: Path) -> dict[str, str]:
    """All that a directory has: files with modes and contents, directories, links."""
    found = {}
    for path in sorted(top.rglob("*")):
        mode = oct(path.lstat().st_mode)
        kind = path.readlink() if path.is_symlink() else path.read_text() if path.is_file() else ""
        found[str(path.relative_to(top))] = f"{mode} {kind}"
    return found


def is_as_before(worktree: Worktree, before: dict[str, str]) -> None:
    there = Checkout(worktree.own.path)
    assert contents(there.path) == before
    assert there.git("status", "--porcelain") == ""
    assert there.git("branch", "--show-current") == worktree.own.branch
    assert Checkout(there.path / "inner").git("status", "--porcelain") == ""
    assert not list(worktrees_dir().rglob("*.removing*"))


def is_gone(worktree: Worktree, checkout: Checkout) -> None:
    assert not Path(worktree.own.path).exists()
    assert not [each for folder in worktrees_dir().iterdir() for each in folder.iterdir()]
    assert checkout.worktrees() == []
    assert checkout.branches() == ["main"]


class TestWrittenMeanwhile:
    @pytest.mark.parametrize("name", ["file", "new", "build/deep/result", "build/new", "inner/file", "inner/src/new"])
    @pytest.mark.parametrize("when", ["a git looks", "it is set aside"])
    def test_a_file_that_is_saved_during_the_removal_is_kept(
        self, checkout: Checkout, worktree: Worktree, name: str, when: str
    ) -> None:
        path = Path(worktree.own.path)
        saved: list[bool] = []

        def save(event: str, arguments: tuple[Any, ...]) -> None:
            is_now = event == "os.rename" if when == "it is set aside" else "--ignored=matching" in str(arguments)
            if is_now and not saved:
                saved.append(True)
                (path / name).write_text("saved\n")

        removed, line = in_child(save, lambda: _parts(remove(worktree.own)))

        assert not removed
        assert line.startswith(f"kept the worktree {path}: ")
        assert (path / name).read_text() == "saved\n"
        assert not hidden(worktree).exists()
        assert Checkout(path).git("branch", "--show-current") == worktree.own.branch
        assert checkout.worktrees() == [str(path)]

    def test_a_commit_that_changes_no_file_is_kept(self, checkout: Checkout, worktree: Worktree) -> None:
        def commit(event: str, _arguments: tuple[Any, ...]) -> None:
            if event == "os.rename" and checkout.git("log", "--format=%s", "-1", worktree.own.branch) != "late":
                Checkout(worktree.own.path).git("commit", "--quiet", "--allow-empty", "-m", "late")

        assert in_child(commit, lambda: _parts(remove(worktree.own))) == [
            False,
            f"kept the worktree {worktree.own.path}: git was used in it meanwhile",
        ]
        assert checkout.git("log", "--format=%s", "-1", worktree.own.branch) == "late"

    def test_one_that_is_used_again_is_put_back(self, worktree: Worktree) -> None:
        before = contents(Path(worktree.own.path))

        with subprocess.Popen(["sleep", "600"], cwd=f"{worktree.own.path}/build/deep") as process:
            try:
                line = remove(worktree.own, _processes_in).line
            finally:
                process.kill()

        assert line == f"kept the worktree {worktree.own.path}: process {process.pid} is using it"
        is_as_before(worktree, before)

    def test_one_that_is_there_again_is_not_merged(self, worktree: Worktree) -> None:
        path, aside = Path(worktree.own.path), hidden(worktree)
        before = contents(path)

        def make_again(_directory: str) -> str:
            path.mkdir()
            (path / "again").write_text("mine\n")
            return "process 1 (x)"

        assert remove(worktree.own, make_again) == Removal(
            removed=False,
            line=f"kept the worktree {path} as {aside}: process 1 (x) is using it; {path} exists again, and stays, too",
        )
        assert finish_removals() == [
            f"kept the worktree {path} as {aside}: its removal was interrupted; {path} exists again, and stays, too"
        ]
        assert (contents(aside), (path / "again").read_text()) == (before, "mine\n")

        path.rename(path.with_name("mine"))
        assert finish_removals() == [f"kept the worktree {path}: its removal was interrupted"]
        is_as_before(worktree, before)

    def test_one_that_is_there_again_after_the_removal_stays(self, checkout: Checkout, worktree: Worktree) -> None:
        path = Path(worktree.own.path)

        def make_again(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "os.rmdir" and "deep" in str(arguments) and not path.exists():
                path.mkdir()

        removed, line = in_child(make_again, lambda: _parts(remove(worktree.own)))

        assert removed
        assert line.endswith(f"; {path} exists again, and stays")
        assert (list(path.iterdir()), hidden(worktree).exists(), checkout.worktrees()) == ([], False, [])


class TestRefused:
    def test_one_that_cannot_be_renamed_stays_with_the_reason(
        self, worktree: Worktree, tmp_path: Path, checkout: Checkout
    ) -> None:
        before = contents(Path(worktree.own.path))
        with overlay(Path(worktree.own.path).parent, tmp_path):
            assert remove(worktree.own) == Removal(
                removed=False,
                line=f"kept the worktree {worktree.own.path}: it cannot be renamed: Invalid cross-device link",
            )
            is_as_before(worktree, before)

    def test_one_that_git_cannot_forget_stays(self, worktree: Worktree, checkout: Checkout, tmp_path: Path) -> None:
        before = contents(Path(worktree.own.path))
        registrations = checkout.path / ".git/worktrees"
        with bind_mount(registrations, tmp_path / "possible"):
            pass
        subprocess.run(["mount", "--bind", registrations, registrations], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", registrations], check=True)
            line = remove(worktree.own).line
        finally:
            subprocess.run(["umount", "--lazy", registrations], check=True)
        assert line == f"kept the worktree {worktree.own.path}: {registrations} is not writable"
        is_as_before(worktree, before)

    def test_what_cannot_be_deleted_is_left_and_not_kept(
        self, worktree: Worktree, checkout: Checkout, tmp_path: Path
    ) -> None:
        (tmp_path / "source").mkdir()
        (tmp_path / "source/mine").touch()
        aside = hidden(worktree)
        mounts: list[Any] = []

        def mount(event: str, _arguments: tuple[Any, ...]) -> None:
            if event == "os.rmdir" and not mounts:
                mounts.append(True)
                subprocess.run(["mount", "--bind", tmp_path / "source", aside / "build"], check=True)

        with bind_mount(tmp_path / "source", tmp_path / "possible"):
            pass
        removed, line = in_child(mount, lambda: _parts(remove(worktree.own)))
        try:
            assert removed
            assert line.endswith(f"; left {aside}: {aside}/build is mounted; unmount it first")
            assert (checkout.worktrees(), checkout.branches()) == ([], ["main"])
            assert (tmp_path / "source/mine").exists()
        finally:
            subprocess.run(["umount", "--lazy", aside / "build"], check=True)

        assert finish_removals() == []
        is_gone(worktree, checkout)


@needs_root
def test_own_directories_that_are_not_writable_go(tmp_path: Path) -> None:
    """git deleted half of the files, then could not delete a module cache of Go; the command said "kept"."""
    for path in (tmp_path, *tmp_path.parents[:-2]):
        path.chmod(0o777)

    def removed() -> tuple[bool, str, bool]:
        os.environ |= {"HOME": str(tmp_path / "home"), "OUTLIVE_STATE_DIR": str(tmp_path / "state")}
        tempfile.tempdir = str(tmp_path)
        Checkout(tmp_path / "home").write(".gitconfig", "[init]\n")
        checkout = Checkout.new(tmp_path / "project")
        checkout.commit(".gitignore", "go/\n")
        path = Path(make(str(checkout.path), None, "x").own.path)
        Checkout(path).write("go/pkg/deep/file")
        for directory in (path / "go/pkg/deep", path / "go/pkg"):
            directory.chmod(0o555)
        own = OwnWorktree(str(checkout.path / ".git"), str(path), "outlive/x", True)
        return *_parts(remove(own)), path.exists()

    path = tmp_path / "state/worktrees"
    removed_, line, is_there = as_another_user(removed)
    assert (removed_, is_there) == (True, False)
    assert line.startswith(f"removed {path}")
    assert line.endswith("/outlive-x, including ignored files: go/")


class TestKilled:
    def test_a_removal_that_is_killed_is_undone_or_finished(
        self, checkout: Checkout, worktree: Worktree, tmp_path: Path
    ) -> None:
        path, folder = Path(worktree.own.path), worktrees_dir()
        link = path / ".git"
        own = link.read_text().removeprefix("gitdir: ").strip()
        link.write_text(f"gitdir: {os.path.relpath(own, path)}\n")
        before = contents(path)
        for saved in (checkout.path, folder):
            shutil.copytree(saved, tmp_path / "saved" / saved.name, symlinks=True)
        calls: list[str] = []
        last = 0

        def note(event: str, _arguments: tuple[Any, ...]) -> None:
            if event == "os.rename" or (calls and event in COUNTED):
                calls.append(event)
                if len(calls) == last:
                    os.kill(os.getpid(), signal.SIGKILL)

        def restore() -> None:
            for saved in (checkout.path, folder):
                shutil.rmtree(saved)
                shutil.copytree(tmp_path / "saved" / saved.name, saved, symlinks=True)

        removed, line, every = in_child(note, lambda: [*_parts(remove(worktree.own)), calls])
        assert (removed, line) == (True, f"removed {path}, including ignored files: build/")
        is_gone(worktree, checkout)
        undone = finished = 0
        some = {0, 1, 2, *range(5, len(every), 9), *range(len(every) - 4, len(every))}  # Each is the same for a file.
        for number in sorted(some | {number for number, call in enumerate(every) if call == "subprocess.Popen"}):
            restore()
            last = number + 1
            assert in_child(note, lambda: _parts(remove(worktree.own))) == -signal.SIGKILL
            finish_removals()
            if path.exists():
                is_as_before(worktree, before)
                undone += 1
            else:
                is_gone(worktree, checkout)
                finished += 1
        assert undone > 2
        assert finished > 9

    @pytest.mark.parametrize("call", ["os.scandir", "os.rmdir"])
    def test_the_next_removal_goes_on(self, worktree: Worktree, checkout: Checkout, call: str) -> None:
        def kill(event: str, _arguments: tuple[Any, ...]) -> None:
            if event == call and not Path(worktree.own.path).exists():
                os.kill(os.getpid(), signal.SIGKILL)

        assert in_child(kill, lambda: _parts(remove(worktree.own))) == -signal.SIGKILL
        assert remove(worktree.own).removed
        is_gone(worktree, checkout)


def _parts(removal: Removal) -> tuple[bool, str]:
    return removal.removed, removal.line


def _processes_in(directory: str) -> str:
    """A child of this process in a directory."""
    for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        if str(Path(f"/proc/{pid}/cwd").readlink()).startswith(directory):
            return f"process {pid}"
    return ""


@contextmanager
def overlay(directory: Path, scratch: Path) -> Iterator[None]:
    """Lay an empty layer over a directory, whose own directories cannot be renamed then."""
    if os.geteuid() != 0:
        pytest.skip("mounting an overlay needs root")
    small = scratch / "layers"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", small], check=False).returncode:
        pytest.skip("mount is not allowed here")
    try:
        for name in ("upper", "work"):
            (small / name).mkdir()
        options = f"lowerdir={directory},upperdir={small}/upper,workdir={small}/work,redirect_dir=off"
        done = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, directory], check=False)
        if done.returncode:
            pytest.skip("an overlay is not allowed here")
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", directory], check=True)
    finally:
        subprocess.run(["umount", "--lazy", small], check=True)
