"""The references of restore points: ``refs/outlive/restore-points/<session>/<milliseconds since 1970>``.

Each is a tag object that points to a tree; its message is JSON, see ``_Message``. It has no text of the user's.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, get_args

import msgspec

from session_host.errors import WorktreeError
from session_host.git import GitRefused, Stop
from session_host.restore_points.kept_tree import (
    Git,
    KeptTree,
    Permissions,
    WorkingTree,
    find_tree,
    keep_tree,
    permissions_in,
)
from session_host.system.clock import moment_of

PREFIX: Final = "refs/outlive/restore-points"
MAX_POINTS: Final = 100
"""The number of restore points of a session before prompts, and of all its others; only the newest are kept."""

Kind = Literal["prompt", "restore"]
Maker = Literal["restore", "discard", "take back", "undo"]

_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_TAGGER: Final = "Outlive <outlive@localhost>"
_FORMAT: Final = "%(refname)%00%(*objectname)%00%(contents)%00%01"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The prompt, the restore or the other change that a restore point belongs to."""

    kind: Kind
    """Made before a prompt, or before anything else; ``maker`` says what."""
    item: str = ""
    """The id of the prompt's item in a structured chat's transcript; "" in a terminal, and for no prompt."""
    restores: int = 0
    """Before a restore, or its undo: the time of the restore point that was restored; 0 before other changes."""
    made_by: Maker | None = None
    """See ``maker``; version 0.1.0 writes none."""

    @property
    def maker(self) -> Maker | None:
        """What changed the files; None for a prompt, and for an unknown change."""
        return self.made_by or ("restore" if self.restores else None)


class RestorePoint(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a working tree at one moment."""

    session: str
    at_ms: int
    """When it was begun, in milliseconds since 1970; unique within the session."""
    about: About
    kept: KeptTree
    worktree: str
    """As in ``WorkingTree``."""
    branch: str | None = None
    """The branch at that time; None if a commit was checked out without one."""

    @property
    def moment(self) -> datetime:
        """When it was begun."""
        return moment_of(self.at_ms)

    @property
    def reference(self) -> str:
        """The name of its reference."""
        return f"{PREFIX}/{self.session}/{self.at_ms}"


class _Message(msgspec.Struct, omit_defaults=True):
    """The message of the tag object."""

    kind: Kind
    worktree: str
    branch: str | None = None
    item: str = ""
    restores: int = 0
    left_out: list[str] = []
    has_untracked: bool = True
    made_by: str | None = None
    permissions: Permissions | None = None
    """None if they are unknown, as in points of 0.1.0."""


def take(
    directory: Path, session: str, about: About, *, scratch: Path | None = None, stop: Stop | None = None
) -> RestorePoint:
    """Make a restore point of the working tree around a directory. Blocks for up to ``kept_tree.TIMEOUT_S``.

    Args:
        directory: a directory in the working tree.
        session: the session.
        about: what the restore point belongs to.
        scratch: as in ``keep_tree``.
        stop: ends it early, with an error.

    Raises:
        WorktreeError: one line: there is no working tree, or git is missing, refuses or is too slow.
    """
    at_ms = _now_ms()
    tree = find_tree(directory, stop)
    kept = keep_tree(tree, scratch=scratch, stop=stop)
    permissions = permissions_in(tree, kept.tree, stop=stop)
    return save(tree, kept, session, about, permissions, at_ms=at_ms, stop=stop)


def save(
    tree: WorkingTree,
    kept: KeptTree,
    session: str,
    about: About,
    permissions: Permissions | None = None,
    *,
    at_ms: int = 0,
    stop: Stop | None = None,
) -> RestorePoint:
    """Make a restore point of a kept tree, and remove the session's oldest of its kind beyond ``MAX_POINTS``.

    Args:
        tree: the working tree.
        kept: its files.
        session: the session.
        about: what the restore point belongs to.
        permissions: those of the files; None for unknown ones.
        at_ms: when it was begun, in milliseconds since 1970; 0 for now.
        stop: ends it early, with an error.

    Raises:
        WorktreeError: git refuses.
    """
    git = Git(tree.top, stop=stop)
    times = _times(git, session)
    at_ms = max(at_ms or _now_ms(), times[-1] + 1 if times else 0)
    point = RestorePoint(
        session=session, at_ms=at_ms, about=about, kept=kept, worktree=tree.worktree, branch=tree.branch
    )
    message = _Message(
        kind=about.kind,
        worktree=tree.worktree,
        branch=tree.branch,
        item=about.item,
        restores=about.restores,
        left_out=sorted(kept.left_out),
        has_untracked=kept.has_untracked,
        made_by=about.made_by,
        permissions=permissions,
    )
    # json, unlike msgspec, writes bytes of paths that are not UTF-8, as escapes.
    text = json.dumps(msgspec.to_builtins(message))
    tag = (
        f"object {kept.tree}\ntype tree\ntag restore-point-{at_ms}\ntagger {_TAGGER} {at_ms // 1000} +0000\n\n{text}\n"
    )
    tag_id = git.run("mktag", data=tag.encode()).strip()
    commands = [f"create {point.reference} {tag_id}"]
    if len(times) >= MAX_POINTS:
        commands += [f"delete {old.reference}" for old in _surplus(git, session, about.kind)]
    git.run("update-ref", "--stdin", data="\n".join([*commands, ""]).encode())
    return point


def _surplus(git: Git, session: str, kind: Kind) -> list[RestorePoint]:
    """The oldest restore points of a kind, for one more; those that are not understood stay."""
    try:
        points = _points(git, [session])
    except GitRefused:
        return []
    same = sorted((point for point in points if point.about.kind == kind), key=lambda point: point.at_ms)
    return same[: max(len(same) + 1 - MAX_POINTS, 0)]


def listed(directory: Path, sessions: Sequence[str]) -> list[RestorePoint]:
    """The restore points of these sessions in the working tree around a directory, oldest first.

    Those with missing or damaged objects are left out, if there are others.

    Raises:
        WorktreeError: there is no working tree, or git is missing or refuses.
    """
    tree = find_tree(directory)
    # After a kill in ``hand_on``, two sessions have the same point.
    points = {(point.at_ms, point.kept, point.about): point for point in _points(Git(tree.top), sessions)}.values()
    return sorted((point for point in points if point.worktree == tree.worktree), key=lambda point: point.at_ms)


def _points(git: Git, sessions: Sequence[str]) -> list[RestorePoint]:
    """The restore points of sessions that are understood."""
    records = _records(git, [_under(session) for session in sessions])
    return [point for record in records if (point := _read(record)) is not None]


def permissions_of(git: Git, point: RestorePoint) -> Permissions | None:
    """The permissions of a restore point's files; None for unknown ones.

    Raises:
        WorktreeError: git refuses.
    """
    text = git.ask("for-each-ref", "--format=%(contents)", point.reference)
    try:
        return msgspec.convert(json.loads(text), _Message).permissions
    except (ValueError, msgspec.ValidationError):
        return None


def _records(git: Git, patterns: Sequence[str]) -> list[str]:
    """The records of ``_FORMAT`` of all references that match."""
    try:
        return git.ask("for-each-ref", f"--format={_FORMAT}", *patterns).split("\0\x01")
    except GitRefused:
        # For one damaged object, git refuses them all.
        found = []
        for reference in git.ask("for-each-ref", "--format=%(refname)", *patterns).split():
            with suppress(GitRefused):
                found.append(git.ask("for-each-ref", f"--format={_FORMAT}", reference))
        if not found:
            raise
        return found


def remove_all(directory: Path, session: str, *, is_git_directory: bool = False) -> None:
    """Remove all restore points of a session from the repository around a directory; git removes the objects later.

    Args:
        directory: a directory in a working tree, or git's own directory.
        session: the session.
        is_git_directory: whether it is git's own.

    Raises:
        WorktreeError: there is no repository, or git is missing or refuses.
    """
    git = Git(directory, is_git_directory=is_git_directory)
    commands = [f"delete {PREFIX}/{session}/{at_ms}" for at_ms in _times(git, session)]
    if commands:
        git.run("update-ref", "--stdin", data="\n".join([*commands, ""]).encode())


def hand_on(directory: Path, session: str, later: str, *, is_git_directory: bool = False) -> None:
    """Make all restore points of a session those of the one that continues it, in one transaction.

    Args:
        directory: as for ``remove_all``.
        session: the session.
        later: the one that continues it.
        is_git_directory: as for ``remove_all``.

    Raises:
        WorktreeError: there is no repository, or git is missing or refuses.
    """
    git = Git(directory, is_git_directory=is_git_directory)
    for is_last in (False, False, True):
        own, others = _objects(git, session), _objects(git, later)
        if not own:
            return
        made = []
        for at_ms, tag in own.items():
            free = at_ms
            while others.get(free, tag) != tag:
                free += 1
            if free not in others:
                others[free] = tag
                made.append(f"create {PREFIX}/{later}/{free} {tag}")
        gone = [f"delete {PREFIX}/{session}/{at_ms} {tag}" for at_ms, tag in own.items()]
        try:
            git.run("update-ref", "--stdin", data="\n".join(["start", *made, *gone, "commit", ""]).encode())
        except GitRefused:  # A host has just made another one.
            if is_last:
                raise
        else:
            return


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _under(session: str) -> str:
    if not _SESSION.fullmatch(session):
        raise WorktreeError(f"{session!r} is not the id of a chat")
    return f"{PREFIX}/{session}/"


def _times(git: Git, session: str) -> list[int]:
    """The times of a session's restore points, oldest first."""
    names = git.ask("for-each-ref", "--format=%(refname)", _under(session)).split()
    return sorted(int(name) for path in names if (name := path.rpartition("/")[2]).isdigit())


def _objects(git: Git, session: str) -> dict[int, str]:
    """The tag objects of a session's restore points, by their times."""
    lines = git.ask("for-each-ref", "--format=%(refname) %(objectname)", _under(session)).splitlines()
    found = {name.rpartition("/")[2]: tag for name, _, tag in (line.partition(" ") for line in lines)}
    return {int(at_ms): tag for at_ms, tag in found.items() if at_ms.isdigit()}


def _read(record: str) -> RestorePoint | None:
    """One record of ``_FORMAT``; None if it is not understood, such as one of a later version."""
    try:
        reference, tree, text, *_ = record.lstrip("\n").split("\0")
        session, _, at_ms = reference.removeprefix(f"{PREFIX}/").partition("/")
        message = msgspec.convert(json.loads(text), _Message)
        made_by = next((maker for maker in get_args(Maker) if maker == message.made_by), None)
        about = About(kind=message.kind, item=message.item, restores=message.restores, made_by=made_by)
        kept = KeptTree(tree=tree, left_out=frozenset(message.left_out), has_untracked=message.has_untracked)
        return RestorePoint(
            session=session, at_ms=int(at_ms), about=about, kept=kept, worktree=message.worktree, branch=message.branch
        )
    except (ValueError, msgspec.ValidationError):
        return None
