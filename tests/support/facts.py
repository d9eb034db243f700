"""Facts of chats for tests, written flat: by the names of the store's columns."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from session_host.client.sessions.session_info import SessionInfo
from session_host.protocol.facts import AgentStatus, ChatFacts, Entry, Foreground, Origin, Outcome, OwnWorktree, Program
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.messages import Description, HostReport
from session_host.storage.store.session_row import from_copy

_PARTS = {
    field: part
    for part, kind in (
        ("origin", Origin),
        ("entry", Entry),
        ("outcome", Outcome),
        ("program", Program),
        ("status", AgentStatus),
    )
    for field in kind.__struct_fields__
}
_NAMES = {"provider_session_id": "conversation", "env": "overrides"}


def chat_facts(**columns: Any) -> ChatFacts:
    """Facts with these columns; the others have their defaults."""
    if {"worktree", "repository"} & columns.keys():
        tree = {"repository": "/project/.git", "worktree": "/worktree", "branch": "outlive/x"}
        columns = tree | columns
    return from_copy({"argv": [], "cwd": "/", "created_at": "2026-01-02T03:04:05.000Z", **columns})


def changed(facts: ChatFacts, **columns: Any) -> ChatFacts:
    """The facts with other values of some columns, or of fields of the agent's status."""
    for column, value in columns.items():
        fields = {_NAMES.get(column, column): value}
        if column in {"columns", "rows"}:
            fields = {"size": replace(facts.program.size, **fields)}
        part = next(_PARTS[name] for name in fields)
        facts = replace(facts, **{part: replace(getattr(facts, part), **fields)})
    return facts


def described(facts: ChatFacts, request: int = 1, **host: Any) -> Description:
    """A description of a chat by its host."""
    return Description(request, facts, HostReport(**{"viewers": 0, "offset": 0, **host}))


def with_facts(spec: LaunchSpec, **columns: Any) -> LaunchSpec:
    """The spec with other values of some columns of its facts."""
    return replace(spec, facts=changed(spec.facts, **columns))


def known(value: int | None) -> int:
    """A value that is known."""
    assert value is not None
    return value


def own_worktree(facts: ChatFacts) -> OwnWorktree:
    """The worktree that was made for a chat."""
    assert facts.origin.worktree is not None
    return facts.origin.worktree


def foreground_of(description: Description) -> Foreground:
    """The foreground of a shell that its host knows."""
    assert description.facts.foreground is not None
    return description.facts.foreground


def keeper_pid(info: SessionInfo) -> int | None:
    """The PID of the keeper that a session's host knows; None if no host described the session."""
    return info.host.keeper_pid if info.host is not None else None
