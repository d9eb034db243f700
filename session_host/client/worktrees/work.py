"""The work that exists in one working tree, or in one repository, alone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from session_host.client.worktrees.status import changes_of
from session_host.git import GitRefused, content_of, run_read_only, run_with_input
from session_host.placing.files import Tree
from session_host.restore_points.kept_tree import Git, find_tree, hidden_changes
from session_host.restore_points.writing import Entry, algorithm_of, as_written

TIMEOUT_S = 60.0
_MAX_LIST_BYTES = 1 << 30
_MAX_FETCHED_BYTES = 64 << 20

UNDER_WAY = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
}
"""Files in a working tree's own git directory while git waits for the user in it."""
_SEVERAL = "sequencer"
"""The directory there while several commits are picked or reverted; between two of them it is alone."""

_BROUGHT = re.compile(r"clone:|fetch\b|initial pull|pull\b.*: Fast-forward")
_MOVED = re.compile(r"checkout:|reset:|branch:|Branch:|merge\b.*: Fast-forward")
"""How git describes in a reflog that it got a commit from another repository, and that it only moved to one."""


def count_of(things: list[str], what: str) -> str:
    """A number of things in words: ``1 file``, ``2 files``."""
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"


def work_in(path: Path) -> list[str]:
    """Describe the work that exists in a working tree's directory, and in its own git directory, alone."""
    return _work(path, _status(path, "--untracked-files=all"))


def work_and_ignored(path: Path) -> tuple[list[str], list[str]]:
    """``work_in``, and the paths that git ignores.

    Files such as ``.env`` come first, then other files, then directories with only such files.
    """
    listing = _status(path, "--untracked-files=all", "--ignored=matching")
    ignored = changes_of(listing, "!")
    ignored.sort(key=lambda each: (not Path(each).name.startswith(".env"), each.endswith("/"), each))
    return _work(path, listing), ignored


def _work(path: Path, listing: str) -> list[str]:
    changed, untracked = changes_of(listing, "12u"), changes_of(listing, "?")
    work = []
    if changed:
        work.append(f"{count_of(changed, 'file')} not committed")
    if untracked:
        work.append(f"{count_of(untracked, 'file')} untracked")
    if not changed and (hidden := _hidden(path)):
        work.append(f"{count_of(hidden, 'file')} changed but hidden from git (assume-unchanged or skip-worktree)")
    if left_out := left_out_by_filters(path):
        work.append(f"{count_of(left_out, 'file')} with more than git has, which a filter of yours leaves out")
    return work + [f"{what} in progress" for what in under_way(git_directory(path))]


def under_way(directory: Path) -> Iterable[str]:
    """What git waits for the user in, by a working tree's own git directory."""
    found = {what for file, what in UNDER_WAY.items() if os.path.lexists(directory / file)}
    if not found and os.path.lexists(directory / _SEVERAL):
        return ["a cherry-pick or revert of several commits"]
    return sorted(found)


def git_directory(path: Path) -> Path:
    """A working tree's own git directory."""
    return Path(run_read_only(path, "rev-parse", "--path-format=absolute", "--git-dir").removesuffix("\n"))


def work_in_repository(directory: Path, own: Path, *, is_git_directory: bool = False) -> Iterator[str]:
    """Describe the work that only one repository has: stashes, other worktrees, commits that were made in it.

    Args:
        directory: its working tree, or git's own directory.
        own: git's own directory.
        is_git_directory: whether ``directory`` is that, too.
    """

    def ask(*arguments: str, data: str = "") -> str:
        return run_with_input(
            directory,
            *arguments,
            data=data.encode(),
            extra={},
            timeout_s=TIMEOUT_S,
            is_git_directory=is_git_directory,
        )

    if ask("for-each-ref", "refs/stash"):
        yield "a stash"
    if has_worktrees(own):
        yield "a worktree of its own"
    if made := _made_in(ask, own):
        yield f"{count_of(made, 'commit')} not pushed"


def has_worktrees(own: Path) -> bool:
    """Whether the repository with this git directory has a worktree besides the main one, also a missing one."""
    try:
        return bool(os.listdir(own / "worktrees"))  # noqa: PTH208
    except FileNotFoundError:
        return False


def _made_in(ask: Callable[..., str], own: Path) -> list[str]:
    """Commits that no remote branch has, and that no clone or fetch brought.

    A clone and a fetch are known by the reflogs, a fetch of tags by ``FETCH_HEAD``. A commit that is older than the
    clone, such as that of a tag, came with it, unless a reflog says that it was made here.
    """
    own_refs = ("--exclude=refs/stash", "--all", "--not", "--remotes")
    listing = ask("rev-list", "--timestamp", *own_refs).split()
    found = {commit: int(made_s) for made_s, commit in zip(listing[::2], listing[1::2], strict=True)}
    if not found:
        return []
    log = ask("log", "--walk-reflogs", "--all", "--date=unix", "--no-show-signature", "--format=%H%x09%gd%x09%gs")
    moves = [line.split("\t", 2) for line in log.splitlines()]
    brought = {commit for commit, _, why in moves if _BROUGHT.match(why)}.union(_fetched(own))
    made = {commit for commit, _, why in moves if not _BROUGHT.match(why) and not _MOVED.match(why)}
    data = "".join(f"^{commit}\n" for commit in brought)
    left = set(ask("rev-list", "--ignore-missing", "--stdin", *own_refs, data=data).split())
    cloned_s = max((int(when.partition("@{")[2][:-1]) for _, when, why in moves if why.startswith("clone:")), default=0)
    return [commit for commit, made_s in found.items() if commit in made or (commit in left and made_s > cloned_s)]


def _fetched(own: Path) -> Iterator[str]:
    """The commits that the last fetch brought."""
    for line in content_of(str(own / "FETCH_HEAD"), _MAX_FETCHED_BYTES).splitlines():
        yield line.partition("\t")[0]


def _status(path: Path, *arguments: str, index: str = "") -> str:
    # An untracked cache may be out of date; this listing must not be.
    return run_read_only(
        path,
        "-c",
        "core.untrackedCache=false",
        "status",
        "--porcelain=v2",
        "-z",
        *arguments,
        extra={"GIT_INDEX_FILE": index} if index else None,
        timeout_s=TIMEOUT_S,
    )


def left_out_by_filters(path: Path) -> list[str]:
    """Files that are not as git would write them, because a filter of the user's leaves something out.

    Such as the outputs of a notebook: they exist nowhere else, and git calls the file unchanged. Contents of Git LFS
    are in the repository.
    """
    git = Git(path, timeout_s=TIMEOUT_S)
    try:
        settings = git.run("config", "-z", "--get-regexp", r"^filter\..*\.(clean|process)$").split("\0")
    except GitRefused:
        return []
    programs = (setting.partition("\n") for setting in settings if setting)
    active = {key.removeprefix("filter.").rpartition(".")[0] for key, _, words in programs if "git-lfs" not in words}
    if not active:
        return []
    listing = (line.partition("\t") for line in git.run("ls-files", "--stage", "-z").split("\0") if line)
    entries = {name: Entry(*facts.split(" ")[:2]) for facts, _, name in listing}
    filtered = {name: entries[name] for name, filter_ in git.filters_of(entries).items() if filter_ in active}
    left = sorted(filtered.keys() - as_written(git, filtered).keys())
    with Tree(path, algorithm_of(filtered.values())) as tree:  # A file of Git LFS may be a pointer, as git has it.
        return [name for name in left if (seen := tree.look(name)) and seen.content != filtered[name].blob]


def _hidden(path: Path) -> list[str]:
    return sorted(hidden_changes(Git(path, timeout_s=TIMEOUT_S), find_tree(path).index, _MAX_LIST_BYTES))
