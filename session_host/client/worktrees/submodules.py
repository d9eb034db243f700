"""The submodules of a worktree: filled from the repository's own copies of them, and the work in them.

git keeps a submodule's repository for each worktree: that of the main one in ``modules`` of the common directory, that
of another one with the worktree, so it is deleted with the worktree.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from session_host.client.worktrees.repository import Repository
from session_host.git import GitRefused, Stop, run_for_user, run_read_only, run_with_input

TIMEOUT_S = 60.0
_LINK = "160000 "


class Submodule(NamedTuple):
    """A submodule of a working tree.

    Attributes:
        path: its path below the working tree's top.
        top: its directory.
        main: the repository of the main worktree's submodule; it may be missing.
    """

    path: str
    top: Path
    main: Path

    @property
    def is_filled(self) -> bool:
        """Whether it is checked out."""
        return os.path.lexists(self.top / ".git")


def submodules_of(top: Path, modules: Path) -> list[Submodule]:
    """The submodules of a working tree, without those inside of them.

    Args:
        top: the top of the working tree.
        modules: the directory with the main worktree's repositories of these submodules.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``.
    """
    listing = run_read_only(top, "ls-files", "--stage", "-z", timeout_s=TIMEOUT_S).split("\0")
    paths = [line.partition("\t")[2] for line in listing if line.startswith(_LINK)]
    if not paths:
        return []
    names = names_of(top)
    return [Submodule(path, top / path, modules / names.get(path, path)) for path in paths]


def names_of(top: Path) -> dict[str, str]:
    """The names of the submodules by their paths."""
    arguments = ("config", "--file", str(top / ".gitmodules"), "-z", "--get-regexp", r"^submodule\..*\.path$")
    try:
        settings = run_read_only(top, *arguments).split("\0")
    except GitRefused:
        return {}
    found = (setting.partition("\n") for setting in settings if setting)
    names = {path: key.removeprefix("submodule.").removesuffix(".path") for key, _, path in found}
    return {path: name for path, name in names.items() if ".." not in name.split("/")}


def fill(repository: Repository, top: Path, stop: Stop) -> None:
    """Check out the submodules of a new worktree, as far as the repository has their commits; no remote is asked.

    Raises:
        Cancelled: ``stop`` was set.
        WorktreeError: git is missing.
    """
    _fill(top, repository.common / "modules", stop)


def _fill(top: Path, modules: Path, stop: Stop) -> None:
    for each in submodules_of(top, modules):
        if each.main.is_dir() and "=" not in str(each.main.relative_to(modules)):
            with suppress(GitRefused):
                _fill_one(top, each, str(each.main.relative_to(modules)), stop)
                _fill(each.top, each.main / "modules", stop)
            stop.check()


def _fill_one(top: Path, submodule: Submodule, name: str, stop: Stop) -> None:
    main = str(submodule.main)
    local = ("-c", "protocol.file.allow=always", "-c", f"submodule.{name}.url={main}")
    command = ("submodule", "--quiet", "update", "--init", "--no-fetch", "--", submodule.path)
    run_for_user(top, *local, *command, stop=stop)
    # It is a clone of the main worktree's; its remote is the same.
    url = run_for_user(submodule.main, f"--git-dir={main}", "config", "--get", "remote.origin.url").strip()
    run_for_user(submodule.top, "remote", "set-url", "origin", url)
    run_for_user(submodule.top, "fetch", "--quiet", main, "+refs/remotes/origin/*:refs/remotes/origin/*", stop=stop)


def empty_submodules(top: Path) -> list[str]:
    """The paths of submodules that are not checked out, also of those inside of others; [] if git fails."""
    found = []
    with suppress(GitRefused):
        for each in submodules_of(top, Path("/")):
            if each.is_filled:
                found += [f"{each.path}/{path}" for path in empty_submodules(each.top)]
            else:
                found.append(each.path)
    return found


def filled(top: Path, modules: Path) -> Iterator[Submodule]:
    """The submodules that are checked out, and those inside of them; paths are from ``top``."""
    for each in submodules_of(top, modules):
        if each.is_filled:
            yield each
            for inner in filled(each.top, each.main / "modules"):
                yield inner._replace(path=f"{each.path}/{inner.path}")


def modules_in(directory: Path) -> Iterator[Path]:
    """The submodules' repositories in git's own directory of a working tree, also of submodules that it has no more."""
    for path, inside, _ in os.walk(directory / "modules"):
        if all(os.path.lexists(f"{path}/{name}") for name in ("HEAD", "objects", "refs")):
            inside[:] = ["modules"]
            yield Path(path)


def own_commits(directory: Path, main: Path, *, is_git_directory: bool = False) -> list[str]:
    """Commits that only a submodule's repository has: no remote branch, and not the main worktree's submodule.

    Args:
        directory: the submodule's top, or its git directory.
        main: the repository of the main worktree's submodule; it may be missing.
        is_git_directory: whether ``directory`` is the git directory.
    """
    every = ("rev-list", "--all", "--not", "--remotes")
    commits = run_read_only(directory, *every, timeout_s=TIMEOUT_S, is_git_directory=is_git_directory).split()
    if not commits or not main.is_dir():
        return commits
    data = "".join(f"{commit}\n" for commit in commits).encode()
    listing = run_with_input(
        main, "cat-file", "--batch-check", data=data, extra={}, timeout_s=TIMEOUT_S, is_git_directory=True
    )
    return [line.split()[0] for line in listing.splitlines() if line.endswith(" missing")]
