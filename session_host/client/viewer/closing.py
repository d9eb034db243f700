"""The close of a viewer: the user's last input is delivered first. Part of ``viewer``.

When a viewer is closed, its host may just be killed or replaced by an upgrade. Its connections then end, with what the
host has not read. Such input must be sent again to the next host, so the viewer stays until its input is acknowledged.
"""

from __future__ import annotations

import asyncio
from typing import Any

from session_host.client.connection import HostConnection
from session_host.protocol.messages import Output, SnapshotPart

from .effects import NotifyRefusal
from .numbered_input import ViewerInput
from .rules import ViewerRules
from .state import FINAL_STATES

DELIVERY_TIMEOUT_S = 2.0
"""How long a closed viewer waits for the host to acknowledge the user's input."""

REATTACH_AFTER_S = 0.3
"""After this time the viewer attaches again. A host acknowledges input when the program has read it; when a viewer
attaches, it also acknowledges input that it has recorded for a program that does not read.
"""


class ClosableViewer(ViewerInput):
    """Closes a viewer."""

    def __init__(self, rules: ViewerRules, *, read_only: bool) -> None:
        super().__init__(rules, read_only=read_only)
        self._effects = rules.effects
        self._connection: HostConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._answer_timer: asyncio.TimerHandle | None = None
        self._last_connection: HostConnection | None = None
        self._delivery_timer: asyncio.TimerHandle | None = None
        self._reattach_timer: asyncio.TimerHandle | None = None
        self._detached = asyncio.Event()
        self._refused_characters = 0  # Since ``close``.

    def _perform(self) -> None:
        raise NotImplementedError

    def _perform_all(self) -> None:
        raise NotImplementedError

    def _connection_lost(self) -> None:
        raise NotImplementedError

    def _release_replica(self) -> None:
        """Free the replica; the delegate gets no more calls."""
        raise NotImplementedError

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._delivery_timer is not None

    @property
    def has_detached(self) -> bool:
        """Whether the viewer is closed, and does not deliver input any more."""
        return self._detached.is_set()

    def close(self) -> None:
        """Stop following the session, without an effect on the agent. The delegate gets no more calls.

        The viewer stays attached, and reconnects, until the host has acknowledged the user's input, at most for
        ``DELIVERY_TIMEOUT_S``.
        """
        if self.is_closed:
            return
        self._release_replica()
        self._delivery_timer = asyncio.get_running_loop().call_later(DELIVERY_TIMEOUT_S, self._detach)
        if not self._has_delivered:
            if self._connection is not None:
                self._connection.set_callbacks(self._last_message, self._connection_lost)
            self._reattach_timer = asyncio.get_running_loop().call_later(REATTACH_AFTER_S, self._reattach)
            self._rules.follow(output=False)
            self._perform_all()
        self._detach_if_delivered()

    @property
    def _has_delivered(self) -> bool:
        return self.state in FINAL_STATES or not self._rules.inputs.has_user_input

    def _last_message(self, message: Any) -> None:
        """Handle a message of the host after ``close``."""
        if isinstance(message, Output | SnapshotPart):
            return
        inputs = self._rules.inputs
        previous = inputs.characters()
        self._rules.receive_message(message)
        if any(isinstance(effect, NotifyRefusal) for effect in self._effects):
            self._refused_characters += previous - inputs.characters()
        self._perform()

    def _reattach(self) -> None:
        if self._connection is not None:
            self._connection.drop()

    def _detach_if_delivered(self) -> None:
        if self._has_delivered and not self.has_detached:
            self._detach()

    def _detach(self) -> None:
        """Detach; the host has all input, or does not answer."""
        self._rules.detach()
        self._perform_all()
        if self._connection is not None:
            self._connection.close()
            if not self._has_delivered:
                self._connection.drop()
            self._last_connection, self._connection = self._connection, None
        if self._task is not None:
            self._task.cancel()
        for timer in (self._delivery_timer, self._reattach_timer, self._answer_timer):
            if timer is not None:
                timer.cancel()
        self._detached.set()

    async def closed(self) -> int:
        """After ``close``: wait until the user's input is delivered, and the viewer's connection is closed.

        Returns:
            How many characters of the user's input a running chat did not get, at most.
        """
        await self._detached.wait()
        if self._task is not None:
            await asyncio.wait([self._task])
        if self._last_connection is not None:
            await self._last_connection.wait_closed()
        return 0 if self.state in FINAL_STATES else self._refused_characters + self._rules.inputs.characters()
