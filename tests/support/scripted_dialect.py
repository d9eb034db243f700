"""A dialect for scripts: each line of the agent is a command word and a text."""

from __future__ import annotations

from typing import Any

import msgspec

from session_host.structured.dialects.base import Answer, DialectPort, Start, UserPrompt
from session_host.structured.items import (
    AgentRequest,
    Append,
    Capabilities,
    CapabilitiesKnown,
    Item,
    Put,
    RequestOpened,
    RequestOption,
    SetStatus,
    StateChanged,
    TurnEnded,
)
from session_host.structured.operations import AnyResult


class ScriptedDialect:
    """A dialect that knows these lines of the agent: "ready", "accept", "refuse", "say TEXT", "ask COMMAND", "end",
    "break".
    """

    def __init__(self, port: DialectPort) -> None:
        self._port = port
        self._turns = 0
        self._prompt = ""

    def begin(self, start: Start) -> None:
        self._port.send({"begin": start.directory})
        self._port.emit(CapabilitiesKnown(Capabilities(steer=True)))

    def receive(self, line: bytes) -> None:
        word, _, text = line.decode().partition(" ")
        port, turn = self._port, f"t{self._turns}"
        match word:
            case "ready":
                port.ready()
            case "accept":
                self._turns += 1
                port.accepted(self._prompt, f"t{self._turns}")
                port.emit(StateChanged("running", f"t{self._turns}"))
                port.emit(Put(Item(f"a{self._turns}", "agent", port.now_ms, status="running", turn=turn)))
            case "refuse":
                port.refused(self._prompt, text)
            case "late":
                port.too_late(self._prompt)
            case "say":
                port.emit(Append(f"a{self._turns}", text))
            case "ask":
                options = (RequestOption("yes", "Allow", "allow_once"), RequestOption("no", "Decline", "reject_once"))
                request = AgentRequest(f"r{turn}", "command", port.now_ms, f"Run {text}?", text, options)
                port.emit(StateChanged("requires_action", turn))
                port.emit(RequestOpened(request))
            case "end":
                port.emit(SetStatus(f"a{self._turns}", "done", port.now_ms))
                port.emit(TurnEnded(turn, "completed"))
                port.emit(StateChanged("idle"))
            case _:
                raise ValueError(word)

    def prompt(self, prompt: UserPrompt) -> None:
        self._prompt = prompt.id
        self._port.send({"prompt": prompt.text})

    def steer(self, prompt: UserPrompt) -> None:
        self._prompt = prompt.id
        self._port.send({"steer": prompt.text})

    def interrupt(self) -> None:
        self._port.send({"interrupt": True})

    def answer(self, request: AgentRequest, answer: Answer) -> None:
        self._port.send({"answer": answer.option})
        self._port.emit(StateChanged("running", f"t{self._turns}"))

    def change_setting(self, setting: str, value: str) -> None:
        self._port.send({setting: value})

    def timer_due(self, name: str) -> None:
        self._port.send({"timer": name})

    def save(self) -> bytes:
        return msgspec.msgpack.encode((self._turns, self._prompt))

    def take_result(self, result: AnyResult) -> None:
        raise NotImplementedError

    def load(self, state: bytes) -> None:
        saved: Any = msgspec.msgpack.decode(state)
        self._turns, self._prompt = saved
