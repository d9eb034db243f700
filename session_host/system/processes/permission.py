"""The agents' chats that a process belongs to, and the chats that it may therefore control.

Every program of a chat inherits ``OUTLIVE_AGENT_CHATS``: the agents' chats that it belongs to, nearest first, joined by
colons; empty in a chat that the user works in. A chat that runs an agent belongs to itself; every chat also belongs to
the agents' chats from inside which it was started. An agent controls the chats that belong to its own. Only the
initial environment counts (``/proc/PID/environ``), of the process itself or of its nearest ancestor with the variable,
so clearing the variable for one command changes nothing.

This prevents mistakes and stops instructions smuggled into an agent's input. An agent has the user's rights and can get
around it (resources/guide/security.md).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from session_host.errors import ConfigError
from session_host.paths import config_dir
from session_host.protocol.launch import LaunchSpec
from session_host.system.processes import proc
from session_host.system.processes.identity import each_ancestor, environment_variables
from session_host.system.processes.process_tree import MARK

AGENT_CHATS = "OUTLIVE_AGENT_CHATS"
UNKNOWN = "unknown"
"""The value of the keeper. It adopts orphans of all chats: an orphan without its own value belongs to one of them."""

SETTING = "agents_may_control"
ALL = "all"


def agent_chats(pid: int) -> tuple[str, ...]:
    """The agents' chats that a process belongs to, nearest first; () for a process of the user.

    Args:
        pid: the process; 0 if the system cannot tell, as for one outside a container.

    Returns:
        ``(UNKNOWN,)`` for a process that has ended, and for an orphan of some chat.
    """
    if pid and not proc.exists(pid) and proc.is_available():
        return (UNKNOWN,)
    is_in_chat = False
    for each in chain((pid,), each_ancestor(pid)):
        found = environment_variables(each, AGENT_CHATS, MARK)
        chats = found.get(AGENT_CHATS)
        if chats is not None:
            # An earlier version's chats have no value; the value above them is the keeper's.
            return () if is_in_chat and chats == UNKNOWN else split(chats)
        is_in_chat = is_in_chat or MARK in found
    return ()


def split(chats: str) -> tuple[str, ...]:
    """Split the variable's value into ids."""
    return tuple(each for each in chats.split(":") if each)


def of_new_chat(session_id: str, resumed: str, *, is_agent: bool) -> str:
    """The variable's value for a chat that this process starts.

    Args:
        session_id: the new chat's id.
        resumed: the variable's value in the chat that the new one resumes; "" for none. Its first id is taken over, so
            that the new chat controls what the resumed one started.
        is_agent: whether the chat runs an agent.
    """
    starter = agent_chats(os.getpid())
    return ":".join([*(split(resumed)[:1] or [session_id]), *starter] if is_agent else starter)


def refusal(origin: Sequence[str], target: Sequence[str], name: str, settings: Path) -> str:
    """Why a process may not control a chat, one line; "" if it may.

    The settings are read only if the process may not otherwise, so that changes act at once and usual requests cost
    nothing.

    Args:
        origin: the agents' chats that the requesting process belongs to, see ``agent_chats``.
        target: the agents' chats that the chat belongs to.
        name: the chat's name, or another word for the controlled object.
        settings: the user's ``chats.toml``.
    """
    if not origin or origin[0] in target or _all_may(settings):
        return ""
    return (
        f"an agent may control its own chat and those that it started, not {name}; "
        f'only the user can allow more, with {SETTING} = "{ALL}" in {settings}'
    )


def refusal_of(origin: Sequence[str], spec: LaunchSpec, name: str) -> str:
    """Like ``refusal``, for the chat that ``spec`` started."""
    settings = Path(spec.settings) if spec.settings else config_dir() / "chats.toml"
    return refusal(origin, split(spec.env.get(AGENT_CHATS, "")), name, settings)


def refusal_to_answer(origin: Sequence[str], spec: LaunchSpec, name: str) -> str:
    """Why a process may not answer the questions of a chat's agent, one line; "" if it may.

    An agent does not answer its own questions: they are for its user, whatever the settings allow otherwise.
    """
    if origin and origin[:1] == split(spec.env.get(AGENT_CHATS, ""))[:1]:
        return f"an agent may not answer its own questions: answer {name} outside of it"
    return refusal_of(origin, spec, name)


def _all_may(settings: Path) -> bool:
    from session_host.toml_file import TomlFile  # imported only to refuse

    try:
        return TomlFile.read(settings).values().get(SETTING) == ALL
    except ConfigError:
        return False  # A missing or damaged file means the default.
