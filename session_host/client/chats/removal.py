"""Removes an ended chat; ends processes that it left behind; waits until an end is saved."""

from __future__ import annotations

import contextlib
import errno
import logging
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from session_host.client.permission import check_may_control
from session_host.client.sessions.session_info import describe
from session_host.client.sessions.stale_rows import record_of, resolve_stale_row
from session_host.client.sessions.store_access import open_store
from session_host.errors import HostUnavailable, NotResumable, StoreError, WorktreeError
from session_host.git import is_no_repository
from session_host.paths import (
    endpoint_conversation,
    session_dir,
    session_files,
    session_journal,
    session_log,
    state_dir,
)
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Description
from session_host.protocol.shown_command import shown_command
from session_host.protocol.values import ENDPOINT, State
from session_host.storage.store import Store, copies, moved_aside
from session_host.storage.store.database import lack_of_space
from session_host.system.log_rotation import rotated_path
from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.identity import is_killed, start_time
from session_host.system.processes.process_tree import ChatProcess, chat_processes, end_all

log = logging.getLogger(__name__)

UNSTARTED_S = 86_400.0
"""No start takes so long."""

TRIES = 100
"""Number of tries to remove a directory while others add or remove files in it, such as another removal."""


def remove_chat(store: Store, record: ChatFacts) -> str:
    """Remove an ended chat: ``remove_row``, then ``remove_rest``; raises as the first, and returns as the second."""
    remove_row(store, record)
    return remove_rest(store, record)


def remove_row(store: Store, record: ChatFacts) -> None:
    """Remove an ended chat's row; the chat that continues it gets its restore points.

    Blocks until its exit is saved, and on git.

    Raises:
        StoreError: the store cannot be written; the chat stays.
        OutliveError: the exit is not saved in time, or its restore points cannot be given away; the chat stays.
        OSError: its files cannot be moved; the chat stays.
    """
    if not record.outcome.is_over:
        # Its host is saving the exit, which would insert the row again.
        import asyncio  # most removals do not need it

        asyncio.run(wait_until_exit_saved(record.id))
    hand_on_points(store, record)
    try:
        store.remove_with_files(record.id)
    except StoreError:
        if not lack_of_space(store.path.parent):
            raise
        shutil.rmtree(session_journal(record.id), ignore_errors=True)  # Gives a full disk room for the store's writes.
        store.remove_with_files(record.id)


def remove_rest(store: Store, record: ChatFacts) -> str:
    """Remove the files, restore points and worktree of a chat without a row. Blocks on git.

    Of chats that are removed together, the rows go first: one that stays keeps the worktree in which it was started.
    Files that its conversation names stay until the last chat is removed that continues or copies that.

    Returns:
        One line about what was kept of its worktree or its files, and why; "" if there is nothing to say.
    """
    line = ""
    if record.origin.worktree is not None:
        from .chat_worktree import remove_worktree

        line = remove_worktree(store, record)
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


def remove_unstarted(store: Store) -> None:
    """Delete what starts left that were killed before their chat was recorded: files for its agent alone. Blocks.

    Raises:
        OSError: the directories cannot be listed.
        StoreError: the store cannot be used.
    """
    sessions = state_dir() / "sessions"
    for path in sessions.iterdir() if sessions.is_dir() else ():
        with contextlib.suppress(NotADirectoryError, FileNotFoundError):  # Another process has just removed it.
            is_old = time.time() - path.stat().st_mtime > UNSTARTED_S
            if is_old and list(path.iterdir()) == [session_files(path.name)] and not _is_known(store, path.name):
                with contextlib.suppress(OSError):
                    _remove_tree(path)


def _is_known(store: Store, session_id: str) -> bool:
    """Whether a chat has a row, or another one's conversation may name its files."""
    return store.get(session_id) is not None or store.names_files_of(session_id)


def remove_files(store: Store, record: ChatFacts) -> str:
    """Delete the files of a chat that was just removed from the store; returns a line if some cannot be deleted."""
    # As it was when it was removed: another chat may have continued it just before.
    record = copies.row_in(moved_aside.directory(store.path, record.id), record.id) or record
    _remove_restore_points(store, record)
    _remove_conversation(store, record)
    _remove_named(store, record)
    if left := _remove_directories(store, record.id):
        return f"files of {record.entry.name} are left in {left}"
    return ""


def _remove_directories(store: Store, session_id: str) -> str:
    for path in (session_log(session_id), rotated_path(session_log(session_id))):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
    return _remove_directory(moved_aside.directory(store.path, session_id))


def hand_on_points(store: Store, record: ChatFacts) -> None:
    """Make an ended chat's restore points those of the chat that continues it, if one does.

    Raises:
        WorktreeError: git fails; they stay, and so must the chat.
        NotResumable: that chat is just being started; if that fails, this one has its place again.
    """
    record = store.get(record.id) or record
    later = store.get(record.entry.continued_by) if record.entry.continued_by else None
    if later is None:
        return
    if resolve_stale_row(store, later).outcome.state is State.STARTING:
        raise NotResumable(f"{record.entry.name} is just being resumed; try again in a moment")
    if store.get(later.id) is None:
        raise NotResumable(f"{record.entry.name} is asleep again, since it could not be woken; stop it first")
    _hand_on(record, later)


def _hand_on(record: ChatFacts, later: ChatFacts) -> None:
    """Make a chat's restore points those of the one that continues it; raises WorktreeError."""
    if shutil.which("git") is None:
        return
    from session_host.restore_points.points import hand_on

    directory, is_git_directory = repository_of(record)
    try:
        hand_on(directory, record.id, later.id, is_git_directory=is_git_directory)
    except WorktreeError as error:
        if is_no_repository(error) or "dubious ownership" in str(error):
            return  # It has none.
        raise WorktreeError(
            f"{record.entry.name} stays: {later.entry.name}, which continues it, cannot get its restore points: {error}"
        ) from error


def _remove_restore_points(store: Store, record: ChatFacts) -> None:
    """Remove the references of a chat's restore points; they stay if git fails, and keep only their objects alive."""
    if not has_restore_points(record):
        return
    from session_host.restore_points.points import remove_all

    directory, is_git_directory = repository_of(record)
    later = store.get(record.entry.continued_by) if record.entry.continued_by else None
    try:
        if later is not None:
            _hand_on(record, later)  # Those that were made meanwhile.
        remove_all(directory, record.id, is_git_directory=is_git_directory)
    except WorktreeError as error:
        log.info("restore points of %s: %s", record.id, error)


def _remove_named(store: Store, record: ChatFacts) -> None:
    """Delete the files of earlier chats, which were removed, that no other chat's conversation may name."""
    for each in record.origin.files_in:
        if not _is_known(store, each):
            _remove_directory(session_dir(each))


def has_restore_points(record: ChatFacts) -> bool:
    """Whether a chat's host makes restore points, in a repository."""
    return not record.origin.is_shell_or_command and record.origin.agent != ENDPOINT


def repository_of(record: ChatFacts) -> tuple[Path, bool]:
    """The directory by which a chat's repository is found, and whether that is git's own."""
    worktree = record.origin.worktree
    directory = Path(worktree.repository if worktree is not None else record.origin.cwd)
    is_git_directory = worktree is not None and directory.is_dir()
    while not directory.is_dir():
        directory = directory.parent
    return directory, is_git_directory


def _remove_directory(path: Path) -> str:
    """Remove a directory and its content, also if the host of a just ended chat still saves its last screen there.

    Returns:
        The path and the reason if files are left, else "".
    """
    for _ in range(TRIES):
        try:
            _remove_tree(path)
        except FileNotFoundError:
            if not path.exists():
                return ""  # Another process removed it; that is no failure.
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                return f"{path}: {error.strerror}"
        else:
            return ""
    return f"{path}: a program still writes to it" if path.exists() else ""


def _remove_tree(path: Path) -> None:
    """Remove a directory and its content.

    Raises:
        OSError: as ``shutil.rmtree``; EBUSY if something is mounted in it, then nothing is removed.
    """
    from session_host.placing.mounts import check_no_mount  # only removals need it

    check_no_mount(path)
    shutil.rmtree(path)


def _remove_conversation(store: Store, record: ChatFacts) -> None:
    """Remove the conversation if it is in Outlive's own file and no other chat uses it; agents' own files stay."""
    conversation = record.program.conversation
    if record.origin.agent != ENDPOINT or not conversation:
        return
    if not [each for each in store.in_conversation(conversation) if each.id != record.id]:
        endpoint_conversation(conversation).unlink(missing_ok=True)


_NO_LEADER = -1
"""The program's PID may be another process's now."""

_SHOWN = 3


def left_processes(session_id: str) -> list[ChatProcess]:
    """The processes that an ended chat has left behind."""
    return chat_processes(_NO_LEADER, Mark.of_chat(session_id))


def end_left_processes(record: ChatFacts, *, gracefully: bool) -> list[ChatProcess]:
    """End what an ended chat has left behind; returns what that was.

    Raises:
        NotAllowed: this process belongs to an agent that may not control the chat.
    """
    left = left_processes(record.id)
    if left:
        check_may_control(record)
        end_all(lambda: left_processes(record.id), gracefully=gracefully)
    return left


def described(processes: Sequence[ChatProcess]) -> str:
    """The programs in one line: ``sleep (PID 4711), python3 server.py (PID 4712) and 5 others``. Blocks on the disk."""
    shown = [f"{_name_of(each)} (PID {each.pid})" for each in processes[:_SHOWN]]
    others = len(processes) - _SHOWN
    return ", ".join(shown) + (f" and {others} others" if others > 1 else " and another" if others == 1 else "")


def _name_of(process: ChatProcess) -> str:
    """The program, and the file that it runs: a long path before them would hide both."""
    directory = f"/proc/{process.pid}/cwd"
    return shown_command(process.command.split(), lambda word: Path(directory, word).is_file())


SAVED_TIMEOUT_S = 10.0
"""How long recording an end may take, with a busy disk or daemons that end with the agent."""


def is_exit_pending(session_id: str) -> bool:
    """Whether the program has ended and the end is not recorded yet. Blocks on the disk, and on the host.

    Raises:
        StoreError, NoSuchSession: there is no such record.
    """
    with open_store() as store:
        if record_of(store, session_id).outcome.is_over:
            return False
    # If the host was killed just now, the next one answers soon.
    description = describe(session_id)
    return description is not None and (description.facts.outcome.state is State.EXITED or is_program_gone(description))


def is_program_gone(description: Description) -> bool:
    """Whether the program's process has ended; its host may still read its last output."""
    return description.facts.program.child_pid is not None and (
        is_killed(description.facts.program.child_pid) or start_time(description.facts.program.child_pid) is None
    )


async def wait_until_exit_saved(session_id: str) -> None:
    """Wait until the host has recorded the end and exited; returns at once if no end is pending.

    Raises:
        NotResumable: it takes too long.
        StoreError, NoSuchSession: there is no such record.
        UnsafeDirectory: another user could have made the host's socket.
    """
    import asyncio

    from session_host.client.control import ControlConnection  # removing a chat that has long ended does not need it

    try:
        async with asyncio.timeout(SAVED_TIMEOUT_S):
            while await asyncio.to_thread(is_exit_pending, session_id):
                # The host may have exited meanwhile, or another one follows: check the store and that host.
                with contextlib.suppress(HostUnavailable):
                    async with ControlConnection(session_id) as connection:
                        async for _ in connection.messages():
                            pass
    except TimeoutError as error:
        text = f"the chat has ended, but its exit was not saved within {SAVED_TIMEOUT_S:g} s"
        lack = lack_of_space(state_dir())
        # A host of an earlier version cannot open a store that a newer one has changed.
        remedy = "; try again; after an update of Outlive, run `outlive upgrade`; else `outlive doctor`"
        raise NotResumable(f"{text}{f': {lack}' if lack else remedy}") from error
