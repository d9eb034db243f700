"""Refuses an agent what no host or keeper decides: the records of ended chats, and the window."""

from __future__ import annotations

import os

from session_host.errors import NotAllowed
from session_host.paths import config_dir
from session_host.storage.store import SessionRecord
from session_host.system.processes.permission import agent_chats, refusal, split


def check_may_control(*records: SessionRecord) -> None:
    """Refuse to change chats' records if this process is of an agent that may not control one of the chats.

    Raises:
        NotAllowed: it is.
    """
    origin = agent_chats(os.getpid())
    for record in records:
        _check(origin, split(record.agent_chats), record.name)


def check_may_control_window(pid: int) -> None:
    """Refuse a process to control this one, which is the window, if it is an agent's that did not open it.

    Raises:
        NotAllowed: it is such an agent's.
    """
    _check(agent_chats(pid), agent_chats(os.getpid()), "the window")


def _check(origin: tuple[str, ...], target: tuple[str, ...], name: str) -> None:
    if why := refusal(origin, target, name, config_dir() / "chats.toml"):
        raise NotAllowed(why)
