"""Resumes an ended chat: starts a new session in the same agent conversation.

The conversation is always named by its id, never "the latest". A shell has no conversation: it starts again in the same
directory, below what the ended one showed, and runs no command by itself. All functions but ``resume`` block on the
disk. ``resumability`` determines whether a chat can be resumed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from session_host.agents.agent import PROMPT, Agent, Probe, TemplateValues, without_prompt
from session_host.agents.catalog import load_agents
from session_host.agents.conversations.base import Availability, ConversationQuery
from session_host.agents.conversations.stores import find_conversation, locating, opened_by
from session_host.agents.probe import LONG_TIMEOUT_S, probed
from session_host.client.permission import check_may_answer
from session_host.client.sessions.session_info import SessionInfo, list_sessions
from session_host.client.sessions.stale_rows import give_up, record_of
from session_host.client.sessions.store_access import open_store
from session_host.errors import ConversationOpen, ConversationUnknown, NotResumable
from session_host.paths import config_dir
from session_host.protocol.facts import ChatFacts, LaterPrompt
from session_host.protocol.untrusted_text import as_name
from session_host.protocol.values import GridSize, Runtime
from session_host.standing.traits import traits_of
from session_host.storage.store import Store, free_name
from session_host.system.processes import proc
from session_host.system.processes.chat_mark import VARIABLE, Mark
from session_host.system.processes.identity import environment_variables
from session_host.system.processes.process_tree import end_all, rest_of_session
from session_host.terminal import available_engines
from session_host.terminal.base import DefaultColors, EngineName

from .launch import launch
from .launch_spec import DEFAULT_SIZE, LaunchRequest, is_one_shot
from .removal import wait_until_exit_saved
from .resumability import (
    Resumability,
    check_agent,
    current_directory,
    in_directory,
    plan_for,
    query_for,
    resumability,
    with_use,
)

_PTS_MAJORS = range(136, 144)
"""Major numbers of the devices ``/dev/pts/N`` (Linux's devices.txt)."""


class Process(NamedTuple):
    """A process that has the conversation open."""

    pid: int
    command: str
    terminal: str
    """``/dev/pts/3``; "" for none."""


def opened_elsewhere(store: Store, chat_id: str, agent: Agent, query: ConversationQuery, *, but: str = "") -> list[str]:
    """Describe the processes that have a conversation open, and what to do; one clause each.

    Args:
        store: the open store.
        chat_id: the ended chat that was in the conversation; "" for none.
        agent: the conversation's agent.
        query: leads to the conversation.
        but: a running chat in the conversation, which is left out; "" for none.
    """
    running = {info.id: info for info in list_sessions(store, ended=False)}
    conversation = (agent.name, query.conversation)
    chats = [
        info
        for info in running.values()
        if query.conversation and (info.facts.origin.agent, info.facts.program.conversation) == conversation
    ]
    reported = set(opened_by(agent.conversation.store, query))
    for pid in reported:
        chat = running.get(_mark(pid))
        if chat is not None and chat not in chats:
            chats.append(chat)
    lines = [_chat_line(chat) for chat in chats if chat.id != but]
    for pid in sorted(_outermost(reported | set(_named_in_command_lines(query.conversation)))):
        mark = _mark(pid)
        # A running chat's host knows its conversation better than a command line, which may be an hour old.
        if mark not in running:
            lines.append(_process_line(_process(pid), left_behind=bool(chat_id) and mark == chat_id))
    return lines


def end_left_behind(record: ChatFacts, agent: Agent, query: ConversationQuery) -> None:
    """End what is left of an ended chat's program, if it has the conversation open or the chat has no terminal.

    The chat's host does so, but may have been killed together with the program.
    """
    leader, chat_mark = record.program.child_pid or 0, Mark.of_chat(record.id)
    rest = {each.pid for each in rest_of_session(leader, chat_mark)} if leader else set()
    has_it_open = {*opened_by(agent.conversation.store, query), *_named_in_command_lines(query.conversation)}
    if rest and (not traits_of(record).has_screen or rest & has_it_open):
        end_all(lambda: rest_of_session(leader, chat_mark))


def _chat_line(chat: SessionInfo) -> str:
    return f"the chat {chat.name} has the conversation open; attach to it: outlive attach {chat.id[:8]}"


def _process_line(process: Process, *, left_behind: bool) -> str:
    where = f" on {process.terminal}" if process.terminal else ""
    origin = "was left behind by this chat and" if left_behind else f"({process.command}){where}"
    remedy = f"end it: kill {process.pid}" if left_behind or not process.terminal else "close it there first"
    return f"process {process.pid} {origin} has the conversation open; {remedy}"


def _named_in_command_lines(conversation: str) -> Iterator[int]:
    """This user's processes that were started with the id as a word, or as the value of an option."""
    word = conversation.encode()
    for pid in proc.pids_of_user(os.getuid()):
        words = proc.command_line(pid).split(b"\0")
        if pid != os.getpid() and any(each == word or each.endswith(b"=" + word) for each in words[1:]):
            yield pid


def _outermost(pids: set[int]) -> set[int]:
    """Leave out the children of other processes in the set: a wrapper and its agent have the same arguments."""
    parents = {pid: int(_stat(pid)[1]) for pid in pids if len(_stat(pid)) > 1}
    return {pid for pid in pids if parents.get(pid) not in pids}


def _mark(pid: int) -> str:
    """The chat that started a process; "" for none, or if the process is not readable."""
    return environment_variables(pid, VARIABLE).get(VARIABLE, "")


def _process(pid: int) -> Process:
    command = proc.name(pid) or "gone by now"
    fields = _stat(pid)
    return Process(pid, command, _terminal(int(fields[4])) if len(fields) > 4 else "")


def _terminal(device: int) -> str:
    """The terminal of a device number from ``/proc/PID/stat`` (field 7)."""
    major, minor = os.major(device), os.minor(device)
    return f"/dev/pts/{minor + (major - _PTS_MAJORS.start) * 256}" if major in _PTS_MAJORS else ""


def _stat(pid: int) -> list[str]:
    """Like ``proc.stat_fields``; empty if the process has ended."""
    try:
        return proc.stat_fields(pid)
    except OSError:
        return []


__all__ = ["Resumability", "resumability", "resume", "resume_command"]


async def resume(
    session_id: str,
    *,
    environment: Mapping[str, str] | None = None,
    size: GridSize | None = None,
    colors: DefaultColors | None = None,
    prompt: str = "",
    anyway: bool = False,
    runtime: Runtime | None = None,
    first: LaterPrompt | None = None,
) -> ChatFacts:
    """Start a session in the conversation of an ended one; returns when its program is exec'd.

    If the previous session is just ending, waits for its end.

    Args:
        session_id: the ended session.
        environment: the caller's whole environment; this process's own if None.
        size: the terminal's size; the ended session's if None.
        colors: the caller's terminal colours, if it shows terminals.
        prompt: the first prompt, for agents that accept one; other agents ignore it.
        anyway: whether to resume even if the conversation is open elsewhere.
        runtime: how Outlive talks to the agent; None for the ended session's way, if the agent still has it.
        first: the text that wakes the chat; see ``LaunchRequest.first``.

    Raises:
        NotResumable: the chat cannot be resumed; ``ConversationUnknown`` and ``ConversationOpen`` have remedies.
        NotAllowed: this process belongs to an agent that may not continue the chat.
        AgentNotFound, LaunchFailed, StoreError, UnsafeDirectory, WorktreeError: as ``launch.launch``.
    """
    await wait_until_exit_saved(session_id)
    request = await asyncio.to_thread(_request, session_id, environment, anyway)
    if runtime is not None:
        request = msgspec.structs.replace(request, runtime=runtime)
    if first is not None:
        request = msgspec.structs.replace(request, first=first)
    return await launch(_shown(request, size, colors, prompt))


def resume_command(session_id: str) -> str:
    """The shell command that resumes a chat in any terminal: ``cd DIR && claude --resume ID``.

    Raises:
        NotResumable: there is no such command; ``ConversationUnknown`` if the conversation is unknown.
    """
    with open_store() as store:
        record = record_of(store, session_id)
        can, reason, agent = check_agent(load_agents(config_dir(), [record.origin.agent]), record)
        if record.origin.is_shell:
            raise NotResumable(f"{record.entry.name}: a shell has no conversation")
        if not can or agent is None:
            raise (ConversationUnknown if can is None else NotResumable)(f"{record.entry.name}: {reason}")
        if "terminal" not in agent.runtimes:
            name = record.entry.name
            raise NotResumable(f"{name}: {agent.title} runs in no terminal; use: outlive resume {record.id[:8]}")
        query = with_use(store, record, agent, query_for(record, agent, None))
        arguments = _arguments(record, agent, query.environment)
    starts_over = find_conversation(agent.conversation.store, query).availability is Availability.NOTHING
    # Hooks report to Outlive, and have no use there.
    files = str(query.files) if agent.keeps_conversation_in_files else ""
    values = TemplateValues(conversation=query.conversation, files=files)
    argv = agent.argv(arguments, query.environment, values, mode="new" if starts_over else "resume")
    return in_directory(current_directory(record, agent, query), agent, argv, query.environment)


# ----------------------------------------------------------------------------- steps


def _request(session_id: str, environment: Mapping[str, str] | None, anyway: bool) -> LaunchRequest:
    with open_store() as store:
        record = record_of(store, session_id)
        check_may_answer(record)
        if anyway:
            record = give_up(store, record)
        plan = plan_for(store, load_agents(config_dir(), [record.origin.agent]), record, environment)
        record, can, reason, agent, query = plan[:5]
        if not can or agent is None:
            raise (ConversationUnknown if can is None else NotResumable)(f"{record.entry.name}: {reason}")
        if query is not None:
            end_left_behind(record, agent, query)
        if not anyway and query is not None and (found := opened_elsewhere(store, record.id, agent, query)):
            raise ConversationOpen(f"{record.entry.name}: {'; '.join(found)}")
        return request_of(store, record, agent, environment, starts_over=plan.starts_over, prompt=plan.prompt)


def request_of(
    store: Store,
    record: ChatFacts,
    agent: Agent,
    environment: Mapping[str, str] | None,
    *,
    starts_over: bool = False,
    prompt: str = "",
) -> LaunchRequest:
    """The request for a chat that resumes an earlier one."""
    query = query_for(record, agent, environment)
    # One that sleeps has its name, also for the chat that wakes it.
    taken = store.running_names() - ({record.entry.name} if record.is_asleep else set())
    engine: EngineName | None = next((each for each in available_engines() if each == record.origin.engine), None)
    return LaunchRequest(
        agent=agent,
        arguments=_arguments(record, agent, query.environment, unasked=starts_over),
        resume=record,
        starts_over=starts_over,
        prompt=prompt,
        runtime=agent.nearest_runtime(record.origin.runtime),
        one_shot=is_one_shot(record),
        name=free_name(as_name(record.entry.name.lstrip("- ")) or agent.name, taken, store.names()),
        is_named=record.entry.is_named,
        directory=current_directory(record, agent, query),
        environment=dict(os.environ if environment is None else environment),
        overrides=record.origin.overrides,
        located_by=locating(agent.conversation.store, query.environment),
        size=record.program.known_size or DEFAULT_SIZE,
        engine=engine,
    )


def _shown(request: LaunchRequest, size: GridSize | None, colors: DefaultColors | None, prompt: str) -> LaunchRequest:
    return msgspec.structs.replace(request, size=size or request.size, colors=colors, prompt=prompt or request.prompt)


def _arguments(record: ChatFacts, agent: Agent, environment: Mapping[str, str], *, unasked: bool = False) -> list[str]:
    """The user's arguments without conversation options, and without the prompt; ``unasked`` keeps the prompt."""
    others = agent.parse_conversation_options(record.origin.arguments).others
    if unasked and PROMPT in agent.start and not {*agent.conversation.once} & {*others}:
        return others
    path = agent.find(environment.get("PATH", ""))
    # Without the help text, a prompt after an option counts as the option's value, and would be asked again.
    needs_help = any(not word.startswith("-") for word in others)
    probe = probed(agent, path, environment, LONG_TIMEOUT_S, record.origin.cwd) if needs_help and path else Probe()
    return without_prompt(agent, others, probe)
