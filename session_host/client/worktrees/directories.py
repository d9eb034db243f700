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

from session_host.client.worktrees.names import numbered, slug
from session_host.client.worktrees.repository import Repository
from session_host.errors import WorktreeError
from session_host.git import WORK_TIMEOUT_S, Stop
from session_host.paths import ensure_private, lock_refusal, state_dir, worktrees_dir

POLL_INTERVAL_S = 0.05


def is_ours(path: Path) -> bool:
    """Whether a worktree is in the directory of chats' worktrees."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(worktrees_dir()))


def new_directory(folder: Path, branch: str) -> Path:
    """Create an empty directory for a branch's worktree.

    Raises:
        WorktreeError: the directory cannot be created.
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
def locked(repository: Repository, stop: Stop | None = None) -> Iterator[Path]:
    """Lock the folder of a repository's worktrees against other makers and removers; remove it at the end if empty.

    Raises:
        Cancelled: ``stop`` ended the wait for the lock.
        WorktreeError: another process holds the lock for longer than git may take.
        OutliveError: the folder cannot be created, or cannot be trusted.
    """
    folder = worktrees_dir() / repository.key
    ensure_private(state_dir())
    descriptor = _lock(folder, time.monotonic() + WORK_TIMEOUT_S, stop or Stop())
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()  # Usually fails: the folder is seldom empty.
        os.close(descriptor)


def _lock(folder: Path, deadline_s: float, stop: Stop) -> int:
    """Lock the folder, and return its descriptor; closing that, or the end of this process, releases the lock."""
    while True:
        stop.check()
        ensure_private(folder.parent)
        ensure_private(folder)
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # The previous holder of the lock removed the folder.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(folder, descriptor):
                return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                os.close(descriptor)
                raise WorktreeError(f"another worktree is being created in {folder}; try again") from None
            time.sleep(POLL_INTERVAL_S)
        except OSError as error:
            os.close(descriptor)
            raise WorktreeError(lock_refusal(folder, "OUTLIVE_STATE_DIR") or f"{folder}: {error.strerror}") from error
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_still(folder: Path, descriptor: int) -> bool:
    """Whether the path still leads to the locked folder: the previous holder of the lock may have removed it."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
