"""Claude's messages about the chat itself, as one line each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from session_host.structured.dialects.limits import reset_ms
from session_host.structured.dialects.reading import array, natural, text, tokens

# fmt: off
IGNORED: Final = frozenset({
    "control_request_progress", "files_persisted", "hook_progress", "hook_response",
    "hook_started", "session_state_changed", "task_progress", "task_started", "task_updated", "thinking_tokens",
    "turn_duration",
})
"""Kinds of "system" messages without news for the user: items, states and settings have it."""
# fmt: on


def from_system(message: Mapping[str, Any]) -> str | None:
    """The line of a "system" message; "" for one without a line, None for an unknown kind."""
    kind = text(message, "subtype")
    match kind:
        case "api_retry":
            status = natural(message, "error_status")
            cause = f"error {status}" if status else "no answer"
            wait_s = natural(message, "retry_delay_ms") / 1000
            attempts = f"attempt {natural(message, 'attempt')} of {natural(message, 'max_retries')}"
            return f"The model's service: {cause}. Trying again in {wait_s:.0f} s ({attempts})."
        case "compact_boundary":
            before = tokens(message, "compact_metadata", "pre_tokens") or 0
            return f"Earlier messages were summarised for the model (from {before:,} tokens)."
        case "task_notification":
            return text(message, "summary")
        case "status":
            return text(message, "compact_error")
        case "informational":
            return "" if text(message, "level") == "info" else text(message, "content")
        case "notification":
            return text(message, "text")
        case _ if kind in IGNORED:
            return ""
        case _:
            return text(message, "content") or None


def from_event(message: Mapping[str, Any]) -> str:
    """The line of a message about the service or the conversation; "" if there is nothing to say."""
    match text(message, "type"):
        case "rate_limit_event":
            return _from_rate_limit(message)
        case "conversation_reset":
            return "Claude Code has begun a new conversation: it does not know the messages above."
        case _:
            return text(message, "error")


def _from_rate_limit(message: Mapping[str, Any]) -> str:
    """The line of a "rate_limit_event" message; "" if no limit is near. The end of a turn says that one is reached."""
    if text(message, "rate_limit_info", "status") != "allowed_warning":
        return ""
    name = text(message, "rate_limit_info", "rateLimitType").replace("_", " ")
    line = "The usage limit is nearly reached"
    if resets_ms := reset_ms(message, "rate_limit_info", "resetsAt"):
        line += f" until {datetime.fromtimestamp(resets_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{line} ({name})." if name else f"{line}."


def from_failure(message: Mapping[str, Any]) -> str:
    """Why a turn failed, from its "result" message."""
    words = text(message, "result")
    if "run /login" in words:
        # Claude Code has this command only in its own terminal.
        reason = words.partition(" · ")[0]
        return f'{reason}: run "claude" in a terminal, log in with /login, then stop and resume this chat.'
    if words:
        return words
    reason = {
        "error_max_turns": "the limit of turns is reached",
        "error_max_budget_usd": "the budget is used up",
    }.get(text(message, "subtype"), "")
    errors = "; ".join(error for error in array(message, "errors") if isinstance(error, str))
    return reason or errors or text(message, "subtype") or "the turn failed"
