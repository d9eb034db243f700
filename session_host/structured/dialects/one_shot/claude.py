"""Messages of ``claude -p --output-format stream-json --verbose``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from session_host.structured.dialects.base import DialectPort
from session_host.structured.dialects.claude import notices
from session_host.structured.dialects.claude.reader import MessageReader
from session_host.structured.dialects.reading import text
from session_host.structured.items import ItemStatus

from .reader import ItemReader
from .state import OneShotState


class ClaudeReader(ItemReader):
    """Reads the messages, as the dialect of a process with many turns does."""

    def __init__(self, port: DialectPort, state: OneShotState) -> None:
        super().__init__(port, state)
        self._messages = MessageReader(port, state.claude)

    def line(self, message: Mapping[str, Any]) -> None:
        """See ``FormatReader``."""
        self.conversation(text(message, "session_id"))
        messages = self._messages
        messages.state.turn, messages.state.running = self.state.turn, True
        kind = text(message, "type")
        match kind:
            case "stream_event":
                messages.stream_event(message)
            case "assistant":
                messages.assistant(message)
            case "user":
                messages.user(message)
            case "result":
                messages.note_result(message)
                if message.get("is_error") is True or text(message, "subtype") not in {"", "success"}:
                    self.state.error = notices.from_failure(message)
            case "rate_limit_event":
                messages.rate_limit(message)
            case "system" if text(message, "subtype") == "init":
                messages.state.directory = text(message, "cwd")
            case "system" if text(message, "subtype") == "permission_denied":
                messages.deny(text(message, "tool_use_id"))
            case "system":
                line = notices.from_system(message)
                if line is None:
                    self.port.raw(f"system: {text(message, 'subtype')}", dict(message))
                else:
                    self.text(line)
            case "tool_progress" | "keep_alive" | "tool_use_summary":
                pass
            case _:
                self.port.raw(kind or "a message without a type", dict(message))

    def finish(self, status: ItemStatus) -> None:
        """See ``FormatReader``."""
        self._messages.finish(status)
        self._messages.state.running = False
        super().finish(status)
