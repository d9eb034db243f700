"""Counts a turn that has ended in a terminal, from the end of the agent's record: whether that has it whole, its work.

Work that is known in part only is not known: a turn with sub-agents, which have records of their own, has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from session_host.protocol.turns import TurnWork
from session_host.protocol.untrusted_text import one_line
from session_host.structured.dialects.claude.saved import items_of
from session_host.structured.dialects.claude.tools import AGENTS
from session_host.structured.dialects.codex.saved import items_of as codex_items
from session_host.structured.items import FileChange, Item, ItemStatus, ToolKind
from session_host.structured.turns import time_text, work_of

from .base import ConversationQuery
from .claude import transcripts_of
from .codex import rollouts
from .gemini import transcripts_of as gemini_transcripts
from .records import TooFarBack, decoded, lines_backwards, newest_first, records_backwards
from .stores import record_path, turns_in
from .turns import EARLY_S, ReadTurn, RecordedTurn, seconds_of, turn_of_number

READ_BYTES: Final = 1 << 20


class Counted(NamedTuple):
    """A turn as the record has it now.

    Attributes:
        directory: that of the record, or of what will be.
        is_whole: whether it has all of the turn.
        is_stopped: whether it says that the user stopped the turn.
        work: what the turn did, once it is whole; None if that is not known.
        said: see ``AgentStatus``.
        is_limit: whether it says that a limit of the user's subscription stopped the turn.
        resets_at: when that is reset; "" if it does not say that.
        error: what it says of the error that stopped the turn, one line; "" for none.
    """

    directory: Path
    is_whole: bool = False
    is_stopped: bool = False
    work: TurnWork | None = None
    said: str = ""
    is_limit: bool = False
    resets_at: str = ""
    error: str = ""


def count(
    store: str, query: ConversationQuery, starts: Mapping[int, float], number: int, ended_s: float
) -> Counted | None:
    """Read a turn; None if it cannot be read, or began too far back. Blocks on the disk.

    Args:
        store: the name of the agent's store.
        query: the conversation.
        starts: when the session's newest turns began, by their numbers, in seconds since 1970.
        number: the turn, the newest of them.
        ended_s: when it ended.
    """
    query = query._replace(most_bytes=READ_BYTES)
    record = record_path(store, query)
    if record is None:
        return None
    directory = next(each for each in record.parents if each.is_dir())
    turns: list[RecordedTurn] = []
    is_too_far = False

    def within_reach() -> Iterator[RecordedTurn]:
        nonlocal is_too_far
        try:
            for turn in turns_in(store, query):
                turns.append(turn)
                yield turn
        except TooFarBack:
            is_too_far = True

    try:
        turn = turn_of_number(within_reach(), starts, number, ended_s)
        if is_too_far and not turns:
            return None
        if turn is None:
            return Counted(directory)
        is_whole = turn.is_stopped or (bool(turn.answer) and not turn.goes_on)
        found = Counted(directory, is_whole, turn.is_stopped, said=turn.said if isinstance(turn, ReadTurn) else "")
        reader = _READERS.get(store)
        return reader(found, query, turn.at_s, ended_s + EARLY_S) if reader is not None else found
    except (OSError, TooFarBack):
        return Counted(directory)


# ---------------------------------------------------------------- Claude Code


class _Usage(msgspec.Struct):
    input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0


class _Block(msgspec.Struct):
    type: str = ""
    name: str = ""
    text: str = ""


class _Message(msgspec.Struct):
    id: str = ""
    content: str | list[_Block] = ""
    usage: _Usage | None = None

    @property
    def text(self) -> str:
        """All that it says, in one line."""
        blocks = self.content if isinstance(self.content, list) else [_Block(text=self.content)]
        return one_line(" ".join(block.text for block in blocks if block.text)).strip()


class _Limit(msgspec.Struct, rename="camel"):
    resets_at: float = 0.0


class _ErrorParameters(msgspec.Struct):
    rate_limit_info: _Limit | None = None


class _Line(msgspec.Struct, rename="camel"):
    """A line of a transcript; one in the model's name may be an error, and the kind of that."""

    type: str = ""
    subtype: str = ""
    timestamp: object = None
    message: _Message | None = None
    is_api_error_message: bool = False
    error: object = None
    api_error_params: _ErrorParameters | None = None


def _claudes(found: Counted, query: ConversationQuery, began_s: float, next_s: float) -> Counted:
    """A turn with what it did between the prompt of a time and the first one since another time."""
    decoder = msgspec.json.Decoder(_Line)
    lines: list[bytes] = []
    usage = dict[str, _Usage]()
    newest: _Line | None = None
    is_compacted = has_agents = False  # The requests of these are not recorded.
    for data in lines_backwards(newest_first(transcripts_of(query))[0], query.most_bytes):  # It has the prompt.
        lines.append(data)
        line = decoded(decoder, data, _Line)
        if line is None:
            continue
        is_compacted = is_compacted or line.subtype == "compact_boundary"
        if line.type == "assistant" and line.message is not None:
            newest = newest or line
            has_agents |= any(block.name in AGENTS for block in line.message.content if isinstance(block, _Block))
            usage.setdefault(line.message.id, line.message.usage or _Usage())  # A message's last line has all of it.
        elif line.type in {"user", "attachment"} and (at_s := seconds_of(line.timestamp)) == began_s:
            break
        elif line.type == "user" and at_s >= next_s:
            lines, usage, newest, is_compacted, has_agents = [], {}, None, False, False  # The next turn has begun.
    else:
        return found
    if newest is not None and newest.is_api_error_message:
        limit = newest.api_error_params.rate_limit_info if newest.api_error_params is not None else None
        resets_at = time_text(round(limit.resets_at * 1000)) if limit is not None else ""
        error = newest.message.text if newest.message is not None else ""
        is_limit = newest.error == "rate_limit"
        found = found._replace(is_whole=True, is_limit=is_limit, resets_at=resets_at, error=error or "API error")
    if has_agents or not found.is_whole:
        return found
    used = usage.values() if not is_compacted else ()
    return _worked(
        found,
        items_of(reversed(lines)),
        (
            (
                each.input_tokens + each.cache_creation_input_tokens,
                each.cache_read_input_tokens,
                each.output_tokens,
            )
            for each in used
        ),
    )


def _worked(found: Counted, items: Iterable[Item], tokens: Iterable[tuple[int, int, int]]) -> Counted:
    """A turn with its work: its items, and of each request the tokens that the model read, had cached, and wrote."""
    read, cached, written = (sum(each) for each in zip((0, 0, 0), *tokens, strict=True))
    work = work_of(items)
    if read or cached or written:
        work = msgspec.structs.replace(work, read=read, cached=cached, written=written, known="least")
    return found._replace(work=work)


# ---------------------------------------------------------------- Codex


class _Tokens(msgspec.Struct):
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0


class _Failure(msgspec.Struct):
    message: str = ""
    codex_error_info: object = None


class _Content(msgspec.Struct):
    type: str = ""
    name: str = ""
    item: dict[str, Any] = {}
    usage: _Tokens | None = None
    error: _Failure | None = None


class _RolloutLine(msgspec.Struct):
    type: str = ""
    payload: _Content = msgspec.field(default_factory=_Content)
    timestamp: object = None


def _codexes(found: Counted, query: ConversationQuery, began_s: float, next_s: float) -> Counted:
    """The same; a turn with several prompts begins with the first of them."""
    items = list[dict[str, Any]]()
    used = list[_Tokens]()
    end: _Content | None = None
    has_prompt = has_agents = False
    for line in records_backwards(newest_first(rollouts(query))[0], _RolloutLine, query.most_bytes):
        match line.type, line.payload:
            case "event_msg", _Content(type="item_completed", item=item):
                if item.get("type") == "UserMessage" and seconds_of(line.timestamp) >= next_s:
                    items, used, end, has_agents = [], [], None, False  # The next turn has begun.
                    continue
                items.append(item)
                has_prompt |= item.get("type") == "UserMessage" and seconds_of(line.timestamp) == began_s
            case "event_msg", _Content(type="task_complete") as content:
                end = end or content
            case "event_msg", _Content(type="task_started") if has_prompt:
                break
            case "token_usage_record", _Content(usage=_Tokens() as usage):
                used.append(usage)
            case "response_item", _Content(type="function_call", name="spawn_agent"):
                has_agents = True
    else:
        return found
    if end is not None:
        found = found._replace(is_whole=True)
    if end is not None and end.error is not None:
        is_limit = end.error.codex_error_info == "usage_limit_exceeded"
        found = found._replace(is_limit=is_limit, error=one_line(end.error.message) or "error")
    if has_agents or not found.is_whole:
        return found
    return _worked(
        found,
        codex_items(reversed(items), query.directory),
        ((each.input_tokens - each.cached_input_tokens, each.cached_input_tokens, each.output_tokens) for each in used),
    )


# ---------------------------------------------------------------- Gemini CLI


_GEMINIS_TOOLS: Final[Mapping[str, ToolKind]] = {
    "run_shell_command": "execute",
    "replace": "edit",
    "write_file": "edit",
    "read_file": "read",
    "read_many_files": "read",
    "list_directory": "read",
    "glob": "search",
    "grep_search": "search",
    "search_file_content": "search",
    "google_web_search": "search",
    "web_fetch": "fetch",
}
_GEMINIS_AGENTS: Final = frozenset(
    {"codebase_investigator", "cli_help", "delegate_to_agent", "generalist", "invoke_agent"}
)
_GEMINIS_STATUSES: Final[Mapping[str, ItemStatus]] = {"success": "done", "cancelled": "declined"}
_EXIT_CODE: Final = re.compile(r"Command exited with code: (\d+)")


class _GeminiTokens(msgspec.Struct):
    input: int = 0
    cached: int = 0
    output: int = 0
    thoughts: int = 0


class _GeminiEdit(msgspec.Struct, rename="camel"):
    file_path: str = ""
    file_diff: str = ""
    is_new_file: bool = False


class _GeminiCall(msgspec.Struct, rename="camel"):
    id: str = ""
    name: str = ""
    status: str = ""
    result_display: _GeminiEdit | str | None = None


class _GeminiMessage(msgspec.Struct, rename="camel"):
    id: str = ""
    type: str = ""
    timestamp: object = None
    content: object = None
    tokens: _GeminiTokens | None = None
    tool_calls: list[_GeminiCall] = []

    @property
    def is_prompt(self) -> bool:
        """Whether the user wrote it; results of tools are messages of the user, too."""
        parts = self.content if isinstance(self.content, list) else []
        return self.type == "user" and any(isinstance(part, dict) and "text" in part for part in parts)


def _geminis(found: Counted, query: ConversationQuery, began_s: float, next_s: float) -> Counted:
    """The same. A message is written again with its calls: its last line has all of it."""
    messages = dict[str, _GeminiMessage]()
    for message in records_backwards(newest_first(gemini_transcripts(query))[0], _GeminiMessage, query.most_bytes):
        if message.is_prompt and seconds_of(message.timestamp) == began_s:
            break
        if message.is_prompt and seconds_of(message.timestamp) >= next_s:
            messages.clear()  # The next turn has begun.
        elif message.type == "gemini":
            messages.setdefault(message.id, message)
    else:
        return found
    calls = [call for message in reversed(messages.values()) for call in message.tool_calls]
    if not found.is_whole or any(call.name in _GEMINIS_AGENTS for call in calls):
        return found
    used = [message.tokens for message in messages.values() if message.tokens is not None]
    return _worked(
        found,
        map(_geminis_item, calls),
        ((each.input - each.cached, each.cached, each.output + each.thoughts) for each in used),
    )


def _geminis_item(call: _GeminiCall) -> Item:
    shown = call.result_display
    exit_code = int(code[1]) if isinstance(shown, str) and (code := _EXIT_CODE.match(shown)) else None
    changes: tuple[FileChange, ...] = ()
    if isinstance(shown, _GeminiEdit) and shown.file_diff:
        changes = (FileChange(shown.file_path, shown.file_diff, "add" if shown.is_new_file else "update"),)
    status = _GEMINIS_STATUSES.get(call.status, "failed")
    tool = _GEMINIS_TOOLS.get(call.name, "other")
    return Item(call.id, "tool", 0, status=status, tool=tool, exit_code=exit_code, changes=changes)


_READERS: Final[Mapping[str, Callable[[Counted, ConversationQuery, float, float], Counted]]] = {
    "claude": _claudes,
    "codex": _codexes,
    "gemini": _geminis,
}
"""The readers of a turn's work and its error, by the name of the store."""
