"""The client's methods that the agent calls, where they are offered: files and terminals. The host carries them out."""

from __future__ import annotations

from typing import Any

from session_host.structured.dialects import reading
from session_host.structured.dialects.json_rpc import INVALID_PARAMS
from session_host.structured.operations import AnyResult, OperationDone, TerminalEnded, TerminalOutput

from .files import Files
from .messages import Messages
from .shared import Shared
from .terminals import Terminals
from .tools import Tools

FILE_METHODS = frozenset({"fs/read_text_file", "fs/write_text_file"})
TERMINAL_METHODS = frozenset({f"terminal/{name}" for name in ("create", "output", "wait_for_exit", "kill", "release")})


class ClientMethods:
    """Routes the agent's requests, and the results of the host."""

    def __init__(self, shared: Shared, messages: Messages, tools: Tools) -> None:
        self._shared = shared
        self._files = Files(shared)
        self._terminals = Terminals(shared, messages, tools)

    def receive(self, rpc_id: Any, method: str, params: dict[str, Any]) -> bool:
        """Carry out a request of the agent; returns False if its method is not one of these, or not offered."""
        is_file = method in FILE_METHODS and self._shared.offers("files")
        if not is_file and not (method in TERMINAL_METHODS and self._shared.offers("terminals")):
            return False
        session = self._shared.state.session
        if session and reading.text(params, "sessionId") not in {session, ""}:
            self._shared.rpc.reply_error(rpc_id, INVALID_PARAMS, "the session does not belong to this chat")
        elif is_file:
            self._files.receive(rpc_id, method, params)
        else:
            self._terminals.receive(rpc_id, method, params)
        return True

    def withdrawn(self, rpc_id: Any) -> None:
        """Handle a cancelled request."""
        self._terminals.withdrawn(rpc_id)

    def take_result(self, result: AnyResult) -> None:
        """Handle the result of an operation."""
        match result:
            case OperationDone():
                pending = self._shared.state.operations.pop(result.id, None)
                if pending is not None and pending.kind == "terminal":
                    self._terminals.started(pending, result)
                elif pending is not None:
                    self._files.done(pending, result)
            case TerminalOutput():
                self._terminals.wrote(result)
            case TerminalEnded():
                self._terminals.ended(result)
