"""How an agent is started without a terminal."""

from __future__ import annotations

from session_host.agents.agent import Agent, StructuredSettings, Template
from session_host.errors import UsageError
from session_host.protocol.launch import StructuredLaunch, Watch

NEVER_STALE_S = 10 * 365 * 86400.0
"""An agent that reports everything may be silent for any time."""


def structured_launch(agent: Agent, *, history: str, prompt: str) -> StructuredLaunch:
    """How the agent is spoken to.

    Args:
        agent: the agent.
        history: the session whose transcript goes on; "" for none.
        prompt: the first prompt; "" for none.

    Raises:
        UsageError: the agent needs a terminal.
    """
    settings = _settings(agent)
    return StructuredLaunch(settings.dialect, settings.options, history, prompt)


def template_of(agent: Agent, *, resumes: bool) -> Template:
    """The argv's template.

    Raises:
        UsageError: the agent needs a terminal.
    """
    settings = _settings(agent)
    return (settings.resume or settings.start) if resumes else settings.start


def watch_of_structured(agent: Agent) -> Watch:
    """The agent's messages report all of its activity; only its end is watched as a terminal's."""
    signals = agent.signals
    return Watch(
        stale_after_s=NEVER_STALE_S, leave_by=signals.leave_by, strays=signals.strays, ends_all=signals.ends_all
    )


def _settings(agent: Agent) -> StructuredSettings:
    if agent.structured is None:
        raise UsageError(f"{agent.title} runs in a terminal only; leave --runtime structured out")
    return agent.structured
