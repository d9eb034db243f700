"""Directories of chats' worktrees: ``worktrees/<repository>-<hash>/<branch>`` of the state directory.

Making or removing a worktree takes a lock on the repository's folder, since git checks whether a branch is free and
checks it out in two steps.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from session_host.client.worktrees.git import WORK_TIMEOUT_S
from session_host.client.worktrees.names import numbered, slug
from session_host.client.worktrees.repository import Repository
from session_host.errors import WorktreeError
from session_host.paths import ensure_private, state_dir, worktrees_dir

LOOK_AGAIN_S = 0.05


def is_ours(path: Path) -> bool:
    """Whether a worktree is where those of chats are."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(worktrees_dir()))


def new_directory(folder: Path, branch: str) -> Path:
    """Make an empty directory for a branch's worktree.

    Raises:
        WorktreeError: it cannot be made.
    """
    for name in numbered(slug(branch)):
        try:
            (folder / name).mkdir(mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise WorktreeError(
                f"cannot create a worktree in {folder}: {error.strerror}; free some space, or set OUTLIVE_STATE_DIR"
            ) from error
        return folder / name
    raise AssertionError  # There are more numbers than directories.


@contextmanager
def held(repository: Repository) -> Iterator[Path]:
    """The folder of a repository's worktrees, held against other makers and removers; gone at the end if empty.

    Raises:
        WorktreeError: another works in it for longer than git may take.
        OutliveError: it cannot be made, or be trusted.
    """
    folder = worktrees_dir() / repository.key
    ensure_private(state_dir())
    descriptor = _lock(folder, time.monotonic() + WORK_TIMEOUT_S)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()  # It is not empty, as a rule.
        os.close(descriptor)


def _lock(folder: Path, deadline_s: float) -> int:
    """A descriptor of the folder with its lock; the lock goes with it, and with this process."""
    while True:
        ensure_private(folder.parent)
        ensure_private(folder)
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # The one before us took it away.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(folder, descriptor):
                return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                os.close(descriptor)
                raise WorktreeError(f"another worktree is being created in {folder}; try again") from None
            time.sleep(LOOK_AGAIN_S)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_still(folder: Path, descriptor: int) -> bool:
    """Whether the path still leads to what was locked: the one before us may have removed it."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
