"""The registry of conversation stores, by their names in the catalog."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Final

from session_host.agents.conversations.base import Availability, ConversationQuery, ConversationStore, LookupResult
from session_host.agents.conversations.claude import Claude
from session_host.agents.conversations.codex import Codex
from session_host.agents.conversations.copilot import Copilot
from session_host.agents.conversations.gemini import Gemini
from session_host.agents.conversations.opencode import OpenCode
from session_host.agents.conversations.own_files import Aider, Endpoint
from session_host.agents.conversations.qwen import Qwen
from session_host.agents.conversations.turns import Turn

STORES: Final[dict[str, ConversationStore]] = {
    "aider": Aider(),
    "claude": Claude(),
    "codex": Codex(),
    "copilot": Copilot(),
    "endpoint": Endpoint(),
    "gemini": Gemini(),
    "opencode": OpenCode(),
    "qwen": Qwen(),
}


def locating(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables in an environment that locate an agent's conversations; none if no store has this name."""
    return {variable: environment[variable] for variable in _variables(name) if variable in environment}


def relocated(name: str, environment: Mapping[str, str], located_by: Mapping[str, str]) -> dict[str, str]:
    """The environment with ``located_by`` in place of its own locating variables; unchanged if that is empty."""
    theirs = _variables(name) if located_by else ()
    return {key: value for key, value in environment.items() if key not in theirs} | dict(located_by)


def _variables(name: str) -> tuple[str, ...]:
    store = STORES.get(name)
    return store.variables if store is not None else ()


def find_conversation(name: str, query: ConversationQuery) -> LookupResult:
    """Look up a conversation; the result is unknown if no store has this name, or its files cannot be read."""
    store = STORES.get(name)
    if store is None:
        return LookupResult(Availability.UNKNOWN)
    try:
        return store.find(query)
    except OSError:
        return LookupResult(Availability.UNKNOWN)


def opened_by(name: str, query: ConversationQuery) -> list[int]:
    """The living processes that have a conversation open, according to the agent's own files."""
    store = STORES.get(name)
    try:
        return store.opened_by(query) if store is not None else []
    except OSError:
        return []


def turns_in(name: str, query: ConversationQuery) -> Iterator[Turn]:
    """The turns of a conversation, the newest first; none if no store has this name.

    Raises:
        OSError, TooFarBack: as ``ConversationStore.turns``.
    """
    store = STORES.get(name)
    return store.turns(query) if store is not None else iter(())


def before_start(name: str, query: ConversationQuery) -> None:
    """Prevent an agent that is about to start from deleting conversations."""
    store = STORES.get(name)
    if isinstance(store, Gemini):
        with contextlib.suppress(OSError):
            store.before_start(query)
