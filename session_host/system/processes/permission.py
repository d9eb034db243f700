"""The agents' chats that a process belongs to, and the chats that it may therefore control.

Every program of a chat inherits ``OUTLIVE_AGENT_CHATS``: the agents' chats that it belongs to, nearest first, joined by
colons; empty in a chat that the user works in. A chat that runs an agent belongs to itself; every chat also belongs to
the agents' chats from inside which it was started. An agent controls the chats that belong to its own. Only the
initial environment counts (``/proc/PID/environ``). A process may clear the variable or set another value, so its
ancestors' values count, too; and each program that belongs to an agent's chat has a mark that it cannot remove.

This prevents mistakes and stops instructions smuggled into an agent's input. An agent has the user's rights and can get
around it (resources/guide/security.md).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from session_host.errors import ConfigError
from session_host.protocol.launch import LaunchSpec
from session_host.system.processes import proc
from session_host.system.processes.identity import AncestorsUnknown, each_ancestor, environment_variables

AGENT_CHATS = "OUTLIVE_AGENT_CHATS"
UNKNOWN = "unknown"
"""The value of keeper and hosts. A keeper adopts orphans of all chats: one without a value belongs to one of them."""

_UNLIMITED = 1 << 62
"""The mark in place of no limit."""

_TRIES = 10
"""How often a process's ancestors are read that end meanwhile."""

SETTING = "agents_may_control"
ALL = "all"
STARTS, DEFAULT_STARTS = "agents_may_start", 8
"""The setting for how many chats may run that one agent has started, with those that they have started."""

DEPTH, DEFAULT_DEPTH = "agents_depth", 2
"""The setting for how many agents may have started one another below the user's."""


def agent_chats(pid: int) -> tuple[str, ...]:
    """The agents' chats that a process belongs to, nearest first; () for a process of the user.

    Args:
        pid: the process; 0 if the system cannot tell, as for one outside a container.

    Returns:
        ``(UNKNOWN,)`` for a process that has ended, for an orphan of some chat, for one of an agent's chat that claims
        to be the user's, and for one with ancestors that cannot be read.
    """
    for _ in range(_TRIES):
        if pid and not proc.exists(pid) and proc.is_available():
            return (UNKNOWN,)
        with contextlib.suppress(AncestorsUnknown):
            return _agent_chats(pid)
    return (UNKNOWN,)


def is_of_chat(pid: int) -> bool:
    """Whether a process belongs to a chat, an agent's or the user's; also if that is unknown.

    Keeper and hosts have the variable, too, so that a program that has left its parent is found below them.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(AncestorsUnknown):
            lineage = chain((pid,), each_ancestor(pid, is_complete=True))
            return any(AGENT_CHATS in environment_variables(each, AGENT_CHATS) for each in lineage)
    return True


def _agent_chats(pid: int) -> tuple[str, ...]:
    """Like ``agent_chats``, for a process that exists.

    Raises:
        AncestorsUnknown: an ancestor ended meanwhile, hides, or there are too many.
    """
    chats: tuple[str, ...] | None = None
    is_marked = False
    for each in chain((pid,), each_ancestor(pid, is_complete=True)):
        value = environment_variables(each, AGENT_CHATS).get(AGENT_CHATS)
        if value is None:
            continue
        above = split(value)
        if above == (UNKNOWN,):
            chats = above if chats is None else chats
            is_marked = is_marked or _has_lower_limit(pid, each)
        elif above or chats is None:
            chats = above  # A process belongs to the chats of its highest ancestor, whatever it says.
    return chats or ((UNKNOWN,) if is_marked else ())


def _has_lower_limit(pid: int, above: int) -> bool:
    """Whether a process has the mark, see ``mark``."""
    own, limit = (proc.hard_limit(each, "Max msgqueue size") for each in (pid, above))
    return own is not None and limit is not None and own < limit


def mark(environment: Mapping[str, str]) -> None:
    """Mark this process if the program that it becomes belongs to an agent's chat. For use between fork and exec.

    The mark is a hard limit that is one byte lower than the keeper's: all children inherit it, and only root raises it.
    Of all limits, programs need that of message queues (mq_overview(7)) least.

    Args:
        environment: the program's environment.
    """
    import resource  # Only a host starts programs.

    limited = getattr(resource, "RLIMIT_MSGQUEUE", None)  # Linux has it.
    if not environment.get(AGENT_CHATS) or limited is None:
        return
    soft, hard = resource.getrlimit(limited)
    lower = _UNLIMITED if hard == resource.RLIM_INFINITY else hard - 1
    if lower >= 0:
        resource.setrlimit(limited, (lower if soft == resource.RLIM_INFINITY else min(soft, lower), lower))


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


def belongs_to(spec: LaunchSpec, origin: Sequence[str]) -> bool:
    """Whether a chat that a process of ``origin`` starts belongs to these chats, as ``of_new_chat`` says.

    It may also report its answers to the nearest of them, and to no other: the host that gives them counts as the user.
    """
    chats = split(spec.env.get(AGENT_CHATS, ""))
    is_told = not origin or spec.reports_to in {"", origin[0]}
    return chats[len(chats) - len(origin) :] == tuple(origin) and is_told


def is_controlled_by(target: LaunchSpec, spec: LaunchSpec) -> bool:
    """Whether an agent's chat, once it is started, controls a chat: because it takes over the id of another one."""
    chats = split(spec.env.get(AGENT_CHATS, ""))[:1]
    return bool(chats) and chats[0] in split(target.env.get(AGENT_CHATS, ""))


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
    if not origin or (origin[0] in target and origin[0] != UNKNOWN) or _all_may(settings):
        return ""
    return (
        f"an agent may control its own chat and those that it started, not {name}; "
        f'only the user can allow more, with {SETTING} = "{ALL}" in {settings}'
    )


def refusal_to_start(origin: Sequence[str], running: Mapping[str, LaunchSpec]) -> str:
    """Why a process may not start one more chat, one line; "" if it may.

    Args:
        origin: as for ``refusal``.
        running: the chats that run, by their ids.
    """
    own = running.get(origin[0]) if origin else None
    if own is None:
        return ""
    settings = Path(own.settings)
    values = _values(settings)
    most, depth = _number(values, STARTS, DEFAULT_STARTS), _number(values, DEPTH, DEFAULT_DEPTH)
    if not most or not depth:
        return f"an agent may start no chat; only the user can allow it, with {DEPTH if most else STARTS} in {settings}"
    if len(origin) > depth:
        return (
            f"an agent that was started by an agent may start no more than {depth} levels of chats; "
            f"only the user can allow more, with {DEPTH} in {settings}"
        )
    started = [each for each in running.values() if each is not own and origin[0] in _chats_of(each)]
    if len(started) >= most:
        return (
            f"this agent has started as many chats as may run at once ({len(started)}): stop one of them first; "
            f"only the user can allow more, with {STARTS} in {settings}"
        )
    return ""


def _chats_of(spec: LaunchSpec) -> tuple[str, ...]:
    return split(spec.env.get(AGENT_CHATS, ""))


def refusal_of(origin: Sequence[str], spec: LaunchSpec, name: str) -> str:
    """Like ``refusal``, for the chat that ``spec`` started."""
    return refusal(origin, split(spec.env.get(AGENT_CHATS, "")), name, Path(spec.settings))


def refusal_to_answer(origin: Sequence[str], spec: LaunchSpec, name: str) -> str:
    """Why a process may not answer the questions of a chat's agent, one line; "" if it may.

    An agent answers neither its own questions nor those of the agents that started it, whatever the settings allow:
    they are for their user.
    """
    if not spec.watch.ends_all:
        return refusal_of(origin, spec, name)
    return refusal_to_answer_for(origin, split(spec.env.get(AGENT_CHATS, "")), name, Path(spec.settings))


def refusal_to_answer_for(origin: Sequence[str], target: Sequence[str], name: str, settings: Path) -> str:
    """Like ``refusal_to_answer``, for an agent's chat that belongs to ``target``, as in ``refusal``."""
    if origin and target and (target[0] in origin or UNKNOWN in origin):
        return (
            "an agent may not answer its own questions, change its own settings, attach to itself, put itself to "
            f"sleep or continue itself: do that with {name} outside of it"
        )
    return refusal(origin, target, name, settings)


def refusal_to_set(origin: Sequence[str], name: str) -> str:
    """Why a process may not let an agent do more by itself from then on, or at an amount; one line, "" if it may.

    That is for the user alone, whatever the settings allow.
    """
    if not origin:
        return ""
    what = "give an answer that sets an agent's mode, or goes on at an amount of money"
    return f"an agent may not {what}: answer {name} outside of its chats"


def _all_may(settings: Path) -> bool:
    return _values(settings).get(SETTING) == ALL


def _number(values: Mapping[str, object], name: str, default: int) -> int:
    value = values.get(name)
    return value if isinstance(value, int) else default


def _values(settings: Path) -> Mapping[str, object]:
    """The settings in the file; none if it is missing or damaged, which means the defaults."""
    from session_host.toml_file import TomlFile  # only for an agent's requests

    try:
        return TomlFile.read(settings).values()
    except ConfigError:
        return {}
