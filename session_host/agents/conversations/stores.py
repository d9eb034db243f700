"""The conversations of all agents, by the names of their stores in the catalog (``store``).

A module of this package has an agent's store, and lists its conversations. Shells and commands have no conversations.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

from .base import (
    Availability,
    ConversationLister,
    ConversationQuery,
    ConversationStore,
    IsCancelled,
    LookupResult,
    StoredConversations,
)
from .listing_files import FileLister
from .turns import RecordedTurn

STORES: Final[dict[str, str]] = {
    "aider": "own_files.Aider",
    "claude": "claude.Claude",
    "codex": "codex.Codex",
    "copilot": "copilot.Copilot",
    "endpoint": "own_files.Endpoint",
    "gemini": "gemini.Gemini",
    "opencode": "opencode.OpenCode",
    "qwen": "qwen.Qwen",
}
"""The classes of the stores, each with its module in this package, which is imported when it is needed."""

_UNLISTED: Final = frozenset({"aider", "endpoint"})
"""aider keeps one history for each directory, without ids; the list of chats has all those with a model server."""


@cache
def _store(name: str) -> ConversationStore | None:
    if name not in STORES:
        return None
    module, _, kind = STORES[name].partition(".")
    store: ConversationStore = getattr(import_module(f".{module}", __package__), kind)()
    return store


def locating(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables in an environment that locate an agent's conversations; none if no store has this name."""
    return {variable: environment[variable] for variable in _variables(name) if variable in environment}


def relocated(name: str, environment: Mapping[str, str], located_by: Mapping[str, str]) -> dict[str, str]:
    """The environment with ``located_by`` in place of its own locating variables; unchanged if that is empty."""
    theirs = _variables(name) if located_by else ()
    return {key: value for key, value in environment.items() if key not in theirs} | dict(located_by)


def _variables(name: str) -> tuple[str, ...]:
    store = _store(name)
    return store.variables if store is not None else ()


def find_conversation(name: str, query: ConversationQuery) -> LookupResult:
    """Look up a conversation; the result is unknown if no store has this name, or its files cannot be read."""
    store = _store(name)
    if store is None:
        return LookupResult(Availability.UNKNOWN)
    try:
        return store.find(query)
    except OSError:
        return LookupResult(Availability.UNKNOWN)


def opened_by(name: str, query: ConversationQuery) -> list[int]:
    """The living processes that have a conversation open, according to the agent's own files."""
    store = _store(name)
    try:
        return store.opened_by(query) if store is not None else []
    except OSError:
        return []


def record_path(name: str, query: ConversationQuery) -> Path | None:
    """The file in which an agent records a conversation, or will; None if no store has this name."""
    store = _store(name)
    return store.record(query) if store is not None else None


def turns_in(name: str, query: ConversationQuery) -> Iterator[RecordedTurn]:
    """The turns of a conversation, the newest first; none if no store has this name.

    Raises:
        OSError, TooFarBack: as ``ConversationStore.turns``.
    """
    store = _store(name)
    return store.turns(query) if store is not None else iter(())


def before_start(name: str, query: ConversationQuery) -> None:
    """Prevent an agent that is about to start from deleting conversations."""
    if name == "gemini":
        from .gemini import Gemini

        with contextlib.suppress(OSError):
            Gemini().before_start(query)


# ---------------------------------------------------------------- lists


def can_list(name: str) -> bool:
    """Whether the conversations of this store can be listed, also those that were begun outside of Outlive."""
    return name in STORES and name not in _UNLISTED


def list_stored(name: str, query: ConversationQuery, is_cancelled: IsCancelled) -> StoredConversations:
    """List an agent's conversations, the newest first; none if they cannot be listed.

    Raises:
        OSError: the agent's files cannot be read at all.
    """
    lister = _lister(name)
    if lister is None:
        return StoredConversations([], has_older=False)
    found = lister.list(query, is_cancelled)
    newest = sorted(found.newest, key=lambda conversation: conversation.changed_s, reverse=True)
    # Gemini CLI may have several files for one conversation.
    by_id = {conversation.conversation: conversation for conversation in reversed(newest)}
    return StoredConversations(list(by_id.values())[::-1], found.has_older)


def directory_of(name: str, query: ConversationQuery) -> str:
    """The directory in which an agent resumes a conversation; "" if its files do not say it. Blocks on the disk."""
    lister = _lister(name)
    return lister.directory_of(query) if isinstance(lister, FileLister) else ""


def _lister(name: str) -> ConversationLister | None:
    store = _store(name)
    return store.lister if store is not None else None
