"""The objects that the parts of the dialect share: port, connection, state."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from session_host.structured.dialects import reading
from session_host.structured.dialects.base import DialectPort
from session_host.structured.dialects.json_rpc import INTERNAL_ERROR, JsonRpc
from session_host.structured.items import ConversationKnown
from session_host.structured.operations import AnyOperation, OperationDone

from .state import AcpState, PendingOperation

AUTHENTICATION_REQUIRED = -32000
RESOURCE_NOT_FOUND = -32002
REQUEST_CANCELLED = -32800
_CODE = re.compile(r"`([^`\n]+)`")


class Shared:
    """The port, the connection and the state.

    Attributes:
        state: see ``state.AcpState``; replaced as a whole by ``restore``.
    """

    def __init__(self, port: DialectPort) -> None:
        self.port = port
        self.rpc = JsonRpc(port, member=True)
        self.state = AcpState()
        self.state.rpc = self.rpc.state

    def restore(self, state: AcpState) -> None:
        """Take over a saved state."""
        self.state = state
        self.rpc.state = state.rpc

    @property
    def resumed_conversation(self) -> str:
        """The conversation to resume; "" for a new one, since the agent chooses the id of a new conversation."""
        start = self.state.start
        return start.conversation if start.resumes else ""

    def option(self, name: str) -> bool:
        """Whether an option of the dialect is on."""
        return self.state.start.options.get(name) in {True, "true"}

    def offers(self, name: str) -> bool:
        """Whether we offer "files" or "terminals" to the agent."""
        return self.state.start.options.get(name, True) in {True, "true"}

    def request_operation(self, operation: AnyOperation, pending: PendingOperation) -> None:
        """Ask the host for an operation, and remember it until its result comes."""
        self.state.operations[self.port.start_operation(operation)] = pending

    def log_in_text(self, error: Any) -> str:
        """One line for the user who has to log in, with the command for it if there is one."""
        state = self.state
        commands = [
            found[1] for method in state.methods if (found := _CODE.search(reading.text(method, "description")))
        ]
        command = state.start.options.get("log_in_command") or (commands[0] if commands else "")
        hint = f"run {command}" if command else "log in with its own command line"
        return f"{state.agent} is not logged in ({error_text(error)}): {hint}"

    def new_id(self, kind: str) -> str:
        """An id for an item, a request or a turn."""
        self.state.made += 1
        return f"{self.state.prefix}-{kind}-{self.state.made}"

    def report_conversation(self) -> None:
        """Report the conversation's id, once: at the first prompt, since agents save no conversation before it."""
        if not self.state.reported:
            self.state.reported = True
            self.port.emit(ConversationKnown(self.state.session))


def encode_id(rpc_id: Any) -> str:
    """The id of a message as JSON, for the state."""
    return msgspec.json.encode(rpc_id).decode()


def decode_id(encoded: str) -> Any:
    """The id of a message."""
    return msgspec.json.decode(encoded)


def operation_error(name: str, result: OperationDone) -> tuple[int, str]:
    """The code and the message of the reply to a failed operation."""
    return (RESOURCE_NOT_FOUND, f"Resource not found: {name}") if result.missing else (INTERNAL_ERROR, result.error)


def error_text(error: Any) -> str:
    """One line for the user, from the error of a reply."""
    message = reading.error_words(reading.text(error, "message")).removeprefix("Internal error: ")
    data = reading.at(error, "data")
    details = data if isinstance(data, str) else reading.text(data, "details") or reading.text(data, "message")
    details = reading.error_words(details)
    if not details or details in message:
        return reading.one_line(message or "unknown error", 500)
    return reading.one_line(details if message in {"", "Internal error"} else f"{message}: {details}", 500)
