"""The server's items as items of the transcript. Pure."""

from __future__ import annotations

import base64
import re
from typing import Any, Final, NamedTuple

from session_host.protocol.values import Image
from session_host.structured.dialects.patches import unified_patch
from session_host.structured.dialects.reading import (
    array,
    at,
    exit_code,
    mapping,
    natural,
    one_line,
    plan_entry,
    pretty,
    relative_path,
    text,
    time_ms,
)
from session_host.structured.dialects.reading import image as read_image
from session_host.structured.items import FileChange, Item, ItemStatus, PlanEntry

STATUSES: Final[dict[str, ItemStatus]] = {
    "inProgress": "running",
    "completed": "done",
    "failed": "failed",
    "declined": "declined",
    "interrupted": "interrupted",
}

_CALLS: Final = {
    "spawnAgent": "Start a sub-agent",
    "sendInput": "Write to a sub-agent",
    "sendMessage": "Write to a sub-agent",
    "followupTask": "Give a sub-agent another task",
    "resumeAgent": "Resume a sub-agent",
    "wait": "Wait for sub-agents",
    "closeAgent": "End a sub-agent",
    "interruptAgent": "Interrupt a sub-agent",
    "listAgents": "List the sub-agents",
}
_DATA_URL: Final = re.compile(r"data:([\w/+.-]+);base64,", re.ASCII)


class ItemContext(NamedTuple):
    """An item's position: its id, its turn and its sub-agent.

    Attributes:
        id: its id in the transcript.
        turn: its turn.
        directory: the directory of the chat; files below it are named relative to it.
        parent: the tool item of the sub-agent that made it.
    """

    id: str
    turn: str
    directory: str
    parent: str = ""


def translate(raw: dict[str, Any], context: ItemContext, now_ms: int, *, done: bool) -> Item | None:
    """The item of the transcript; None for a type that is not known.

    Args:
        raw: the server's item.
        context: see ``ItemContext``.
        now_ms: the time, for an item that has none.
        done: the server says that it is complete.
    """
    status = STATUSES.get(text(raw, "status"), "done" if done else "running")
    fields = _fields(raw, done=done, directory=context.directory)
    if fields is None:
        return None
    began_ms = time_ms(raw, "startedAtMs") or now_ms
    ended_ms = 0 if status == "running" else time_ms(raw, "completedAtMs") or now_ms
    fields = {"kind": "tool", "tool": "other", "status": status, **fields}
    return Item(context.id, at_ms=began_ms, turn=context.turn, ended_ms=ended_ms, parent=context.parent, **fields)


def _fields(raw: dict[str, Any], *, done: bool, directory: str) -> dict[str, Any] | None:
    """The fields that depend on the item's type; None for an unknown type."""
    return _message_fields(raw, done=done) or _change_fields(raw, directory) or _tool_fields(raw, directory)


def _message_fields(raw: dict[str, Any], *, done: bool) -> dict[str, Any] | None:
    """The fields of an item that is a message, or a line about the conversation; None for another."""
    match text(raw, "type"):
        case "agentMessage":
            return {"kind": "agent", "tool": "", "text": text(raw, "text")}
        case "userMessage":
            prompt, images = user_input(array(raw, "content"))
            return {"kind": "user", "tool": "", "text": prompt, "images": images, "status": "done"}
        case "reasoning":
            parts = [part for part in (*array(raw, "summary"), *array(raw, "content")) if isinstance(part, str)]
            return {"kind": "thought", "tool": "", "text": "\n\n".join(parts)}
        case "plan":
            return {"kind": "plan", "tool": "", "text": text(raw, "text")}
        case "contextCompaction":
            return _notice("The conversation is summarised to make room" + ("." if done else " …"))
        case "enteredReviewMode":
            return _notice(f"Review of {text(raw, 'review') or 'the changes'}")
        case "exitedReviewMode":
            return _notice("The review is over.")
        case "hookPrompt":
            addition = "\n\n".join(text(fragment, "text") for fragment in array(raw, "fragments"))
            return _notice(f"A hook adds: {addition}")
        case _:
            return None


def _change_fields(raw: dict[str, Any], directory: str) -> dict[str, Any] | None:
    """The fields of a command or of changes of files; None for another item."""
    match text(raw, "type"):
        case "commandExecution":
            return _command(raw)
        case "fileChange":
            changes = file_changes(array(raw, "changes"), directory)
            return {"tool": "edit", "title": changes_title(changes), "changes": changes}
        case _:
            return None


def _tool_fields(raw: dict[str, Any], directory: str) -> dict[str, Any] | None:
    """The fields of any other tool call; None for an unknown item."""
    match text(raw, "type"):
        case "mcpToolCall":
            shown = _call(f"{text(raw, 'server')}: {text(raw, 'tool')}", raw, array(raw, "result", "content"))
            return shown | {"output": text(raw, "error", "message") or shown["output"]}
        case "dynamicToolCall":
            return _call(text(raw, "tool"), raw, array(raw, "contentItems"))
        case "functionCallOutput":
            output = at(raw, "output")
            return {"title": text(raw, "name"), "output": output if isinstance(output, str) else pretty(output)}
        case "webSearch":
            return {"tool": "search", "title": _search_title(raw)}
        case "imageView":
            return {"tool": "read", "title": f"View {relative_path(text(raw, 'path'), directory)}"}
        case "imageGeneration":
            return _generated_image(raw)
        case "sleep":
            return {"title": f"Wait {natural(raw, 'durationMs') / 1000:g} s"}
        case "collabAgentToolCall":
            return {"title": _CALLS.get(text(raw, "tool"), text(raw, "tool")), "text": text(raw, "prompt")}
        case "subAgentActivity":
            return {"title": f"Sub-agent {text(raw, 'agentPath')}: {text(raw, 'kind')}"}
        case _:
            return None


def _notice(words: str) -> dict[str, Any]:
    return {"kind": "notice", "tool": "", "text": words}


def _command(raw: dict[str, Any]) -> dict[str, Any]:
    command = text(raw, "command")
    actions = array(raw, "commandActions")
    short = text(actions, 0, "command") if len(actions) == 1 else ""
    return {
        "tool": "execute",
        "title": one_line(short or command),
        "command": command,
        "directory": text(raw, "cwd"),
        "output": text(raw, "aggregatedOutput"),
        "exit_code": exit_code(raw, "exitCode"),
    }


def _call(title: str, raw: dict[str, Any], content: list[Any]) -> dict[str, Any]:
    """A call of a tool that Codex itself does not have."""
    arguments = at(raw, "arguments")
    shown = f"```json\n{pretty(arguments)}\n```" if arguments else ""
    parts = [text(part, "text") or pretty(part) for part in content]
    return {"title": one_line(title), "text": shown, "output": "\n".join(parts)}


def _search_title(raw: dict[str, Any]) -> str:
    action = mapping(raw, "action")
    queries = ", ".join(query for query in array(action, "queries") if isinstance(query, str))
    found = text(raw, "query") or text(action, "query") or queries
    if url := text(action, "url"):
        found = f"{text(action, 'pattern')} in {url}" if text(action, "pattern") else url
    return one_line(f"Search the web: {found}" if found else "Search the web")


def _generated_image(raw: dict[str, Any]) -> dict[str, Any]:
    image = read_image("image/png", text(raw, "result"))
    shown = {"title": "Make an image", "text": text(raw, "revisedPrompt"), "output": text(raw, "savedPath")}
    return shown | {"images": (image,) if image is not None else ()}


def user_input(content: list[Any]) -> tuple[str, tuple[Image, ...]]:
    """The text and the images of a user's message."""
    texts: list[str] = []
    images: list[Image] = []
    for part in content:
        kind, url = text(part, "type"), text(part, "url")
        found = _DATA_URL.match(url)
        image = read_image(found[1], url[found.end() :]) if kind == "image" and found else None
        if image is not None:
            images.append(image)
        elif kind == "text":
            texts.append(text(part, "text"))
        else:
            texts.append(f"[{kind}: {text(part, 'path') or text(part, 'name') or one_line(url)}]")
    return "\n".join(texts), tuple(images)


def input_of(prompt: str, images: tuple[Image, ...]) -> list[dict[str, Any]]:
    """A prompt as the server's input."""
    parts: list[dict[str, Any]] = [{"type": "text", "text": prompt, "text_elements": []}] if prompt else []
    for image in images:
        data = base64.b64encode(image.data).decode()
        parts.append({"type": "image", "url": f"data:{image.mime};base64,{data}"})
    return parts


# ---------------------------------------------------------------- changes of files


def file_changes(changes: list[Any], directory: str) -> tuple[FileChange, ...]:
    """The changes of a "fileChange" item."""
    found = []
    for change in changes:
        kind = text(change, "kind", "type")
        diff = text(change, "diff")
        moved_to = text(change, "kind", "move_path")
        path = relative_path(text(change, "path"), directory)
        match kind:
            case "add":  # For these two, the server gives the file's content in place of a diff.
                found.append(FileChange(path, unified_patch("", diff), "add"))
            case "delete":
                found.append(FileChange(path, unified_patch(diff, ""), "delete"))
            case _:
                patch = diff.removesuffix(
                    f"\n\nMoved to: {moved_to}"
                )  # The server repeats the new path at the end of the diff.
                found.append(FileChange(path, patch, "update", relative_path(moved_to, directory)))
    return tuple(found)


def changes_title(changes: tuple[FileChange, ...]) -> str:
    """One line about changes of files."""
    verbs = {"add": "Add", "update": "Edit", "delete": "Delete"}
    kinds = {change.kind for change in changes}
    verb = verbs[kinds.pop()] if len(kinds) == 1 else "Edit"
    return one_line(f"{verb} {', '.join(change.path for change in changes)}") if changes else "Edit files"


def plan_entries(plan: list[Any]) -> tuple[PlanEntry, ...]:
    """The steps of a plan."""
    return tuple(plan_entry(text(step, "step"), text(step, "status")) for step in plan)
