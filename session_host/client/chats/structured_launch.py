"""How an agent is started without a terminal."""

from __future__ import annotations

from datetime import datetime

from session_host.agents.agent import Agent, StructuredSettings, Template
from session_host.errors import UsageError
from session_host.protocol.launch import StructuredLaunch, Watch
from session_host.protocol.values import Runtime
from session_host.storage.store import SessionRecord

from .settings import ChatSettings

NEVER_STALE_S = 10 * 365 * 86400.0
"""An agent that reports everything may be silent for any time."""


def structured_launch(
    agent: Agent, runtime: Runtime, resumed: SessionRecord | None, prompt: str, chats: ChatSettings
) -> StructuredLaunch | None:
    """How the agent is spoken to; None for a terminal.

    Args:
        agent: the agent.
        runtime: the user's choice.
        resumed: the session that is resumed; its transcript goes on if it has one.
        prompt: the first prompt; "" for none.
        chats: the user's settings for chats.

    Raises:
        UsageError: the agent needs a terminal.
    """
    if runtime == "terminal":
        return None
    settings = _settings(agent)
    history = resumed.id if resumed is not None and resumed.runtime == "structured" else ""
    idle_s = chats.idle_timeout_min.get(agent.name, 0.0) * 60
    began_ms = round(datetime.fromisoformat(resumed.created_at).timestamp() * 1000) if resumed is not None else 0
    return StructuredLaunch(settings.dialect, settings.options, history, prompt, idle_s, began_ms)


def template_of(agent: Agent, runtime: Runtime, *, resumes: bool, beside: bool) -> Template:
    """The argv's template; () for that of the agent's terminal.

    Args:
        agent: the agent.
        runtime: the user's choice.
        resumes: whether a conversation is resumed.
        beside: whether it is that of a running structured chat.

    Raises:
        UsageError: the agent has no such way.
    """
    if runtime == "terminal" and not beside:
        return ()
    settings = _settings(agent)
    if beside:
        return settings.terminal
    return (settings.resume or settings.start) if resumes else settings.start


def watch_of_structured(agent: Agent) -> Watch:
    """The agent's messages report all of its activity; its end and its own files are watched as a terminal's."""
    signals = agent.signals
    return Watch(
        stale_after_s=NEVER_STALE_S,
        leave_by=signals.leave_by,
        strays=signals.strays,
        ends_all=signals.ends_all,
        transcripts=signals.transcripts,
    )


def _settings(agent: Agent) -> StructuredSettings:
    if agent.structured is None:
        raise UsageError(f"{agent.title} runs in a terminal only; leave --runtime structured out")
    return agent.structured
