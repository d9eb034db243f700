"""One session's row in the store: its facts, and its columns."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Self

import msgspec

from session_host.protocol.launch import LaunchSpec, Origin
from session_host.protocol.untrusted_text import is_conversation
from session_host.protocol.values import RUNNING_STATES, Runtime, State
from session_host.system.processes.permission import AGENT_CHATS

INTERRUPTED = "the computer was restarted while this chat ran"
UNSTARTED = "what was starting this chat was ended before its agent ran"
"""Records store this text as their ``error`` and are recognised by it, so it must not change."""


class SessionRecord(msgspec.Struct, kw_only=True):
    """The stored facts of a session, from its start until it is removed.

    Times are ISO 8601 in UTC, such as ``2026-01-02T03:04:05.678Z``. A process is
    named by its PID *and* its start time in clock ticks since boot (field 22 of
    ``/proc/PID/stat``, see proc(5)), which are good within one ``boot_id`` only.
    """

    id: str
    """A UUID in its canonical form."""
    name: str
    agent: str
    """A name of the agent catalog."""
    argv: list[str]
    cwd: str
    env: dict[str, str] = {}
    """Variables that the user set for this session, beyond the inherited environment."""
    state: State = State.STARTING
    exit_code: int | None = None
    exit_signal: int | None = None
    error: str = ""
    """Why the session was lost or could not run; "" if there is nothing to say."""
    title: str = ""
    host_pid: int | None = None
    host_started: int | None = None
    child_pid: int | None = None
    child_started: int | None = None
    boot_id: str = ""
    created_at: str
    ended_at: str | None = None
    columns: int = 0
    rows: int = 0
    engine: str = ""
    provider_session_id: str | None = None
    """The agent's own id of the conversation; None while that is not known."""
    arguments: list[str] = []
    """The user's own arguments, from which ``argv`` was made."""
    resumed_from: str | None = None
    """The id of the session that this one resumes."""
    continued_by: str | None = None
    """The id of the session that continues this one's conversation."""
    repository: str | None = None
    """git's common directory of the repository that a worktree of this session's own was made of, an absolute path."""
    worktree: str | None = None
    """That worktree's directory."""
    branch: str | None = None
    """The branch that was checked out there."""
    branch_made: bool = False
    """Whether the branch was made for this session."""
    end_request: str = ""
    """As in ``messages.StateEvent``."""
    agent_chats: str = ""
    """The agents' chats that it belongs to, as in ``system.processes.permission``."""
    runtime: Runtime = "terminal"
    """How Outlive talks to the agent."""
    pinned: bool = False
    """Whether the user wants it above all others in lists."""
    position: float | None = None
    """Its position in the user's own order, among chats of one group; None for none."""
    located_by: dict[str, str] = {}
    """The variables that located the agent's conversations at its start, such as HOME and CODEX_HOME; empty for
    agents without conversations of their own."""
    real_cwd: str = ""
    """``cwd`` without symbolic links, at the start."""
    default_name: str = ""
    """The name that Outlive chose; "" if the user chose it."""
    topic: str = ""
    """The subject of the conversation, a short line: the agent's title, else the first prompt; "" while unknown."""

    @property
    def is_named(self) -> bool:
        """Whether the user chose the name."""
        return self.name != self.default_name

    @property
    def shown_name(self) -> str:
        """The name that the window shows: the topic of a chat that the user has not named."""
        return self.name if self.is_named else self.topic or self.name

    @property
    def is_shell(self) -> bool:
        """Whether it is the user's shell alone, without a command that runs in it."""
        return self.agent == "shell" and not self.arguments

    @property
    def project(self) -> str:
        """The directory of the chat's project: that of its worktree's repository, or the chat's own."""
        return directory_of(self.repository) if self.repository else self.cwd

    @property
    def real_project(self) -> str:
        """``project`` without symbolic links, so that two spellings of it are one."""
        return self.project if self.repository else self.real_cwd or self.cwd

    @classmethod
    def of(cls, spec: LaunchSpec) -> Self:
        """Make the record of a session that is being started."""
        return cls(
            id=spec.session_id,
            name=spec.name,
            agent=spec.agent,
            argv=spec.argv,
            cwd=spec.cwd,
            env=spec.overrides,
            boot_id=spec.boot_id,
            created_at=spec.created_at,
            columns=spec.size.columns,
            rows=spec.size.rows,
            engine=spec.engine,
            provider_session_id=spec.conversation or None,
            agent_chats=spec.env.get(AGENT_CHATS, ""),
            runtime=spec.runtime,
            **fields_of(spec.origin),
        )


def fields_of(origin: Origin) -> dict[str, Any]:
    """The fields of a record that a session's origin has."""
    return {
        "arguments": origin.arguments,
        "resumed_from": origin.resumed_from,
        "repository": origin.repository,
        "worktree": origin.worktree,
        "branch": origin.branch,
        "branch_made": origin.branch_made,
        "located_by": origin.located_by,
        "real_cwd": origin.real_cwd,
        "default_name": origin.default_name,
        "topic": origin.topic,
    }


def directory_of(repository: str) -> str:
    """The directory of a repository with this common directory of git: its main working tree, or a bare repository."""
    path = Path(repository)
    return str(path.parent) if path.name == ".git" else repository


def free_name(wanted: str, taken: Collection[str], all_names: Collection[str]) -> str:
    """``wanted`` unless it is taken; else ``wanted-2`` and so on.

    Args:
        wanted: the wanted name.
        taken: the names of running chats, which differ; of all chats for a name that Outlive chooses.
        all_names: the names of all chats; their numbers are not used again, nor those between them.
    """
    if wanted not in taken:
        return wanted
    # A number of more digits is part of the name itself, as in "log-2026".
    numbered = re.compile(re.escape(wanted) + r"-([1-9]\d{0,2})")
    number = max((int(found[1]) for name in all_names if (found := numbered.fullmatch(name))), default=1) + 1
    while (name := f"{wanted}-{number}") in all_names:
        number += 1
    return name


def meant(named: list[SessionRecord]) -> list[SessionRecord]:
    """Those that the user means by the name that all have: the running one, else the one that was not continued."""
    return (
        [record for record in named if record.state in RUNNING_STATES]
        or [record for record in named if record.continued_by is None]
        or named
    )


FIELDS = SessionRecord.__struct_fields__
COLUMNS = ", ".join(FIELDS)
INSERTED = f"INTO session ({COLUMNS}) VALUES ({', '.join('?' * len(FIELDS))})"
"""The end of the statement that inserts the values of ``to_row``."""

_JSON_FIELDS = frozenset({"argv", "env", "arguments", "located_by"})
_REPEATED_FIELDS = ("name", "agent", "cwd", "real_cwd", "boot_id", "engine", "default_name")
"""Thousands of records have the same few values: each is kept in memory once."""

_TRUTH_FIELDS = ("branch_made", "pinned")


def to_row(record: SessionRecord) -> list[object]:
    """The values of a row, in the order of ``COLUMNS``."""
    return [to_column(field, getattr(record, field)) for field in FIELDS]


def to_column(field: str, value: object) -> object:
    """The value of one column."""
    return msgspec.json.encode(value).decode() if field in _JSON_FIELDS else str(value) if field == "state" else value


def from_row(row: Iterable[object]) -> SessionRecord:
    """Read the columns ``COLUMNS``.

    Raises:
        ValueError, TypeError: the values are none that we can have written.
    """
    values: dict[str, Any] = dict(zip(FIELDS, row, strict=True))
    for field in _REPEATED_FIELDS:
        if isinstance(text := values.get(field), str):
            values[field] = sys.intern(text)
    for field in _JSON_FIELDS & values.keys():
        values[field] = msgspec.json.decode(values[field])
    for field in _TRUTH_FIELDS:
        values[field] = bool(values.get(field))
    return from_values(values)


def from_values(values: dict[str, Any]) -> SessionRecord:
    """Make a record of values of another process.

    Raises:
        ValueError: the values are none that we can have written.
    """
    conversation = values.get("provider_session_id")
    if not isinstance(conversation, str) or not is_conversation(conversation):
        values["provider_session_id"] = None  # It would end up in an argv.
    return msgspec.convert(values, SessionRecord)
