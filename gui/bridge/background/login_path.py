"""The PATH for new chats: the login shell's if the window was started from an icon."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from gui.bridge.background.tasks import Tasks
from session_host.agents.login_shell import find_login_path, is_from_terminal

if TYPE_CHECKING:
    from session_host.client.chats.launch_request import LaunchRequest


class LoginPathFinder:
    """Asks the login shell for its PATH once, in the background, and sets it in this process.

    The search for agents uses this process's PATH. A chat that is started meanwhile waits for the shell's answer.

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
        self._previous_path: str | None = None

    def start(self) -> None:
        """Start reading, unless a terminal started the window: its environment already has the right PATH."""
        if not is_from_terminal(os.environ):
            self._finished.clear()
            self._tasks.start(self._find(), "login shell's PATH")

    async def with_login_path(self, request: LaunchRequest) -> LaunchRequest:
        """Wait for the shell's PATH, and put it into the request; a request with a PATH of its own is unchanged."""
        await self._finished.wait()
        if self._previous_path is None or request.environment.get("PATH", "") != self._previous_path:
            return request
        environment = {**request.environment, "PATH": os.environ["PATH"]}
        return msgspec.structs.replace(request, environment=environment)

    async def environment(self) -> dict[str, str]:
        """Wait for the shell's PATH; return this process's environment with it."""
        await self._finished.wait()
        return dict(os.environ)

    async def _find(self) -> None:
        previous = os.environ.get("PATH", "")
        try:
            answer = await find_login_path(dict(os.environ))
            if answer.problem:
                self._on_problem(answer.problem)
            elif answer.path != previous:
                self._previous_path, os.environ["PATH"] = previous, answer.path
                self._on_path_found()
        finally:
            self._finished.set()
