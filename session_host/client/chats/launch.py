"""Starts a session: inserts its row, and asks the keeper to fork a host.

Keeper and host are not children of this process: the end of this process, of its terminal or of its process group does
not affect them.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from session_host.agents.agent import Agent
from session_host.agents.environment import child_environment
from session_host.client.sessions.stale_rows import has_live_socket, resolve_stale_row
from session_host.errors import (
    AgentNotFound,
    HostUnavailable,
    LaunchFailed,
    NameTaken,
    NoSuchSession,
    NotAllowed,
    OutliveError,
    StoreError,
    StoreIncomplete,
    WorktreeError,
)
from session_host.keeper_client.channel import KeeperNotResponding
from session_host.keeper_client.discovery import connect_or_start_keeper
from session_host.paths import database, ensure_private, make_directories, obstacle, runtime_dir, session_dir, state_dir
from session_host.protocol.facts import UNSTARTED, ChatFacts, Outcome, Program
from session_host.protocol.keeper import Launch, Launched
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import State
from session_host.storage.store import Store
from session_host.storage.store.database import FILE_TRIES
from session_host.system.login_sockets import links_of
from session_host.system.processes.identity import start_time

from .launch_spec import LaunchRequest, build_spec, choose_name, supported_options

if TYPE_CHECKING:
    from session_host.client.worktrees import Mark
    from session_host.git import Stop


KEEPER_TIMEOUT_S = 8.0
"""A keeper that takes longer hangs."""

REPORT_TIMEOUT_S = 20.0
"""The launch fails if a host takes longer, even if the keeper responds."""

TRIES = 3
_ERRORS: dict[str, type[OutliveError]] = {"not_found": AgentNotFound, "refused": NotAllowed}


class _Unknown(LaunchFailed):
    """It is unknown whether the session was started."""


async def launch(request: LaunchRequest) -> ChatFacts:
    """Like ``launch_now``, in a thread; a cancelled task cancels the start."""
    import asyncio  # a command that starts one chat does not need them

    from session_host.git import Stop

    stop = Stop()
    try:
        return await asyncio.to_thread(launch_now, request, stop)
    except asyncio.CancelledError:
        stop.set()
        raise


def launch_now(
    request: LaunchRequest,
    stop: Stop | None = None,
    *,
    recording: Callable[[], AbstractContextManager[object]] = nullcontext,
    tell: Callable[[str], object] | None = None,
) -> ChatFacts:
    """Start a session; returns its record once its program is exec'd.

    Args:
        request: the session.
        stop: cancels the start while its worktree is being made.
        recording: a context from the recording to the end of the start, in which no exception may come from outside.
        tell: takes a line for the user about an earlier start; None if nobody reads.

    Raises:
        Cancelled: ``stop`` was set; nothing is left.
        AgentNotFound: the agent's program is not installed.
        NameTaken: a running chat has the requested name.
        WorktreeError: the chat's worktree cannot be created.
        LaunchFailed: the session could not be started.
        StoreError: the session could not be recorded, so it was not started.
        UnsafeDirectory: the runtime or state directory cannot be trusted.
    """
    ensure_private(runtime_dir())
    ensure_private(state_dir())
    with Store.open(database()) as store:
        if request.wanted_id and (started := store.get(request.wanted_id)) is not None:
            return started
        spec = build_spec(request, store)
        while True:
            try:
                if request.worktree is None:
                    with recording():
                        return _start(spec, store)
                return _start_in_worktree(request.worktree, spec, store, stop, recording, tell)
            except NameTaken:
                if request.name:
                    raise
                # Another chat has just taken the name.
                name = choose_name(request, spec.facts.origin.cwd, store)
                entry = replace(spec.facts.entry, name=name, default_name=name)
                spec = replace(spec, facts=replace(spec.facts, entry=entry))


def _start_in_worktree(
    branch: str,
    spec: LaunchSpec,
    store: Store,
    stop: Stop | None,
    recording: Callable[[], AbstractContextManager[object]],
    tell: Callable[[str], object] | None,
) -> ChatFacts:
    from session_host.client.worktrees import Mark
    from session_host.git import Stop

    from .chat_worktree import clean_up_worktrees, in_worktree, undo_worktree  # most starts do not need it

    stop = stop or Stop()
    clean_up_worktrees(store, tell)
    with Mark() as mark:
        moved = in_worktree(spec, branch, mark, stop)
        try:
            stop.check()
            with recording():
                record = _start(moved, store, mark)
        except BaseException:
            with contextlib.suppress(WorktreeError):  # The error of the start is more useful.
                undo_worktree(store, moved, mark)
            raise
    store.note_directory(spec.facts.origin.cwd)
    return record


def _start(spec: LaunchSpec, store: Store, mark: Mark | None = None) -> ChatFacts:
    """Record the session and start it; if the start fails, remove the record.

    Args:
        spec: the session.
        store: the store.
        mark: that of its new worktree. It goes with the recording, before anybody can work there: from then on, the
            worktree is removed as a chat's. It comes back before the record goes, since the worktree is to go as well.
    """
    # This process owns the row until there is a host (``resolve_stale_row``).
    program = replace(spec.facts.program, host_pid=os.getpid(), host_started=start_time(os.getpid()))
    record = replace(spec.facts, program=program)
    _insert_row(record, store)
    if mark is not None:
        mark.remove()
    try:
        report = _start_host(spec, store)
        if not report.ok:
            raise _ERRORS.get(report.error_kind, LaunchFailed)(report.error)
    except _Unknown:
        with contextlib.suppress(StoreError):
            store.update(record.id, host_pid=None)  # From now on its socket shows whether it runs.
        raise
    except (OutliveError, OSError) as error:
        if mark is not None and mark.made is not None:
            mark.set(mark.made)
        with contextlib.suppress(StoreError):  # The error of the start is more useful.
            store.remove(record.id, one_line(str(error)) or UNSTARTED)
        for link in links_of(Path(spec.socket_path)):
            link.unlink(missing_ok=True)
        raise
    processes: dict[str, int | None] = {"host_pid": report.host_pid, "child_pid": report.child_pid}
    with contextlib.suppress(StoreError, NoSuchSession, OSError):  # The session runs, and its host records the end.
        processes |= {"host_started": start_time(report.host_pid), "child_started": start_time(report.child_pid)}
        store.update(record.id, state=State.RUNNING, **processes)
    return replace(record, outcome=Outcome(State.RUNNING), program=replace(program, **processes))


def _insert_row(record: ChatFacts, store: Store) -> None:
    """Insert the row, unless a running chat has the same name; rows of dead chats do not count.

    Raises:
        NameTaken: a running chat has the name.
    """
    for _ in range(FILE_TRIES):
        try:
            return store.insert(record, named_alone=True)
        except StoreIncomplete:
            from session_host.client.sessions.store_access import find_chats  # rarely needed

            find_chats(store)
        except NameTaken:
            others = [
                resolve_stale_row(store, each) for each in store.running() if each.entry.name == record.entry.name
            ]
            if any(not each.outcome.is_over for each in others):
                raise
    return store.insert(record, named_alone=True)


def _start_host(spec: LaunchSpec, store: Store) -> LaunchReport:
    """Ask the keeper to start the host; if that keeper is killed meanwhile, ask the next one."""
    try:
        for directory in (Path(spec.log).parent, session_dir(spec.facts.id)):
            make_directories(directory)
    except OSError as error:
        why = obstacle(session_dir(spec.facts.id), is_directory=True) or obstacle(Path(spec.log))
        raise StoreError(
            why or f"{spec.log}: cannot write it ({error.strerror}); free some space, or set OUTLIVE_STATE_DIR"
        ) from error
    unavailable = ""
    for _ in range(TRIES):
        channel = connect_or_start_keeper()
        try:
            return _report(channel.request(Launch(spec), KEEPER_TIMEOUT_S))
        except KeeperNotResponding:
            # A stopped keeper, once continued, starts nothing without a waiting launcher.
            if not has_live_socket(spec.facts.id) and _ended(spec, store) is None:
                raise
            unavailable = "the program is slow to start"
        except HostUnavailable as error:
            unavailable = str(error)
        finally:
            channel.close()
        if (report := _started(spec, store)) is not None:
            return report
    raise LaunchFailed(unavailable)


def _report(answer: Any) -> LaunchReport:
    if not isinstance(answer, Launched):
        raise _Unknown("unexpected answer from the keeper; try `outlive upgrade`")
    return answer.report


def _started(spec: LaunchSpec, store: Store) -> LaunchReport | None:
    """The session's host and child, if it was started before the keeper went away; it may have ended since.

    Raises:
        _Unknown: no process knows.
    """
    from session_host.client.sessions.session_info import describe  # rarely needed

    deadline_s = time.monotonic() + REPORT_TIMEOUT_S
    while time.monotonic() < deadline_s:
        try:
            description = describe(spec.facts.id)
            program = description.facts.program if description is not None else Program()
            if program.host_pid is not None and program.child_pid is not None:
                return LaunchReport(ok=True, host_pid=program.host_pid, child_pid=program.child_pid)
            if not has_live_socket(spec.facts.id):
                return _ended(spec, store)
        except (OSError, StoreError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise _Unknown(f"{spec.facts.entry.name}: it may or may not have started: {why}") from error
        time.sleep(0.02)
    where = f"see {spec.log}" if Path(spec.log).exists() else "see `outlive ls`"
    raise _Unknown(f"{spec.facts.entry.name}: still starting; {where}")


def _ended(spec: LaunchSpec, store: Store) -> LaunchReport | None:
    """The host and child of a session that was started and has ended; None for one that was not started.

    A host records the end before it closes the socket, and no other process writes into the record meanwhile.

    Raises:
        StoreError: the store cannot be read.
    """
    record = store.get(spec.facts.id)
    if record is None or not record.outcome.is_over:
        return None
    return LaunchReport(ok=True, host_pid=record.program.host_pid or 0, child_pid=record.program.child_pid or 0)


def prepare_start(agent: Agent, environment: Mapping[str, str] | None) -> None:
    """Start the keeper if there is none, and ask a new version of the agent's program for its options.

    Args:
        agent: the agent that is about to be started.
        environment: the caller's whole environment; this process's own if None.

    Raises:
        OutliveError: the start will fail, too.
    """
    connect_or_start_keeper().close()
    # The directory is not known yet: the user may still choose another.
    supported_options(agent, child_environment(environment, agent, {}), "/")
