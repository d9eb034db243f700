"""A worktree's status: repository, branch and changes."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import msgspec

from session_host.client.worktrees.repository import find
from session_host.client.worktrees.submodules import submodules_of
from session_host.errors import WorktreeError
from session_host.git import GitRefused, default_branch, place_of, run_read_only
from session_host.protocol.untrusted_text import before_more
from session_host.restore_points.kept_tree import InsideCheck

SHOWN_TIMEOUT_S = 3.0
"""A short timeout: the caller asks again soon, and a hanging disk must block only one thread."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The status of a working tree, as the user sees it."""

    repository: str
    """The repository's display name."""
    branch: str | None
    """None when a commit is checked out without a branch."""
    commit: str
    """The first 8 letters of the commit's id; "" before the first."""
    dirty: int
    """How many files are changed, staged or untracked."""
    ahead: int | None
    """How many commits the branch has that its upstream lacks; None without an upstream."""
    behind: int | None
    """How many commits the upstream has that the branch lacks; None without an upstream."""
    is_default_branch: bool = False
    """Whether it is the repository's default branch: that of "origin", or else "main" or "master"."""

    @property
    def words(self) -> str:
        """The status in a few words: ``outlive · fix-the-bug · 3 changed · ↑2``."""
        return f"{before_more(self.repository)} · {self.words_without_repository}"

    @property
    def words_without_repository(self) -> str:
        """The status in a few words, beside the repository's directory: ``fix-the-bug · 3 changed · ↑2``."""
        return " · ".join([before_more(self.branch or self.commit or "no commit"), *self._changes])

    @property
    def words_without_default_branch(self) -> str:
        """``words``, but the default branch is left out: ``outlive · 3 changed``."""
        return " · ".join([before_more(self.repository), *self._changes]) if self.is_default_branch else self.words

    @property
    def words_without_changes(self) -> str:
        """``words_without_default_branch``, but the number of changed files is left out: ``outlive · fix-the-bug``."""
        branch = "" if self.is_default_branch else before_more(self.branch or self.commit or "no commit")
        return " · ".join(filter(None, (before_more(self.repository), branch, self._moved)))

    @property
    def changed(self) -> str:
        """How many files are changed, in words; "" for none."""
        return f"{self.dirty} changed" if self.dirty else ""

    @property
    def _moved(self) -> str:
        return " ".join(f"{mark}{count}" for mark, count in (("↑", self.ahead), ("↓", self.behind)) if count)

    @property
    def _changes(self) -> list[str]:
        return [part for part in (self.changed, self._moved) if part]


def status_of(path: str, repository: str = "", *, timeout_s: float = SHOWN_TIMEOUT_S) -> Status | None:
    """The status of the working tree around a directory; None if there is none, or git is missing or too slow. Blocks.

    Args:
        path: a directory in the working tree.
        repository: the repository's display name if it is known, which saves a call of git.
        timeout_s: how long git may take.
    """
    try:
        listing = run_read_only(
            Path(path),
            "status",
            "--porcelain=v2",
            "--branch",
            "-z",
            f"--untracked-files={untracked_mode(Path(path), timeout_s)}",
            timeout_s=timeout_s,
        )
        name = repository or find(Path(path)).name
        default = default_branch(Path(path), timeout_s)
        inside = changed_inside(place_of(Path(path), timeout_s)[0], timeout_s)
    except WorktreeError:
        return None
    dirty = len({*changes_of(listing), *inside})  # One that is no longer tracked is listed twice.
    head = facts_of(listing)
    ahead, behind = _ahead_behind(head.get("branch.ab", ""))
    branch, commit = head.get("branch.head", ""), head.get("branch.oid", "")
    return Status(
        repository=name,
        branch=None if branch in {"", "(detached)"} else branch,
        commit="" if commit == "(initial)" else commit[:8],
        dirty=dirty,
        ahead=ahead,
        behind=behind,
        is_default_branch=branch in ({default} if default else {"main", "master"}),
    )


def changed_inside(top: Path, timeout_s: float) -> dict[str, str]:
    """The submodules with changed or new files inside, by their paths, with the commits that are checked out there.

    A git that compares submodules would start another one in each, with the settings of its repository. So each is
    asked like any other repository. After ``timeout_s`` the rest is left out, and so is one that git cannot read.
    """
    found: dict[str, str] = {}
    if (top / ".gitmodules").is_file():
        _find_changed(top, top, time.monotonic() + timeout_s, found)
    return found


def _find_changed(top: Path, repository: Path, until_s: float, found: dict[str, str]) -> None:
    """Add the changed submodules of a repository inside a working tree, and those inside of them, by their paths."""
    is_inside = InsideCheck(repository)
    for each in submodules_of(repository, Path("/")):
        left_s = round(until_s - time.monotonic(), 1)
        if left_s <= 0:
            return
        if not each.is_filled or each.top.is_symlink() or not is_inside(each.path):
            continue
        with suppress(WorktreeError):
            words = ("status", "--porcelain=v2", "--branch", "-z", "--no-renames")
            mode = untracked_mode(each.top, left_s)
            listing = run_read_only(each.top, *words, f"--untracked-files={mode}", timeout_s=left_s)
            inner: dict[str, str] = {}
            _find_changed(each.top, each.top, until_s, inner)
            if inner or any(changes_of(listing)):
                found[str(each.top.relative_to(top))] = facts_of(listing).get("branch.oid", "")


def untracked_mode(directory: Path, timeout_s: float) -> str:
    """The mode in which untracked files are listed: one by one, unless the user's configuration hides them.

    Raises:
        WorktreeError: git is missing or too slow, or there is no repository.
    """
    try:
        chosen = run_read_only(directory, "config", "--get", "status.showUntrackedFiles", timeout_s=timeout_s)
    except GitRefused:
        return "all"
    return "no" if chosen.strip().casefold() in {"no", "false", "off", "0"} else "all"


def facts_of(listing: str) -> dict[str, str]:
    """The headers of ``git status --porcelain=v2 --branch -z``."""
    headers = (line.removeprefix("# ").partition(" ") for line in listing.split("\0") if line.startswith("# "))
    return {name: value for name, _, value in headers}


def changes_of(listing: str, kinds: str = "12u?") -> list[str]:
    """The paths of entries of these kinds; see git-status(1), "Porcelain Format Version 2".

    ``1`` changed, ``2`` renamed (its old path follows as a record of its own), ``u`` unmerged,
    ``?`` untracked, ``!`` ignored. Files that are just being placed are left out.
    """
    from session_host.placing.files import is_hidden  # no start needs it

    fields = {"1": 8, "2": 9, "u": 10, "?": 1, "!": 1}
    found, records = [], iter(listing.split("\0"))
    for record in records:
        kind = record[:1]
        if kind in fields and record[1:2] == " ":
            path = record.split(" ", fields[kind])[-1]
            if kind in kinds and not is_hidden(path):
                found.append(path)
            if kind == "2":
                next(records, None)
    return found


def staged_deletions(listing: str) -> list[str]:
    """The paths of files that the index lacks; ``listing`` as that of ``changes_of``, without renames."""
    records = (record.split(" ", 8) for record in listing.split("\0") if record.startswith("1 D"))
    return [fields[-1] for fields in records]


def _ahead_behind(text: str) -> tuple[int | None, int | None]:
    ahead, _, behind = text.partition(" ")
    try:
        return int(ahead), -int(behind)
    except ValueError:
        return None, None
