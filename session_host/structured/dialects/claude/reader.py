"""Claude's messages and streamed deltas as items of the transcript. Pure.

Each message of the model is streamed as content blocks ("stream_event"). Before a block ends, the whole block follows
in an "assistant" message; it replaces what was streamed. Results of tools come in "user" messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import sub
from typing import Any, Final, Protocol

import msgspec

from session_host.protocol.untrusted_numbers import money
from session_host.structured.dialects.limits import claude_limits, reset_ms
from session_host.structured.dialects.reading import array, integer, mapping, plan_entry, text, tokens
from session_host.structured.items import (
    AnyChange,
    Append,
    Item,
    ItemKind,
    ItemStatus,
    Put,
    SetStatus,
    UsageChanged,
    UsageLimit,
)

from . import notices
from .background import SCHEDULERS, Background
from .tools import AGENTS, PLAN_TOOLS, call_title, with_call, with_result

KEPT_PARENTS: Final = 64
_CALLS: Final = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_DELTAS: Final = {"text_delta": "text", "thinking_delta": "thinking"}
_KINDS: Final[dict[str, ItemKind]] = {"text": "agent", "thinking": "thought"}
_LOCAL_OUTPUT: Final = re.compile(r"<local-command-(stdout|stderr)>(.*?)</local-command-\1>", re.DOTALL)


class Block(msgspec.Struct, array_like=True):
    """A content block that is streamed: no whole message has confirmed it yet.

    Attributes:
        item: the item as it was first put; ``pieces`` are the texts appended since then.
        confirmed: a whole message has confirmed it while the turn was being interrupted: it may be cut.
    """

    index: int
    item: Item
    pieces: list[str] = []
    confirmed: bool = False


class Stream(msgspec.Struct, array_like=True):
    """The message that the main agent or one sub-agent is streaming."""

    message: str = ""
    blocks: list[Block] = []


class ReaderState(msgspec.Struct, array_like=True):
    """The state of a ``MessageReader``.

    Attributes:
        turn: the id of the running turn, or of the last one.
        running: a turn runs.
        made: how many items got an id from the reader, since Claude reports none.
        streams: the streamed messages, by the tool call of the sub-agent, "" for the main agent.
        tools: tool calls without a result, by Claude's ids of them.
        parents: the items of sub-agents, by Claude's ids of their tool calls.
        tasks: Claude's list of tasks: their texts and statuses by their ids.
        denied: Claude's ids of the tool calls that the user declined.
        read, written: the tokens of the main agent's last request and answer.
        window, total, cost, limits: see ``items.UsageChanged``.
        limit_notice: the last notice about a limit.
        tokens: those of ``total`` that were read, read from the cache, and written.
        stopped_by: Claude's word for the error that stops the running turn; "" for none.
        resets_ms: when the limit is reset that was reached last; 0 if unknown.
        directory: the chat's directory; "" if unknown.
        background: what runs between turns.
        continues: whether the conversation is an earlier one, and what it had used is not told apart yet.
        used: what it had used, as far as that is known.
        lacks: whether a number of ``tokens`` is an earlier one, since the newest report's cannot be true.
    """

    turn: str = ""
    running: bool = False
    made: int = 0
    streams: dict[str, Stream] = {}
    tools: dict[str, Item] = {}
    parents: dict[str, str] = {}
    tasks: dict[str, tuple[str, str]] = {}
    denied: list[str] = []
    read: int = 0
    written: int = 0
    window: int = 0
    total: int = 0
    cost: float = 0.0
    limits: tuple[UsageLimit, ...] = ()
    limit_notice: str = ""
    directory: str = ""
    background: Background = msgspec.field(default_factory=Background)
    tokens: tuple[int, int, int] = (0, 0, 0)
    stopped_by: str = ""
    resets_ms: int = 0
    continues: bool = False
    used: UsageChanged | None = None
    lacks: bool = False


class ReaderPort(Protocol):
    """The part of ``DialectPort`` that the reader uses."""

    now_ms: int

    def emit(self, change: AnyChange) -> None:
        """Change the transcript."""

    def notice(self, text: str) -> None:
        """Add a line about the chat itself."""

    def raw(self, title: str, message: Any) -> None:
        """Keep a message, or a part of one, that the reader does not understand."""


class MessageReader:
    """Reads the messages of one conversation; the caller sets ``state.turn``."""

    def __init__(self, port: ReaderPort, state: ReaderState) -> None:
        self.state = state
        self._port = port

    # ------------------------------------------------------------ deltas

    def stream_event(self, message: Mapping[str, Any]) -> None:
        """Read a streamed event of the model's service."""
        event, parent = mapping(message, "event"), text(message, "parent_tool_use_id")
        stream = self.state.streams.setdefault(parent, Stream())
        match text(event, "type"):
            case "message_start":
                self._abandon(stream)
                stream.message = text(event, "message", "id")
                if not parent:
                    self._note_usage(mapping(event, "message", "usage"))
            case "content_block_start":
                self._start_block(stream, integer(event, "index"), mapping(event, "content_block"), parent)
            case "content_block_delta":
                self._add_delta(stream, integer(event, "index"), mapping(event, "delta"))
            case "content_block_stop":
                for block in stream.blocks:
                    if block.index == integer(event, "index") and not (block.confirmed or block.item.kind == "tool"):
                        self._port.emit(SetStatus(block.item.id, "done", self._port.now_ms))
            case "message_delta":
                for block in [each for each in stream.blocks if each.confirmed and text(event, "delta", "stop_reason")]:
                    stream.blocks.remove(block)
                    self._port.emit(SetStatus(block.item.id, "done", self._port.now_ms))
                if not parent:
                    self._note_usage(mapping(event, "usage"))
                    self.emit_usage()
            case "error":
                self._port.notice(text(event, "error", "message") or "the model's service reported an error")
            case _:  # message_stop, ping, and what later versions add
                pass

    def _start_block(self, stream: Stream, index: int, block: Mapping[str, Any], parent: str) -> None:
        kind = text(block, "type")
        if kind in _KINDS:
            item = self._new_item(_KINDS[kind], parent)
            stream.blocks.append(Block(index, item))
            self._port.emit(Put(item))
            self._add_delta(stream, index, {"type": f"{kind}_delta", kind: text(block, kind)})
        elif kind in _CALLS and text(block, "name") not in PLAN_TOOLS:
            self._put_call(text(block, "id"), text(block, "name"), mapping(block, "input"), parent)

    def _add_delta(self, stream: Stream, index: int, delta: Mapping[str, Any]) -> None:
        words = text(delta, _DELTAS.get(text(delta, "type"), ""))
        if not words:
            return
        for block in stream.blocks:
            if block.index == index:
                block.pieces.append(words)
                self._port.emit(Append(block.item.id, words))

    def _abandon(self, stream: Stream) -> None:
        """Mark blocks that were streamed and never confirmed as cut: Claude has begun the message again."""
        for block in stream.blocks:
            self._port.emit(SetStatus(block.item.id, "cut", self._port.now_ms))
        stream.blocks = []

    # ------------------------------------------------------------ whole messages

    def assistant(self, message: Mapping[str, Any], *, interrupting: bool = False) -> None:
        """Read a message of the model, or one block of it.

        While a turn is interrupted, a block may be cut: only the reason for the message's end shows that it is not.
        """
        parent = text(message, "parent_tool_use_id")
        body = mapping(message, "message")
        stream = self.state.streams.setdefault(parent, Stream())
        if text(message, "error") or body.get("isApiErrorMessage") is True:
            self._abandon(stream)
            if not parent:
                params = mapping(message, "api_error_params")
                self.state.stopped_by = text(message, "error")
                self.state.resets_ms = reset_ms(params, "rate_limit_info", "resetsAt") or self.state.resets_ms
            return  # The turn's result repeats the error.
        for block in array(body, "content"):
            kind = text(block, "type")
            if kind in _KINDS:
                self._whole_text(stream, kind, text(block, kind), parent, interrupting=interrupting)
            elif kind in _CALLS:
                self._call(block, parent)
            elif kind.endswith("_tool_result"):
                self._result(block, None)
            elif kind != "redacted_thinking":
                self._port.raw(f"a {kind or 'nameless'} block", block)

    def _whole_text(self, stream: Stream, kind: str, words: str, parent: str, *, interrupting: bool) -> None:
        port = self._port
        streamed = [found for found in stream.blocks if found.item.kind == _KINDS[kind] and not found.confirmed]
        block = streamed[0] if streamed else None
        if block is not None and interrupting:
            block.confirmed = True
            if words and words != "".join(block.pieces):
                port.emit(Put(msgspec.structs.replace(block.item, text=words)))
            return
        if block is not None:
            stream.blocks.remove(block)
            if words == "".join(block.pieces) or (kind == "thinking" and not words):
                port.emit(SetStatus(block.item.id, "done", port.now_ms))
                return
        elif not words.strip():
            return
        item = self._new_item(_KINDS[kind], parent) if block is None else block.item
        port.emit(Put(msgspec.structs.replace(item, text=words, status="done", ended_ms=port.now_ms)))

    def _call(self, block: Mapping[str, Any], parent: str) -> None:
        name, values = text(block, "name"), mapping(block, "input")
        call = text(block, "id")
        if name in PLAN_TOOLS:
            # Claude's list of tasks is shown when the result confirms the change.
            item = self._call_item(call, name, parent)
            self.state.tools[call] = msgspec.structs.replace(
                item, title=name, command=msgspec.json.encode(values).decode()
            )
        else:
            self._put_call(call, name, values, parent)

    def _put_call(self, call: str, name: str, values: Mapping[str, Any], parent: str) -> None:
        state = self.state
        item = with_call(state.tools.get(call) or self._call_item(call, name, parent), name, values, state.directory)
        state.tools[call] = item
        if name in AGENTS:
            state.parents[call] = item.id
            while len(state.parents) > KEPT_PARENTS:
                del state.parents[next(iter(state.parents))]
        self._port.emit(Put(item))

    def _call_item(self, call: str, name: str, parent: str) -> Item:
        return Item(
            f"{self.state.turn}.{call}",
            "tool",
            self._port.now_ms,
            status="running",
            turn=self.state.turn,
            title=call_title(name, {}, ""),
            tool="other",
            parent=self._parent(parent),
        )

    def user(self, message: Mapping[str, Any]) -> None:
        """Read a message that Claude Code sent to the model: results of tools, or the output of its own commands."""
        content = message.get("message")
        content = content.get("content") if isinstance(content, dict) else None
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else array(content)
        for block in blocks:
            match text(block, "type"):
                case "tool_result":
                    self._result(block, message.get("tool_use_result"))
                case "text":
                    for _, words in _LOCAL_OUTPUT.findall(text(block, "text")):
                        self.add_command_output(words)
                case _:
                    pass

    def add_command_output(self, words: str) -> None:
        """Add the output of one of Claude's own commands."""
        words = words.strip()
        if words and not self.state.running:
            self._port.notice(words)
        elif words:
            item = self._new_item("agent", "")
            self._port.emit(Put(msgspec.structs.replace(item, text=words, status="done", ended_ms=self._port.now_ms)))

    def deny(self, call: str) -> None:
        """Mark a call as declined, by the user or by Claude's own rules; its result follows."""
        self.state.denied.append(call)

    def report(self, message: Mapping[str, Any]) -> bool:
        """Read the report of a task that has ended; False if it belongs to no call that shows it.

        A background sub-agent's report is added to the call that started it. A call that still waits for its result,
        as that of a command that took some seconds, gets nothing: the result follows.
        """
        call = text(message, "tool_use_id")
        item_id = self.state.parents.get(call, "")
        if item_id and text(message, "summary"):
            self._port.emit(Append(item_id, f"\n{text(message, 'summary')}", "output"))
        return bool(item_id) or call in self.state.tools

    def _result(self, block: Mapping[str, Any], detail: Any) -> None:
        state, call = self.state, text(block, "tool_use_id")
        item = state.tools.pop(call, None)
        denied = call in state.denied
        if denied:
            state.denied.remove(call)
        if item is not None and item.tool == "other" and item.title in SCHEDULERS:
            state.background.scheduled(detail)
        if item is not None and item.title in PLAN_TOOLS:
            if self._plan_changed(item, block, detail):
                return
            item = msgspec.structs.replace(item, command="")
        item = item or self._call_item(call, "Tool", "")
        self._port.emit(Put(with_result(item, block, detail, denied=denied, now_ms=self._port.now_ms)))

    def _plan_changed(self, item: Item, block: Mapping[str, Any], detail: Any) -> bool:
        """Apply a change of Claude's list of tasks; False if it failed."""
        if block.get("is_error") is True:
            return False
        values = msgspec.json.decode(item.command)
        tasks = self.state.tasks
        if item.title == "TodoWrite":
            todos = array(values, "todos")
            tasks.clear()
            tasks.update(
                {str(number): (text(todo, "content"), text(todo, "status")) for number, todo in enumerate(todos)}
            )
        elif item.title == "TaskCreate":
            tasks[text(detail, "task", "id") or str(len(tasks) + 1)] = (text(values, "subject"), "pending")
        else:
            key = text(values, "taskId")
            words, status = tasks.get(key, (key, "pending"))
            tasks[key] = (text(values, "subject") or words, text(values, "status") or status)
            if text(values, "status") == "deleted":
                del tasks[key]
        entries = tuple(plan_entry(*task) for task in tasks.values())
        self._port.emit(
            Put(
                Item(
                    f"{item.turn}.tasks",
                    "plan",
                    item.at_ms,
                    plan=entries,
                    turn=item.turn,
                    status="done",
                    parent=item.parent,
                )
            )
        )
        return True

    # ------------------------------------------------------------ ends and tokens

    def finish(self, status: ItemStatus) -> None:
        """Give this status to all items of the turn that are not complete: the turn has ended."""
        state, now_ms = self.state, self._port.now_ms
        of_turn = [call for call in state.tools if self.is_of_turn(call)]
        for parent in list(state.streams):
            # A sub-agent in the background has its result already, and still runs.
            if not parent or parent in state.tools:
                for block in state.streams.pop(parent).blocks:
                    self._port.emit(SetStatus(block.item.id, status, now_ms))
        for call in of_turn:
            item = state.tools.pop(call)
            if item.title not in PLAN_TOOLS:
                self._port.emit(SetStatus(item.id, status, now_ms))
        state.denied = []

    def is_of_turn(self, call: str) -> bool:
        """Whether a call belongs to the running turn, and not to a sub-agent in the background."""
        item = self.state.tools.get(call)
        return item is None or not item.parent or item.parent in {tool.id for tool in self.state.tools.values()}

    def item_of(self, call: str) -> str:
        """The id of a tool call's item, "" if there is none."""
        item = self.state.tools.get(call)
        return "" if item is None else item.id

    def emit_usage(self) -> None:
        """Report the tokens that are in use, if any are."""
        if self.state.read or self.state.written or self.state.total:
            self._emit_usage()

    def _emit_usage(self) -> None:
        self._port.emit(self._usage())

    def _usage(self) -> UsageChanged:
        state = self.state
        used, currency = state.read + state.written, "USD" if state.cost else ""
        return UsageChanged(
            used, state.window, state.total, state.cost, currency, state.limits, *state.tokens, is_least=state.lacks
        )

    def rate_limit(self, message: Mapping[str, Any]) -> None:
        """Read a "rate_limit_event" message; it is repeated whenever a used share changes, its notice is not."""
        state, previous_limits = self.state, self.state.limits
        state.limits = claude_limits(previous_limits, message, self._port.now_ms)
        if text(message, "rate_limit_info", "status") == "rejected":
            state.resets_ms = reset_ms(message, "rate_limit_info", "resetsAt")
        if state.limits != previous_limits:
            self._emit_usage()
        notice, previous = notices.from_event(message), state.limit_notice
        state.limit_notice = notice
        if notice and notice != previous:
            self._port.notice(notice)

    def note_result(self, message: Mapping[str, Any]) -> None:
        """Take the token totals of a "result" message; they are counted from the process's start."""
        state = self.state
        models = list(mapping(message, "modelUsage").values())
        names = (("inputTokens", "cacheCreationInputTokens"), ("cacheReadInputTokens",), ("outputTokens",))
        said = [[tokens(model, name) for model in models for name in group] for group in names]
        state.lacks = any(None in each for each in said)
        sums = [_sum(each, before) for each, before in zip(said, state.tokens, strict=True)]
        if sum(sums):
            state.total, state.tokens = sum(sums), (sums[0], sums[1], sums[2])
        state.window = max((tokens(model, "contextWindow") or 0 for model in models), default=0) or state.window
        cost = money(message.get("total_cost_usd"))
        state.cost = cost if cost is not None else state.cost
        if state.continues and state.total:
            self._tell_apart(mapping(message, "usage"))
        self.emit_usage()

    def _tell_apart(self, usage: Mapping[str, Any]) -> None:
        """Report what of the first totals after a resume or fork the conversation had used before.

        Version 2.1.332 goes on with the totals that the last process in this directory saved, if it was of the same
        conversation; version 2.1.197 begins at 0. The turn's "usage" has the requests of the main agent alone.
        """
        state = self.state
        state.continues, used, now = False, state.used, state.tokens
        turn = (
            (tokens(usage, "input_tokens") or 0) + (tokens(usage, "cache_creation_input_tokens") or 0),
            tokens(usage, "cache_read_input_tokens") or 0,
            tokens(usage, "output_tokens") or 0,
        )
        before = tuple(map(sub, now, turn))
        if used is not None and before == (used.read, used.cached, used.written):
            self._port.emit(msgspec.structs.replace(used, limits=state.limits, of_conversation="base"))
        elif any(before) and min(before) >= 0:
            total, (read, cached, written) = sum(before), before
            most = self._usage()
            self._port.emit(
                msgspec.structs.replace(
                    most, total=total, read=read, cached=cached, written=written, of_conversation="most"
                )
            )

    def _note_usage(self, usage: Mapping[str, Any]) -> None:
        names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        self.state.read = sum(tokens(usage, name) or 0 for name in names) or self.state.read
        self.state.written = tokens(usage, "output_tokens") or 0

    def _new_item(self, kind: ItemKind, parent: str) -> Item:
        state = self.state
        state.made += 1
        return Item(
            f"{state.turn}.{state.made}",
            kind,
            self._port.now_ms,
            status="running",
            turn=state.turn,
            parent=self._parent(parent),
        )

    def _parent(self, call: str) -> str:
        return self.state.parents.get(call, f"{self.state.turn}.{call}") if call else ""


def _sum(said: list[int | None], before: int) -> int:
    """The sum of a kind of tokens; the one before if a number is not known."""
    known = [each for each in said if each is not None]
    return sum(known) if len(known) == len(said) else before
