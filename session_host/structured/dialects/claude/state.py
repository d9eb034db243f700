"""The state of the Claude dialect."""

from __future__ import annotations

import msgspec

from session_host.structured.items import Item, SettingChoice, UsageLimit


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
    """The state of ``reader``.

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
        directory: the chat's directory; "" if unknown.
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


class OpenRequest(msgspec.Struct, array_like=True):
    """A request of Claude's that waits for the user's answer.

    Attributes:
        input: the tool's input, in Claude's own bytes.
        suggestions: the rules that Claude suggests, as JSON.
        call: Claude's id of the tool call.
        title: see ``items.AgentRequest``.
    """

    tool: str
    input: bytes
    suggestions: bytes
    call: str
    title: str = ""


class ClaudeState(msgspec.Struct, array_like=True):
    """The state of ``dialect``.

    Attributes:
        reader: see ``ReaderState``.
        controls: how many control requests were sent.
        sent: control requests without a reply, by their ids: the kind, and the value that was asked for.
        answered: Claude has answered the first control request.
        prompt: the id of the prompt that is sent and not confirmed.
        steering: steering texts that are sent and not confirmed: ids of the prompts by Claude's ids of the messages.
        interrupting: the user has interrupted the running turn.
        requests: open requests, by their ids.
        fork_of: the conversation that this one is a copy of.
        conversation, model, mode, effort: as Claude last reported them.
        models: the models to choose from; ``resolved`` has their full names and ``efforts`` their levels of effort.
    """

    reader: ReaderState
    controls: int = 0
    sent: dict[str, tuple[str, str]] = {}
    answered: bool = False
    prompt: str = ""
    steering: dict[str, str] = {}
    interrupting: bool = False
    requests: dict[str, OpenRequest] = {}
    fork_of: str = ""
    conversation: str = ""
    model: str = ""
    mode: str = ""
    models: list[SettingChoice] = []
    resolved: dict[str, str] = {}
    effort: str = ""
    efforts: dict[str, list[str]] = {}
