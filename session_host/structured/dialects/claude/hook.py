"""The questions of Claude's PermissionRequest hook, and its output. Pure.

Claude runs this hook while its own dialog shows the same question, and takes the first answer of the two. A hook
without output leaves the dialog alone. Checked with versions 2.1.197 and 2.1.329; see
https://code.claude.com/docs/en/hooks.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from session_host.structured.dialects.base import Chosen
from session_host.structured.dialects.reading import array, at, text
from session_host.structured.items import AgentRequest

from .approvals import OpenRequest, agent_request, reply

EVENT: Final = "PermissionRequest"

_OWN_DIALOGS: Final = frozenset({"AskUserQuestion", "EnterPlanMode", "ExitPlanMode"})
"""Tools with questions of their own: only Claude's dialogs offer all answers."""


class Call(NamedTuple):
    """A tool call, identified by its content: a PermissionRequest has no ``tool_use_id``."""

    agent: str
    """The sub-agent's id; "" for the conversation's own agent."""
    tool: str
    input: Any


def call_of(data: str) -> Call:
    """The tool call that the hook's input asks about."""
    hook_input = _decoded(data)
    return Call(text(hook_input, "agent_id"), text(hook_input, "tool_name"), at(hook_input, "tool_input"))


class Ended(NamedTuple):
    """Tool calls that have ended; an empty list stands for all calls of the sub-agent."""

    agent: str
    calls: list[Call]


def ended(data: str) -> Ended:
    """The ended calls that a report of the hook names (``Report.done``)."""
    hook_input = _decoded(data)
    agent = text(hook_input, "agent_id")
    calls = [Call(agent, text(call, "tool_name"), at(call, "tool_input")) for call in array(hook_input, "calls")]
    return Ended(agent, calls)


def question(request_id: str, data: str, at_ms: int) -> AgentRequest | None:
    """The question of a hook's input; None if only Claude's dialog can answer it."""
    hook_input = _decoded(data)
    name = text(hook_input, "tool_name")
    if text(hook_input, "hook_event_name") != EVENT or not name or name in _OWN_DIALOGS:
        return None
    body = {
        "tool_name": name,
        "input": at(hook_input, "tool_input"),
        "permission_suggestions": array(hook_input, "permission_suggestions"),
    }
    return agent_request(request_id, body, at_ms=at_ms, item="", directory=text(hook_input, "cwd"))


def output(data: str, answer: Chosen) -> bytes:
    """The hook's output that gives Claude the answer to the question of this input."""
    hook_input = _decoded(data)
    suggestions = msgspec.json.encode(array(hook_input, "permission_suggestions"))
    decision = reply(OpenRequest(text(hook_input, "tool_name"), b"{}", suggestions, ""), answer)
    decision.pop("updatedInput", None)  # Leave the input as Claude has it, which is as the user saw it.
    return msgspec.json.encode({"hookSpecificOutput": {"hookEventName": EVENT, "decision": decision}})


def _decoded(data: str) -> Any:
    """The value of a hook's input; None if it cannot be decoded exactly, so that the user would not see what runs."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
