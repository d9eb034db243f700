"""The mark of a worktree that is set aside to be removed: the next remover goes on from it if one was killed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import msgspec

from session_host.paths import worktrees_dir
from session_host.placing.trees import aside_of
from session_host.protocol.codec import UNREADABLE
from session_host.protocol.facts import OwnWorktree

_MAX_BYTES: Final = 1 << 16

SET_ASIDE: Final = 3
UNREGISTER: Final = 5
DELETE: Final = 6
"""The steps: it is renamed, and may still be put back; its registration and branch go; only its files are left."""


class Removing(msgspec.Struct, frozen=True, kw_only=True):
    """A worktree that is being removed.

    Attributes:
        worktree: it, with the path that it had.
        aside: the path that it has while it is set aside.
        registration: git's directory for it, in the repository.
        step: the step that has begun.
    """

    worktree: OwnWorktree
    aside: str
    registration: str
    step: int = SET_ASIDE


class RemovalMark:
    """A locked file in the directory of all worktrees that says what is being removed; a context manager.

    The lock ends with the process. A file that is not locked is that of a remover that was killed, or that could not
    finish.
    """

    def __init__(self, file: Path, descriptor: int, removing: Removing) -> None:
        self._file = file
        self._descriptor = descriptor
        self.removing = removing

    @classmethod
    def new(cls, worktree: OwnWorktree, registration: Path) -> Self:
        """Mark a worktree that will be set aside.

        Raises:
            OSError: the mark cannot be written.
        """
        path = Path(worktree.path)
        aside = aside_of(path)
        file = worktrees_dir() / f".{path.parent.name}-{aside.name[1:]}"
        descriptor = _locked(file)
        mark = cls(file, descriptor, Removing(worktree=worktree, aside=str(aside), registration=str(registration)))
        try:
            mark.begin(SET_ASIDE)
        except BaseException:
            mark.end()
            mark.close()
            raise
        return mark

    @classmethod
    def left(cls) -> Iterator[Self]:
        """The marks of removers that were killed, or that could not finish; each is locked until the next one."""
        for file in sorted(worktrees_dir().glob(".*.removing*")):
            try:
                descriptor = os.open(file, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_nlink:  # Else its remover has just finished.
                    yield cls(file, descriptor, msgspec.json.decode(os.read(descriptor, _MAX_BYTES), type=Removing))
            except OSError:
                pass  # It is still being removed.
            except UNREADABLE:
                file.unlink(missing_ok=True)  # Its remover was killed before it has set anything aside.
            finally:
                os.close(descriptor)

    def begin(self, step: int) -> None:
        """Note that a step begins; in one write of always the same length.

        Raises:
            OSError: it cannot be written.
        """
        self.removing = msgspec.structs.replace(self.removing, step=step)
        os.pwrite(self._descriptor, msgspec.json.encode(self.removing), 0)

    def end(self) -> None:
        """Remove the mark: the worktree is in its place again, or gone."""
        self._file.unlink(missing_ok=True)

    def close(self) -> None:
        """Unlock the mark."""
        os.close(self._descriptor)


def _locked(file: Path) -> int:
    """A new file, open and locked."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:  # Else another process has just taken it for one that was never written.
            return descriptor
        os.close(descriptor)
