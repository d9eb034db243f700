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

    The search for agents reads this process's PATH; a chat that starts before the answer waits for it.

    Args:
        tasks: owns the task that asks the shell.
        tell: called with one line that explains why the shell has not answered.
        found: called when the shell has another PATH.
    """

    def __init__(self, tasks: Tasks, tell: Callable[[str], object], found: Callable[[], object]) -> None:
        self._tasks = tasks
        self._tell = tell
        self._found = found
        self._finished = asyncio.Event()
        self._finished.set()
        self._former: str | None = None

    def start(self) -> None:
        """Ask if no terminal started the window; a terminal's environment already has the wanted PATH."""
        if not is_from_terminal(os.environ):
            self._finished.clear()
            self._tasks.start(self._find(), "login shell's PATH")

    async def completed(self, request: LaunchRequest) -> LaunchRequest:
        """Return the request with the shell's PATH; a request with its own PATH keeps it."""
        await self._finished.wait()
        if self._former is None or request.environment.get("PATH", "") != self._former:
            return request
        environment = {**request.environment, "PATH": os.environ["PATH"]}
        return msgspec.structs.replace(request, environment=environment)

    async def environment(self) -> dict[str, str]:
        """Return this process's environment, with the shell's PATH."""
        await self._finished.wait()
        return dict(os.environ)

    async def _find(self) -> None:
        former = os.environ.get("PATH", "")
        try:
            answer = await find_login_path(dict(os.environ))
            if answer.problem:
                self._tell(answer.problem)
            elif answer.path != former:
                self._former, os.environ["PATH"] = former, answer.path
                self._found()
        finally:
            self._finished.set()
