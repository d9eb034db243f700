"""Questions of Claude's hook: shown exactly as they will run, and answered in the hook's format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from session_host.structured.dialects.base import Answer
from session_host.structured.dialects.claude.hook import output, question

RULE = {"type": "addRules", "behavior": "allow", "destination": "localSettings", "rules": [{"toolName": "Bash"}]}
MODE = {"type": "setMode", "mode": "acceptEdits", "destination": "session"}


def given(**more: Any) -> str:
    return json.dumps(
        {
            "hook_event_name": "PermissionRequest", "tool_name": "Bash", "cwd": "/srv", "session_id": "s",
            "tool_input": {"command": "rm -rf  build\nmake", "description": "Builds"},
            "permission_suggestions": [RULE, MODE], **more,
        }
    )  # fmt: skip


def decision(option: str, **texts: str) -> Any:
    reply = json.loads(output(given(), Answer(option, texts)))["hookSpecificOutput"]
    assert reply["hookEventName"] == "PermissionRequest"
    return reply["decision"]


def test_a_command_is_shown_exactly() -> None:
    asked = question("q1", given(), 7)
    assert asked is not None
    assert (asked.id, asked.kind, asked.at_ms, asked.directory) == ("q1", "command", 7, "/srv")
    assert asked.subject == "rm -rf  build\nmake"
    assert [(each.id, each.kind) for each in asked.options] == [
        ("allow", "allow_once"), ("always", "allow_always"), ("mode acceptEdits", "allow_always"),
        ("decline", "reject_once"), ("stop", "cancel"),
    ]  # fmt: skip


def test_an_answer_permits_only_what_its_option_names() -> None:
    assert decision("allow") == {"behavior": "allow"}
    assert decision("always") == {"behavior": "allow", "updatedPermissions": [RULE]}
    assert decision("mode acceptEdits") == {"behavior": "allow", "updatedPermissions": [MODE]}
    assert decision("decline")["behavior"] == "deny"
    assert not decision("decline")["interrupt"]
    assert decision("stop")["interrupt"]


def test_another_tool_is_shown_with_its_whole_input() -> None:
    asked = question("q", given(tool_name="mcp__x__y", tool_input={"a": [1, {"b": "c"}]}), 0)
    assert asked is not None
    assert (asked.kind, asked.complete) == ("permission", True)
    assert '"b": "c"' in asked.subject


@pytest.mark.parametrize(
    "data",
    [
        given(tool_name="AskUserQuestion"), given(tool_name="ExitPlanMode"), given(tool_name=""),
        given(hook_event_name="PreToolUse"), "", "[]", "{",
        given().replace("Builds", "\\ud800"),
    ],
)  # fmt: skip
def test_questions_that_only_claudes_dialog_can_answer_are_not_shown(data: str) -> None:
    assert question("q", data, 0) is None


def test_a_call_without_a_readable_input_can_only_be_declined() -> None:
    asked = question("q", given(tool_input="?"), 0)
    assert asked is not None
    assert not asked.complete
