"""Refuses an agent actions that no host or keeper checks: on the records of ended chats, and on the window."""

from __future__ import annotations

import os

from session_host.errors import NotAllowed
from session_host.paths import config_dir
from session_host.storage.store import SessionRecord
from session_host.system.processes.permission import agent_chats, refusal, split


def check_may_control(*records: SessionRecord) -> None:
    """Refuse changes of chats' records if this process belongs to an agent that may not control one of the chats.

    Raises:
        NotAllowed: this process belongs to such an agent.
    """
    origin = agent_chats(os.getpid())
    for record in records:
        _check(origin, split(record.agent_chats), record.name)


def check_may_control_window(pid: int) -> None:
    """Refuse to let an agent control this window (the current process), unless the agent opened it.

    Raises:
        NotAllowed: the process belongs to such an agent.
    """
    _check(agent_chats(pid), agent_chats(os.getpid()), "the window")


def _check(origin: tuple[str, ...], target: tuple[str, ...], name: str) -> None:
    if reason := refusal(origin, target, name, config_dir() / "chats.toml"):
        raise NotAllowed(reason)
