"""Checks the git worktrees of chats."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from session_host.cli.doctor.check import Check, ok, warn
from session_host.errors import OutliveError
from session_host.paths import database, worktrees_dir
from session_host.storage.store import Store

MAX_NAMED = 3


def worktrees() -> Iterator[Check]:
    """List worktrees without a chat: they were kept because of work in them when their chat was removed."""
    found = _found()
    if not found:
        return
    used = _used()
    if used is None:
        return  # The store has its own check.
    unused = [path for path in found if not any(each.is_relative_to(path) for each in used)]
    if not unused:
        yield ok("worktrees", f"{len(found)} in {worktrees_dir()}, all used by chats")
        return
    named = ", ".join(str(path) for path in unused[:MAX_NAMED]) + (" …" if len(unused) > MAX_NAMED else "")
    yield warn(
        "worktrees",
        f"{len(found)}, of which {len(unused)} belong to removed chats: {named}",
        f"check their contents, then: git -C {unused[0]} worktree remove {_force(unused[0])}{unused[0]}",
    )


def _force(path: Path) -> str:
    """The option without which git removes no worktree with submodules."""
    return "--force " if (path / ".gitmodules").exists() else ""


def _found() -> list[Path]:
    try:
        return sorted(path for path in worktrees_dir().glob("*/*") if os.path.isdir(path))  # noqa: PTH112 - also if unreadable
    except OSError:
        return []


def _used() -> set[Path] | None:
    """The directories and worktrees of all chats in the store; None if it cannot be read."""
    if not database().exists():
        return set()
    try:
        with Store.open(database()) as store:
            return {Path(each) for record in store.all() for each in (record.cwd, record.worktree) if each}
    except OutliveError:
        return None
