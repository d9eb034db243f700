"""The PATH and the editors of this machine's login shell, for what a client on another machine starts here.

``ssh MACHINE COMMAND`` reads few of the shell's start files, so agents that every terminal finds would be missing.
"""

from __future__ import annotations

import asyncio
import os
import time

from session_host.agents.login_shell import find_login_path, is_from_terminal

RECENT_S = 10.0
"""For this time, an answer of the login shell is taken as its PATH."""


class LoginPath:
    """Asks the login shell for its PATH and editors when they are first needed, and sets them in this process."""

    def __init__(self) -> None:
        self._asking: asyncio.Task[None] | None = None
        self._answered_s = float("-inf")

    async def read(self, *, again: bool = False) -> None:
        """Wait until PATH is that of the login shell; ``again``: ask again, since an installer may have changed it."""
        if self._asking is None or (again and self._asking.done() and time.monotonic() > self._answered_s + RECENT_S):
            self._asking = asyncio.get_running_loop().create_task(self._ask(), name="login shell's PATH")
        await asyncio.shield(self._asking)

    async def close(self) -> None:
        """End the shell that is asked."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        if not is_from_terminal(os.environ):
            found = await find_login_path(dict(os.environ))
            os.environ |= {"PATH": found.path, **found.editors}
        self._answered_s = time.monotonic()
