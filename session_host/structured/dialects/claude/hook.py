"""The questions of Claude's PermissionRequest hook, and its output. Pure.

Claude runs this hook while its own dialog shows the same question, and takes the first answer of the two. A hook
without output leaves the dialog alone. Checked with versions 2.1.197 and 2.1.329; see
https://code.claude.com/docs/en/hooks.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from session_host.structured.dialects.base import Answer
from session_host.structured.dialects.reading import array, at, text
from session_host.structured.items import AgentRequest

from .requests import agent_request, reply
from .state import OpenRequest

EVENT: Final = "PermissionRequest"

_OWN_DIALOGS: Final = frozenset({"AskUserQuestion", "EnterPlanMode", "ExitPlanMode"})
"""Tools that ask more than whether they may run: their dialogs alone have all answers."""


class Call(NamedTuple):
    """A tool call, as far as a PermissionRequest identifies it: that has no ``tool_use_id``."""

    agent: str
    """The sub-agent's id; "" for the conversation's own agent."""
    tool: str
    input: Any


def call_of(data: str) -> Call:
    """The call that a hook's input asks about."""
    given = _decoded(data)
    return Call(text(given, "agent_id"), text(given, "tool_name"), at(given, "tool_input"))


class Ended(NamedTuple):
    """The end of tool calls, or of a sub-agent with all of its calls."""

    agent: str
    calls: list[Call]


def ended(data: str) -> Ended:
    """What has ended by a report of the hook (``Report.done``)."""
    given = _decoded(data)
    agent = text(given, "agent_id")
    calls = [Call(agent, text(each, "tool_name"), at(each, "tool_input")) for each in array(given, "calls")]
    return Ended(agent, calls)


def question(request_id: str, data: str, at_ms: int) -> AgentRequest | None:
    """The question of a hook's input; None if only Claude's dialog can answer it."""
    given = _decoded(data)
    name = text(given, "tool_name")
    if text(given, "hook_event_name") != EVENT or not name or name in _OWN_DIALOGS:
        return None
    body = {
        "tool_name": name,
        "input": at(given, "tool_input"),
        "permission_suggestions": array(given, "permission_suggestions"),
    }
    return agent_request(request_id, body, at_ms=at_ms, item="", directory=text(given, "cwd"))


def output(data: str, answer: Answer) -> bytes:
    """The hook's output that gives Claude the answer to the question of this input."""
    given = _decoded(data)
    suggestions = msgspec.json.encode(array(given, "permission_suggestions"))
    decision = reply(OpenRequest(text(given, "tool_name"), b"{}", suggestions, ""), answer)
    decision.pop("updatedInput", None)  # The call runs as Claude has it, which is as it was shown.
    return msgspec.json.encode({"hookSpecificOutput": {"hookEventName": EVENT, "decision": decision}})


def _decoded(data: str) -> Any:
    """The value of a hook's input; None if some of it would be shown in another way than it runs."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
