"""Other machines for tests of the window: their links are up or down as a test says, and no ssh is called."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from gui.bridge.chat import Chat
from gui.bridge.machine_chats import MachineChats
from gui.bridge.machine_files import FarFiles
from gui.bridge.sessions import Sessions
from session_host.client.machine import Machine
from session_host.errors import Unreachable
from session_host.machines.link import LinkState
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import State
from tests.support.facts import chat_facts
from tests.unit.gui.conftest import WindowHarness


def chats_on(sessions: Sessions, machine: Machine) -> MachineChats:
    """The chats of another machine, for the window."""
    return MachineChats(machine, sessions.tasks, sessions.chats.apply, FarFiles(machine, sessions.tasks))


class OtherMachine:
    """A machine that the user has added; its link is up."""

    def __init__(self, harness: WindowHarness, name: str) -> None:
        self._harness = harness
        self._others = harness.sessions.others
        self._others._add(MachineEntry(name, name), None)
        self.machine: RemoteMachine = self._others.machines[name]
        self.tried = 0
        self.machine.link.try_now = self._try_now  # type: ignore[method-assign]
        self.connect()

    def _try_now(self) -> None:
        self.tried += 1

    def connect(self) -> None:
        """The link is up."""
        link = self.machine.link
        link.state, link.is_reachable, link.error, link.lost_at = LinkState.UP, True, None, None
        self._tell()

    def lose(self, error: Unreachable | None = None, since: datetime | None = None) -> None:
        """The link is down."""
        link = self.machine.link
        link.state, link.is_reachable, link.lost_at = LinkState.DOWN, False, since or datetime.now(UTC)
        link.error = error or Unreachable(f"{self.machine.name}: connection refused")
        self._tell()

    def begin(self) -> None:
        """The first attempt to connect."""
        link = self.machine.link
        link.state, link.is_reachable, link.error, link.lost_at = LinkState.CONNECTING, False, None, None
        self._tell()

    def _tell(self) -> None:
        self.machine.link.on_state()
        self._harness.settle()

    def add(self, name: str, **fields: Any) -> Chat:
        """Its list has one chat more."""
        record = self.record(name, **fields)
        self._harness.sessions.chats.apply(self.machine, [record], [])
        self._harness.settle()
        return self._harness.chat(record.id)

    def record(self, name: str, **fields: Any) -> ChatFacts:
        """The record of a chat there."""
        defaults: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "name": name,
            "agent": "claude",
            "argv": ["claude"],
            "cwd": "/srv/api",
            "state": State.RUNNING,
            "created_at": "2026-01-02T03:04:05Z",
        }
        return self.machine.received(chat_facts(**(defaults | fields)))
