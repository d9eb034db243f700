"""Ended shells that lists leave out: the user left them, or ended them with their tabs. Decided by records alone."""

from __future__ import annotations

from datetime import timedelta

from session_host.protocol.values import State
from session_host.storage.store import SessionRecord
from session_host.system.clock import parse_time

STARTS_WITHIN = timedelta(seconds=3)
"""A shell that ends with an error so soon after its start has failed to start, as after a mistake in its own files."""


def was_left(record: SessionRecord) -> bool:
    """Whether the user has left a shell, as by ``exit`` or Ctrl+D; its exit code is that of its last command."""
    if not record.is_shell or record.state is not State.EXITED or record.end_request:
        return False
    if record.exit_code is None or record.exit_signal is not None:
        return False
    return not record.exit_code or not _ended_at_start(record)


def is_unlisted(record: SessionRecord) -> bool:
    """Whether lists leave a chat out unless it has a tab: the user left the shell, or stopped it, as with its tab."""
    is_over = was_left(record) or (record.is_shell and record.state is State.EXITED and record.end_request == "stop")
    return is_over and not is_kept(record)


def is_kept(record: SessionRecord) -> bool:
    """Whether the user wants to see a chat again: it is pinned, has a name that the user chose, or a worktree."""
    return record.pinned or record.worktree is not None or record.is_named


def _ended_at_start(record: SessionRecord) -> bool:
    began, ended = parse_time(record.created_at), parse_time(record.ended_at or "")
    return began is None or ended is None or ended - began < STARTS_WITHIN
