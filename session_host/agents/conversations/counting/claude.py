"""What a turn of Claude Code in a terminal did."""

from __future__ import annotations

import msgspec

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.claude import transcripts_of
from session_host.agents.conversations.records import decoded, lines_backwards, newest_first
from session_host.agents.conversations.turns import seconds_of
from session_host.protocol.untrusted_numbers import Said, time_ms
from session_host.protocol.untrusted_text import one_line
from session_host.structured.dialects.claude.saved import items_of
from session_host.structured.dialects.claude.tools import AGENTS
from session_host.structured.turns import time_text

from .base import Counted, counted_tokens, worked


class _Usage(msgspec.Struct):
    input_tokens: Said = None
    cache_creation_input_tokens: Said = None
    cache_read_input_tokens: Said = None
    output_tokens: Said = None


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
    resets_at: Said = None


class _ErrorParameters(msgspec.Struct):
    rate_limit_info: _Limit | None = None


class _Line(msgspec.Struct, rename="camel"):
    """A line of a transcript; one in the model's name may be an error, and the kind of that."""

    type: str = ""
    timestamp: object = None
    message: _Message | None = None
    is_api_error_message: bool = False
    error: object = None
    api_error_params: _ErrorParameters | None = None


def count_claude(found: Counted, query: ConversationQuery, began_s: float, next_s: float) -> Counted:
    """A turn with what it did between the prompt of a time and the first one since another time."""
    decoder = msgspec.json.Decoder(_Line)
    lines: list[bytes] = []
    usage = dict[str, _Usage]()
    newest: _Line | None = None
    has_agents = False  # Their requests are not recorded here.
    for data in lines_backwards(newest_first(transcripts_of(query))[0], query.most_bytes):  # It has the prompt.
        lines.append(data)
        line = decoded(decoder, data, _Line)
        if line is None:
            continue
        if line.type == "assistant" and line.message is not None:
            newest = newest or line
            has_agents |= any(block.name in AGENTS for block in line.message.content if isinstance(block, _Block))
            usage.setdefault(line.message.id, line.message.usage or _Usage())  # A message's last line has all of it.
        elif line.type in {"user", "attachment"} and (at_s := seconds_of(line.timestamp)) == began_s:
            break
        elif line.type == "user" and at_s >= next_s:
            lines, usage, newest, has_agents = [], {}, None, False  # The next turn has begun.
    else:
        return found
    if newest is not None and newest.is_api_error_message:
        limit = newest.api_error_params.rate_limit_info if newest.api_error_params is not None else None
        resets_at = time_text(time_ms(limit.resets_at, 1000) or 0) if limit is not None else ""
        error = newest.message.text if newest.message is not None else ""
        is_limit = newest.error == "rate_limit"
        found = found._replace(is_whole=True, is_limit=is_limit, resets_at=resets_at, error=error or "API error")
    if has_agents:
        return found
    return worked(
        found,
        [*items_of(reversed(lines))],
        (
            (
                counted_tokens(each.input_tokens) + counted_tokens(each.cache_creation_input_tokens),
                counted_tokens(each.cache_read_input_tokens),
                counted_tokens(each.output_tokens),
            )
            for each in usage.values()
        ),
    )
