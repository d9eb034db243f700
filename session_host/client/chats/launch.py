"""Starts a session: builds its spec, inserts its row and asks the keeper to fork a host.

Keeper and host are not children of this process: the end of this process, of its terminal or of its process group does
not affect them.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from session_host.agents.agent import Agent
from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.registry import before_start, locating, relocated
from session_host.agents.environment import child_environment, missing_integration
from session_host.agents.session_files import copy_conversation_files, write_files
from session_host.client.sessions.listing import describe
from session_host.client.sessions.session_info import has_live_socket, resolve_stale_row
from session_host.errors import (
    AgentNotFound,
    HostUnavailable,
    LaunchFailed,
    NameTaken,
    NoSuchSession,
    OutliveError,
    StoreError,
    WorktreeError,
)
from session_host.keeper_client.channel import KeeperNotResponding
from session_host.keeper_client.discovery import connect_or_start_keeper
from session_host.paths import (
    agent_socket,
    config_dir,
    database,
    ensure_private,
    make_directories,
    runtime_dir,
    session_dir,
    session_files,
    session_journal,
    session_log,
    session_socket,
    session_stderr,
    session_transitions,
    state_dir,
)
from session_host.protocol.keeper import Launch, Launched
from session_host.protocol.launch import LaunchReport, LaunchSpec, Origin
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import RUNNING_STATES, GridSize, Runtime, State
from session_host.storage.store import SessionRecord, Store, free_name
from session_host.system.clock import now
from session_host.system.processes.identity import boot_id, current_umask, start_time
from session_host.system.processes.permission import AGENT_CHATS, of_new_chat
from session_host.terminal import default_engine
from session_host.terminal.base import DefaultColors, EngineName

from . import last_colors
from .installed_version import speaks_protocol, supported_options
from .settings import MIB, load_chat_settings
from .structured_launch import Fork, structured_launch, terminal_beside, watch_of_structured, way_of, write_history

DEFAULT_SIZE = GridSize(80, 24)
KEEPER_TIMEOUT_S = 8.0
"""A keeper that takes longer hangs."""

REPORT_TIMEOUT_S = 20.0
"""The launch fails if a host takes longer, even if the keeper responds."""

TRIES = 3
_ERRORS: dict[str, type[LaunchFailed]] = {"not_found": AgentNotFound}


class _Unknown(LaunchFailed):
    """It is unknown whether the session was started."""


class LaunchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The user's request to start a chat."""

    agent: Agent
    arguments: list[str] = []
    prompt: str = ""
    """The first prompt, for agents that take one in their argv; "" for none."""
    resume: SessionRecord | None = None
    """The ended session that is resumed; its ``provider_session_id`` is known."""
    anew: bool = False
    """Begin the conversation again under its id, since nothing was said in it yet."""
    beside: SessionRecord | None = None
    """The running structured chat that the agent's own terminal shows, too; its conversation is known."""
    fork: Fork | None = None
    """The chat whose conversation is copied at the beginning."""
    runtime: Runtime = "terminal"
    """How the agent is spoken to."""
    one_shot: bool = False
    """Whether a structured chat's agent gets one process for each prompt, although it speaks a protocol."""
    picks: bool = False
    """Whether the agent lets its user choose the conversation to resume."""
    name: str | None = None
    """The chat's name; None to make one from the directory's name."""
    directory: str
    worktree: str | None = None
    """The branch of a new git worktree for the chat, "" for a new branch; None for no worktree."""
    environment: Mapping[str, str]
    """The caller's whole environment."""
    overrides: dict[str, str] = {}
    """Variables that the user set in addition."""
    located_by: dict[str, str] = {}
    """The variables that locate the conversation, if it is in the place of an earlier chat; see ``SessionRecord``."""
    size: GridSize = DEFAULT_SIZE
    engine: EngineName | None = None
    colors: DefaultColors | None = None
    """The caller's terminal colours, if it shows terminals."""


async def launch(request: LaunchRequest) -> SessionRecord:
    """As ``launch_now``, in a thread."""
    import asyncio  # a command that starts one chat does not need it

    return await asyncio.to_thread(launch_now, request)


def launch_now(request: LaunchRequest) -> SessionRecord:
    """Start a session; returns its record once its program is exec'd.

    Raises:
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
        spec = _spec(request, store)
        while True:
            try:
                if request.worktree is None:
                    return _start(spec, store)
                return _start_in_worktree(request.worktree, spec, store)
            except NameTaken:
                if request.name:
                    raise
                # Another chat has just taken the name.
                spec = msgspec.structs.replace(spec, name=_name(request, spec.cwd, store))


def _start_in_worktree(branch: str, spec: LaunchSpec, store: Store) -> SessionRecord:
    from .chat_worktree import in_worktree, take_back  # most starts do without

    there = in_worktree(spec, branch)
    try:
        record = _start(there, store)
    except BaseException:
        with contextlib.suppress(WorktreeError):  # The error of the start is more useful.
            take_back(store, there)
        raise
    store.note_directory(spec.cwd)
    return record


def _start(spec: LaunchSpec, store: Store) -> SessionRecord:
    """Record the session and start it; if the start fails, remove the record."""
    record = SessionRecord.of(spec)
    # This process owns the row until there is a host (``session_info.resolve_stale_row``).
    record.host_pid, record.host_started = os.getpid(), start_time(os.getpid())
    _insert_row(record, store)
    try:
        report = _start_host(spec, store)
        if not report.ok:
            raise _ERRORS.get(report.error_kind, LaunchFailed)(report.error)
    except _Unknown:
        with contextlib.suppress(StoreError):
            store.update(record.id, host_pid=None)  # From now on its socket shows whether it runs.
        raise
    except (OutliveError, OSError):
        with contextlib.suppress(StoreError):  # The error of the start is more useful.
            store.remove(record.id)
        raise
    record.state, record.host_pid, record.child_pid = State.RUNNING, report.host_pid, report.child_pid
    with contextlib.suppress(StoreError, NoSuchSession, OSError):  # The session runs, and its host records the end.
        record.host_started, record.child_started = start_time(report.host_pid), start_time(report.child_pid)
        store.update(
            record.id, state=record.state, host_pid=record.host_pid, host_started=record.host_started,
            child_pid=record.child_pid, child_started=record.child_started,
        )  # fmt: skip
    return record


def _insert_row(record: SessionRecord, store: Store) -> None:
    """Insert the row, unless a running chat has its name; a chat that no longer runs does not count.

    Raises:
        NameTaken: a running chat has the name.
    """
    try:
        store.insert(record, named_alone=True)
    except NameTaken:
        others = [resolve_stale_row(store, each) for each in store.running() if each.name == record.name]
        if any(each.state in RUNNING_STATES for each in others):
            raise
        store.insert(record, named_alone=True)


def _spec(request: LaunchRequest, store: Store) -> LaunchSpec:
    agent = request.agent
    settings = load_chat_settings(config_dir())
    directory = os.path.abspath(Path(request.directory).expanduser())  # noqa: PTH100 - the user's own symlinks are kept
    origin = Origin()
    former = request.fork.record if request.fork is not None else request.resume
    if former is not None and former.worktree is not None:
        from .chat_worktree import resumed_in_worktree  # as above

        origin = resumed_in_worktree(former, directory)
    if not Path(directory).is_dir():
        raise LaunchFailed(f"the directory {directory} does not exist; choose another with -C")
    session_id = str(uuid.uuid4())
    files, engine = session_files(session_id), request.engine or default_engine()
    environment = child_environment(request.environment, agent, request.overrides, str(files), engine, directory)
    environment = relocated(agent.conversation.place, environment, request.located_by)
    supports = supported_options(agent, environment)
    if request.runtime == "structured" and agent.structured is not None:
        environment |= {each: value for each, value in agent.structured.env.items() if each not in request.overrides}
    environment |= {"OUTLIVE_SESSION": session_id, "OUTLIVE_SOCKET": str(session_socket(session_id))}
    resumed = request.resume.agent_chats if request.resume is not None else ""
    environment[AGENT_CHATS] = of_new_chat(session_id, resumed, is_agent=agent.signals.ends_all)
    arguments, conversation, ours = _conversation(request)
    resumes = request.resume is not None and not request.anew
    way = way_of(
        agent, request.runtime, resumes=resumes, one_shot=request.one_shot,
        speaks_protocol=lambda: speaks_protocol(agent, environment), forks=request.fork is not None,
    )  # fmt: skip
    structured = None
    if way is not None:
        structured = structured_launch(agent, way, request.resume, request.prompt, settings, request.fork)
    argv = agent.argv(
        arguments,
        environment,
        prompt=request.prompt if structured is None else "",
        conversation=former.provider_session_id or "" if request.fork and former else conversation if ours else "",
        files=str(files),
        socket=str(agent_socket(request.beside.id if request.beside is not None else session_id)),
        supports=supports,
        resume=resumes,
        pick=request.picks,
        template=way.template if way is not None else terminal_beside(agent) if request.beside is not None else (),
    )
    environment |= settings.shell_variables(argv, environment) if structured is None else {}
    if ours and (structured is None or request.anew) and not any(conversation in word for word in argv):
        conversation = ""  # This version of the agent accepts no id.
    if request.resume is not None and conversation:
        copy_conversation_files(conversation, session_files(request.resume.id), files)
    before_start(agent.conversation.place, ConversationQuery(conversation, directory, environment, files, used=False))
    if request.fork is not None:
        write_history(session_id, request.fork.items)
    if agent.files:
        write_files(agent.files, files, answering=settings.answer_from_outside)
    name = _name(request, directory, store)
    return LaunchSpec(
        session_id=session_id,
        name=name,
        agent=agent.name,
        argv=argv,
        cwd=directory,
        env=environment,
        overrides=request.overrides,
        size=request.size.clamped(),
        engine=engine,
        scrollback_lines=settings.scrollback_lines,
        colors=request.colors or last_colors.remembered(),
        created_at=now(),
        socket_path=str(session_socket(session_id)),
        database=str(database()),
        screen=str(session_dir(session_id) / "screen.bin"),
        boot_id=boot_id(),
        umask=current_umask(),
        log=str(session_log(session_id)),
        journal=str(session_journal(session_id)) if settings.record else "",
        journal_limit_bytes=settings.record_limit_mib * MIB,
        conversation=conversation,
        stderr=str(session_stderr(session_id)) if agent.stderr or structured is not None else "",
        identity=agent.identity,
        structured=structured,
        watch=watch_of_structured(agent)
        if structured is not None
        else settings.applied_to(agent.signals, missing_integration(agent, environment, directory)),
        origin=msgspec.structs.replace(
            origin,
            arguments=arguments,
            resumed_from=request.resume.id if request.resume else None,
            located_by=locating(agent.conversation.place, environment),
        ),
        transitions=str(session_transitions(session_id)),
        rest_after_s=settings.rest_after_s,
        settings=str(config_dir() / "chats.toml"),
    )


def _name(request: LaunchRequest, directory: str, store: Store) -> str:
    """The requested name, or one made from the directory that no running chat has."""
    if request.name:
        return request.name
    return free_name(one_line(Path(directory).name).strip() or request.agent.name, store.running_names())


def _conversation(request: LaunchRequest) -> tuple[list[str], str, bool]:
    """The user's arguments, the conversation's id if known before the start, and whether we choose it."""
    agent, arguments = request.agent, request.arguments
    chosen = agent.chosen(arguments)
    if (other := request.beside or request.resume) is not None:
        return chosen.others, other.provider_session_id or "", True
    if request.picks or request.fork is not None:
        return chosen.others, "", False
    if agent.is_subcommand(arguments):
        return arguments, "", False
    if chosen.chooses:
        return arguments, chosen.conversation, False
    return arguments, str(uuid.uuid4()) if agent.conversation.preset else "", True


def _start_host(spec: LaunchSpec, store: Store) -> LaunchReport:
    """Ask the keeper to start the host; if that keeper is killed meanwhile, ask the next one."""
    try:
        for directory in (Path(spec.log).parent, session_dir(spec.session_id)):
            make_directories(directory)
    except OSError as error:
        raise StoreError(
            f"{spec.log}: cannot write it ({error.strerror}); free some space, or set OUTLIVE_STATE_DIR"
        ) from error
    unavailable = ""
    for _ in range(TRIES):
        pipe = connect_or_start_keeper()
        try:
            return _report(pipe.request(Launch(spec), KEEPER_TIMEOUT_S))
        except KeeperNotResponding:
            # A stopped keeper, once continued, starts nothing without a waiting launcher.
            if not has_live_socket(spec.session_id) and _ended(spec, store) is None:
                raise
            unavailable = "the program is slow to start"
        except HostUnavailable as error:
            unavailable = str(error)
        finally:
            pipe.close()
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
    deadline_s = time.monotonic() + REPORT_TIMEOUT_S
    while time.monotonic() < deadline_s:
        try:
            description = describe(spec.session_id)
            if description is not None and description.child_pid is not None:
                return LaunchReport(ok=True, host_pid=description.host_pid, child_pid=description.child_pid)
            if not has_live_socket(spec.session_id):
                return _ended(spec, store)
        except (OSError, StoreError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise _Unknown(f"{spec.name}: it may or may not have started: {why}") from error
        time.sleep(0.02)
    where = f"see {spec.log}" if Path(spec.log).exists() else "see `outlive ls`"
    raise _Unknown(f"{spec.name}: still starting; {where}")


def _ended(spec: LaunchSpec, store: Store) -> LaunchReport | None:
    """The host and child of a session that was started and has ended; None for one that was not started.

    A host records the end before it closes the socket, and no other process writes into the record meanwhile.

    Raises:
        StoreError: the record cannot be read.
    """
    record = store.get(spec.session_id)
    if record is None or record.state in RUNNING_STATES:
        return None
    return LaunchReport(ok=True, host_pid=record.host_pid or 0, child_pid=record.child_pid or 0)
