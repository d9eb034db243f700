"""A dialect for chats that a test tells itself."""

from __future__ import annotations

import msgspec

from session_host.structured.dialects.base import Chosen, DialectPort, Start, UserPrompt
from session_host.structured.items import AgentRequest, AnyChange, StateChanged
from session_host.structured.operations import AnyResult


class ToldDialect:
    """A dialect of an agent that says each change of the transcript itself, as JSON."""

    def __init__(self, port: DialectPort) -> None:
        self._port, self._turn = port, ""

    def begin(self, start: Start) -> None:
        self._port.ready()

    def receive(self, line: bytes) -> None:
        self._port.emit(msgspec.json.decode(line, type=AnyChange))

    def prompt(self, prompt: UserPrompt) -> None:
        self._turn = prompt.text
        self._port.accepted(prompt.id, prompt.text)
        self._port.emit(StateChanged("running", prompt.text))

    def steer(self, prompt: UserPrompt) -> None:
        self._port.accepted(prompt.id, self._turn)

    def interrupt(self) -> None:
        raise NotImplementedError

    def answer(self, request: AgentRequest, answer: Chosen) -> None:
        self._port.emit(StateChanged("running"))

    def change_setting(self, setting: str, value: str) -> None:
        raise NotImplementedError

    def timer_due(self, name: str) -> None:
        raise NotImplementedError

    def take_result(self, result: AnyResult) -> None:
        raise NotImplementedError

    def save(self) -> bytes:
        return b""

    def load(self, state: bytes) -> None:
        """It has no state."""
