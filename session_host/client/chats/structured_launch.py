"""How an agent is started without a terminal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from session_host.agents.agent import Agent, StructuredSettings, Template
from session_host.errors import StoreError, UsageError
from session_host.paths import make_directories, session_history
from session_host.protocol.launch import StructuredLaunch, Watch
from session_host.protocol.values import Runtime
from session_host.storage.store import SessionRecord

from .settings import ChatSettings

if TYPE_CHECKING:
    from session_host.agents.conversations.base import ConversationQuery

NEVER_STALE_S = 10 * 365 * 86400.0
"""An agent that reports everything may be silent for any time."""


ONE_SHOT = "one-shot"
"""The dialect of agents with one process for each prompt."""

PROGRAM = "session_host.one_shot"
"""The program that runs them; a word of their argv."""


class Fork(msgspec.Struct, frozen=True):
    """A chat to fork.

    Attributes:
        record: the chat; its ``provider_session_id`` is known.
        items: the first items of the fork's transcript, from ``copied_items.encode_items``; b"" for nothing.
        through: the agent's id of the last message or turn to copy; "" for the whole conversation.
        is_empty: copy nothing, since the fork begins before the first prompt.
    """

    record: SessionRecord
    items: bytes
    through: str = ""
    is_empty: bool = False


class LaunchMode(NamedTuple):
    """A way to start an agent without a terminal."""

    dialect: str
    template: Template
    options: dict[str, str]


def choose_launch_mode(
    agent: Agent,
    runtime: Runtime,
    *,
    resumes: bool,
    one_shot: bool,
    speaks_protocol: Callable[[], bool],
    forks: bool,
) -> LaunchMode | None:
    """Choose how an agent is started without a terminal; None for a terminal.

    Args:
        agent: the agent.
        runtime: the user's choice.
        resumes: an earlier conversation continues.
        one_shot: the user wants one process for each prompt.
        speaks_protocol: whether the installed version speaks the agent's protocol.
        forks: a copy of an earlier conversation continues.

    Raises:
        UsageError: the agent needs a terminal, or has no such form.
    """
    if runtime == "terminal":
        return None
    settings = _settings(agent)
    if forks:
        return LaunchMode(settings.dialect, settings.fork, settings.options)
    if settings.dialect != ONE_SHOT:
        if one_shot and not settings.one_shot:
            raise UsageError(f"{agent.title} has no form with one process for each prompt; leave --one-shot out")
        if one_shot:
            return LaunchMode(ONE_SHOT, settings.one_shot, {})
        if settings.one_shot and not speaks_protocol():
            note = (
                f"This version of {agent.title} runs once for each prompt and cannot ask you anything; "
                "a newer version can."
            )
            return LaunchMode(ONE_SHOT, settings.one_shot, {"note": note})
    return LaunchMode(
        settings.dialect, (settings.resume or settings.start) if resumes else settings.start, settings.options
    )


def is_one_shot(record: SessionRecord) -> bool:
    """Whether a session's agent had one process for each prompt."""
    return PROGRAM in record.argv


def can_fork(agent: Agent | None, record: SessionRecord) -> bool:
    """Whether a chat's agent can copy its conversation."""
    return (
        agent is not None
        and agent.structured is not None
        and bool(agent.structured.fork)
        and record.runtime == "structured"
        and not is_one_shot(record)
    )


def can_fork_before(agent: Agent | None, record: SessionRecord) -> bool:
    """Whether a chat's agent can copy its conversation up to a prompt."""
    return can_fork(agent, record) and agent is not None and _settings(agent).fork_through != ""


def structured_launch(
    mode: LaunchMode, resumed: SessionRecord | None, prompt: str, chats: ChatSettings, fork: Fork | None
) -> StructuredLaunch:
    """How Outlive talks to the agent.

    Args:
        mode: how the agent is started.
        resumed: the session that is resumed; its transcript continues if it has one.
        prompt: the first prompt; "" for none.
        chats: the user's settings for chats.
        fork: the chat that is forked.
    """
    from session_host.structured.dialects.base import FORK_OPTION, THROUGH_OPTION  # a terminal does not need it

    history = resumed.id if resumed is not None and resumed.runtime == "structured" else ""
    options, fork_of = mode.options, ""
    if fork is not None:
        if not fork.is_empty:
            options = options | {FORK_OPTION: fork.record.provider_session_id or ""}
        if fork.through:
            options = options | {THROUGH_OPTION: fork.through}
        fork_of = fork.record.id if fork.items else ""
    # An agent that runs once for each prompt ends anyway.
    idle_s = 0.0 if mode.dialect == "one-shot" else chats.idle_timeout_min * 60
    began_ms = round(datetime.fromisoformat(resumed.created_at).timestamp() * 1000) if resumed is not None else 0
    return StructuredLaunch(mode.dialect, options, history, prompt, idle_s, began_ms, fork_of)


def first_items(launch: StructuredLaunch, query: ConversationQuery, fork: Fork | None) -> bytes:
    """The encoded items that the transcript begins with, beside ``StructuredLaunch.history``; b"" for none.

    Args:
        launch: how Outlive talks to the agent.
        query: the agent's own conversation that continues; its id is "" for a new one.
        fork: the chat that is forked.
    """
    if fork is not None:
        return fork.items
    from session_host.agents.conversations.earlier_items import earlier_items  # a terminal does not need them
    from session_host.structured.copied_items import encode_items, recorded_items

    items = [] if launch.history else earlier_items(launch.dialect, query)
    return encode_items(recorded_items(items)) if items else b""


def write_history(session_id: str, items: bytes) -> None:
    """Write the items that a transcript begins with, or the text that a terminal begins with, for its host.

    Raises:
        StoreError: the file cannot be written.
    """
    path = session_history(session_id)
    try:
        make_directories(path.parent)
        path.write_bytes(items)
    except OSError as error:
        raise StoreError(f"{path}: cannot write it ({error.strerror}); free some space") from error


def live_terminal_template(agent: Agent) -> Template:
    """The argv's template of the agent's own terminal, beside a running structured chat.

    Raises:
        UsageError: the agent has none.
    """
    return _settings(agent).terminal


def watch_of_structured(agent: Agent) -> Watch:
    """The agent's messages report all of its activity; its end and its own files are watched as a terminal's."""
    signals = agent.signals
    return Watch(
        stale_after_s=NEVER_STALE_S,
        leave_by=signals.leave_by,
        strays=signals.strays,
        ends_all=signals.ends_all,
        transcripts=signals.transcripts,
        topic=".+",
    )


def _settings(agent: Agent) -> StructuredSettings:
    if agent.structured is None:
        raise UsageError(f"{agent.title} has no chat view; show it as a terminal")
    return agent.structured
