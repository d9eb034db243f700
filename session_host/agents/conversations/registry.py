"""The registry of conversation stores, by their names in the catalog."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Final

from session_host.agents.conversations.base import Availability, ConversationQuery, ConversationStore, LookupResult
from session_host.agents.conversations.turns import Turn

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


def turns_in(name: str, query: ConversationQuery) -> Iterator[Turn]:
    """The turns of a conversation, the newest first; none if no store has this name.

    Raises:
        OSError, TooFarBack: as ``ConversationStore.turns``.
    """
    store = _store(name)
    return store.turns(query) if store is not None else iter(())


def before_start(name: str, query: ConversationQuery) -> None:
    """Prevent an agent that is about to start from deleting conversations."""
    if name == "gemini":
        from session_host.agents.conversations.gemini import Gemini

        with contextlib.suppress(OSError):
            Gemini().before_start(query)
