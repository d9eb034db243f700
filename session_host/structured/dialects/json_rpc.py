"""Requests, replies and notifications of JSON-RPC 2.0, as lines. Pure.

Codex leaves the member "jsonrpc" out (https://github.com/openai/codex, app-server); the Agent Client Protocol has it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .base import DialectPort

METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
OVERLOADED = -32001
"""Codex: too much at once, try again later."""


class SentRequest(msgspec.Struct, array_like=True):
    """A request that we sent and that has no reply yet."""

    method: str
    about: str = ""
    """The subject of the reply, such as a prompt's id."""


class JsonRpcState(msgspec.Struct, array_like=True):
    """The state of one connection."""

    next_id: int = 1
    sent: dict[int, SentRequest] = {}


class JsonRpc:
    """One side of a JSON-RPC connection: numbers requests, and remembers them until their replies."""

    def __init__(self, port: DialectPort, *, member: bool) -> None:
        """Send through a port; ``member``: each message has "jsonrpc": "2.0"."""
        self.state = JsonRpcState()
        self._port = port
        self._member: dict[str, Any] = {"jsonrpc": "2.0"} if member else {}

    def request(self, method: str, params: dict[str, Any], about: str = "") -> int:
        """Send a request; returns its id."""
        number = self.state.next_id
        self.state.next_id += 1
        self.state.sent[number] = SentRequest(method, about)
        self._port.send({**self._member, "id": number, "method": method, "params": params})
        return number

    def notify(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Send a notification."""
        self._port.send({**self._member, "method": method} | ({} if params is None else {"params": params}))

    def reply(self, request_id: Any, result: Any) -> None:
        """Reply to a request of the agent."""
        self._port.send({**self._member, "id": request_id, "result": result})

    def reply_error(self, request_id: Any, code: int, message: str) -> None:
        """Refuse a request of the agent."""
        self._port.send({**self._member, "id": request_id, "error": {"code": code, "message": message}})

    def take_request(self, message: dict[str, Any]) -> SentRequest | None:
        """The request that a message replies to, which is no longer open; None if it replies to none of ours."""
        number = message.get("id")
        return self.state.sent.pop(number, None) if type(number) is int else None
