"""Refuses an agent actions that no host or keeper checks: on the records of chats, and on the window."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from session_host.errors import NotAllowed
from session_host.paths import config_dir, database
from session_host.protocol.facts import ChatFacts
from session_host.storage.store import Store
from session_host.system.processes.permission import agent_chats, refusal, refusal_to_answer_for, split


def agents_chat(pid: int | None = None) -> str:
    """The nearest agent's chat that a process, by default this one, belongs to; "" for a process of the user.

    Of an unknown chat, it is another word than an id.
    """
    return next(iter(agent_chats(os.getpid() if pid is None else pid)), "")


def check_may_control(*records: ChatFacts) -> None:
    """Refuse to change chats' records if this process belongs to another agent.

    Raises:
        NotAllowed: this process belongs to such an agent.
    """
    origin = agent_chats(os.getpid())
    for record in records:
        _check(origin, split(record.origin.agent_chats), record.entry.name)


def check_may_answer(*records: ChatFacts) -> None:
    """Refuse an agent its own chat and its starters', too, whatever the user's settings allow; else as above.

    Raises:
        NotAllowed: this process belongs to such an agent.
    """
    if not (origin := agent_chats(os.getpid())):
        return
    from session_host.agents.catalog import find_agent  # only for an agent's requests

    for record in records:
        agent = find_agent(config_dir(), record.origin.agent)
        # A chat without an agent has no questions, and belongs to its starter alone.
        refused = refusal_to_answer_for if agent is None or agent.signals.ends_all else refusal
        if reason := refused(origin, split(record.origin.agent_chats), record.entry.name, config_dir() / "chats.toml"):
            raise NotAllowed(reason)


def check_may_control_chats(session_ids: Sequence[str], directory: Path | None = None) -> None:
    """Like ``check_may_control``, for chats by their ids. Blocks on the disk if this process belongs to an agent.

    Args:
        session_ids: the chats.
        directory: a directory, which must be within the chat's; None for none.

    Raises:
        NotAllowed: this process belongs to an agent that may not control one of them, or there is no such chat.
        StoreError: the store cannot be read.
    """
    if not (origin := agent_chats(os.getpid())):
        return
    with Store.open(database()) as store:
        records = {each: store.get(each) for each in session_ids}
    for session_id, record in records.items():
        chats, name = (
            (split(record.origin.agent_chats), record.entry.name) if record is not None else ((), session_id[:8])
        )
        _check(origin, chats, name)
        if (
            directory is not None
            and record is not None
            and not directory.resolve().is_relative_to(record.origin.real_cwd)
        ):
            _check(origin, (), str(directory))


def check_may_change_settings() -> None:
    """Refuse to change the user's settings if this process belongs to an agent.

    Raises:
        NotAllowed: it does.
    """
    _check(agent_chats(os.getpid()), (), "the settings")


def check_may_control_window(pid: int) -> None:
    """Refuse to let an agent control this window (the current process), unless the agent opened it.

    Raises:
        NotAllowed: the process belongs to such an agent.
    """
    _check(agent_chats(pid), agent_chats(os.getpid()), "the window")


def check_may_reach_machine(name: str = "", pid: int | None = None) -> None:
    """Refuse to let a process, by default this one, reach another machine, or all of them, if it belongs to an agent.

    Raises:
        NotAllowed: the process belongs to such an agent.
    """
    _check(agent_chats(os.getpid() if pid is None else pid), (), f"the machine {name}" if name else "other machines")


def _check(origin: tuple[str, ...], target: tuple[str, ...], name: str) -> None:
    if reason := refusal(origin, target, name, config_dir() / "chats.toml"):
        raise NotAllowed(reason)
