"""The PATH for new chats: the login shell's if the window was started from an icon."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from importlib import import_module

from session_host.agents.agent import Agent
from session_host.agents.login_shell import LONG_TIMEOUT_S, find_login_path, is_from_terminal
from session_host.errors import OutliveError

from .machine_chats import MachineChats
from .tasks import Tasks

RECENT_S = 10.0
"""For this time, an answer of the login shell is taken as its PATH."""


class LoginPathFinder:
    """Asks the login shell for its PATH in the background, and sets it in this process.

    The search for agents uses this process's PATH. A chat that is started meanwhile waits for the shell's first answer.
    When agents are looked for later, the shell is asked again, with more time: an installer may have changed its files.

    Args:
        tasks: owns the task that asks the shell.
        on_problem: called with one line that explains why the PATH could not be read.
        on_path_found: called if the shell has a different PATH.
    """

    def __init__(self, tasks: Tasks, on_problem: Callable[[str], object], on_path_found: Callable[[], object]) -> None:
        self._tasks = tasks
        self._on_problem = on_problem
        self._on_path_found = on_path_found
        self._finished = asyncio.Event()
        self._finished.set()
        self._had_problem = self._is_asking = False
        self._answered_s: float | None = None
        """The time of the shell's last answer, by ``time.monotonic``; None before the first one."""

    def start(self) -> None:
        """Start reading, unless a terminal started the window: its environment already has the right PATH."""
        if not is_from_terminal(os.environ):
            self._finished.clear()
            self._tasks.start(self._ask_first(), "login shell's PATH")

    async def update(self) -> None:
        """Ask the shell again, and wait for its answer much longer; not after an answer that is complete and recent."""
        if self._is_asking or self._answered_s is None:
            return
        if self._had_problem or time.monotonic() > self._answered_s + RECENT_S:
            await self._ask(LONG_TIMEOUT_S)

    async def environment(self) -> dict[str, str]:
        """Wait for the shell's PATH; return this process's environment with it."""
        await self._finished.wait()
        return dict(os.environ)

    async def _ask_first(self) -> None:
        try:
            if problem := await self._ask():
                self._on_problem(problem)
        finally:
            self._finished.set()

    async def _ask(self, timeout_s: float = 0.0) -> str:
        previous, self._is_asking = os.environ.get("PATH", ""), True
        try:
            answer = await find_login_path(dict(os.environ), timeout_s)
        finally:
            self._is_asking = False
        self._had_problem, self._answered_s = bool(answer.problem), time.monotonic()
        if answer.path != previous:
            os.environ["PATH"] = answer.path
            self._on_path_found()
        return answer.problem


class StartPreparer:
    """Starts the keeper and reads the agent's options in advance, so that the start does not wait for them."""

    def __init__(self, tasks: Tasks, chats: MachineChats) -> None:
        self._tasks = tasks
        self._chats = chats

    def prepare(self, agent: Agent) -> None:
        """Prepare the start of this agent."""
        self._tasks.start(self._prepare(agent), "prepare a start")

    async def _prepare(self, agent: Agent) -> None:
        environment = await self._chats.environment()
        # Imported in a thread, so that the window's start and the keys do not wait for it.
        launch = await asyncio.to_thread(import_module, "session_host.client.chats.launch")
        with contextlib.suppress(OutliveError):  # The start itself reports it.
            await self._chats.machine.call(launch.prepare_start, agent, environment)
