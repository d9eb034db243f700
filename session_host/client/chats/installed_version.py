"""The abilities of the installed version of an agent, by its own help text. Blocks while a new version is asked."""

from __future__ import annotations

from collections.abc import Mapping

from session_host.agents.agent import Agent


def supported_options(agent: Agent, environment: Mapping[str, str], directory: str) -> frozenset[str] | None:
    """The known options of the version that runs in this directory; None if they are unknown, or do not matter.

    Raises:
        AgentNotFound: the agent is not installed.
    """
    path = agent.find(environment.get("PATH", ""))
    if path is None:
        raise agent.not_found()
    if not agent.probed:
        return None
    from session_host.agents.probe import probed, supported  # programs that are not agents do not need it

    return supported(agent, probed(agent, path, environment, directory=directory))


def speaks_protocol(agent: Agent, environment: Mapping[str, str], directory: str) -> bool:
    """Whether the version that runs in this directory speaks the protocol of structured chats, as far as is known."""
    path = agent.find(environment.get("PATH", ""))
    if path is None or agent.structured is None or not agent.structured.probed:
        return True
    from session_host.agents import probe  # slow to import

    return probe.speaks_protocol(agent, probe.probed(agent, path, environment, directory=directory))
