"""The agents' chats that a process belongs to, and the chats that it may therefore control.

Every chat's programs inherit ``OUTLIVE_AGENT_CHATS``: the agents' chats that they belong to, nearest first, joined by
colons; empty in a chat that the user works in. A chat that runs an agent belongs to itself; every chat belongs also to
the agents' chats from inside which it was started. An agent controls the chats that belong to its own. The environment
that counts is the one that a process was started with (``/proc/PID/environ``), of the process itself or else of its
nearest ancestor that has the variable, so clearing it for one command changes nothing.

This stops mistakes and instructions that are smuggled into an agent's input. An agent has the user's rights and can
get around it (SECURITY.md).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from session_host.paths import config_dir
from session_host.protocol.launch import LaunchSpec
from session_host.system.processes import proc
from session_host.system.processes.identity import each_ancestor, environment_variables
from session_host.system.processes.process_tree import MARK

AGENT_CHATS = "OUTLIVE_AGENT_CHATS"
UNKNOWN = "unknown"
"""The keeper's own value. It adopts orphans of all chats: one without a value of its own belongs to one of them."""

SETTING = "agents_may_control"
ALL = "all"


def agent_chats(pid: int) -> tuple[str, ...]:
    """The agents' chats that a process belongs to, nearest first; () for a process of the user's own.

    Args:
        pid: the process; 0 if the system does not tell, as for one outside a container.

    Returns:
        ``(UNKNOWN,)`` for a process that has ended, and for an orphan of some chat.
    """
    if pid and not proc.exists(pid) and proc.is_there():
        return (UNKNOWN,)
    is_in_chat = False
    for each in chain((pid,), each_ancestor(pid)):
        found = environment_variables(each, AGENT_CHATS, MARK)
        chats = found.get(AGENT_CHATS)
        if chats is not None:
            # Chats that a former version started have no value; what is above them is the keeper's.
            return () if is_in_chat and chats == UNKNOWN else split(chats)
        is_in_chat = is_in_chat or MARK in found
    return ()


def split(chats: str) -> tuple[str, ...]:
    """The variable's value as ids."""
    return tuple(each for each in chats.split(":") if each)


def of_new_chat(session_id: str, resumed: str, *, is_agent: bool) -> str:
    """The variable's value for a chat that this process starts.

    Args:
        session_id: the chat's.
        resumed: the value of the chat that it resumes, in the place of which it controls what that one started; or "".
        is_agent: whether it runs an agent.
    """
    starter = agent_chats(os.getpid())
    return ":".join([*(split(resumed)[:1] or [session_id]), *starter] if is_agent else starter)


def refusal(origin: Sequence[str], target: Sequence[str], name: str, settings: Path) -> str:
    """Why a process may not control a chat, one line; "" if it may.

    The settings are read only if it may not otherwise, so that they act at once and cost the user nothing.

    Args:
        origin: the agents' chats that the process belongs to which asks, see ``agent_chats``.
        target: the agents' chats that the chat belongs to.
        name: the chat's name, or another word for what is to be controlled.
        settings: the user's ``chats.toml``.
    """
    if not origin or origin[0] in target or _all_may(settings):
        return ""
    return (
        f"an agent may control its own chat and those that it started, not {name}; "
        f'only the user can allow more, with {SETTING} = "{ALL}" in {settings}'
    )


def refusal_of(origin: Sequence[str], spec: LaunchSpec, name: str) -> str:
    """As ``refusal``, for the chat that was started by ``spec``."""
    settings = Path(spec.settings) if spec.settings else config_dir() / "chats.toml"
    return refusal(origin, split(spec.env.get(AGENT_CHATS, "")), name, settings)


def _all_may(settings: Path) -> bool:
    import tomllib  # only to refuse

    try:
        return tomllib.loads(settings.read_text(encoding="utf-8")).get(SETTING) == ALL
    except (OSError, ValueError, RecursionError):
        return False  # It is not there, or damaged: as by default.
