"""Continues conversations that began outside of Outlive: lists an agent's conversations, and starts a chat in one.

A conversation of an ended chat is resumed as that chat instead (``resume``).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import NamedTuple

from session_host.agents.agent import Agent, TemplateValues
from session_host.agents.conversations.base import Availability, ConversationQuery, StoredConversation
from session_host.agents.conversations.stores import can_list as can_list_store
from session_host.agents.conversations.stores import find_conversation, list_stored
from session_host.agents.environment import child_environment
from session_host.client.sessions.store_access import open_store
from session_host.errors import ConversationOpen, NotResumable
from session_host.git import current_stop
from session_host.paths import session_files
from session_host.protocol.facts import ChatFacts

from .launch import launch
from .launch_spec import LaunchRequest
from .resumability import in_directory
from .resume import opened_elsewhere


class ConversationList(NamedTuple):
    """An agent's conversations, the newest first.

    Attributes:
        here: those of the directory.
        elsewhere: those of other directories; each has a directory.
        has_older: whether there are older ones, which are not listed.
    """

    here: list[StoredConversation]
    elsewhere: list[StoredConversation]
    has_older: bool


def can_list(agent: Agent) -> bool:
    """Whether an agent's conversations can be listed and continued."""
    return bool(agent.conversation.resume) and can_list_store(agent.conversation.store)


def list_conversations(
    agent: Agent,
    directory: str,
    environment: Mapping[str, str] | None,
    overrides: Mapping[str, str],
    account: str = "",
) -> ConversationList:
    """List an agent's conversations. Blocks on the disk; ``git.stopped_by`` ends it.

    Args:
        agent: the agent.
        directory: an absolute path; symlinks are resolved, as agents do.
        environment: the caller's whole environment; this process's own if None.
        overrides: variables that the user sets for the chat; they may move the agent's files.
        account: the agent's account; "" for the default one.

    Raises:
        OSError: the agent's files cannot be read.
        StoreError: the store cannot be read.
        UsageError: the agent has no such account.
    """
    query, stop = _query(agent, directory, environment, {**overrides, **agent.account(account)}), current_stop()
    here = os.path.realpath(directory)
    with open_store() as store:
        chats = {record.program.conversation for record in store.all() if record.origin.agent == agent.name}
    stored = list_stored(agent.conversation.store, query, lambda: stop is not None and stop.is_set)
    found = ConversationList([], [], stored.has_older)
    real = dict[str, str]()
    for conversation in stored.newest:
        is_ours = conversation.conversation in chats
        if not agent.conversation.is_id(conversation.conversation) or (conversation.is_scripted and not is_ours):
            continue
        if conversation.directory not in real:
            real[conversation.directory] = _real(conversation.directory)
        if real[conversation.directory] == here:
            found.here.append(conversation)
        elif real[conversation.directory]:
            found.elsewhere.append(conversation)
    return found


def command_to_continue(
    agent: Agent,
    conversation: str,
    directory: str,
    arguments: list[str],
    environment: Mapping[str, str] | None,
    overrides: Mapping[str, str],
    account: str = "",
) -> str:
    """The shell command that continues a conversation in any terminal; the parameters as in ``LaunchRequest``."""
    others = agent.parse_conversation_options(arguments).others
    values, set_ones = TemplateValues(conversation=conversation), {**overrides, **agent.account(account)}
    variables = child_environment(environment, agent, set_ones)
    argv = agent.argv(others, variables, values, mode="resume")
    return in_directory(directory, agent, argv, variables)


def _real(directory: str) -> str:
    """The path without symlinks; "" for a text that is no absolute path."""
    return os.path.realpath(directory) if directory.startswith("/") and "\0" not in directory else ""


async def continue_conversation(request: LaunchRequest, *, anyway: bool = False) -> ChatFacts:
    """Start a chat in an earlier conversation; returns when its program is exec'd.

    Args:
        request: its ``conversation`` is one that ``list_conversations`` found, its ``directory`` that one's.
        anyway: whether to start even if the conversation is open elsewhere.

    Raises:
        NotResumable: the conversation cannot be resumed; with ``ConversationOpen``, only if ``anyway`` is true.
        AgentNotFound, LaunchFailed, StoreError, UnsafeDirectory: as ``launch.launch``.
    """
    await asyncio.to_thread(_check, request, anyway)
    return await launch(request)


def _check(request: LaunchRequest, anyway: bool) -> None:
    agent = request.agent
    if agent.is_subcommand(request.arguments):
        raise NotResumable(f"`{agent.executable} {request.arguments[0]}` has no conversation; leave the argument out")
    if not agent.conversation.is_id(request.conversation):
        raise NotResumable(f"{agent.title} has no conversation with such an id")
    if not os.path.isdir(request.directory):  # noqa: PTH112 - an invalid path is no directory
        raise NotResumable(f"the directory of this conversation is missing: {request.directory}")
    overrides = {**request.overrides, **agent.account(request.account)}
    query = _query(agent, request.directory, request.environment, overrides)
    query = query._replace(conversation=request.conversation, used=True)
    found = find_conversation(agent.conversation.store, query)
    if found.availability in {Availability.LOST, Availability.NOTHING}:
        raise NotResumable(found.reason)
    if not anyway:
        with open_store() as store:
            if lines := opened_elsewhere(store, "", agent, query):
                raise ConversationOpen("; ".join(lines))


def _query(
    agent: Agent, directory: str, environment: Mapping[str, str] | None, overrides: Mapping[str, str]
) -> ConversationQuery:
    # The chat has not started, so it has no session files.
    files = session_files("none")
    return ConversationQuery("", directory, child_environment(environment, agent, overrides), files, used=False)
