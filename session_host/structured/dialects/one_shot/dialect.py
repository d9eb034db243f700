"""Turns of an agent that has one process a turn. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from session_host.structured.dialects.base import Answer, DialectPort, Start, UserPrompt
from session_host.structured.dialects.claude.state import ReaderState
from session_host.structured.dialects.reading import integer, mapping, text
from session_host.structured.dialects.reading import message as read_message
from session_host.structured.items import (
    AgentRequest,
    Capabilities,
    CapabilitiesKnown,
    ConversationKnown,
    StateChanged,
    TurnEnded,
)
from session_host.structured.operations import AnyResult

from .claude import ClaudeReader
from .codex import CodexReader
from .opencode import OpencodeReader
from .plain import PlainReader
from .reader import FormatReader
from .state import OneShotState

READERS: Final[Mapping[str, Callable[[DialectPort, OneShotState], FormatReader]]] = {
    "codex": CodexReader,
    "claude": ClaudeReader,
    "opencode": OpencodeReader,
    "text": PlainReader,
}


class OneShotDialect:
    """Translates between our program ``session_host.one_shot`` and the vocabulary. A turn has the id of its prompt."""

    def __init__(self, port: DialectPort) -> None:
        self._port = port
        self._state = OneShotState(ReaderState())
        self._reader: FormatReader = PlainReader(port, self._state)

    # ------------------------------------------------------------ calls of the rules

    def begin(self, start: Start) -> None:
        """See ``Dialect``."""
        state = self._state
        if note := str(start.options.get("note", "")):
            self._port.notice(note)
        if start.conversation:
            state.conversation, state.again = start.conversation, start.resumes
            self._port.emit(ConversationKnown(start.conversation))
            if start.resumes and not start.has_history:
                self._port.notice("The agent has the earlier messages of this conversation; they are not shown here.")

    def prompt(self, prompt: UserPrompt) -> None:
        """See ``Dialect``."""
        state = self._state
        state.prompt = prompt.id
        self._port.send(
            {"id": prompt.id, "prompt": prompt.text, "conversation": state.conversation, "again": state.again}
        )

    def steer(self, prompt: UserPrompt) -> None:
        """See ``Dialect``; without this capability, the text becomes a prompt of its own."""
        self._port.too_late(prompt.id)

    def interrupt(self) -> None:
        """See ``Dialect``."""
        self._state.interrupting = True
        self._port.send({"interrupt": True})

    def answer(self, request: AgentRequest, answer: Answer) -> None:
        """See ``Dialect``; such an agent asks nothing."""

    def change_setting(self, setting: str, value: str) -> None:
        """See ``Dialect``."""
        self._port.notice(f"This agent has no setting {setting} to change to {value}.")

    def timer_due(self, name: str) -> None:
        """See ``Dialect``; there are no timers."""

    def save(self) -> bytes:
        """See ``Dialect``."""
        return msgspec.msgpack.encode(self._state)

    def take_result(self, result: AnyResult) -> None:
        """See ``Dialect``."""

    def load(self, state: bytes) -> None:
        """See ``Dialect``."""
        self._state = msgspec.msgpack.decode(state, type=OneShotState)
        self._use_format(self._state.format)

    # ------------------------------------------------------------ messages of our program

    def receive(self, line: bytes) -> None:
        """See ``Dialect``."""
        message = read_message(line)
        if message is None:
            self._port.raw("not a JSON object", line.decode(errors="replace"))
            return
        match text(message, "type"):
            case "ready":
                self._use_format(text(message, "format"))
                resumes = self._state.format != "text"
                self._port.emit(CapabilitiesKnown(Capabilities(resume=resumes)))
                self._port.ready()
            case "started":
                self._started(text(message, "id"))
            case "line":
                self._reader.line(mapping(message, "data"))
            case "text":
                self._reader.text(text(message, "data"))
            case "ended":
                self._ended(message)
            case "refused":
                self._state.prompt = ""
                self._port.refused(text(message, "id"), text(message, "error"))
            case kind:
                self._port.raw(kind or "a message without a type", message)

    def _use_format(self, name: str) -> None:
        self._state.format = name
        self._reader = READERS.get(name, PlainReader)(self._port, self._state)

    def _started(self, prompt_id: str) -> None:
        state = self._state
        state.prompt, state.turn, state.error, state.made = "", prompt_id, "", 0
        state.interrupting = False
        self._port.accepted(prompt_id, prompt_id)
        self._port.emit(StateChanged("running", prompt_id))

    def _ended(self, message: Mapping[str, Any]) -> None:
        state = self._state
        failure = state.error or _failure(message)
        if state.interrupting:
            self._reader.finish("interrupted")
            self._port.emit(TurnEnded(state.turn, "interrupted"))
        elif failure:
            self._reader.finish("failed")
            self._port.notice(failure)
            self._port.emit(TurnEnded(state.turn, "failed", failure.partition("\n")[0]))
        else:
            self._reader.finish("done")
            self._port.emit(TurnEnded(state.turn, "completed"))
        state.again = state.again or not failure
        state.turn, state.error, state.interrupting = "", "", False
        self._port.emit(StateChanged("idle"))


def _failure(message: Mapping[str, Any]) -> str:
    """The reason why a command failed, from its exit status; "" if it did not fail."""
    code, number = integer(message, "code"), integer(message, "signal")
    if not code and not number:
        return ""
    end = f"The command was ended by signal {number}" if number else f"The command ended with exit code {code}"
    stderr = text(message, "stderr")
    return f"{end}:\n{stderr}" if stderr else f"{end}."
