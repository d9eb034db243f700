"""What a turn of Codex in a terminal did."""

from __future__ import annotations

from typing import Any

import msgspec

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.codex import rollouts
from session_host.agents.conversations.records import newest_first, records_backwards
from session_host.agents.conversations.turns import seconds_of
from session_host.protocol.untrusted_numbers import Said
from session_host.protocol.untrusted_text import one_line
from session_host.structured.dialects.codex.saved import items_of

from .base import Counted, counted_tokens, worked


class _Tokens(msgspec.Struct):
    input_tokens: Said = None
    cached_input_tokens: Said = None
    output_tokens: Said = None


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


def count_codex(found: Counted, query: ConversationQuery, began_s: float, next_s: float) -> Counted:
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
    if has_agents:
        return found
    return worked(
        found,
        [*items_of(reversed(items), query.directory)],
        map(_tokens, used),
    )


def _tokens(used: _Tokens) -> tuple[int, int, int]:
    cached = counted_tokens(used.cached_input_tokens)
    return counted_tokens(used.input_tokens) - cached, cached, counted_tokens(used.output_tokens)
