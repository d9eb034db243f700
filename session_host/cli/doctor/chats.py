"""Checks the running chats: whether each can be reached, and whether the keeper responds."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from session_host.client.chats.retention import assess, removed_log
from session_host.client.chats.settings import MIB
from session_host.client.sessions.session_info import describe_all
from session_host.client.sessions.stale_rows import elsewhere, has_live_socket, lacks_host
from session_host.client.worktrees.removing import why_kept, worktree_at
from session_host.errors import OutliveError, WorktreeError
from session_host.keeper_client.discovery import keeper_status
from session_host.paths import database, worktrees_dir
from session_host.protocol.facts import ChatFacts
from session_host.storage.store import Store
from session_host.system.processes import proc
from session_host.system.processes.identity import is_running, is_stopped

from .check import Check, fail, ok, warn


def keeper() -> Iterator[Check]:
    """Check that a keeper exists if chats run, and that it answers."""
    try:
        status = keeper_status()
    except OutliveError as error:
        message, _, remedy = str(error).partition("; ")
        yield fail("keeper", message, remedy or "try again")
        return
    if status is not None:
        count = len(status.sessions)
        facts = f"process {status.pid}, {count} {'chat' if count == 1 else 'chats'}"
        room = _room(status.pid)
        if room is not None and room < MIN_ROOM:
            pids = [status.pid, *proc.parents(status.pid)]
            yield warn("keeper", f"{facts}, and open files for {room} more", _more_files(pids))
        else:
            yield ok("keeper", facts if room is None else f"{facts}; its limit of open files is enough for {room} more")
    elif any(
        is_running(record.program.host_pid, record.program.host_started)
        for record in _running()
        if not elsewhere(record)
    ):
        yield warn(
            "keeper",
            "not reachable, although chats are running",
            "run `outlive new -d -- true`: it starts a keeper, and running chats connect to it",
        )
    else:
        yield ok("keeper", "not running, not needed")


MIN_ROOM = 25
"""The keeper should have room for so many more chats."""
_FILES_OF_CHAT = 9
_WANTED_FILES = 65536


def _room(keeper: int) -> int | None:
    """For how many more chats a keeper can open files; None if that is not known."""
    limit = proc.soft_limit(keeper, "Max open files")
    return None if limit is None else max(0, limit - sum(1 for _ in proc.open_files(keeper))) // _FILES_OF_CHAT


def _more_files(keepers: list[int]) -> str:
    """How to raise the limit of keepers, which have that of the login in which the first chat was started."""
    commands = "; ".join(f"sudo prlimit --pid {pid} --nofile={_WANTED_FILES}:{_WANTED_FILES}" for pid in keepers)
    return f"run `{commands}`; for new logins, raise nofile in /etc/security/limits.conf, or LimitNOFILE of systemd"


def chats() -> Iterator[Check]:
    """Check that every running chat can be reached and answers."""
    running = _running()
    answering = describe_all([record.id for record in running])
    unreachable: list[Check] = []
    for record in running:
        if record.id in answering:
            continue
        if where := elsewhere(record):
            name = f"{record.entry.name} ({record.id[:8]})"
            yield ok("running chats", f"{name} runs {where}, which shares this directory: nothing more is known here")
        elif (check := _unreachable(record)) is not None:
            unreachable.append(check)
    yield from unreachable
    if not unreachable:
        yield ok("running chats", f"{len(answering)}, all reachable")


def ended() -> Iterator[Check]:
    """Report the disk space of ended chats, its limit, and the last chat removed because of it."""
    if not database().exists():
        return
    try:
        with Store.open(database()) as store:
            found = assess(store)
        lines = removed_log().read_text(encoding="utf-8").splitlines() if removed_log().exists() else []
    except (OutliveError, OSError) as error:
        yield warn("ended chats", str(error), "see the message above")
        return
    used_mib = sum(chat.size_bytes for chat in found.chats) // MIB
    if found.limit_bytes:
        limit = f"; {found.removable_bytes // MIB} MiB of them count for the limit of {found.limit_bytes // MIB}"
    else:
        limit = "; no limit"
    latest = f"; latest: {lines[-1].partition(' ')[2]}" if lines else ""
    line = f"{len(found.chats)}, {used_mib} MiB{limit} (ended_limit_mib in chats.toml){latest}"
    if found.is_near:
        yield warn("ended chats", line, "the oldest are removed when they exceed it; pin those to keep, or raise it")
    else:
        yield ok("ended chats", line)


def _unreachable(record: ChatFacts) -> Check | None:
    """The problem of a chat with a host that does not answer; None if the chat has ended."""
    name = f"{record.entry.name} ({record.id[:8]})"
    if not has_live_socket(record.id):
        if not is_running(record.program.child_pid, record.program.child_started):
            return None
        what = f"{name} is running (process {record.program.child_pid}) but not reachable"
        return fail(
            "running chats",
            what,
            f"run `outlive new -d -- true` to start a keeper, or end the agent with `kill {record.program.child_pid}`",
        )
    if lacks_host(record):
        what = f"{name}: its background process does not start"
        remedy = f"`outlive logs {record.id[:8]}` has the reason; end the chat with `outlive kill {record.id[:8]}`"
        return fail("running chats", what, remedy)
    pid = record.program.host_pid
    if pid is not None and is_stopped(pid):
        what = f"{name}: its background process (PID {pid}) is stopped"
        return fail(
            "running chats",
            what,
            f"continue it with `kill -CONT {pid}`, or end the chat with `outlive kill {record.id[:8]}`",
        )
    what = f"{name}: its background process (PID {pid}) does not respond"
    return warn("running chats", what, f"try again, or end the chat with `outlive kill {record.id[:8]}`")


def _running() -> list[ChatFacts]:
    if not database().exists():
        return []
    try:
        with Store.open(database()) as store:  # Does not mark lost chats: this command makes no changes.
            return store.running()
    except OutliveError:
        return []  # The store has its own check.


MAX_NAMED = 3


def worktrees() -> Iterator[Check]:
    """List worktrees without a chat: they were kept because of work in them when their chat was removed."""
    found = _found()
    if not found:
        return
    used = _used()
    if used is None:
        return  # The store has its own check.
    unused = [path for path in found if not any(each.is_relative_to(os.path.realpath(path)) for each in used)]
    if not unused:
        yield ok("worktrees", f"{len(found)} in {worktrees_dir()}, all used by chats")
        return
    first = shlex.quote(str(unused[0]))
    named = ", ".join(map(_with_reason, unused[:MAX_NAMED])) + (" …" if len(unused) > MAX_NAMED else "")
    yield warn(
        "worktrees",
        f"{len(found)}, of which {len(unused)} belong to removed chats: {named}",
        f"check their contents, then run `git -C {first} worktree remove {_force(unused[0])}{first}`",
    )


def _with_reason(path: Path) -> str:
    """The path of a left worktree, and why its removal would lose work."""
    try:
        reason = why_kept(worktree_at(path)) or "nothing in it is nowhere else"
    except WorktreeError as error:
        reason = str(error)
    return f"{path} ({reason.removeprefix(f'kept the worktree {path}: ')})"


def _force(path: Path) -> str:
    """The option without which git removes no worktree with submodules."""
    return "--force " if (path / ".gitmodules").exists() else ""


def _found() -> list[Path]:
    try:
        return sorted(path for path in worktrees_dir().glob("*/*") if os.path.isdir(path))  # noqa: PTH112 - also if unreadable
    except OSError:
        return []


def _used() -> set[Path] | None:
    """The directories and worktrees of all chats in the store, without symbolic links; None if it cannot be read."""
    if not database().exists():
        return set()
    try:
        with Store.open(database()) as store:
            origins = [record.origin for record in store.all()]
            worktrees = {each.worktree.path for each in origins if each.worktree}
            return {Path(os.path.realpath(each)) for each in {each.cwd for each in origins} | worktrees}
    except OutliveError:
        return None
