"""Tool calls of Claude and their results, as fields of an item. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from session_host.protocol.values import Image
from session_host.structured.dialects.patches import fragment_patch, unified_patch
from session_host.structured.dialects.reading import array, at, image, natural, one_line, pretty, relative_path, text
from session_host.structured.items import FileChange, Item, ItemStatus, ToolKind

EDITS: Final = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})
AGENTS: Final = frozenset({"Task", "Agent"})
"""Tools that start a sub-agent."""

PLAN_TOOLS: Final = frozenset({"TodoWrite", "TaskCreate", "TaskUpdate"})
"""Tools that change Claude's list of tasks: the plan is shown in place of the call."""

DECLINED: Final = "The user declined this tool use. It was not run."
"""The result of a declined call for Claude, unless the user wrote a reason."""

_REJECTED: Final = "The user doesn't want to proceed with this tool use."
_NO_OUTPUT: Final = "(Bash completed with no output)"

_KINDS: Final[Mapping[str, ToolKind]] = {
    "Bash": "execute",
    "Edit": "edit",
    "MultiEdit": "edit",
    "Write": "edit",
    "NotebookEdit": "edit",
    "Read": "read",
    "NotebookRead": "read",
    "Glob": "search",
    "Grep": "search",
    "LS": "search",
    "ToolSearch": "search",
    "WebSearch": "search",
    "web_search": "search",
    "WebFetch": "fetch",
    "web_fetch": "fetch",
    "ExitPlanMode": "think",
}

_NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "Read": ("file_path",),
    "NotebookRead": ("notebook_path",),
    "Glob": ("pattern", "path"),
    "Grep": ("pattern", "path"),
    "LS": ("path",),
    "ToolSearch": ("query",),
    "WebSearch": ("query",),
    "web_search": ("query",),
    "WebFetch": ("url",),
    "web_fetch": ("url",),
    "Skill": ("skill",),
    "BashOutput": ("bash_id",),
    "KillShell": ("shell_id",),
    "TaskOutput": ("task_id",),
    "TaskStop": ("task_id",),
}
"""The fields of a tool's input that its title shows."""

_PATHS: Final = frozenset({"file_path", "notebook_path", "path"})


def with_call(item: Item, name: str, values: Mapping[str, Any], directory: str) -> Item:
    """The item with the fields of a tool call; ``directory`` is the chat's."""
    kind = _KINDS.get(name, "other")
    changes = file_changes(name, values)
    shown = ""
    if name == "ExitPlanMode":
        shown = text(values, "plan")
    elif name in AGENTS:
        shown = text(values, "prompt")
    elif kind == "other" and values and name != "AskUserQuestion":
        shown = f"```json\n{pretty(values)}\n```"
    return msgspec.structs.replace(
        item,
        title=call_title(name, values, directory),
        tool=kind,
        changes=changes,
        text=shown,
        command=text(values, "command") if kind == "execute" else "",
    )


def call_title(name: str, values: Mapping[str, Any], directory: str) -> str:
    """A tool call in one line; files below the directory are named relative to it."""
    if name == "Bash":
        return one_line(text(values, "description") or text(values, "command"))
    if name in EDITS:
        return one_line(f"{name} {_path(values, directory)}")
    if name in AGENTS:
        return one_line(text(values, "description") or "Sub-agent")
    if name == "ExitPlanMode":
        return "Plan"
    if name == "AskUserQuestion":
        return one_line("; ".join(text(question, "question") for question in array(values, "questions")) or "Question")
    if name.startswith("mcp__"):
        server, _, tool = name.removeprefix("mcp__").partition("__")
        return one_line(f"{server}: {tool}")
    named = (
        relative_path(text(values, field), directory) if field in _PATHS else text(values, field)
        for field in _NAMED.get(name, ())
    )
    return one_line(" ".join([name, *named]))


def _path(values: Mapping[str, Any], directory: str) -> str:
    return relative_path(text(values, "file_path") or text(values, "notebook_path"), directory)


# ---------------------------------------------------------------- files


def file_changes(name: str, values: Mapping[str, Any]) -> tuple[FileChange, ...]:
    """The changes of files that a tool call makes; () for a call that changes none."""
    if name not in EDITS:
        return ()
    path = text(values, "file_path") or text(values, "notebook_path")
    match name:
        case "Write":
            return (FileChange(path, unified_patch("", text(values, "content"))),)
        case "NotebookEdit":
            return (FileChange(path, unified_patch("", text(values, "new_source"))),)
        case "MultiEdit":
            edits = array(values, "edits")
        case _:
            edits = [values]
    patch = "".join(fragment_patch(text(edit, "old_string"), text(edit, "new_string")) for edit in edits)
    return (FileChange(path, patch),)


def _applied(changes: tuple[FileChange, ...], result: Any) -> tuple[FileChange, ...]:
    """The changes as the call's result reports them: with line numbers."""
    if len(changes) != 1:
        return changes
    if text(result, "type") == "update" and isinstance(result, Mapping) and result.get("structuredPatch") == []:
        return ()  # The file was written as it was.
    hunks = [hunk for hunk in array(result, "structuredPatch") if array(hunk, "lines")]
    patch = "".join(
        f"@@ -{natural(hunk, 'oldStart')},{natural(hunk, 'oldLines')} "
        f"+{natural(hunk, 'newStart')},{natural(hunk, 'newLines')} @@\n"
        + "".join(f"{line}\n" for line in array(hunk, "lines") if isinstance(line, str))
        for hunk in hunks
    )
    created = text(result, "type") == "create"
    change = msgspec.structs.replace(changes[0], patch=patch or changes[0].patch, kind="add" if created else "update")
    return (change,)


# ---------------------------------------------------------------- results


def with_result(item: Item, block: Mapping[str, Any], detail: Any, *, denied: bool, now_ms: int) -> Item:
    """The item of a call, complete with its result.

    Args:
        item: the item of the call.
        block: the content block of the result.
        detail: the result as the tool's own fields ("tool_use_result"), None if there are none.
        denied: the user declined the call.
        now_ms: the time.
    """
    output, images = content(block.get("content"))
    failed, interrupted = block.get("is_error") is True, at(detail, "interrupted") is True
    exit_code: int | None = None
    if item.tool == "execute":
        found = re.match(r"Exit code (\d{1,9})\b\n?", output) if failed else None
        if found:
            exit_code, output = int(found[1]), output[found.end() :]
        elif not failed:
            exit_code = 0
    if failed:
        output = re.sub(r"\A<tool_use_error>(.*)</tool_use_error>\Z", r"\1", output, flags=re.DOTALL)
    if text(detail, "status") == "async_launched":
        output = "Runs in the background."
    elif item.tool == "read" and text(detail, "file", "content"):
        output = text(detail, "file", "content")
    elif item.tool == "edit" and not failed:
        output = ""
    if output.startswith(_REJECTED) or (denied and output == DECLINED):
        # A text of Claude Code or ours for the model: not shown to the user.
        interrupted, output = not denied, ""
    elif output == _NO_OUTPUT:
        output = ""
    status: ItemStatus = "declined" if denied else "interrupted" if interrupted else "failed" if failed else "done"
    return msgspec.structs.replace(
        item,
        status=status,
        output=output,
        exit_code=exit_code,
        ended_ms=now_ms,
        images=images,
        changes=item.changes if failed else _applied(item.changes, detail),
    )


def content(value: Any) -> tuple[str, tuple[Image, ...]]:
    """The text and the images of a result's content."""
    if isinstance(value, str):
        return value, ()
    pieces: list[str] = []
    images: list[Image] = []
    for block in value if isinstance(value, list) else ():
        match text(block, "type"):
            case "text":
                pieces.append(text(block, "text"))
            case "image":
                found = image(text(block, "source", "media_type"), text(block, "source", "data"))
                images += [found] if found is not None else []
            case "tool_reference":
                pieces.append(text(block, "tool_name"))
            case "web_search_result":
                pieces.append(f"{text(block, 'title')} {text(block, 'url')}".strip())
            case _:
                pieces.append(msgspec.json.encode(block).decode())
    return "\n".join(pieces), tuple(images)
