"""Resumes an ended chat: starts a new session in the same agent conversation.

The conversation is always named by its id, never "the latest". A shell has no conversation: it starts again in the same
directory, below what the ended one showed, and runs no command by itself. All functions but ``resume`` block on the
disk. ``resumability`` determines whether a chat can be resumed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

import msgspec

from session_host.agents.agent import PROMPT, Agent, TemplateValues
from session_host.agents.arguments import without_prompt
from session_host.agents.catalog import load_agents
from session_host.agents.conversations.base import Availability
from session_host.agents.conversations.registry import find_conversation, locating
from session_host.agents.probe import LONG_TIMEOUT_S, Probe, probed
from session_host.client.sessions.store_access import open_store
from session_host.errors import ConversationOpen, ConversationUnknown, NotResumable
from session_host.paths import config_dir
from session_host.protocol.values import GridSize, Runtime
from session_host.storage.store import SessionRecord, Store, free_name
from session_host.terminal import available_engines
from session_host.terminal.base import DefaultColors, EngineName

from .launch import launch
from .launch_request import DEFAULT_SIZE, LaunchRequest
from .live_terminal import live_terminal
from .opened_elsewhere import end_left_behind, opened_elsewhere
from .pending_end import wait_until_exit_saved
from .resumability import (
    Resumability,
    check_agent,
    current_directory,
    in_directory,
    plan_for,
    query_for,
    record_of,
    resumability,
)
from .structured_launch import is_one_shot

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
) -> SessionRecord:
    """Start a session in the conversation of an ended one; returns when its program is exec'd.

    If the previous session is just ending, waits for its end. A running structured chat can also be shown in a
    terminal; that terminal is started once.

    Args:
        session_id: the ended session, or that chat.
        environment: the caller's whole environment; this process's own if None.
        size: the terminal's size; the ended session's if None.
        colors: the caller's terminal colours, if it shows terminals.
        prompt: the first prompt, for agents that accept one; other agents ignore it.
        anyway: whether to resume even if the conversation is open elsewhere.
        runtime: how Outlive talks to the agent; None for the ended session's way.

    Raises:
        NotResumable: the chat cannot be resumed; ``ConversationUnknown`` and ``ConversationOpen`` have remedies.
        AgentNotFound, LaunchFailed, StoreError, UnsafeDirectory, WorktreeError: as ``launch.launch``.
    """
    await wait_until_exit_saved(session_id)
    if runtime != "structured":
        live = await asyncio.to_thread(live_terminal, session_id, environment, again=runtime is None)
        if isinstance(live, SessionRecord):
            return live
        if live is not None:
            return await launch(_shown(live, size, colors, ""))
    request = await asyncio.to_thread(_request, session_id, environment, anyway)
    if runtime is not None:
        request = msgspec.structs.replace(request, runtime=runtime)
    return await launch(_shown(request, size, colors, prompt))


def resume_command(session_id: str) -> str:
    """The shell command that resumes a chat in any terminal: ``cd DIR && claude --resume ID``.

    Raises:
        NotResumable: there is no such command; ``ConversationUnknown`` if the conversation is unknown.
    """
    with open_store() as store:
        record = record_of(store, session_id)
        can, reason, agent = check_agent(load_agents(config_dir(), [record.agent]), record)
        if record.is_shell:
            raise NotResumable(f"{record.name}: a shell has no conversation")
        if not can or agent is None:
            raise (ConversationUnknown if can is None else NotResumable)(f"{record.name}: {reason}")
        query = query_for(record, agent, None)
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
        plan = plan_for(store, load_agents(config_dir(), [record.agent]), record, environment)
        record, can, reason, agent, query = plan[:5]
        if not can or agent is None:
            raise (ConversationUnknown if can is None else NotResumable)(f"{record.name}: {reason}")
        if query is not None:
            end_left_behind(record, agent, query)
        if not anyway and query is not None and (found := opened_elsewhere(store, record.id, agent, query)):
            raise ConversationOpen(f"{record.name}: {'; '.join(found)}")
        return request_of(store, record, agent, environment, starts_over=plan.starts_over, prompt=plan.prompt)


def request_of(
    store: Store,
    record: SessionRecord,
    agent: Agent,
    environment: Mapping[str, str] | None,
    *,
    starts_over: bool = False,
    prompt: str = "",
) -> LaunchRequest:
    """The request for a chat that resumes an earlier one."""
    query = query_for(record, agent, environment)
    engine: EngineName | None = next((each for each in available_engines() if each == record.engine), None)
    return LaunchRequest(
        agent=agent,
        arguments=_arguments(record, agent, query.environment, unasked=starts_over),
        resume=record,
        starts_over=starts_over,
        prompt=prompt,
        runtime=record.runtime,
        one_shot=is_one_shot(record),
        name=free_name(record.name, store.running_names(), store.names()),
        is_named=record.is_named,
        directory=current_directory(record, agent, query),
        environment=dict(os.environ if environment is None else environment),
        overrides=record.env,
        located_by=locating(agent.conversation.store, query.environment),
        size=GridSize(record.columns, record.rows) if record.columns and record.rows else DEFAULT_SIZE,
        engine=engine,
    )


def _shown(request: LaunchRequest, size: GridSize | None, colors: DefaultColors | None, prompt: str) -> LaunchRequest:
    return msgspec.structs.replace(request, size=size or request.size, colors=colors, prompt=prompt or request.prompt)


def _arguments(
    record: SessionRecord, agent: Agent, environment: Mapping[str, str], *, unasked: bool = False
) -> list[str]:
    """The user's arguments without conversation options, and without the prompt; ``unasked`` keeps the prompt."""
    others = agent.parse_conversation_options(record.arguments).others
    if unasked and PROMPT in agent.start and not {*agent.conversation.once} & {*others}:
        return others
    path = agent.find(environment.get("PATH", ""))
    # Without the help text, a prompt after an option counts as the option's value, and would be asked again.
    needs_help = any(not word.startswith("-") for word in others)
    probe = probed(agent, path, environment, LONG_TIMEOUT_S, record.cwd) if needs_help and path else Probe()
    return without_prompt(agent, others, probe)
