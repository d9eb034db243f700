"""The git worktrees of chats: created before a chat starts, removed with it if no work is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from session_host.client.sessions.stale_rows import has_live_socket
from session_host.client.worktrees import Mark, discard, empty_submodules, make, remake
from session_host.errors import WorktreeError
from session_host.git import LOCAL_VARIABLES, Stop
from session_host.paths import config_dir, worktree_setup_mark, worktrees_dir
from session_host.protocol.facts import ChatFacts, OwnWorktree, directory_of
from session_host.protocol.launch import LaunchSpec, WorktreeSetup
from session_host.protocol.untrusted_text import one_line
from session_host.storage.store import Store
from session_host.system.processes import proc

from .resumability import awaits_setup
from .settings import load_chat_settings

if TYPE_CHECKING:
    from session_host.client.worktrees.removing import Plan

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
    made = make(spec.facts.origin.cwd, branch or None, spec.facts.entry.name, mark=mark, stop=stop)
    origin = replace(
        spec.facts.origin, cwd=made.directory, real_cwd=os.path.realpath(made.directory), worktree=made.own
    )
    # A process started by a git hook has variables that lead git to another repository.
    env = {name: value for name, value in spec.env.items() if name not in LOCAL_VARIABLES or name in origin.overrides}
    return replace(spec, facts=replace(spec.facts, origin=origin), env=env, setup=worktree_setup(made.own))


def clean_up_worktrees(store: Store, tell: Callable[[str], object] | None = None) -> None:
    """Remove the worktrees and branches of starts that were killed before their chat was recorded. Blocks.

    Removals of worktrees that were killed are finished, too.

    Args:
        store: the store.
        tell: takes a line for the user about one that has more than a checkout makes: it stays; None if nobody reads.
    """
    for line in _finish_removals():
        if tell is not None:
            tell(line)
    if not _has_marks():
        return
    from session_host.client.worktrees.unfinished import clean_up

    def is_used(path: str) -> bool:
        if _user_of(store, path) is not None:
            return True
        if process := _process_in(path):
            raise WorktreeError(f"{process} is using {path}")  # The next call looks again.
        return False

    clean_up(is_used, tell)


def _has_marks() -> bool:
    """Whether a worktree is marked, as one that is being made or removed; most starts find none."""
    return any(worktrees_dir().glob(".*"))


def _finish_removals() -> list[str]:
    """``removing.finish_removals``, if there is anything to finish."""
    if not _has_marks():
        return []
    from session_host.client.worktrees.removing import finish_removals

    return finish_removals()


def note_on_worktree(worktree: OwnWorktree | None) -> str:
    """A line for the user about a new chat's worktree; "" for nothing to say. Blocks."""
    empty = empty_submodules(Path(worktree.path)) if worktree is not None else []
    if not empty:
        return ""
    names = ", ".join(one_line(path) for path in empty[:_NAMED]) + (", …" if len(empty) > _NAMED else "")
    return f"these submodules of the worktree are empty: {names}; to fill them: git submodule update --init --recursive"


def worktree_setup(worktree: OwnWorktree) -> WorktreeSetup | None:
    """The user's command that runs in a new worktree before its agent; None for none.

    Raises:
        ConfigError: the user's settings cannot be read.
    """
    _directory, command = load_chat_settings(config_dir()).setup_of(worktree.repository) or ("", "")
    mark = worktree_setup_mark(worktree.path)
    if not command:
        return None
    return WorktreeSetup(command, worktree.path, directory_of(worktree.repository), str(mark or ""))


def undo_worktree(store: Store, spec: LaunchSpec, mark: Mark) -> None:
    """Undo ``in_worktree`` after a start that certainly failed; ``mark`` is that of the worktree. Blocks.

    Raises:
        WorktreeError: git refuses.
    """
    if store.get(spec.facts.id) is not None or has_live_socket(spec.facts.id):
        return
    if mark.made is not None:
        discard(mark.made)
        mark.remove()


def resumed_in_worktree(record: ChatFacts, directory: str) -> tuple[OwnWorktree | None, WorktreeSetup | None]:
    """Pass a chat's worktree on to the session that resumes it; recreate the worktree if it was deleted. Blocks.

    Returns:
        The worktree, None if the chat had none or continues in another directory; and the setup to run before the
        agent, if the worktree had to be recreated, or if the chat ended before the worktree was set up.

    Raises:
        WorktreeError: the deleted worktree cannot be recreated.
    """
    worktree = record.origin.worktree
    if worktree is None or not Path(os.path.realpath(directory)).is_relative_to(os.path.realpath(worktree.path)):
        return None, None
    _finish_removals()
    needs_setup = remake(worktree) or (record.outcome.is_over and awaits_setup(record))
    return worktree, worktree_setup(worktree) if needs_setup else None


def remove_worktree(store: Store, record: ChatFacts) -> str:
    """Remove a chat's worktree unless that would lose work, or others use it. Blocks.

    Returns:
        One line that says what was removed, or what was kept and why; "" if there is nothing to report.
    """
    worktree = record.origin.worktree
    if worktree is None:
        return ""
    user = _user_of(store, worktree.path, {record.id})
    if user is not None:
        return f"kept the worktree {worktree.path}: the chat {user.entry.name} ({user.id[:8]}) uses it"
    return leave_worktree(worktree)


def leave_worktree(worktree: OwnWorktree) -> str:
    """Remove a worktree that no chat needs any more; as ``remove_worktree``."""
    from session_host.client.worktrees.removing import remove  # A start does not need it.

    earlier = [line for line in _finish_removals() if worktree.path in line]
    if process := _process_in(worktree.path):
        return f"kept the worktree {worktree.path}: {process} is using it"
    return "; ".join(filter(None, [*earlier, remove(worktree, _process_in).line]))


def plan_of_worktree(store: Store, record: ChatFacts, going: Collection[str] = ()) -> Plan:
    """What ``remove_worktree`` would take now. Blocks.

    Args:
        store: the store.
        record: the chat.
        going: the ids of chats that are removed with it.
    """
    from session_host.client.worktrees.removing import Plan, plan  # A start does not need it.

    worktree = record.origin.worktree
    _finish_removals()
    if worktree is None or _user_of(store, worktree.path, {record.id, *going}) or _process_in(worktree.path):
        return Plan()
    return plan(worktree)


def _process_in(worktree: str) -> str:
    """A process in a worktree, such as a server that the agent left running; "" if there is none."""
    real = os.path.realpath(worktree)
    for pid in proc.pids():
        directory = proc.working_directory(pid)
        if directory == real or directory.startswith(f"{real}/"):
            return f"process {pid} ({proc.name(pid)})"
    return ""


def _user_of(store: Store, worktree: str, going: Collection[str] = ()) -> ChatFacts | None:
    """A chat that was started in a worktree, and so may be resumed there, but for those with these ids."""
    places = {worktree, os.path.realpath(worktree)}
    found = (record for place in places for record in store.in_directory(place))
    return next((record for record in found if record.id not in going), None)
