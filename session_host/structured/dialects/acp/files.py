"""The client's methods for text files; the host reads and writes them (``session_host.structured.operations``)."""

from __future__ import annotations

from typing import Any

from session_host.structured.dialects import reading
from session_host.structured.dialects.json_rpc import INVALID_PARAMS
from session_host.structured.operations import OperationDone, ReadText, WriteText

from .shared import Shared, decode_id, encode_id, operation_error
from .state import PendingOperation


class Files:
    """The files that the agent reads and writes through its client; it has asked for the permission before."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def receive(self, rpc_id: Any, method: str, params: dict[str, Any]) -> None:
        """Handle a request to read or write a file."""
        shared, path = self._shared, reading.text(params, "path")
        text = reading.at(params, "content")
        if not path.startswith("/"):
            shared.rpc.reply_error(rpc_id, INVALID_PARAMS, f"{path!r} is not an absolute path")
        elif method == "fs/read_text_file":
            limit = reading.integer(params, "limit", default=-1)
            operation = ReadText(
                0, path, max(reading.integer(params, "line", default=1), 1), limit if limit >= 0 else None
            )
            shared.request_operation(operation, PendingOperation(encode_id(rpc_id), "read", path))
        elif isinstance(text, str):
            shared.request_operation(WriteText(0, path, text), PendingOperation(encode_id(rpc_id), "write", path))
        else:
            shared.rpc.reply_error(rpc_id, INVALID_PARAMS, "the content is not a text")

    def done(self, pending: PendingOperation, result: OperationDone) -> None:
        """Reply with the result."""
        rpc_id = decode_id(pending.rpc_id)
        if result.error:
            self._shared.rpc.reply_error(rpc_id, *operation_error(pending.name, result))
        else:
            self._shared.rpc.reply(rpc_id, {"content": result.text} if pending.kind == "read" else {})
