"""Agents that have one process a turn, run by ``session_host.one_shot``. Pure.

Such agents ask for no permission: what their settings do not allow, they decline by themselves. Each form of their
output has a reader (``READERS``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from session_host.protocol.untrusted_numbers import MOST_MONEY, money, tokens_in_all
from session_host.structured.items import (
    AgentRequest,
    Append,
    Capabilities,
    CapabilitiesKnown,
    ConversationKnown,
    FileChange,
    Item,
    ItemKind,
    ItemStatus,
    PlanEntry,
    Put,
    SetStatus,
    StateChanged,
    ToolKind,
    TurnOver,
    UsageChanged,
)
from session_host.structured.operations import AnyResult

from .base import Chosen, DialectPort, Start, UserPrompt
from .claude import notices
from .claude.reader import MessageReader, ReaderState
from .limits import LIMIT_OF_CLAUDE, stopped_by_limit
from .patches import fragment_patch, unified_patch
from .reading import (
    array,
    at,
    error_words,
    exit_code,
    integer,
    mapping,
    one_line,
    plan_entry,
    pretty,
    text,
    tokens,
)
from .reading import message as read_message


class OneShotState(msgspec.Struct, array_like=True):
    """The state of the dialect.

    Attributes:
        format: the form of the command's output: a key of ``READERS``.
        conversation: the agent's id of the conversation; "" until it is known.
        again: the conversation has had a turn, so the next one continues it.
        prompt: the id of the prompt that is sent and not confirmed.
        turn: the id of the running turn, which is that of its prompt; "" outside of one.
        interrupting: the user has interrupted it.
        error: the agent's message about why the turn failed.
        items: its items that are not complete, by the agent's ids of them.
        made: how many items of the turn got an id from the reader, since the agent reported none.
        total: the tokens of all turns, ``cached`` and ``written`` are parts of it; ``cost`` in US dollars.
        warnings: the newest warnings of the agent that were shown.
        claude: the state of Claude's messages.
    """

    claude: ReaderState
    format: str = ""
    conversation: str = ""
    again: bool = False
    prompt: str = ""
    turn: str = ""
    interrupting: bool = False
    error: str = ""
    items: dict[str, Item] = {}
    made: int = 0
    total: int = 0
    cost: float = 0.0
    warnings: list[str] = []
    cached: int = 0
    written: int = 0


class OneShotDialect:
    """Translates between our program ``session_host.one_shot`` and the vocabulary. A turn has the id of its prompt."""

    def __init__(self, port: DialectPort) -> None:
        self._port = port
        self._state = OneShotState(ReaderState())
        self._reader: OutputReader = PlainReader(port, self._state)

    # ------------------------------------------------------------ calls of the rules

    def begin(self, start: Start) -> None:
        """See ``Dialect``."""
        state = self._state
        if note := str(start.options.get("note", "")):
            self._port.notice(note)
        if start.conversation:
            state.conversation, state.again = start.conversation, start.resumes
            self._port.emit(ConversationKnown(start.conversation))
            if start.resumes and not start.has_history:
                self._port.notice("The agent has the earlier messages of this conversation; they are not shown here.")

    def prompt(self, prompt: UserPrompt) -> None:
        """See ``Dialect``."""
        state = self._state
        state.prompt = prompt.id
        self._port.send(
            {"id": prompt.id, "prompt": prompt.text, "conversation": state.conversation, "again": state.again}
        )

    def steer(self, prompt: UserPrompt) -> None:
        """See ``Dialect``; without this capability, the text becomes a prompt of its own."""
        self._port.too_late(prompt.id)

    def interrupt(self) -> None:
        """See ``Dialect``."""
        self._state.interrupting = True
        self._port.send({"interrupt": True})

    def answer(self, request: AgentRequest, answer: Chosen) -> None:
        """See ``Dialect``; such an agent asks nothing."""

    def change_setting(self, setting: str, value: str) -> None:
        """See ``Dialect``."""
        self._port.notice(f"This agent has no setting {setting} to change to {value}.")

    def timer_due(self, name: str) -> None:
        """See ``Dialect``; there are no timers."""

    def save(self) -> bytes:
        """See ``Dialect``."""
        return msgspec.msgpack.encode(self._state)

    def take_result(self, result: AnyResult) -> None:
        """See ``Dialect``."""

    def load(self, state: bytes) -> None:
        """See ``Dialect``."""
        self._state = msgspec.msgpack.decode(state, type=OneShotState)
        self._use_format(self._state.format)

    # ------------------------------------------------------------ messages of our program

    def receive(self, line: bytes) -> None:
        """See ``Dialect``."""
        message = read_message(line)
        if message is None:
            self._port.raw("not a JSON object", line.decode(errors="replace"))
            return
        match text(message, "type"):
            case "ready":
                self._use_format(text(message, "format"))
                resumes = self._state.format != "text"
                self._port.emit(CapabilitiesKnown(Capabilities(resume=resumes)))
                self._port.ready()
            case "started":
                self._started(text(message, "id"))
            case "line":
                self._reader.line(mapping(message, "data"))
            case "text":
                self._reader.text(text(message, "data"))
            case "ended":
                self._ended(message)
            case "refused":
                self._state.prompt = ""
                self._port.refused(text(message, "id"), text(message, "error"))
            case kind:
                self._port.raw(kind or "a message without a type", message)

    def _use_format(self, name: str) -> None:
        self._state.format = name
        self._reader = READERS.get(name, PlainReader)(self._port, self._state)

    def _started(self, prompt_id: str) -> None:
        state = self._state
        state.prompt, state.turn, state.error, state.made = "", prompt_id, "", 0
        state.interrupting = False
        self._port.accepted(prompt_id, prompt_id)
        self._port.emit(StateChanged("running", prompt_id))

    def _ended(self, message: Mapping[str, Any]) -> None:
        state = self._state
        failure = state.error or _failure(message)
        if state.interrupting:
            self._reader.finish("interrupted")
            self._port.emit(TurnOver(state.turn, "interrupted"))
        elif failure:
            self._reader.finish("failed")
            self._port.notice(failure)
            is_limit = state.claude.stopped_by == LIMIT_OF_CLAUDE
            facts = stopped_by_limit(state.claude.resets_ms) if is_limit else None
            self._port.emit(TurnOver(state.turn, "failed", failure.partition("\n")[0], facts=facts))
        else:
            self._reader.finish("done")
            self._port.emit(TurnOver(state.turn, "completed"))
        state.again = state.again or not failure
        state.turn, state.error, state.interrupting, state.claude.stopped_by = "", "", False, ""
        self._port.emit(StateChanged("idle"))


def _failure(message: Mapping[str, Any]) -> str:
    """The reason why a command failed, from its exit status; "" if it did not fail."""
    code, number = integer(message, "code"), integer(message, "signal")
    if not code and not number:
        return ""
    end = f"The command was ended by signal {number}" if number else f"The command ended with exit code {code}"
    stderr = text(message, "stderr")
    return f"{end}:\n{stderr}" if stderr else f"{end}."


# ---------------------------------------------------------------- forms of output


class OutputReader:
    """Reads the output of the turns of one chat. Each form of output overrides ``line`` or ``text``."""

    def __init__(self, port: DialectPort, state: OneShotState) -> None:
        self.port = port
        self.state = state

    def line(self, message: Mapping[str, Any]) -> None:
        """Read a JSON line."""
        self.port.raw("an unexpected line", dict(message))

    def text(self, words: str) -> None:
        """Read text that is not a JSON line: shown as a notice."""
        if words.strip():
            self.port.notice(words.strip())

    def finish(self, status: ItemStatus) -> None:
        """Give this status to the items that are not complete: the turn has ended."""
        for item in self.state.items.values():
            self.port.emit(SetStatus(item.id, status, self.port.now_ms))
        self.state.items = {}

    # ------------------------------------------------------------ for the forms of output

    def put(self, key: str, item: Item) -> None:
        """Put an item, and keep it until it is complete; ``key`` is the agent's id of it."""
        if item.status == "running":
            self.state.items[key] = item
        else:
            self.state.items.pop(key, None)
            item = msgspec.structs.replace(item, ended_ms=item.ended_ms or self.port.now_ms)
        self.port.emit(Put(item))

    def item(self, key: str, kind: ItemKind, status: ItemStatus = "running") -> Item:
        """The item with the agent's id, or a new one."""
        item = self.state.items.get(key)
        if item is not None:
            return msgspec.structs.replace(item, status=status)
        return Item(f"{self.state.turn}.{key}", kind, self.port.now_ms, status=status, turn=self.state.turn)

    def next_key(self) -> str:
        """A new id for an item without an id from the agent."""
        self.state.made += 1
        return f"text-{self.state.made}"

    def append(self, key: str, words: str) -> None:
        """Append to the text of an item; adds the item if there is none."""
        if key not in self.state.items:
            self.put(key, self.item(key, "agent"))
        self.port.emit(Append(self.state.items[key].id, words))

    def conversation(self, conversation: str) -> None:
        """Take the agent's id of the conversation; from then on, turns continue it."""
        self.state.again = self.state.again or bool(conversation)
        if conversation and conversation != self.state.conversation:
            self.state.conversation = conversation
            self.port.emit(ConversationKnown(conversation))

    def usage(self, read: int, written: int, cost: float = 0.0, *, cached: int = 0) -> None:
        """Count the tokens of one request and its answer; ``cached`` are those of ``read`` from the model's cache."""
        state = self.state
        state.total = tokens_in_all(state.total, read, written)
        state.cached = tokens_in_all(state.cached, cached)
        state.written = tokens_in_all(state.written, written)
        state.cost = min((money(state.cost) or 0.0) + cost, MOST_MONEY)  # An earlier version took any.
        self.port.emit(
            UsageChanged(
                read + written,
                0,
                state.total,
                state.cost,
                "USD" if state.cost else "",
                read=max(state.total - state.cached - state.written, 0),
                cached=state.cached,
                written=state.written,
                is_least=True,
            )
        )


_PLAIN_KEY: Final = "answer"


class PlainReader(OutputReader):
    """Reads the text of any command: all text of a turn is one message."""

    def text(self, words: str) -> None:
        """See ``OutputReader``."""
        if _PLAIN_KEY not in self.state.items:
            words = words.lstrip("\n")
        if words:
            self.append(_PLAIN_KEY, words)


class ClaudeReader(OutputReader):
    """Reads ``claude -p --output-format stream-json --verbose`` as the dialect of a process with many turns does."""

    def __init__(self, port: DialectPort, state: OneShotState) -> None:
        super().__init__(port, state)
        self._messages = MessageReader(port, state.claude)

    def line(self, message: Mapping[str, Any]) -> None:
        """See ``OutputReader``."""
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
        """See ``OutputReader``."""
        self._messages.finish(status)
        self._messages.state.running = False
        super().finish(status)


KEPT_WARNINGS = 16
_STATUSES: dict[str, ItemStatus] = {"completed": "done", "failed": "failed", "declined": "declined"}
_CHANGES = {"add": "add", "delete": "delete", "update": "update"}


class CodexReader(OutputReader):
    """Reads the events of ``codex exec --json`` (Codex 0.169)."""

    def line(self, message: Mapping[str, Any]) -> None:
        """See ``OutputReader``."""
        kind = text(message, "type")
        match kind:
            case "thread.started":
                self.conversation(text(message, "thread_id"))
            case "item.started" | "item.updated" | "item.completed":
                self._item(mapping(message, "item"), complete=kind == "item.completed")
            case "turn.completed":
                usage = mapping(message, "usage")
                cached = tokens(usage, "cached_input_tokens") or 0
                self.usage(tokens(usage, "input_tokens") or 0, tokens(usage, "output_tokens") or 0, cached=cached)
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
            return msgspec.structs.replace(
                item,
                tool="execute",
                title=one_line(command),
                command=command,
                output=text(body, "aggregated_output"),
                exit_code=exit_code(body, "exit_code"),
            )
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
            output = text(body, "error", "message") or ("" if result is None else msgspec.json.encode(result).decode())
            title = f"{text(body, 'server')}: {text(body, 'tool')}"
            return msgspec.structs.replace(item, tool="other", title=one_line(title), output=output)


def _plan(body: Mapping[str, Any]) -> tuple[PlanEntry, ...]:
    return tuple(
        plan_entry(text(item, "text"), "completed" if at(item, "completed") is True else "")
        for item in array(body, "items")
    )


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


class OpencodeReader(OutputReader):
    """Reads the events of ``opencode run --format json`` (opencode 1.18); parts come when they are complete."""

    def line(self, message: Mapping[str, Any]) -> None:
        """See ``OutputReader``."""
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
                used = mapping(part, "tokens")
                cached = tokens(used, "cache", "read") or 0
                read = (tokens(used, "input") or 0) + cached + (tokens(used, "cache", "write") or 0)
                written = (tokens(used, "output") or 0) + (tokens(used, "reasoning") or 0)
                self.usage(read, written, money(at(part, "cost")) or 0.0, cached=cached)
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
            entries = tuple(plan_entry(text(todo, "content"), text(todo, "status")) for todo in array(values, "todos"))
            self.put("todos", msgspec.structs.replace(self.item("todos", "plan", "done"), plan=entries))
            return
        error = text(call, "error")
        status: ItemStatus = "failed" if text(call, "status") == "error" else "done"
        if "rejected permission" in error:
            status = "declined"
        item = self.item(key, "tool", status)
        self.put(
            key,
            msgspec.structs.replace(
                item,
                tool=_KINDS.get(name, "other"),
                title=one_line(text(call, "title") or _title(name, values)),
                command=text(values, "command") if name == "bash" else "",
                output=text(call, "output") or error,
                changes=_changes(name, values, call),
                exit_code=exit_code(call, "metadata", "exit"),
                text="" if name in _KINDS or not values else f"```json\n{pretty(values)}\n```",
            ),
        )


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


READERS: Final[Mapping[str, Callable[[DialectPort, OneShotState], OutputReader]]] = {
    "codex": CodexReader,
    "claude": ClaudeReader,
    "opencode": OpencodeReader,
    "text": PlainReader,
}
