"""A repository that names programs, as an agent may write one, makes no git run them that was not asked for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gui.bridge.git_status import repository_files
from session_host import git
from session_host.client.worktrees import status_of
from session_host.client.worktrees.changes import lines_before, read_changes
from session_host.client.worktrees.discarding import discard
from session_host.client.worktrees.making import copy_included
from session_host.client.worktrees.removing import remove
from session_host.client.worktrees.repository import find
from session_host.errors import WorktreeError
from session_host.git import own_filters, run_read_only
from session_host.protocol.facts import OwnWorktree
from session_host.restore_points.points import About, listed, remove_all, take
from session_host.restore_points.restoring import file_counts, plan_restore, restore
from tests.support import processes
from tests.support.repositories import Checkout
from tests.support.waiting import wait_readable, wait_until

CHAT = "8b0dd3d1-7f0f-4b4a-8d5b-3a2c1f0e9d8c"
HOOKS = ("post-index-change", "reference-transaction", "pre-commit", "post-checkout", "fsmonitor-watchman", "update")


class Trap:
    """Programs that note that they ran."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        (directory / "ran").mkdir(parents=True)
        self.program = directory / "program"
        self.program.write_text(
            f'#!/bin/sh\ntouch "{directory}/ran/${{1:-none}}"\ncase "$1" in *clean|*smudge) cat;; esac\n'
        )
        self.program.chmod(0o755)

    def ran(self) -> set[str]:
        """The names of the programs that ran since the last call."""
        found = list((self._directory / "ran").iterdir())
        for each in found:
            each.unlink()
        return {each.name for each in found}

    def config(self, name: str) -> str:
        """A configuration that names a program wherever git takes one."""
        program = f"{self.program} "
        return (
            f"[core]\n\tfsmonitor = {program}fsmonitor\n\thooksPath = {self.hooks()}\n\tsshCommand = {program}ssh\n"
            f"\tpager = {program}pager\n\teditor = {program}editor\n\tgitProxy = {program}proxy\n"
            f"\taskPass = {self.program}\n\talternateRefsCommand = {program}alternates\n"
            f'[filter "{name}"]\n\tclean = {program}{name}-clean\n\tsmudge = {program}{name}-smudge\n'
            f'\trequired = true\n[filter "{name}-long"]\n\tprocess = {program}{name}-process\n\trequired = true\n'
            f'[diff]\n\texternal = {program}external\n[diff "{name}"]\n\ttextconv = {program}textconv\n'
            f"\tcommand = {program}diff\n[credential]\n\thelper = !{program}credential\n"
            f'[gpg]\n\tprogram = {program}gpg\n[alias]\n\tstatus = !{program}alias\n[merge "{name}"]\n'
            f"\tdriver = {program}merge\n[pager]\n\tstatus = {program}pager-status\n"
            f'[remote "origin"]\n\turl = ext::{program}remote\n\tpromisor = true\n\tuploadpack = {program}uploadpack\n'
            "\tfetch = +refs/heads/*:refs/remotes/origin/*\n[protocol]\n\tallow = always\n"
        )

    def hooks(self) -> Path:
        directory = self._directory / "hooks"
        directory.mkdir(exist_ok=True)
        for name in HOOKS:
            (directory / name).write_text(f"#!/bin/sh\ntouch {self._directory}/ran/hook-{name}\n")
            (directory / name).chmod(0o755)
        return directory


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap(tmp_path / "trap")


def attributes(name: str) -> str:
    return f"* filter={name} diff={name} merge={name}\n*.long filter={name}-long\n"


@pytest.fixture
def attack(tmp_path: Path, trap: Trap) -> Checkout:
    """A working tree with all of these, in a submodule and in a file that its configuration includes, too."""
    checkout = Checkout.new(tmp_path / "clone")
    checkout.commit("x.long")
    inner = Checkout.new(checkout.path / "sub")
    checkout.git("add", "sub")
    checkout.git("commit", "-qm", "a submodule")
    checkout.write(".gitattributes", attributes("evil"))
    checkout.write(".gitmodules", '[submodule "sub"]\n\tpath = sub\n\turl = ./sub\n')
    for each, name in ((checkout, "evil"), (inner, "inner")):
        git = each.path / ".git"
        (git / "included").write_text(trap.config(f"{name}-included"))
        with (git / "config").open("a") as file:
            file.write(trap.config(name) + "[include]\n\tpath = included\n")
            file.write("[extensions]\n\tworktreeConfig = true\n\tpartialClone = origin\n")
        (git / "config.worktree").write_text(trap.config(f"{name}-worktree"))
        (git / "info" / "attributes").write_text(attributes(f"{name}-worktree") + "src/** filter=evil-included\n")
        for hook in trap.hooks().iterdir():
            (git / "hooks").mkdir(exist_ok=True)
            (git / "hooks" / hook.name).write_bytes(hook.read_bytes())
            (git / "hooks" / hook.name).chmod(0o755)
        for changed in ("file", "x.long", "src/deep/file"):
            each.write(changed, f"{changed[::-1]}\n")  # Of the same size: git must read it.
        each.write("untracked")
    trap.ran()
    return checkout


def by_hand(directory: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(directory), *words], check=False, capture_output=True, stdin=subprocess.DEVNULL)


def restored(path: Path) -> None:
    point = take(path, CHAT, About(kind="prompt"))
    listed(path, [CHAT])
    for name in ("file", "new", "untracked"):
        (path / name).write_text("changed again\n")
    read_changes(path, "prompt", point=point)
    file_counts(path, [point])
    restore(path, plan_restore(path, point), CHAT)
    remove_all(path, CHAT)


def discarded(path: Path) -> None:
    changes = read_changes(path)
    for file in changes.files:
        with contextlib.suppress(WorktreeError):
            discard(path, changes, file, CHAT)


def old_lines(path: Path) -> None:
    changes = read_changes(path)
    lines_before(changes, next(file for file in changes.files if file.path == "file"))


def missing_object(path: Path) -> None:
    """A partial clone asks its remote for an object that it lacks."""
    with pytest.raises(WorktreeError):
        run_read_only(path, "cat-file", "-p", "f" * 40)


def test_no_program_that_a_repository_names_runs_by_itself(attack: Checkout, trap: Trap) -> None:
    attack.write(".worktreeinclude", "nothing\n")
    calls: dict[str, Callable[[Path], object]] = {
        "status": lambda path: status_of(str(path)),
        "status of a submodule": lambda path: status_of(str(path / "sub")),
        "changes": read_changes,
        "changes since the branch": lambda path: read_changes(path, "branch"),
        "lines": old_lines,
        "files": lambda path: repository_files(str(path)),
        "included files": lambda path: copy_included(path, path.parent),
        "find": find,
        "filters": own_filters,
        "missing object": missing_object,
        "restore": restored,
        "discard": discarded,
    }
    ran = {}
    for name, call in calls.items():
        call(attack.path)
        ran[name] = trap.ran()
    assert ran == {name: set() for name in calls}
    assert "sub" in {file.path for file in read_changes(attack.path).files}, "it was not looked into"


def test_the_repository_of_these_tests_is_an_attack(attack: Checkout, trap: Trap) -> None:
    by_hand(attack.path, "diff")
    for each in (attack.path, attack.path / "sub"):
        (each / "x.long").unlink(missing_ok=True)  # Its broken filter would end git.
    by_hand(attack.path, "status")
    by_hand(attack.path, "cat-file", "-p", "f" * 40)
    ran = trap.ran()
    assert {"fsmonitor", "evil-worktree-clean", "inner-worktree-clean", "remote"} <= ran, ran


def test_a_bare_repository_in_a_clone_is_not_looked_at(tmp_path: Path, trap: Trap) -> None:
    clone = Checkout.new(tmp_path / "clone")
    buried = Checkout.new(clone.path / "docs" / "buried")
    tree = buried.path / ".git"
    for each in tree.iterdir():
        each.rename(buried.path / each.name)
    tree.rmdir()
    (buried.path / "config").write_text(
        f"[core]\n\tbare = false\n\tworktree = {buried.path}\n\trepositoryformatversion = 0\n" + trap.config("evil")
    )
    buried.write(".gitattributes", attributes("evil"))
    buried.write("file", "changed\n")
    assert status_of(str(buried.path)) is None
    assert status_of(str(buried.path / "src")) is None
    with pytest.raises(WorktreeError):
        read_changes(buried.path)
    with pytest.raises(WorktreeError):
        take(buried.path, CHAT, About(kind="prompt"))
    assert repository_files(str(buried.path)) == []
    assert trap.ran() == set()
    by_hand(buried.path, "status")
    assert "fsmonitor" in trap.ran(), "it is no attack"


def test_a_repository_that_names_another_working_tree_does_not_save_its_files(tmp_path: Path) -> None:
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    (tmp_path / "home" / ".ssh" / "key").write_text("secret\n")
    checkout = Checkout.new(tmp_path / "home" / "project")
    checkout.git("config", "core.worktree", str(tmp_path / "home"))
    point = take(checkout.path, CHAT, About(kind="prompt"))
    assert run_read_only(checkout.path, "ls-tree", "-r", "--name-only", point.kept.tree).split() == [
        "file",
        "src/deep/file",
    ]


def test_filters_of_the_users_own_configuration_run(tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "project")
    checkout.git("config", "--global", "filter.upper.clean", "tr a-z A-Z")
    checkout.commit(".gitattributes", "*.up filter=upper\n")
    checkout.commit("word.up", "word\n")
    os.utime(checkout.path / "word.up", (1, 1))
    status = status_of(str(checkout.path))
    assert status is not None
    assert status.dirty == 0
    checkout.git("config", "filter.own.clean", "cat")
    assert own_filters(checkout.path) == {"own"}


def test_a_changed_file_with_a_filter_of_the_repository_is_left_out_and_stays(tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "project")
    checkout.commit(".gitattributes", "*.own filter=own\n")
    checkout.commit("x.own", "one\n")
    checkout.git("config", "filter.own.smudge", "false")
    point = take(checkout.path, CHAT, About(kind="prompt"))
    checkout.write("x.own", "two\n")
    checkout.write("file", "two\n")
    found = plan_restore(checkout.path, point)
    assert ([file.path for file in found.files], found.now.left_out) == (["file"], frozenset({"x.own"}))
    checkout.git("add", "x.own")
    assert [file.path for file in plan_restore(checkout.path, point).files] == ["file"]


def test_a_worktree_is_removed_without_programs_of_the_repository(attack: Checkout, trap: Trap, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    by_hand(attack.path, "worktree", "add", "-q", "--no-checkout", "-b", "work", str(tree))
    Checkout(tree).write("untracked")
    trap.ran()
    assert "untracked" in remove(OwnWorktree(str(attack.path / ".git"), str(tree), "work", branch_made=True)).line
    assert trap.ran() == set()


def test_a_clean_worktree_is_removed_without_programs_of_the_repository(tmp_path: Path, trap: Trap) -> None:
    checkout, tree = Checkout.new(tmp_path / "project"), tmp_path / "tree"
    checkout.git("worktree", "add", "-q", "-b", "work", str(tree))
    with (checkout.path / ".git" / "config").open("a") as file:
        file.write(trap.config("evil"))
    (checkout.path / ".git" / "info" / "attributes").write_text(attributes("evil"))
    os.utime(tree / "file", (1, 1))
    assert remove(OwnWorktree(str(checkout.path / ".git"), str(tree), "work", branch_made=True)).removed
    assert checkout.branches() == ["main"]
    assert trap.ran() == set()


def _as_excludes(checkout: Checkout, pipe: Path) -> None:
    checkout.git("config", "core.excludesFile", str(pipe))


def _as_attributes(checkout: Checkout, pipe: Path) -> None:
    checkout.git("config", "core.attributesFile", str(pipe))


PIPES: dict[str, Callable[[Checkout, Path], None]] = {
    "excludes": _as_excludes,
    "attributes": _as_attributes,
    **{
        name: lambda checkout, pipe, name=name: pipe.replace(checkout.path / name)  # type: ignore[misc]
        for name in (".gitattributes", "deep/.gitignore", ".git/info/exclude", ".git/info/attributes")
    },
}


@pytest.mark.skipif(not Path("/proc/self/wchan").exists(), reason="the kernel does not tell where a process waits")
@pytest.mark.parametrize("place", PIPES)
def test_a_pipe_in_place_of_a_file_that_git_reads_is_named_and_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """git waited for its other end: 3, 20 or 60 s, whatever the time limit of the call was."""
    monkeypatch.setattr(git, "_LOOK_S", 0.02)
    checkout = Checkout.new(tmp_path / "clone")
    checkout.write("file", "text")
    checkout.commit("first")
    (checkout.path / "deep").mkdir()
    checkout.write("file", "other")
    checkout.write("deep/new", "text")
    (checkout.path / ".git" / "info").mkdir(exist_ok=True)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    PIPES[place](checkout, pipe)
    for look in (
        lambda: read_changes(checkout.path),
        lambda: take(checkout.path, CHAT, About(kind="prompt")),
        lambda: run_read_only(checkout.path, "status", "--porcelain"),
    ):
        with pytest.raises(WorktreeError, match=r"git waits for a pipe among its files: `find \. -type p` names it"):
            look()
    assert status_of(str(checkout.path)) is None


@pytest.mark.skipif(not Path("/proc/self/wchan").exists(), reason="the kernel does not tell where a process waits")
def test_a_git_that_waits_for_a_pipe_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """A window that was killed left it behind, for ever."""
    checkout = Checkout.new(tmp_path / "clone")
    os.mkfifo(checkout.path / ".gitignore")
    code = (
        "from session_host import git; from session_host.client.worktrees import status_of; git._LOOK_S = 1000.0; "
        f"status_of({str(checkout.path)!r}, timeout_s=1000)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as window:
        children = Path(f"/proc/{window.pid}/task/{window.pid}/children")
        pid = int(wait_until(lambda: next(filter(_waits_for_pipe, children.read_text().split()), ""), 60.0, "git"))
        waiting = os.pidfd_open(pid)
        window.kill()
        try:
            wait_readable(waiting, 60.0, "the end of git")
        finally:
            os.close(waiting)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _waits_for_pipe(pid: str) -> bool:
    return Path(f"/proc/{pid}/wchan").read_text() == "wait_for_partner"


def test_a_git_that_ends_with_the_process_that_started_it_leaves_no_lock(tmp_path: Path) -> None:
    """A lock that a killed command left would refuse each later change of a branch, the user's own too."""
    checkout = Checkout.new(tmp_path / "api")
    head = checkout.git("rev-parse", "HEAD")
    names = [f"refs/outlive/{number}" for number in range(2000)]
    checkout.write("create", "".join(f"create {name} {head}\n" for name in names))
    checkout.sh("git update-ref --stdin < create")
    checkout.write("delete", "".join(f"delete {name}\n" for name in names))
    code = (
        "import sys; from pathlib import Path; from session_host.git import run_with_input\n"
        "top = Path(sys.argv[1])\n"
        "run_with_input(top, 'update-ref', '--stdin', data=(top / 'delete').read_bytes(), extra={}, timeout_s=60)"
    )
    mark = {"OUTLIVE_TEST": str(tmp_path)}
    lock = checkout.path / f".git/{names[-1]}.lock"
    with subprocess.Popen([sys.executable, "-c", code, checkout.path], env=os.environ | mark) as process:
        wait_until(lambda: lock.exists() or process.poll() is not None, 60.0, "a lock")
        process.kill()
    assert process.returncode == -signal.SIGKILL
    wait_until(lambda: not processes.with_environment("OUTLIVE_TEST", str(tmp_path)), 60.0, "the end of git")
    assert not list((checkout.path / ".git").rglob("*.lock"))
