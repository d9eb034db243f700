"""Questions of Claude's hook: shown exactly as they will run, and answered in the hook's format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from session_host.structured.dialects.base import Chosen
from session_host.structured.dialects.claude.hook import output, question

RULE = {"type": "addRules", "behavior": "allow", "destination": "localSettings", "rules": [{"toolName": "Bash"}]}
MODE = {"type": "setMode", "mode": "acceptEdits", "destination": "session"}


def hook_input(**more: Any) -> str:
    return json.dumps(
        {
            "hook_event_name": "PermissionRequest",
            "tool_name": "Bash",
            "cwd": "/srv",
            "session_id": "s",
            "tool_input": {"command": "rm -rf  build\nmake", "description": "Builds"},
            "permission_suggestions": [RULE, MODE],
            **more,
        }
    )


def decision(option: str, **texts: str) -> Any:
    reply = json.loads(output(hook_input(), Chosen(option, texts)))["hookSpecificOutput"]
    assert reply["hookEventName"] == "PermissionRequest"
    return reply["decision"]


def test_a_command_is_shown_exactly() -> None:
    request = question("q1", hook_input(), 7)
    assert request is not None
    assert (request.id, request.kind, request.at_ms, request.directory) == ("q1", "command", 7, "/srv")
    assert request.subject == "rm -rf  build\nmake"
    assert [(each.id, each.kind) for each in request.options] == [
        ("allow", "allow_once"),
        ("always", "allow_always"),
        ("mode acceptEdits", "allow_always"),
        ("decline", "reject_once"),
        ("stop", "cancel"),
    ]


def test_an_answer_permits_only_what_its_option_names() -> None:
    assert decision("allow") == {"behavior": "allow"}
    assert decision("always") == {"behavior": "allow", "updatedPermissions": [RULE]}
    assert decision("mode acceptEdits") == {"behavior": "allow", "updatedPermissions": [MODE]}
    assert decision("decline")["behavior"] == "deny"
    assert not decision("decline")["interrupt"]
    assert decision("stop")["interrupt"]


def test_another_tool_is_shown_with_its_whole_input() -> None:
    request = question("q", hook_input(tool_name="mcp__x__y", tool_input={"a": [1, {"b": "c"}]}), 0)
    assert request is not None
    assert (request.kind, request.complete) == ("permission", True)
    assert '"b": "c"' in request.subject


@pytest.mark.parametrize(
    "data",
    [
        hook_input(tool_name="AskUserQuestion"),
        hook_input(tool_name="ExitPlanMode"),
        hook_input(tool_name=""),
        hook_input(hook_event_name="PreToolUse"),
        "",
        "[]",
        "{",
        hook_input().replace("Builds", "\\ud800"),
    ],
)
def test_questions_that_only_claudes_dialog_can_answer_are_not_shown(data: str) -> None:
    assert question("q", data, 0) is None


def test_a_call_without_a_readable_input_can_only_be_declined() -> None:
    request = question("q", hook_input(tool_input="?"), 0)
    assert request is not None
    assert not request.complete
