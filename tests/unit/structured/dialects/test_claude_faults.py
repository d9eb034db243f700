"""Messages of Claude Code with missing fields, and with fields of other types than expected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from session_host.structured.dialects.base import Chosen, Start
from session_host.structured.dialects.claude.approvals import (
    NO_PLAN,
    agent_request,
    always_options,
    elicitation,
    open_request,
    reply,
)
from session_host.structured.dialects.claude.dialect import ClaudeDialect
from session_host.structured.dialects.claude.notices import from_failure
from session_host.structured.dialects.claude.tools import DECLINED
from session_host.structured.items import AnyChange, Put, StateChanged
from session_host.structured.lines import AgentLine
from session_host.structured.rules import StructuredRules
from tests.support.fuzzing import damaged
from tests.support.replayed_claude import CURRENT, ReplayedClaude, entries


def faults(changes: list[AnyChange]) -> list[str]:
    """Titles of the raw items that errors in the dialect have caused."""
    raws = [each.item for each in changes if isinstance(each, Put) and each.item.kind == "raw"]
    return [each.title for each in raws if "Error" in each.title]


def one_of_each_kind() -> Iterator[tuple[ReplayedClaude, dict[str, Any]]]:
    """Yield the first message of each kind in the recording, with the chat just before it."""
    replayed, seen = ReplayedClaude(), set()
    for entry in entries(CURRENT):
        message = entry["msg"]
        if entry["dir"] == "<-":
            event = message.get("event", {})
            blocks = message.get("message", {}).get("content", "")
            block = blocks[0].get("type") if isinstance(blocks, list) and blocks else ""
            kind = (message["type"], message.get("subtype"), event.get("type"), block, "tool_use_result" in message)
            if kind not in seen:
                seen.add(kind)
                yield replayed, message
        replayed.replay(entry)


def test_a_message_with_a_wrong_field_causes_no_error() -> None:
    found = []
    for replayed, message in one_of_each_kind():
        state, dialect = replayed.rules.save()
        kept = msgspec.msgpack.encode(state)
        for _, wrong in damaged(message):
            rules = StructuredRules(ClaudeDialect, Start(directory="/"), "s")
            rules.load(msgspec.msgpack.decode(kept, type=type(state)), dialect)
            step = rules.receive_lines([AgentLine(json.dumps(wrong).encode())], 2)
            if problems := faults(step.changes):
                found.append((problems, wrong))
            rules.save()
    assert found == []


def control_request(request_id: str, request: dict[str, Any]) -> AgentLine:
    return AgentLine(json.dumps({"type": "control_request", "request_id": request_id, "request": request}).encode())


def test_a_form_with_a_wrong_field_causes_no_error() -> None:
    schema = {"properties": {"a": {"type": "array", "items": {"enum": ["x"]}}, "b": {"oneOf": [{"const": "y"}]}}}
    form = {"subtype": "elicitation", "mcp_server_name": "s", "message": "m", "requested_schema": schema}
    for _, wrong in damaged(form):
        rules = StructuredRules(ClaudeDialect, Start(directory="/"), "s")
        rules.begin(1)
        assert faults(rules.receive_lines([control_request("1", wrong)], 2).changes) == []


def test_of_several_questions_the_oldest_is_named() -> None:
    """The keys answer it, too."""
    rules = StructuredRules(ClaudeDialect, Start(directory="/"), "s")
    rules.begin(1)
    asked = [ask("Bash", {"command": f"touch {name}"}) for name in ("FIRST", "SECOND")]
    changes = [
        change
        for number, body in enumerate(asked)
        for change in rules.receive_lines([control_request(str(number), body)], 2).changes
    ]
    states = [each for each in changes if isinstance(each, StateChanged) and each.state == "requires_action"]
    assert {each.detail for each in states} == {"Run touch FIRST?"}


def ask(name: str, values: Any, **fields: Any) -> dict[str, Any]:
    return {"subtype": "can_use_tool", "tool_name": name, "input": values, "tool_use_id": "t", **fields}


def shown(body: dict[str, Any]) -> tuple[str, str, str, bool]:
    request = agent_request("r", body, at_ms=1, item="", directory="/")
    return request.kind, request.title, request.subject, request.complete


def test_a_command_outside_of_the_sandbox_is_marked() -> None:
    body = ask("Bash", {"command": "make", "description": "Build", "dangerouslyDisableSandbox": True})
    kind, title, subject, complete = shown(body)
    assert (kind, title, complete) == ("permission", "With dangerouslyDisableSandbox: true: Build", True)
    assert subject.startswith("Bash\n{")
    assert '"dangerouslyDisableSandbox": true' in subject


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Bash", {"command": "make", "sandbox": False}),
        ("Bash", {"command": "make", "timeout": "rm"}),
        ("Write", {"file_path": "/a", "content": {"rm": 1}}),
        ("MultiEdit", {"file_path": "/a", "edits": [{"old_string": "x", "new_string": "y", "replace_all": True}]}),
        ("MultiEdit", {"file_path": "/a", "edits": "rm"}),
    ],
)
def test_a_field_of_another_type_or_with_another_meaning_is_shown(name: str, values: dict[str, Any]) -> None:
    _, title, subject, _ = shown(ask(name, values))
    key, value = list(values.items())[-1]
    assert f"{key}: {json.dumps(value, separators=(',', ':'))}" in title or f'"{key}": ' in subject


def test_a_page_that_an_mcp_server_wants_visited_is_named_and_not_opened() -> None:
    body = {"mcp_server_name": "asker", "mode": "url", "message": "Log in.", "url": "https://example.org/in"}
    opened, request = elicitation("r", body, at_ms=1)
    assert (request.title, request.subject) == ("asker: Log in.", "https://example.org/in")
    assert [option.label for option in request.options] == ["I have done it", "Decline", "Cancel"]
    assert reply(opened, Chosen("accept", {})) == {"action": "accept", "content": {}}


@pytest.mark.parametrize("message", ["word " * 60 + "end", "Two\nlines"])
def test_a_message_of_an_mcp_server_that_is_no_title_is_shown_whole(message: str) -> None:
    _opened, request = elicitation("r", {"mcp_server_name": "asker", "message": message}, at_ms=1)
    assert request.subject == message


def test_a_command_without_a_description_is_shown_in_the_title() -> None:
    assert shown(ask("Bash", {"command": "npm  test\n"}))[1] == "Run npm test?"
    assert shown(ask("Bash", {"command": "x" * 200}))[1] == f"Run {'x' * 59} … {'x' * 58}?"


def test_a_call_that_does_not_fit_into_the_title_is_shown_with_its_whole_input() -> None:
    kind, _, subject, complete = shown(ask("Bash", {"command": "make", "env": {"PATH": "x" * 200}}))
    assert (kind, complete) == ("permission", True)
    assert "x" * 200 in subject


@pytest.mark.parametrize(
    ("name", "values", "title"),
    [
        ("Write", {"file_path": "/home/user/src/api/new.py"}, "Write new.py"),
        ("Write", {"file_path": "/home/user/src/other/new.py"}, "Write /home/user/src/other/new.py"),
        ("Edit", {"file_path": "/home/user/src/api//etc/passwd"}, "Edit /home/user/src/api//etc/passwd"),
        (
            "Grep",
            {"pattern": "/home/user/src/api/x", "path": "/home/user/src/api/lib"},
            "Use Grep /home/user/src/api/x lib",
        ),
    ],
)
def test_a_file_below_the_chats_directory_is_named_relative_to_it(
    name: str, values: dict[str, str], title: str
) -> None:
    request = agent_request("r", ask(name, values), at_ms=1, item="", directory="/home/user/src/api")
    assert request.title == title


def test_a_question_says_what_its_choices_mean_and_takes_several() -> None:
    options = [{"label": "API", "description": "REST"}, {"label": ""}, {"label": "UI"}]
    asked = {"question": "Which parts?", "multiSelect": True, "options": options}
    body = ask("AskUserQuestion", {"questions": [asked]})
    request = agent_request("r", body, at_ms=1, item="", directory="/")
    (question,) = request.questions
    assert (request.title, request.subject) == ("Which parts?", "")
    assert question.shown_text == "Which parts? (several answers possible)"
    assert (question.several, question.described()) == (True, (("API", "REST"), ("UI", "")))
    line = json.dumps({"request": body}).encode()
    replied = reply(open_request(line, body), Chosen("", {"0": "API\nUI"}))
    assert replied["updatedInput"]["answers"] == {"Which parts?": "API, UI"}


def test_a_call_without_an_input_can_only_be_declined() -> None:
    assert not shown(ask("Bash", None))[3]


def test_an_unknown_tool_is_shown_with_its_whole_input() -> None:
    assert shown(ask("mcp__db__query", {"sql": "drop"})) == (
        "permission",
        "Use db: query",
        'mcp__db__query\n{\n  "sql": "drop"\n}',
        True,
    )


def test_an_edit_that_replaces_all_matches_is_marked() -> None:
    values = {"file_path": "/a", "old_string": "x", "new_string": "y", "replace_all": True}
    assert shown(ask("Edit", values))[1:3] == (
        "With replace_all: true: Edit /a",
        "--- /a\n+++ /a\n@@ -0 +0 @@\n-x\n+y\n",
    )


def test_a_plan_is_shown_completely() -> None:
    assert shown(ask("ExitPlanMode", {"plan": "# Plan\n1. do"}))[1:] == ("Work by this plan?", "# Plan\n1. do", True)


def test_a_plan_is_shown_with_what_it_allows() -> None:
    values = {"plan": "1. do", "planFilePath": "/p.md", "allowedPrompts": [{"tool": "Bash", "prompt": "run tests"}]}
    title, subject = shown(ask("ExitPlanMode", values))[1:3]
    assert title == "Work by this plan?"
    assert subject.startswith("1. do\n\n{")
    assert '"run tests"' in subject


def test_the_end_of_planning_without_a_plan_file_is_a_question_in_words() -> None:
    request = agent_request("r", ask("ExitPlanMode", {}), at_ms=1, item="", directory="/")
    assert (request.title, request.subject) == ("End planning, and start?", NO_PLAN)
    assert [option.name for option in request.options] == ["Start", "Keep planning", "Decline and stop"]


def test_the_reply_has_the_exact_bytes_of_the_request() -> None:
    line = b'{"type":"control_request","request":{"input":{"n":123456789012345678901234567890,  "t":"\\u00e9"}}}'
    opened = open_request(line, ask("X", {}))
    assert msgspec.json.encode(reply(opened, Chosen("allow"))) == (
        b'{"behavior":"allow","updatedInput":{"n":123456789012345678901234567890,  "t":"\\u00e9"}}'
    )


@pytest.mark.parametrize(
    ("option", "chosen"), [("allow", []), ("always", ["addRules", "addDirectories"]), ("mode acceptEdits", ["setMode"])]
)
def test_an_option_allows_only_what_its_name_says(option: str, chosen: list[str]) -> None:
    rule = {"toolName": "Bash", "ruleContent": "make *"}
    suggestions = [
        {"type": "addRules", "rules": [rule], "behavior": "allow", "destination": "localSettings"},
        {"type": "addDirectories", "directories": ["/x"], "destination": "session"},
        {"type": "setMode", "mode": "acceptEdits", "destination": "session"},
        {"type": "removeEverything", "destination": "userSettings"},
    ]
    assert [(each.label, each.name) for each in always_options(suggestions)] == [
        (
            "Always allow `make *` in this directory, the directory /x in this chat",
            "Always allow Bash(make *) in this directory; the directory /x in this chat",
        ),
        ("Allow, and accept edits from now on",) * 2,
    ]
    line = json.dumps({"request": ask("Bash", {"command": "make"}, permission_suggestions=suggestions)}).encode()
    permitted = reply(open_request(line, ask("Bash", {})), Chosen(option)).get("updatedPermissions", [])
    assert [each["type"] for each in permitted] == chosen


@pytest.mark.parametrize(
    ("contents", "label"),
    [
        (["npm test:*"], "Always allow `npm test`…"),
        (["bash -c 'rm -rf build'"], "Always allow `rm -rf build`"),
        (
            [f"one {number}" for number in range(9)],
            "Always allow `one 0`, `one 1`, `one 2`, `one 3`, `one 4`, `one 5` and 3 more rules",
        ),
        (["x" * 400, "rm -rf ~"], f"Always allow `{'x' * 29} … {'x' * 28}` and 1 more rule"),
    ],
)
def test_rules_are_shortened_on_a_button_and_counted(contents: list[str], label: str) -> None:
    rules = [{"toolName": "Bash", "ruleContent": content} for content in contents]
    [option] = always_options([{"type": "addRules", "rules": rules, "behavior": "allow"}])
    assert option.label == label
    assert option.name == f"Always allow {', '.join(f'Bash({content})' for content in contents)}"


def test_an_option_that_is_too_long_to_read_is_left_out() -> None:
    rules = [{"toolName": "Bash", "ruleContent": "x" * 600}]
    assert always_options([{"type": "addRules", "rules": rules, "behavior": "allow"}]) == []


def test_a_declined_call_contains_the_users_text() -> None:
    opened = open_request(b"{}", ask("Bash", {}))
    assert reply(opened, Chosen("decline", {"": "use make"})) == {
        "behavior": "deny",
        "message": "use make",
        "interrupt": False,
    }


def test_do_not_answer_sends_none_of_the_answers_that_were_already_chosen() -> None:
    opened = open_request(b"{}", ask("AskUserQuestion", {"questions": [{"question": "Which?"}]}))
    assert reply(opened, Chosen("decline", {"0": "Postgres"})) == {
        "behavior": "deny",
        "message": DECLINED,
        "interrupt": False,
    }


def test_a_missing_login_names_claudes_command_for_it() -> None:
    message = {"type": "result", "is_error": True, "result": "Not logged in · Please run /login"}
    assert from_failure(message).startswith('Not logged in: run "claude" in a terminal')
    assert from_failure({**message, "result": "API Error: 500"}) == "API Error: 500"
