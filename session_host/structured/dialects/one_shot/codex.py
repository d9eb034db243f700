"""Events of ``codex exec --json`` (Codex 0.169). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from session_host.structured.dialects.reading import array, at, error_words, integer, mapping, one_line, text
from session_host.structured.items import FileChange, Item, ItemStatus, PlanEntry

from .reader import ItemReader

KEPT_WARNINGS = 16
_STATUSES: dict[str, ItemStatus] = {"completed": "done", "failed": "failed", "declined": "declined"}
_CHANGES = {"add": "add", "delete": "delete", "update": "update"}


class CodexReader(ItemReader):
    """Reads the events."""

    def line(self, message: Mapping[str, Any]) -> None:
        """See ``FormatReader``."""
        kind = text(message, "type")
        match kind:
            case "thread.started":
                self.conversation(text(message, "thread_id"))
            case "item.started" | "item.updated" | "item.completed":
                self._item(mapping(message, "item"), complete=kind == "item.completed")
            case "turn.completed":
                usage = mapping(message, "usage")
                self.usage(integer(usage, "input_tokens"), integer(usage, "output_tokens"))
            case "turn.failed":
                self.state.error = error_words(text(message, "error", "message")) or self.state.error
            case "error":
                # The last one is the reason why the turn fails.
                if self.state.error:
                    self.port.notice(self.state.error)
                self.state.error = error_words(text(message, "message"))
            case "turn.started":
                pass
            case _:
                self.port.raw(kind or "an event without a type", dict(message))

    def _item(self, body: Mapping[str, Any], *, complete: bool) -> None:
        key, kind = text(body, "id"), text(body, "type")
        status: ItemStatus = _STATUSES.get(text(body, "status"), "done") if complete else "running"
        match kind:
            case "agent_message" | "reasoning":
                item = self.item(key, "agent" if kind == "agent_message" else "thought", status)
                self.put(key, msgspec.structs.replace(item, text=text(body, "text")))
            case "error":
                # Each process repeats its warnings.
                warning = text(body, "message")
                if warning and warning not in self.state.warnings:
                    self.state.warnings = [*self.state.warnings, warning][-KEPT_WARNINGS:]
                    self.port.notice(warning)
            case "todo_list":
                self.put(key, msgspec.structs.replace(self.item(key, "plan", status), plan=_plan(body)))
            case "command_execution" | "file_change" | "mcp_tool_call" | "web_search":
                self.put(key, _tool(self.item(key, "tool", status), kind, body))
            case _:
                self.port.raw(f"item: {kind}", dict(body))


def _tool(item: Item, kind: str, body: Mapping[str, Any]) -> Item:
    match kind:
        case "command_execution":
            command = text(body, "command")
            code = at(body, "exit_code")
            return msgspec.structs.replace(
                item, tool="execute", title=one_line(command), command=command, output=text(body, "aggregated_output"),
                exit_code=integer(body, "exit_code") if isinstance(code, int) else None,
            )  # fmt: skip
        case "file_change":
            changes = tuple(
                FileChange(text(change, "path"), "", _CHANGES.get(text(change, "kind"), "update"))  # type: ignore[arg-type]
                for change in array(body, "changes")
            )
            title = ", ".join(change.path for change in changes)
            return msgspec.structs.replace(item, tool="edit", title=one_line(title), changes=changes)
        case "web_search":
            return msgspec.structs.replace(item, tool="search", title=one_line(text(body, "query")))
        case _:
            result = at(body, "result")
            output = text(body, "error", "message") or (
                "" if result is None else msgspec.json.encode(result).decode()
            )  # fmt: skip
            title = f"{text(body, 'server')}: {text(body, 'tool')}"
            return msgspec.structs.replace(item, tool="other", title=one_line(title), output=output)


def _plan(body: Mapping[str, Any]) -> tuple[PlanEntry, ...]:
    return tuple(
        PlanEntry(text(item, "text"), "completed" if at(item, "completed") is True else "pending")
        for item in array(body, "items")
    )
