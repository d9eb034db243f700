"""Does in advance the work that an agent's first start would wait for. Blocks."""

from __future__ import annotations

from collections.abc import Mapping

from session_host.agents.agent import Agent
from session_host.agents.environment import child_environment
from session_host.keeper_client.discovery import connect_or_start_keeper

from .installed_version import supported_options


def prepare_start(agent: Agent, environment: Mapping[str, str]) -> None:
    """Start the keeper if there is none, and ask a new version of the agent's program for its options.

    Args:
        agent: the agent that is about to be started.
        environment: the caller's whole environment.

    Raises:
        OutliveError: the start will fail, too.
    """
    connect_or_start_keeper().close()
    # The directory is not known yet: the user may still choose another.
    supported_options(agent, child_environment(environment, agent, {}), "/")
