"""The last input of a closed viewer: stays attached until the host has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from session_host.protocol.messages import Output, SnapshotPart
from session_host.system.event_loop import Timer

from .connector import Connector
from .effects import NotifyRefusal
from .rules import ViewerRules
from .state import FINAL_STATES

TIMEOUT_S = 2.0
"""How long a closed viewer waits for the host to acknowledge the user's input."""

REATTACH_AFTER_S = 0.3
"""After this time the viewer attaches again. A host acknowledges input when the program has read it; when a viewer
attaches, it also acknowledges input that it has recorded for a program that does not read.
"""


class Delivery:
    """Delivers a closed viewer's input, and detaches the viewer after that, or after ``TIMEOUT_S``."""

    def __init__(self, rules: ViewerRules, connector: Connector, perform: Callable[[], None]) -> None:
        """``perform`` carries out the rules' effects at once."""
        self._rules, self._connector, self._perform = rules, connector, perform
        self._timer, self._reattach_timer = Timer(), Timer()
        self._over = asyncio.Event()
        self._refused_characters = 0

    @property
    def is_over(self) -> bool:
        """Whether the viewer has detached, and delivers nothing any more."""
        return self._over.is_set()

    @property
    def _is_done(self) -> bool:
        return self._rules.line.shown in FINAL_STATES or not self._rules.inputs.has_user_input

    def start(self) -> None:
        """The viewer is closed: follow its host only to deliver its input."""
        self._timer.set(TIMEOUT_S, self._detach)
        if not self._is_done:
            if self._connector.connection is not None:
                self._reattach_timer.set(REATTACH_AFTER_S, self._connector.drop)
            self._rules.follow(output=False)
            self._perform()
        self.check()

    def receive(self, message: Any) -> None:
        """Handle a message of the host."""
        if isinstance(message, Output | SnapshotPart):
            return
        inputs = self._rules.inputs
        previous = inputs.characters()
        self._rules.receive_message(message)
        if any(isinstance(effect, NotifyRefusal) for effect in self._rules.effects):
            self._refused_characters += previous - inputs.characters()

    def check(self) -> None:
        """Detach if the host has all input, or the session has ended."""
        if self._is_done and not self.is_over:
            self._detach()

    def _detach(self) -> None:
        self._rules.detach()
        self._perform()
        self._connector.close(at_once=not self._is_done)
        self._timer.cancel()
        self._reattach_timer.cancel()
        self._over.set()

    async def wait(self) -> int:
        """Wait until the viewer has detached, and its connection is closed.

        Returns:
            How many characters of the user's input a running chat did not get, at most.
        """
        await self._over.wait()
        await self._connector.wait_closed()
        if self._rules.line.shown in FINAL_STATES:
            return 0
        return self._refused_characters + self._rules.inputs.characters()
