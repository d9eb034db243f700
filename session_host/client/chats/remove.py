"""Removes an ended chat: its row, its files, its restore points, and its worktree if no work is lost."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import shutil
from pathlib import Path

from session_host.errors import OutliveError, StoreError, WorktreeError
from session_host.paths import endpoint_conversation, session_dir, session_log
from session_host.protocol.values import RUNNING_STATES, WITHOUT_AGENT
from session_host.storage.search import forget
from session_host.storage.store import SessionRecord, Store
from session_host.system.log_rotation import rotated_path

from .pending_end import wait_until_exit_saved

log = logging.getLogger(__name__)

ENDPOINT = "endpoint"
"""The name of our own agent."""

TRIES = 10
"""Number of tries to remove a directory while files are added or removed in it."""

NAMED = 3
"""Maximum number of remaining files that the error names."""


def remove_chat(store: Store, record: SessionRecord) -> str:
    """Remove an ended chat's row, files, restore points and worktree. Blocks: on git, and until its exit is saved.

    Returns:
        One line about its worktree: what was kept and why; "" if there is nothing to say.

    Raises:
        StoreError: the store cannot be written.
        OutliveError: files remain (the message names them), or the exit is not saved in time; the record stays.
        OSError: a file cannot be removed.
    """
    if record.state in RUNNING_STATES:
        # Its host is saving the exit, which would insert the row again.
        asyncio.run(wait_until_exit_saved(record.id))
    line = ""
    _remove_restore_points(record)
    if record.worktree is not None:
        from .chat_worktree import remove_worktree

        line = remove_worktree(store, record)
    # Remove the files before the record: without a record they would never be found again.
    _remove_directory(session_dir(record.id))
    for log in (session_log(record.id), rotated_path(session_log(record.id))):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            log.unlink()
    _remove_conversation(store, record)
    store.remove(record.id)
    _remove_from_index(record.id)
    return line


def _remove_from_index(session_id: str) -> None:
    """Remove a chat's text from the search index; if that fails, ``outlive search`` does it later."""
    try:
        forget(session_id)
    except StoreError as error:
        log.warning("%s stays in the search index for now: %s", session_id, error)


def _remove_restore_points(record: SessionRecord) -> None:
    """Remove the references of a chat's restore points; they stay if git fails, and keep only their objects alive."""
    if record.agent in {*WITHOUT_AGENT, ENDPOINT}:
        return
    from session_host.restore_points.points import remove_all

    directory = Path(record.repository or record.cwd)
    is_git_directory = bool(record.repository) and directory.is_dir()
    while not directory.is_dir():
        directory = directory.parent
    try:
        remove_all(directory, record.id, is_git_directory=is_git_directory)
    except WorktreeError as error:
        log.info("restore points of %s: %s", record.id, error)


def _remove_directory(path: Path) -> None:
    """Remove a directory and its content, also if the host of a just ended chat still saves its last screen there.

    Raises:
        OutliveError: files are added endlessly; the message names the remaining ones.
        OSError: a file cannot be removed.
    """
    for _ in range(TRIES):
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            if not path.exists():
                return  # Another process removed it; that is no failure.
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        else:
            return
    if path.exists():
        # A walk ignores files that vanish meanwhile.
        files = sorted(
            str(Path(directory, name).relative_to(path)) for directory, _, names in os.walk(path) for name in names
        )
        named = ", ".join(files[:NAMED]) + (", …" if len(files) > NAMED else "")
        raise OutliveError(
            f"cannot remove the chat: a program still writes to {path} ({named or 'none just now'}); end it "
            "and try again"
        )


def _remove_conversation(store: Store, record: SessionRecord) -> None:
    """Remove the conversation if it is in Outlive's own file and no other chat uses it; agents' own files stay."""
    conversation = record.provider_session_id
    if record.agent != ENDPOINT or conversation is None:
        return
    others = [each for each in store.all() if each.id != record.id and each.provider_session_id == conversation]
    if not others:
        endpoint_conversation(conversation).unlink(missing_ok=True)
