"""Removes an ended chat: its row, its files, its restore points, and its worktree if no work is lost.

A kill leaves a chat whole or without its row; then ``finish_removals`` does the rest. The chat's lines in the search
index are removed by the next update of the index.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import shutil
from pathlib import Path

from session_host.errors import StoreError, WorktreeError
from session_host.paths import endpoint_conversation, session_journal, session_log
from session_host.protocol.values import ENDPOINT, RUNNING_STATES, WITHOUT_AGENT
from session_host.storage.store import SessionRecord, Store, copies, moved_aside
from session_host.storage.store.database import lack_of_space
from session_host.system.log_rotation import rotated_path

log = logging.getLogger(__name__)

TRIES = 100
"""Number of tries to remove a directory while others add or remove files in it, such as another removal."""


def remove_chat(store: Store, record: SessionRecord) -> str:
    """Remove an ended chat's row, files, restore points and worktree. Blocks: on git, and until its exit is saved.

    Returns:
        One line about what was kept of its worktree or its files, and why; "" if there is nothing to say.

    Raises:
        StoreError: the store cannot be written; the chat stays.
        OutliveError: the exit is not saved in time; the chat stays.
        OSError: its files cannot be moved; the chat stays.
    """
    if record.state in RUNNING_STATES:
        # Its host is saving the exit, which would insert the row again.
        import asyncio  # most removals do not need it

        from .pending_end import wait_until_exit_saved

        asyncio.run(wait_until_exit_saved(record.id))
    line = ""
    if record.worktree is not None:
        from .chat_worktree import remove_worktree

        line = remove_worktree(store, record)
    try:
        store.remove_with_files(record.id)
    except StoreError:
        if not lack_of_space(store.path.parent):
            raise
        shutil.rmtree(session_journal(record.id), ignore_errors=True)  # Gives a full disk room for the store's writes.
        store.remove_with_files(record.id)
    left = remove_files(store, record)
    return line or left


def finish_removals(store: Store) -> None:
    """Delete what is left of removals that were killed. Blocks.

    Raises:
        StoreError: the store cannot be used.
    """
    for session_id in store.unfinished_removals():
        record = copies.row_in(moved_aside.directory(store.path, session_id), session_id)
        try:
            if record is not None:
                remove_files(store, record)
            else:
                _remove_directories(store, session_id)
        except OSError as error:  # The others are deleted nevertheless.
            log.warning("files of the removed chat %s: %s", session_id, error)


def remove_files(store: Store, record: SessionRecord) -> str:
    """Delete all files of a chat that was just removed from the store; returns a line if some cannot be deleted."""
    _remove_restore_points(record)
    _remove_conversation(store, record)
    if left := _remove_directories(store, record.id):
        return f"files of {record.name} are left in {left}"
    return ""


def _remove_directories(store: Store, session_id: str) -> str:
    for path in (session_log(session_id), rotated_path(session_log(session_id))):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
    return _remove_directory(moved_aside.directory(store.path, session_id))


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


def _remove_directory(path: Path) -> str:
    """Remove a directory and its content, also if the host of a just ended chat still saves its last screen there.

    Returns:
        The path and the reason if files are left, else "".
    """
    for _ in range(TRIES):
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            if not path.exists():
                return ""  # Another process removed it; that is no failure.
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                return f"{path}: {error.strerror}"
        else:
            return ""
    return f"{path}: a program still writes to it" if path.exists() else ""


def _remove_conversation(store: Store, record: SessionRecord) -> None:
    """Remove the conversation if it is in Outlive's own file and no other chat uses it; agents' own files stay."""
    conversation = record.provider_session_id
    if record.agent != ENDPOINT or conversation is None:
        return
    if not [each for each in store.in_conversation(conversation) if each.id != record.id]:
        endpoint_conversation(conversation).unlink(missing_ok=True)
