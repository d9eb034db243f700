"""Messages, thoughts, plans and tool calls of the agent as items; content blocks in both directions."""

from __future__ import annotations

import base64
import hashlib
import posixpath
import shlex
from typing import Any, Final, Literal
from urllib.parse import quote

import msgspec

from session_host.protocol.values import Image
from session_host.structured.dialects import reading
from session_host.structured.dialects.base import UserPrompt
from session_host.structured.dialects.patches import unified_patch
from session_host.structured.items import (
    Append,
    FileChange,
    Item,
    ItemStatus,
    PlanEntry,
    Put,
    Remove,
    SetStatus,
    ToolKind,
)
from session_host.structured.mentions import mentions

from .state import Run, Shared, Terminal, Tool

NO_COMMAND: Final[dict[str, Any]] = {"type": "text", "text": "Prompt: ", "annotations": {"audience": ["user"]}}
"""A block for the user alone: a text after it is no command, and the model gets only that text."""

HIDDEN_TEXTS = ("<session_context>", "[Function Call: ", "[Function Response: ")
"""Beginnings of Gemini CLI's internal messages to its model, which it repeats with a conversation."""

_STATUSES: Final[dict[str, ItemStatus]] = {
    "pending": "running",
    "in_progress": "running",
    "completed": "done",
    "failed": "failed",
}
_KINDS: Final[dict[str, ToolKind]] = {
    "read": "read",
    "edit": "edit",
    "delete": "delete",
    "move": "move",
    "search": "search",
    "execute": "execute",
    "think": "think",
    "fetch": "fetch",
}
_FENCE = "```"
DIRECTORIES: Final = ("cwd", "workdir", "directory", "dir_path")
"""The fields of a tool's input that agents use for its directory."""
COMMANDS: Final = ("command", "cmd")
"""The fields of a tool's input that agents use for a command."""
KEPT_TOOLS = 200
"""The most tool calls that are kept for updates; the oldest complete ones are forgotten first."""

_EXIT_CODES: Final[tuple[tuple[str, ...], ...]] = (("exitCode",), ("exit_code",), ("metadata", "exit"))


class Messages:
    """The items that consist of text.

    Chunks of one kind that follow each other are one item, which grows. A chunk of the user is a whole prompt; if the
    agent gives it an id, it is a part of one.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def chunk(self, kind: Literal["user", "agent", "thought"], update: dict[str, Any]) -> None:
        """Add a chunk of a message or of a thought; ``_meta.notice``, an extension of ours, makes it a notice."""
        state = self._shared.state
        block = reading.mapping(update, "content")
        text = block_text(block)
        if text and reading.at(update, "_meta", "notice") is True:
            self.end_run()
            self._emit_item(Item(self._shared.new_id("notice"), "notice", self._shared.port.now_ms, text=text))
            return
        if kind == "user" and reading.array(block, "annotations", "audience") == NO_COMMAND["annotations"]["audience"]:
            return  # Our own block, which the agent repeats with the conversation.
        if kind == "user" and state.turn and text is not None and text.strip() in state.prompt_text:
            return  # The agent repeats the prompt of this turn.
        if text is None:
            self._other_content(kind, block)
            return
        if not text or (state.replaying and text.startswith(HIDDEN_TEXTS)):
            return
        run, message = state.run, reading.text(update, "messageId")
        grows = run is not None and run.kind == kind and run.message == message
        if run is not None and grows and (kind != "user" or message):
            self._shared.port.emit(Append(run.item, f"\n{text}" if kind == "user" else text))
            return
        self.end_run()
        item = self._add(Item(self._shared.new_id(kind), kind, self._shared.port.now_ms, text=text))
        state.run = Run(item, kind, message)

    def end_run(self) -> None:
        """Complete the message or thought that grows."""
        state = self._shared.state
        if state.run is not None:
            self._close(state.run.item, "done")
            state.run = None

    def plan(self, name: str, entries: list[Any]) -> None:
        """Show the agent's whole plan; ``name`` is its id, "" for the only one of the turn."""
        steps = tuple(
            reading.plan_entry(text, reading.text(entry, "status"))
            for entry in entries
            if (text := reading.text(entry, "content"))
        )
        if not steps:
            self.remove_plan(name)
            return
        self._put_plan(name, plan=steps, done=all(step.status == "completed" for step in steps))

    def plan_update(self, update: dict[str, Any]) -> None:
        """Show one of several plans of the agent: steps, Markdown, or a file."""
        plan = reading.mapping(update, "plan")
        name = reading.text(plan, "planId")
        match reading.text(plan, "type"):
            case "items":
                self.plan(name, reading.array(plan, "entries"))
            case "markdown":
                self._put_plan(name, text=reading.text(plan, "content"), done=True)
            case "file":
                self._put_plan(name, text=reading.text(plan, "uri"), done=True)
            case _:
                self._shared.port.raw("plan_update", update)

    def remove_plan(self, name: str) -> None:
        """Remove a plan."""
        state = self._shared.state
        if (item := state.plans.pop(name, None)) is not None:
            if item in state.open_items:
                state.open_items.remove(item)
            self._shared.port.emit(Remove(item))

    def finish(self, status: ItemStatus) -> None:
        """Complete all items: the turn has ended."""
        state = self._shared.state
        for item in list(state.open_items):
            self._close(item, status)
        state.run = None
        state.plans = {}

    def _other_content(self, kind: Literal["user", "agent", "thought"], block: dict[str, Any]) -> None:
        image = block_image(block)
        if image is None:
            self._shared.port.raw(f"content of {kind}", block)
            return
        self.end_run()
        item = Item(self._shared.new_id(kind), kind, self._shared.port.now_ms, images=(image,))
        self._close(self._add(item), "done")

    def _put_plan(self, name: str, *, done: bool, text: str = "", plan: tuple[PlanEntry, ...] = ()) -> None:
        state, now_ms = self._shared.state, self._shared.port.now_ms
        if name not in state.plans:
            self.end_run()
            state.plans[name] = self._shared.new_id("plan")
        item_id = state.plans[name]
        if item_id not in state.open_items and not done:
            state.open_items.append(item_id)
        if item_id in state.open_items and done:
            state.open_items.remove(item_id)
        status: ItemStatus = "done" if done else "running"
        item = Item(item_id, "plan", now_ms, text, status, state.turn, plan=plan, ended_ms=now_ms if done else 0)
        self._emit_item(item)

    def _add(self, item: Item) -> str:
        """Add an item; a message of the agent runs until it is complete."""
        state = self._shared.state
        status: ItemStatus = "done" if item.kind == "user" else "running"
        if status == "running":
            state.open_items.append(item.id)
        self._emit_item(Item(item.id, item.kind, item.at_ms, item.text, status, state.turn, images=item.images))
        return item.id

    def _emit_item(self, item: Item) -> None:
        if self._shared.state.replaying:
            self._shared.state.replayed.append(item.id)
        self._shared.port.emit(Put(item))

    def _close(self, item: str, status: ItemStatus) -> None:
        state = self._shared.state
        if item in state.open_items:
            state.open_items.remove(item)
            self._shared.port.emit(SetStatus(item, status, self._shared.port.now_ms))


class Tools:
    """The tool calls of this turn and of the one before."""

    def __init__(self, shared: Shared, messages: Messages) -> None:
        self._shared = shared
        self._messages = messages

    def update(self, update: dict[str, Any], *, asks: bool = False) -> Tool | None:
        """Merge an update of a tool call; None if it names none.

        Args:
            update: the fields that changed.
            asks: it belongs to a request for a permission, so its text is the agent's reason.
        """
        shared, state = self._shared, self._shared.state
        call = reading.text(update, "toolCallId")
        if not call:
            shared.port.raw("tool call without an id", update)
            return None
        before = state.tools.get(call)
        if before is None:
            self._messages.end_run()
            parent = state.tools.get(reading.text(update, "_meta", "claudeCode", "parentToolUseId"))
            first = Item(
                shared.new_id("tool"),
                "tool",
                shared.port.now_ms,
                status="running",
                turn=state.turn,
                parent=parent.item.id if parent else "",
            )
            before = Tool(first)
            if state.replaying:
                state.replayed.append(first.id)
        tool = msgspec.structs.replace(before)
        self._merge_input(tool, update)
        self._merge_content(tool, update, asks=asks)
        self._merge_status(tool, update)
        if not tool.item.title:
            tool.item = _with(tool.item, title="Tool call")
        known = call in state.tools
        state.tools[call] = tool
        if len(state.tools) > KEPT_TOOLS:
            self._forget_oldest()
        self._emit(before.item if known else None, tool.item)
        return tool

    def terminal_changed(self, terminal: str) -> bool:
        """Show a terminal's output or end in the tool calls that contain it; returns whether there is such a call."""
        tools = self._shared.state.tools
        showing = [call for call, tool in tools.items() if terminal in tool.terminals]
        for call in showing:
            before = tools[call].item
            self._merge_terminals(tools[call])
            self._emit(before, tools[call].item)
        return bool(showing)

    def decline(self, call: str) -> None:
        """Mark a tool call as declined by the user."""
        if (tool := self._shared.state.tools.get(call)) is not None:
            tool.declined = True
            self._end(tool, "declined")

    def finish(self, status: ItemStatus) -> None:
        """End the tool calls that still run: the turn has ended."""
        for tool in self._shared.state.tools.values():
            if tool.item.status == "running":
                self._end(tool, status)

    def forget_before(self, turn: str) -> None:
        """Forget all tool calls but those of a turn."""
        state = self._shared.state
        state.tools = {call: tool for call, tool in state.tools.items() if tool.item.turn == turn}

    def _forget_oldest(self) -> None:
        tools = self._shared.state.tools
        oldest = next((call for call, tool in tools.items() if tool.item.status != "running"), None)
        if oldest is not None:
            del tools[oldest]

    def _end(self, tool: Tool, status: ItemStatus) -> None:
        now_ms = self._shared.port.now_ms
        tool.item = _with(tool.item, status=status, ended_ms=now_ms)
        self._shared.port.emit(SetStatus(tool.item.id, status, now_ms))

    def _emit(self, before: Item | None, item: Item) -> None:
        """Emit an item that changed; output that grew is appended."""
        if item == before:
            return
        grows = before is not None and _with(before, output=item.output) == item
        if before is not None and grows and item.output.startswith(before.output):
            self._shared.port.emit(Append(item.id, item.output[len(before.output) :], "output"))
        else:
            self._shared.port.emit(Put(item))

    # ------------------------------------------------------------ fields

    def _field(self, update: dict[str, Any], name: str, expected: type) -> Any:
        """A field, if it has the expected type; else None, and the value becomes a raw item."""
        value = update.get(name)
        if value is None or isinstance(value, expected):
            return value
        self._shared.port.raw(f"{name} of a tool call", value)
        return None

    def _merge_input(self, tool: Tool, update: dict[str, Any]) -> None:
        """Merge the title, the kind and the tool's input."""
        item = tool.item
        title = self._field(update, "title", str)
        if title:
            item = _with(item, title=reading.one_line(title))
        if kind := self._field(update, "kind", str):
            item = _with(item, tool=_KINDS.get(kind, "other"))
        raw_input = update.get("rawInput")
        command = command_of(raw_input)
        if raw_input:
            tool.input = reading.pretty(raw_input)
            tool.reason = reading.text(raw_input, "description") or tool.reason
            directories = [found for key in DIRECTORIES if (found := reading.text(raw_input, key))]
            item = _with(item, directory=directories[0] if directories else item.directory)
        if command and item.tool in {"", "execute"}:
            item = _with(item, command=command, tool="execute")
        elif title and item.tool == "execute" and not tool.input and self._title_is_command:
            item = _with(item, command=title)
        tool.item = item

    @property
    def _title_is_command(self) -> bool:
        """Whether the title of a command is the whole command line. In a repeated conversation it never is."""
        return self._shared.option("title_is_command") and not self._shared.state.replaying

    def _merge_content(self, tool: Tool, update: dict[str, Any], *, asks: bool) -> None:
        texts: list[str] = []
        changes: list[FileChange] = []
        images: list[Image] = []
        terminals: list[str] = []
        content = self._field(update, "content", list)
        for part in content or ():
            kind, block = reading.text(part, "type"), reading.mapping(part, "content")
            if kind == "diff" and (change := _file_change(part)) is not None:
                changes.append(change)
                tool.texts = [*tool.texts, *(text_digest(reading.text(part, key)) for key in ("oldText", "newText"))]
            elif kind == "content" and (text := block_text(block)) is not None:
                texts.append(text)
            elif kind == "terminal" and (terminal := reading.text(part, "terminalId")) in self._shared.state.terminals:
                terminals.append(terminal)
            elif kind == "content" and (image := block_image(block)) is not None:
                images.append(image)
            else:
                self._shared.port.raw("content of a tool call", part)
        text = "\n".join(text for text in texts if text and text != tool.reason)
        result = update.get("rawOutput")
        if asks:
            tool.reason = tool.reason if text in tool.reason else "\n".join(filter(None, (tool.reason, text)))
        elif content is not None or result is not None:
            output = _without_fence(text) or _output(result)
            tool.item = _with(tool.item, output=output or ("" if content is not None else tool.item.output))
            if content is not None:
                tool.terminals, tool.text = terminals or tool.terminals, _without_fence(text)
        codes = [code for path in _EXIT_CODES if (code := reading.exit_code(result, *path)) is not None and code >= 0]
        tool.item = _with(
            tool.item,
            changes=tuple(changes) or tool.item.changes,
            images=tuple(images) or tool.item.images,
            exit_code=codes[0] if codes else tool.item.exit_code,
        )
        if tool.terminals:
            self._merge_terminals(tool)

    def _merge_terminals(self, tool: Tool) -> None:
        """Put the output of a tool's terminals below its own. If one is forgotten already, the item stays as it is."""
        known = self._shared.state.terminals
        if not all(name in known for name in tool.terminals):
            return
        terminals = [known[name] for name in tool.terminals]
        for terminal in terminals:
            self._adopt(terminal)
        last = terminals[-1]
        tool.item = _with(
            tool.item,
            tool=tool.item.tool or "execute",
            command=tool.item.command or (last.command if tool.item.tool in {"", "execute"} else ""),
            directory=tool.item.directory or last.directory,
            output="\n".join(output for output in (tool.text, *(terminal.shown for terminal in terminals)) if output),
            exit_code=last.exit_code if last.ended else tool.item.exit_code,
        )

    def _adopt(self, terminal: Terminal) -> None:
        """Show a terminal's output in a tool call from now on, and not as an item of its own."""
        terminal.adopted = True
        if terminal.item is not None:
            self._shared.port.emit(SetStatus(terminal.item.id, "done"))
            self._shared.port.emit(Remove(terminal.item.id))
            terminal.item = None

    def _merge_status(self, tool: Tool, update: dict[str, Any]) -> None:
        reported = self._field(update, "status", str)
        if not reported:
            return
        status = _STATUSES.get(reported)
        if status is None:
            self._shared.port.raw("status of a tool call", reported)
            return
        if tool.declined and status != "done":
            return
        ended_ms = 0 if status == "running" else tool.item.ended_ms or self._shared.port.now_ms
        tool.item = _with(tool.item, status=status, ended_ms=ended_ms)


def block_text(block: Any) -> str | None:
    """A block as Markdown; None if it has no text."""
    match reading.text(block, "type"):
        case "text":
            return reading.text(block, "text")
        case "resource_link":
            uri = reading.text(block, "uri")
            return f"[{reading.text(block, 'title') or reading.text(block, 'name') or uri}]({uri})"
        case "resource":
            return reading.text(block, "resource", "text") or None
        case _:
            return None


def block_image(block: Any) -> Image | None:
    """A block as an image; None if it is none."""
    if reading.text(block, "type") != "image":
        return None
    return reading.image(reading.text(block, "mimeType") or "image/png", reading.text(block, "data"))


def content_blocks(prompt: UserPrompt, directory: str) -> list[dict[str, Any]]:
    """The blocks of a prompt: its text whole, its images, and a link for each file that the text mentions."""
    blocks: list[dict[str, Any]] = []
    if prompt.text:
        blocks.append({"type": "text", "text": prompt.text})
    blocks += [
        {"type": "image", "mimeType": image.mime, "data": base64.b64encode(image.data).decode()}
        for image in prompt.images
    ]
    for path in mentions(prompt.text):
        whole = posixpath.normpath(posixpath.join(directory, path))
        blocks.append({"type": "resource_link", "uri": f"file://{quote(whole)}", "name": path})
    return blocks


def _with(item: Item, **fields: Any) -> Item:
    changed: Item = msgspec.structs.replace(item, **fields)
    return changed


def text_digest(text: str) -> str:
    """A digest of a text."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def command_of(raw_input: Any) -> str:
    """The command in a tool's input: a command line or an argv; "" if there is none."""
    for key in COMMANDS:
        command = reading.at(raw_input, key)
        if isinstance(command, str) and command:
            return command
        if isinstance(command, list) and command and all(isinstance(word, str) for word in command):
            return shlex.join(command)
    return ""


def _file_change(diff: Any) -> FileChange | None:
    path, new = reading.text(diff, "path"), reading.at(diff, "newText")
    old = reading.at(diff, "oldText")
    if not path or not isinstance(new, str) or not isinstance(old, str | None):
        return None
    patch = unified_patch(old or "", new)
    if not old or reading.text(diff, "_meta", "kind") == "add":
        return FileChange(path, patch, "add")
    return FileChange(path, patch, "delete" if reading.text(diff, "_meta", "kind") == "delete" else "update")


def _output(result: Any) -> str:
    """The output in a tool's result."""
    if isinstance(result, str):
        return result
    for key in ("output", "formatted_output", "aggregated_output", "content"):
        if output := reading.text(result, key):
            return output
    return "\n".join(output for key in ("stdout", "stderr") if (output := reading.text(result, key)))


def _without_fence(text: str) -> str:
    """The text without a Markdown fence that encloses all of it."""
    lines = text.strip("\n").split("\n")
    if len(lines) < 2 or not lines[0].startswith(_FENCE):
        return text
    fence = lines[0][: len(lines[0]) - len(lines[0].lstrip("`"))]
    inner = lines[1:-1]
    if lines[-1] != fence or any(line.startswith(fence) for line in inner):
        return text
    return "\n".join(inner)
