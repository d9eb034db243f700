"""The git worktrees of chats: created before a chat starts, removed with it if no work is lost."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from session_host.client.sessions.stale_rows import has_live_socket, resolve_stale_row
from session_host.client.worktrees import Mark, Worktree, clean_up, discard, empty_submodules, make, remake, remove
from session_host.git import LOCAL_VARIABLES, Stop
from session_host.paths import config_dir, worktree_setup_mark
from session_host.protocol.launch import LaunchSpec, Origin, WorktreeSetup
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import RUNNING_STATES
from session_host.storage.store import SessionRecord, Store
from session_host.storage.store.session_record import directory_of
from session_host.system.processes import proc

from .resumability import awaits_setup
from .settings import load_chat_settings

_NAMED = 3
"""How many submodules a line names."""


def in_worktree(spec: LaunchSpec, branch: str, mark: Mark, stop: Stop | None = None) -> LaunchSpec:
    """Make a worktree, and return the spec of a chat that starts in it. Blocks.

    Args:
        spec: the spec without a worktree.
        branch: the branch to check out; "" for a new one, named after the chat.
        mark: marks the worktree until the chat is recorded.
        stop: cancels it.

    Raises:
        Cancelled: ``stop`` was set; nothing is left of it.
        WorktreeError: the worktree cannot be created; nothing is left of it.
    """
    made = make(spec.cwd, branch or None, spec.name, mark=mark, stop=stop)
    origin = msgspec.structs.replace(
        spec.origin,
        repository=made.repository,
        worktree=made.path,
        branch=made.branch,
        branch_made=made.branch_made,
        real_cwd=os.path.realpath(made.directory),
    )
    # A process started by a git hook has variables that lead git to another repository.
    env = {name: value for name, value in spec.env.items() if name not in LOCAL_VARIABLES or name in spec.overrides}
    setup = worktree_setup(made.path, made.repository)
    return msgspec.structs.replace(spec, cwd=made.directory, origin=origin, env=env, setup=setup)


def clean_up_worktrees(store: Store) -> None:
    """Remove the worktrees and branches of starts that were killed before their chat was recorded. Blocks."""
    clean_up(lambda path: any(path in {record.worktree, record.cwd} for record in store.all()))


def note_on_worktree(worktree: str | None) -> str:
    """A line for the user about a new chat's worktree; "" for nothing to say. Blocks."""
    empty = empty_submodules(Path(worktree)) if worktree is not None else []
    if not empty:
        return ""
    names = ", ".join(one_line(path) for path in empty[:_NAMED]) + (", …" if len(empty) > _NAMED else "")
    return f"these submodules of the worktree are empty: {names}; to fill them: git submodule update --init --recursive"


def worktree_setup(worktree: str, repository: str) -> WorktreeSetup | None:
    """The user's command that runs in a new worktree before its agent; None for none.

    Args:
        worktree: its top directory.
        repository: git's common directory.

    Raises:
        ConfigError: the user's settings cannot be read.
    """
    _directory, command = load_chat_settings(config_dir()).setup_of(repository) or ("", "")
    mark = worktree_setup_mark(worktree)
    return WorktreeSetup(command, worktree, directory_of(repository), str(mark or "")) if command else None


def undo_worktree(store: Store, spec: LaunchSpec) -> None:
    """Undo ``in_worktree`` after a start that certainly failed. Blocks.

    Raises:
        WorktreeError: git refuses.
    """
    origin = spec.origin
    if store.get(spec.session_id) is not None or has_live_socket(spec.session_id):
        return
    if origin.worktree is not None and origin.repository is not None and origin.branch is not None:
        discard(
            Worktree(
                path=origin.worktree,
                directory=spec.cwd,
                repository=origin.repository,
                name="",
                branch=origin.branch,
                branch_made=origin.branch_made,
            )
        )


def resumed_in_worktree(record: SessionRecord, directory: str) -> tuple[Origin, WorktreeSetup | None]:
    """Pass a chat's worktree on to the session that resumes it; recreate the worktree if it was deleted. Blocks.

    Returns:
        The origin with the worktree's facts, empty if the chat had no worktree or continues in another directory; and
        the setup to run before the agent, if the worktree had to be recreated, or if the chat ended before the worktree
        was set up.

    Raises:
        WorktreeError: the deleted worktree cannot be recreated.
    """
    if record.worktree is None or record.repository is None or record.branch is None:
        return Origin(), None
    if not Path(directory).is_relative_to(record.worktree):
        return Origin(), None
    is_new = remake(record.worktree, record.repository, record.branch)
    needs_setup = is_new or (record.state not in RUNNING_STATES and awaits_setup(record))
    origin = Origin(
        repository=record.repository,
        worktree=record.worktree,
        branch=record.branch,
        branch_made=record.branch_made,
    )
    return origin, worktree_setup(record.worktree, record.repository) if needs_setup else None


def remove_worktree(store: Store, record: SessionRecord) -> str:
    """Remove an ended chat's worktree unless that would lose work, or others use it. Blocks.

    Returns:
        One line that says what was removed, or what was kept and why; "" if there is nothing to report.
    """
    if record.worktree is None or record.repository is None:
        return ""
    user = _other_user(store, record, record.worktree)
    if user is not None:
        return f"kept the worktree {record.worktree}: the chat {user.name} uses it"
    if process := _process_in(record.worktree):
        return f"kept the worktree {record.worktree}: {process} is using it"
    result = remove(record.worktree, record.repository, record.branch or "", branch_made=record.branch_made)
    return result.line


def _process_in(worktree: str) -> str:
    """A process in a worktree, such as a server that the agent left running; "" if there is none."""
    for pid in proc.pids():
        directory = proc.working_directory(pid)
        if directory == worktree or directory.startswith(f"{worktree}/"):
            return f"process {pid} ({proc.name(pid)})"
    return ""


def _other_user(store: Store, record: SessionRecord, worktree: str) -> SessionRecord | None:
    """Another chat that works in a worktree, or could be resumed there."""
    for other in store.in_directory(worktree):
        if other.id == record.id:
            continue
        if resolve_stale_row(store, other).state in RUNNING_STATES:
            return other
        if other.worktree == record.worktree and other.continued_by is None:
            return other
    return None
