"""Repositories inside of a worktree that git does not look into, such as clones in a directory that it ignores."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from session_host.client.worktrees.submodules import modules_in
from session_host.client.worktrees.work import work_in, work_in_repository
from session_host.git import GitRefused, list_files, rev_parse
from session_host.placing.trees import Noted

_OTHERS: Final = {".hg": "a Mercurial repository", ".svn": "a Subversion working copy"}
_BARE: Final = ("objects", "refs")
"""Directories beside ``HEAD`` in git's own directory."""


class Inside(NamedTuple):
    """A repository inside of a worktree.

    Attributes:
        path: its path below the worktree's top.
        why_kept: why the worktree stays because of it; "" if it can go.
    """

    path: str
    why_kept: str


def repositories_in(top: Path, noted: Noted, common: Path, submodules: Collection[Path]) -> list[Inside]:
    """The repositories inside of a worktree.

    Args:
        top: the worktree's top.
        noted: what the worktree has.
        common: git's common directory of the worktree's repository.
        submodules: the tops of the filled submodules, which are judged elsewhere.

    Raises:
        WorktreeError: git is missing.
    """
    known = {os.path.realpath(each) for each in submodules}
    found: list[Inside] = []
    own: dict[str, str] = {}
    for path, kind in _found(noted):
        place = top / path
        if kind in _OTHERS or kind in _BARE:
            if not _is_tracked(place / kind if kind in _OTHERS else place):
                found.append(Inside(path, f"{path} is {_OTHERS[kind]}") if kind in _OTHERS else _bare(top, path))
        elif os.path.realpath(place) not in known:
            try:
                inside, directory = _judged(top, path, common)
                own[os.path.realpath(directory)] = path
                found.append(inside)
            except GitRefused as refused:
                found.append(Inside(path, f"its repository {path} cannot be read: {refused.message}"))
    for git_directory, path in own.items():
        for module in modules_in(Path(git_directory)):
            if os.path.realpath(module) not in own:
                reasons = list(work_in_repository(module, module, is_git_directory=True))
                found += [Inside(path, _line(f"{path}/{module.name}", reasons))] if reasons else []
    return found


def _found(noted: Noted) -> Iterator[tuple[str, str]]:
    """Paths of directories below a worktree's top that are repositories, and what shows it."""
    closed: set[str] = set()
    for path in sorted(noted):  # A directory comes before those in it.
        parent, _, name = path.rpartition("/")
        names = noted[path]
        if parent in closed or name == ".git" or name in _OTHERS:
            closed.add(path)
        elif path != "." and "HEAD" in names and all(each in names for each in _BARE):
            closed.add(path)
            yield path, _BARE[0]
        else:
            yield from ((path, each) for each in (".git", *_OTHERS) if each in names and (path, each) != (".", ".git"))


def _is_tracked(place: Path) -> bool:
    try:
        return bool(list_files(place.parent, "--", place.name))
    except GitRefused:
        return False


def _bare(top: Path, path: str) -> Inside:
    if os.path.lexists(top / path / "index"):
        return Inside(path, f"{path} is the repository of files that are elsewhere")
    try:
        return Inside(path, _line(path, list(work_in_repository(top / path, top / path, is_git_directory=True))))
    except GitRefused as refused:
        return Inside(path, f"its repository {path} cannot be read: {refused.message}")


def _judged(top: Path, path: str, common: Path) -> tuple[Inside, Path]:
    """Judge a repository with a working tree; returns git's own directory, too.

    Raises:
        GitRefused: git cannot read it.
    """
    place = top / path
    asked = ("--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir")
    shown, own, whole = [*rev_parse(place, *asked).splitlines(), "", "", ""][:3]
    if os.path.realpath(shown) != os.path.realpath(place):
        raise GitRefused("git does not know it as a repository", 128)
    if os.path.realpath(own) != os.path.realpath(whole):
        is_same = os.path.realpath(whole) == os.path.realpath(common)
        why = f"the worktree {path} is inside of it" if is_same else f"{path} is a worktree of {whole}"
        return Inside(path, why), Path(own)
    return Inside(path, _line(path, [*work_in(place), *work_in_repository(place, Path(own))])), Path(own)


def _line(name: str, reasons: list[str]) -> str:
    return f"its repository {name} has {' and '.join(reasons)}" if reasons else ""
