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
    from session_host.client.chats.launch import LaunchRequest


class LoginPathFinder:
    """Asks the login shell once, in the background, and gives this process the PATH that it tells.

    All that looks for agents here reads this process's PATH; what is started before the answer waits for it.

    Args:
        tasks: what owns the asking.
        tell: is given the line that says why the shell has not answered.
        found: is called when there is another PATH.
    """

    def __init__(self, tasks: Tasks, tell: Callable[[str], object], found: Callable[[], object]) -> None:
        self._tasks = tasks
        self._tell = tell
        self._found = found
        self._is_over = asyncio.Event()
        self._is_over.set()
        self._former: str | None = None

    def start(self) -> None:
        """Ask if no terminal started the window; a terminal's environment already has the wanted PATH."""
        if not is_from_terminal(os.environ):
            self._is_over.clear()
            self._tasks.start(self._find(), "login shell's PATH")

    async def completed(self, request: LaunchRequest) -> LaunchRequest:
        """The request with the PATH that was found; one with a PATH of its own keeps that."""
        await self._is_over.wait()
        if self._former is None or request.environment.get("PATH", "") != self._former:
            return request
        environment = {**request.environment, "PATH": os.environ["PATH"]}
        return msgspec.structs.replace(request, environment=environment)

    async def environment(self) -> dict[str, str]:
        """This process's environment, with the PATH that was found."""
        await self._is_over.wait()
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
            self._is_over.set()
