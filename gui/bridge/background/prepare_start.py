"""Prepares the start of a chat in a thread while the user fills in its sheet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from gui.bridge.background.login_path import LoginPathFinder
from gui.bridge.background.tasks import Tasks
from session_host.agents.agent import Agent
from session_host.errors import OutliveError


class StartPreparer:
    """Starts the keeper and reads the agent's options in advance, so that the start does not wait for them."""

    def __init__(self, tasks: Tasks, login_path: LoginPathFinder) -> None:
        self._tasks = tasks
        self._login_path = login_path

    def prepare(self, agent: Agent) -> None:
        """Prepare the start of this agent."""
        self._tasks.start(self._prepare(agent), "prepare a start")

    async def _prepare(self, agent: Agent) -> None:
        environment = await self._login_path.environment()
        with contextlib.suppress(OutliveError):  # The start itself reports it.
            await asyncio.to_thread(_prepare_start, agent, environment)


def _prepare_start(agent: Agent, environment: Mapping[str, str]) -> None:
    # Imported here, in the thread, so that the window's start and the keys do not wait for it.
    from session_host.client.chats.launch import prepare_start

    prepare_start(agent, environment)
