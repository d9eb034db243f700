"""Marks the processes of a chat: all that its program starts inherit the marks.

``OUTLIVE_SESSION`` is in the environment (environ(7)). A program may clear that; so the soft limit of file locks is a
mark, too. Linux has not used this limit since 2.4.25 (getrlimit(2)), passes it on to every child, keeps it at an exec,
and shows it to everybody. Systems other than Linux have the first mark only.
"""

from __future__ import annotations

import contextlib
import sys
from typing import NamedTuple

from . import proc
from .identity import environment_variables

VARIABLE = "OUTLIVE_SESSION"

LIMIT = 10
"""RLIMIT_LOCKS, which Python does not name."""

LIMIT_NAME = "Max file locks"
_ID_BITS = 56
_MARKED = 0x0C << _ID_BITS
"""The marks are above any number of locks that somebody sets, and below no limit."""


class Mark(NamedTuple):
    """The mark of some processes.

    Attributes:
        variable, value: a variable of the environment, and its value.
        limit: the soft limit of file locks; None if that is no mark of theirs.
    """

    variable: str
    value: str
    limit: int | None = None

    @classmethod
    def of_chat(cls, session_id: str) -> Mark:
        """The mark of a chat's processes."""
        from hashlib import blake2b  # commands need it rarely

        digest = blake2b(session_id.encode(), digest_size=_ID_BITS // 8).digest()
        return cls(VARIABLE, session_id, _MARKED | int.from_bytes(digest, "big"))

    def set_limit(self) -> None:
        """Mark this process, and all that it starts from now on. For use between fork and exec."""
        _set_limit(self.limit)

    def is_of(self, pid: int) -> bool | None:
        """Whether a process has this mark; False if it has another one of this kind, None if it has none."""
        found = []
        if self.limit is not None:
            limit = proc.soft_limit(pid, LIMIT_NAME)
            if limit is not None and limit >> _ID_BITS == _MARKED >> _ID_BITS:
                if limit != self.limit:
                    return False  # Of another chat, as most processes where many chats run.
                found.append(True)
        value = environment_variables(pid, self.variable).get(self.variable)
        found += [] if value is None else [value == self.value]
        return all(found) if found else None


def remove_limit() -> None:
    """Remove the mark of a chat from this process: it belongs to none, although a chat's program has started it."""
    _set_limit(None)


def _set_limit(limit: int | None) -> None:
    """Set the soft limit of file locks, to the hard one for None."""
    if sys.platform != "linux":
        return
    import resource  # only hosts and keepers mark processes

    _, hard = resource.getrlimit(LIMIT)
    with contextlib.suppress(ValueError):  # The hard limit is lower.
        resource.setrlimit(LIMIT, (hard if limit is None else limit, hard))
