"""Another machine for unit tests: it is this one again, and its calls travel as from afar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from session_host.client.machine import ThisMachine
from session_host.errors import Unreachable
from session_host.machines import calls
from session_host.machines.another import AnotherMachine


class Alpha(AnotherMachine, ThisMachine):
    """The other machine.

    Attributes:
        fails: how many of the next calls find no link.
        running: the number of calls that run.
    """

    name = "alpha"
    destination = "me@alpha"
    fails = 0
    running = 0

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """See ``RemoteMachine``."""
        if self.fails:
            self.fails -= 1
            raise Unreachable("alpha: connection refused")
        arguments = calls.encode_arguments(function, args, kwargs)
        self.running += 1
        try:
            return calls.decode_result(function, await calls.call(function.__name__, arguments))
        finally:
            self.running -= 1
