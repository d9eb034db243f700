"""Events of ``opencode run --format json`` (opencode 1.18). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from session_host.structured.dialects.patches import fragment_patch, unified_patch
from session_host.structured.dialects.reading import array, at, integer, mapping, one_line, pretty, text
from session_host.structured.items import FileChange, ItemStatus, PlanEntry, ToolKind

from .reader import ItemReader

_KINDS: Final[Mapping[str, ToolKind]] = {
    "bash": "execute",
    "edit": "edit",
    "write": "edit",
    "patch": "edit",
    "read": "read",
    "list": "search",
    "glob": "search",
    "grep": "search",
    "webfetch": "fetch",
    "websearch": "search",
}


class OpencodeReader(ItemReader):
    """Reads the events; parts come when they are complete."""

    def line(self, message: Mapping[str, Any]) -> None:
        """See ``FormatReader``."""
        self.conversation(text(message, "sessionID"))
        part, kind = mapping(message, "part"), text(message, "type")
        match kind:
            case "text" | "reasoning":
                key = text(part, "id") or self.next_key()
                item = self.item(key, "agent" if kind == "text" else "thought", "done")
                self.put(key, msgspec.structs.replace(item, text=text(part, "text")))
            case "tool_use":
                self._tool(part)
            case "step_finish":
                tokens = mapping(part, "tokens")
                cost = at(part, "cost")
                read = integer(tokens, "input") + integer(tokens, "cache", "read") + integer(tokens, "cache", "write")
                written = integer(tokens, "output") + integer(tokens, "reasoning")
                self.usage(read, written, float(cost) if isinstance(cost, int | float) else 0.0)
            case "error":
                self.state.error = text(message, "error", "data", "message") or text(message, "error", "name")
            case "step_start":
                pass
            case _:
                self.port.raw(kind or "an event without a type", dict(message))

    def _tool(self, part: Mapping[str, Any]) -> None:
        name, call = text(part, "tool"), mapping(part, "state")
        values = mapping(call, "input")
        key = text(part, "callID") or text(part, "id") or self.next_key()
        if name == "todowrite":
            steps = array(values, "todos")
            plan = self.item("todos", "plan", "done")
            self.put("todos", msgspec.structs.replace(plan, plan=tuple(_step(todo) for todo in steps)))
            return
        error = text(call, "error")
        status: ItemStatus = "failed" if text(call, "status") == "error" else "done"
        if "rejected permission" in error:
            status = "declined"
        item = self.item(key, "tool", status)
        code = at(call, "metadata", "exit")
        self.put(key, msgspec.structs.replace(
            item, tool=_KINDS.get(name, "other"), title=one_line(text(call, "title") or _title(name, values)),
            command=text(values, "command") if name == "bash" else "", output=text(call, "output") or error,
            changes=_changes(name, values, call), exit_code=code if isinstance(code, int) else None,
            text="" if name in _KINDS or not values else f"```json\n{pretty(values)}\n```",
        ))  # fmt: skip


def _title(name: str, values: Mapping[str, Any]) -> str:
    shown = (text(values, name) for name in ("command", "filePath", "pattern", "path", "url", "query", "description"))
    return next((value for value in shown if value), name)


def _changes(name: str, values: Mapping[str, Any], call: Mapping[str, Any]) -> tuple[FileChange, ...]:
    path = text(values, "filePath")
    match name:
        case "write":
            patch = unified_patch("", text(values, "content"))
            return (FileChange(path, patch, "update" if at(call, "metadata", "exists") is True else "add"),)
        case "edit":
            return (FileChange(path, fragment_patch(text(values, "oldString"), text(values, "newString"))),)
        case _:
            return ()


def _step(todo: Any) -> PlanEntry:
    status = text(todo, "status")
    return PlanEntry(text(todo, "content"), status if status in {"in_progress", "completed"} else "pending")  # type: ignore[arg-type]
