"""Determines whether an ended chat's conversation can be resumed. Reads the disk; imports no asyncio."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from session_host.agents.agent import Agent, TemplateValues, prompt_of
from session_host.agents.catalog import load_agents
from session_host.agents.conversations.base import Availability, ConversationQuery
from session_host.agents.conversations.records import TranscriptFiles
from session_host.agents.conversations.stores import directory_of, find_conversation, locating, relocated
from session_host.agents.environment import child_environment
from session_host.client.sessions.session_info import SessionInfo, info_of
from session_host.client.sessions.stale_rows import elsewhere, record_of, resolve_stale_row
from session_host.client.sessions.store_access import open_store
from session_host.errors import ConfigError
from session_host.paths import (
    config_dir,
    session_files,
    session_left_conversations,
    worktree_setup_mark,
)
from session_host.protocol.events import Started, StatusChanged
from session_host.protocol.facts import ChatFacts
from session_host.protocol.launch import SETUP_DETAIL
from session_host.protocol.values import RUNNING_STATES, Activity
from session_host.storage.store import Store

EVENTS_READ = 100
MAX_IN_CHAIN = 1000


class Resumability(NamedTuple):
    """Whether a chat can be resumed.

    Attributes:
        can: False if it runs, was continued, or its agent or conversation cannot be resumed; None if its
            conversation is unknown: the agent's own picker may find it. True for a shell, which starts again.
        reason: why not, and the remedy, in one line; if it can, what the user should know first, mostly "".
    """

    can: bool | None
    reason: str = ""


class ResumePlan(NamedTuple):
    """The facts needed to resume a session.

    Attributes:
        record: the ended session's record.
        can, reason: as in ``Resumability``.
        agent: the agent; None if the session cannot be resumed.
        query: its conversation; None also for a shell, and for an agent that had not begun.
        starts_over: whether the conversation is empty, and begins again; so if there is no query.
        prompt: the first prompt, if ``starts_over`` and the agent did not get it: a dialog of the agent's came before.
    """

    record: ChatFacts
    can: bool | None
    reason: str = ""
    agent: Agent | None = None
    query: ConversationQuery | None = None
    starts_over: bool = False
    prompt: str = ""


def resumability(session_id: str) -> Resumability:
    """Whether a session can be resumed. Checks the record and the agent's own files, not processes.

    Args:
        session_id: the ended session.

    Raises:
        StoreError, NoSuchSession: there is no such record.
        ConfigError: the catalog cannot be read.
    """
    with open_store() as store:
        record = record_of(store, session_id)
        plan = plan_for(store, load_agents(config_dir(), [record.origin.agent]), record, None)
    return Resumability(plan.can, plan.reason)


def fill_in_resumable(infos: list[SessionInfo]) -> None:
    """Fill in ``resumable``; for a running session, whether it will be resumable, as far as known.

    Looks through the agents' files once for all of them.

    Raises:
        StoreError: the store cannot be read.
    """
    try:
        agents = load_agents(config_dir(), {info.facts.origin.agent for info in infos})
    except ConfigError:
        return  # An agent's unreadable file must not fail the list of chats.
    environments = {name: locating(agent.conversation.store, os.environ) for name, agent in agents.items()}
    transcripts = TranscriptFiles()
    with open_store() as store:
        for info in infos:
            record = store.get(info.id)
            if record is None:
                continue
            if info.state in RUNNING_STATES:
                program = replace(record.program, conversation=info.facts.program.conversation)
                record = replace(record, program=program)
                info.resumable = check_agent(agents, record)[0]
            else:
                info.resumable = plan_for(
                    store, agents, record, environments.get(info.facts.origin.agent), transcripts
                ).can


def resumable_among(session_ids: Sequence[str]) -> set[str]:
    """Those of these ended sessions that can be resumed; others and unknown ids are left out.

    Raises:
        StoreError: the store cannot be read.
    """
    with open_store() as store:
        records = [record for each in session_ids if (record := store.get(each)) is not None]
        infos = [info_of(resolve_stale_row(store, record)) for record in records]
    fill_in_resumable(infos)
    return {info.id for info in infos if info.resumable}


def plan_for(
    store: Store,
    agents: Mapping[str, Agent],
    record: ChatFacts,
    environment: Mapping[str, str] | None,
    transcripts: TranscriptFiles | None = None,
) -> ResumePlan:
    """Determine whether a session can be resumed, and what that needs; ``transcripts`` as in ``ConversationQuery``."""
    if where := elsewhere(record):
        return ResumePlan(record, False, f"it runs {where}; use it there, or, if that is gone for good, use --anyway")
    if not record.outcome.is_over:
        return ResumePlan(record, False, f"it is running; attach to it: outlive attach {record.id[:8]}")
    if record.entry.continued_by is not None:
        return ResumePlan(record, False, _continued(store, record))
    can, reason, agent = check_agent(agents, record)
    if can is None and agent is not None and awaits_setup(record):
        prompt = prompt_of(agent, record.origin.argv, record.origin.arguments)
        return ResumePlan(record, True, "the agent had not begun", agent, starts_over=True, prompt=prompt)
    if not can or agent is None:
        return ResumePlan(record, can, reason)
    if record.origin.worktree is None and not Path(record.origin.cwd).is_dir():
        return ResumePlan(
            record, False, f"its directory {record.origin.cwd} is missing; recreate it, or start a new chat elsewhere"
        )
    if record.origin.is_shell:
        return ResumePlan(record, True, agent=agent, starts_over=True)
    query = query_for(record, agent, environment, transcripts)
    found = find_conversation(agent.conversation.store, query)
    if found.availability is Availability.NOTHING and (query := with_use(store, record, agent, query)).used:
        found = find_conversation(agent.conversation.store, query)
    previous = "" if found.availability is Availability.WHOLE else _previous(record, agent, query)
    if found.availability is Availability.LOST:
        return ResumePlan(record, False, f"{found.reason}; {previous or 'start a new chat'}")
    if found.availability is not Availability.NOTHING:
        return ResumePlan(record, True, found.reason, agent, query)
    arguments = record.origin.arguments
    if agent.parse_conversation_options(arguments).is_chosen and not _is_in_argv(record):
        # The user chose no conversation in the picker: the agent never made one with this id.
        where = f"its list: {_picker(record, agent)}" if agent.conversation.picker else agent.title
        return ResumePlan(record, None, f"no conversation was chosen; choose one in {where}")
    prompt = "" if record.origin.resumed_from or query.used else prompt_of(agent, record.origin.argv, arguments)
    reason = f"{found.reason}, including the first prompt" if prompt else found.reason
    return ResumePlan(
        record, True, f"{reason}; {previous}" if previous else reason, agent, query, starts_over=True, prompt=prompt
    )


def _previous(record: ChatFacts, agent: Agent, query: ConversationQuery) -> str:
    """A clause with the newest earlier conversation that can be resumed, and its command; "" if there is none."""
    try:
        left = session_left_conversations(record.id).read_text(encoding="utf-8").split()
    except OSError:
        return ""
    for conversation in reversed(left):
        if not agent.conversation.is_id(conversation):
            continue
        found = find_conversation(agent.conversation.store, query._replace(conversation=conversation, used=True))
        if found.availability is Availability.WHOLE:
            argv = agent.argv(values=TemplateValues(conversation=conversation), mode="resume")
            command = in_directory(record.origin.cwd, agent, argv, query.environment)
            return f"resume its earlier conversation {conversation}: {command}"
    return ""


def check_agent(agents: Mapping[str, Agent], record: ChatFacts) -> tuple[bool | None, str, Agent | None]:
    """Judge by the agent and the id alone; returns the agent only if it can be used."""
    agent = agents.get(record.origin.agent)
    if agent is None:
        return False, f"the agent {record.origin.agent} is no longer available", None
    if record.origin.is_shell:
        return True, "", agent
    settings = agent.conversation
    if not agent.resumes(record.origin.runtime):
        again = shlex.join(
            ["outlive", "new", agent.name, "-C", record.origin.cwd, *_after_dashes(record.origin.arguments)]
        )
        return False, f"{agent.title} has no conversations to resume; start it again: {again}", None
    if agent.is_subcommand(record.origin.arguments):
        return False, f"the chat ran {shlex.join(record.origin.argv[:2])}, which has no conversation", None
    if not settings.is_id(record.program.conversation):
        if settings.picker:
            where = f"{agent.title}'s list: {_picker(record, agent)}"
            return None, f"the conversation of this chat is unknown; choose it in {where}", agent
        return None, f"the conversation of this chat is unknown; start {agent.title} and choose it there", agent
    return True, "", agent


def _continued(store: Store, record: ChatFacts) -> str:
    """The last chat in the chain of resumes."""
    last = record
    for _ in range(MAX_IN_CHAIN):
        following = store.get(last.entry.continued_by) if last.entry.continued_by else None
        if following is None:
            break
        last = resolve_stale_row(store, following)
    remedy = "attach to it: outlive attach" if not last.outcome.is_over else "resume that one: outlive resume"
    return f"its conversation continues in {last.entry.name} ({last.id[:8]}); {remedy} {last.id[:8]}"


def query_for(
    record: ChatFacts,
    agent: Agent,
    environment: Mapping[str, str] | None,
    transcripts: TranscriptFiles | None = None,
) -> ConversationQuery:
    """The query for the agent's files, in the place where they were at the chat's start.

    The place that the caller's environment names counts if that is unknown, or if the conversation is only there,
    since users move these directories.
    """
    store, files = agent.conversation.store, session_files(record.id)
    callers = child_environment(environment, agent, record.origin.overrides, str(files), record.origin.engine)
    query = ConversationQuery(record.program.conversation, record.origin.cwd, callers, files, False, transcripts)
    own = query._replace(environment=relocated(store, callers, record.origin.located_by))
    if own.environment == callers or find_conversation(store, own).availability is Availability.WHOLE:
        return own
    return query if find_conversation(store, query).availability is Availability.WHOLE else own


def current_directory(record: ChatFacts, agent: Agent, query: ConversationQuery) -> str:
    """The directory in which a chat is resumed: where its agent has moved the conversation, else the chat's own.

    Codex moves one into a git worktree that it makes; elsewhere it would ask where to resume it.
    """
    if record.origin.worktree is not None or not query.conversation:
        return record.origin.cwd
    moved = directory_of(agent.conversation.store, query)
    is_directory = moved.startswith("/") and os.path.isdir(moved)  # noqa: PTH112 - false for an invalid path, too
    return (
        moved if is_directory and os.path.realpath(moved) != os.path.realpath(record.origin.cwd) else record.origin.cwd
    )


def with_use(store: Store, record: ChatFacts, agent: Agent, query: ConversationQuery) -> ConversationQuery:
    """The query with what the chats show: the conversation has messages if one of them worked in it, or resumed it.

    A chat that only resumed it has no work of its own.
    """
    if not _is_in_argv(record):
        return query
    others = store.in_conversation(query.conversation)
    used = agent.continues(record.origin.argv) or any(
        _was_used(store, each) for each in others if each.origin.agent == record.origin.agent
    )
    return query._replace(used=used)


def _was_used(store: Store, record: ChatFacts) -> bool:
    """Whether the agent worked in a session's conversation, and it did not change since, as far as is known.

    The setup of a worktree is no work of the agent's. A chat whose events have left the ledger counts as used.
    """
    if not _is_in_argv(record):
        return False
    seen = [each.event for each in store.ledger.of_chat(record.id, [Started, StatusChanged], EVENTS_READ)]
    if not any(isinstance(each, Started) for each in seen):
        return True
    changes = (each for each in seen if isinstance(each, StatusChanged))
    return any(each.after is Activity.WORKING and each.detail != SETUP_DETAIL for each in changes)


def awaits_setup(record: ChatFacts) -> bool:
    """Whether the chat ended before its worktree was set up, so that its agent never ran."""
    mark = worktree_setup_mark(record.origin.worktree.path) if record.origin.worktree is not None else None
    return mark is not None and mark.exists()


def _is_in_argv(record: ChatFacts) -> bool:
    return any((record.program.conversation or "-") in word for word in record.origin.argv)


def _after_dashes(arguments: list[str] | None) -> list[str]:
    return ["--", *arguments] if arguments else []


def _picker(record: ChatFacts, agent: Agent) -> str:
    environment = relocated(
        agent.conversation.store, {**os.environ, **record.origin.overrides}, record.origin.located_by
    )
    return in_directory(record.origin.cwd, agent, agent.argv(mode="pick"), environment)


def in_directory(directory: str, agent: Agent, argv: list[str], environment: Mapping[str, str]) -> str:
    """The command for a shell, with the directory and the variables that locate the agent's conversations.

    Args:
        directory: the directory.
        agent: the agent.
        argv: the command.
        environment: the environment in which the agent finds the conversations.
    """
    here, there = (locating(agent.conversation.store, each) for each in (os.environ, environment))
    unset = [f"-u {name}" for name in here.keys() - there.keys()]
    # Any shell has HOME; other variables may be set in this process's environment alone.
    if there.get("HOME") == here.get("HOME"):
        there.pop("HOME", None)
    values = [f"{name}={shlex.quote(value)}" for name, value in there.items()]
    leading = ["env", *sorted(unset), *values] if unset else values
    return f"cd {shlex.quote(directory)} && {' '.join([*leading, shlex.join(argv)])}"
