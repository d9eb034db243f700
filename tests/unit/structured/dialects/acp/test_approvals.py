"""The Agent Client Protocol: permissions and questions."""

from __future__ import annotations

from typing import Any

import pytest

from session_host.protocol.messages import AnswerRequest
from session_host.structured.items import digest
from tests.support.acp_chat import AcpChat, permission

ALLOW = ("yes", "allow_once")
REJECT = ("no", "reject_once")


def test_a_permission_shows_the_fields_of_earlier_updates(running: AcpChat) -> None:
    given = {"command": "rm -rf build", "description": "Clean"}
    running.update("tool_call", toolCallId="t", title="rm", kind="execute", rawInput=given)
    running.hear(permission({"toolCallId": "t"}, ALLOW, REJECT, number=0))
    request = running.request
    assert (request.subject, request.reason, request.kind) == ("rm -rf build", "Clean", "command")
    assert running.states()[-1] == "requires_action"
    assert running.transcript.status.detail == "Run rm -rf build?"
    assert running.answer("yes") == [
        {"jsonrpc": "2.0", "id": 0, "result": {"outcome": {"outcome": "selected", "optionId": "yes"}}}
    ]
    assert running.states()[-1] == "running"


def test_a_declined_tool_stays_declined(running: AcpChat) -> None:
    running.hear(permission({"toolCallId": "t", "kind": "execute", "rawInput": {"cmd": ["rm", "a b"]}}, ALLOW, REJECT))
    assert running.request.subject == "rm 'a b'"
    running.answer("no")
    running.update("tool_call_update", toolCallId="t", status="failed")
    assert running.items[-1].status == "declined"


def test_an_edit_shows_its_diff(running: AcpChat) -> None:
    diff = {"type": "diff", "path": "/a.py", "oldText": "one\n", "newText": "two\n"}
    running.hear(permission({"toolCallId": "t", "kind": "edit", "title": "Edit", "content": [diff]}, ALLOW, REJECT))
    assert (running.request.kind, running.request.title) == ("edit", "Change /a.py?")
    assert running.request.subject == "--- /a.py\n+++ /a.py\n@@ -1 +1 @@\n-one\n+two\n"


def test_another_tool_shows_its_whole_input(running: AcpChat) -> None:
    running.hear(permission({"toolCallId": "t", "title": "Send", "rawInput": {"to": "me", "text": "x"}}, ALLOW, REJECT))
    assert (running.request.kind, running.request.title) == ("permission", "Allow Send?")
    assert running.request.subject == '{\n  "to": "me",\n  "text": "x"\n}'


HIDDEN = "rm -rf ~"


@pytest.mark.parametrize(
    "given",
    [
        {"command": "ls", "args": [HIDDEN]},
        {"command": "ls", "env": {"BASH_ENV": HIDDEN}},
        {"command": "ls", "cmd": HIDDEN},
        {"command": "ls", "cwd": "/a", "dir_path": HIDDEN},
        {"command": "ls", "timeout": HIDDEN},
        {"command": "create", "path": "/a", "file_text": HIDDEN},
        {"command": "ls", "sandbox": {"off": HIDDEN}},
        {"command": "ls", "commands": ["ls", HIDDEN]},
        {"command": f"echo {HIDDEN}", "commands": [HIDDEN]},
    ],
)
@pytest.mark.parametrize("kind", [{}, {"kind": "execute"}, {"kind": "other"}])
def test_a_command_with_further_fields_shows_all_of_them(
    running: AcpChat, given: dict[str, Any], kind: dict[str, str]
) -> None:
    running.hear(permission({"toolCallId": "t", "title": "ls", "rawInput": given, **kind}, ALLOW, REJECT))
    request = running.request
    assert request.kind == "permission", "a notification offers only commands"
    assert all(repr(name).strip("'") in request.subject for name in given)
    assert HIDDEN in request.subject


def test_fields_that_agents_send_with_each_command_leave_it_a_command(running: AcpChat) -> None:
    given: dict[str, Any] = {"command": "ls; pwd", "commands": ["ls", "pwd"], "description": "List", "dir_path": "/x"}
    given |= {"is_background": False, "timeout": 5, "env": None}
    running.hear(permission({"toolCallId": "t", "title": "ls", "rawInput": given}, ALLOW, REJECT))
    request = running.request
    assert (request.kind, request.subject, request.directory, request.reason) == ("command", "ls; pwd", "/x", "List")


def test_an_edit_shows_the_fields_that_its_diff_does_not(running: AcpChat) -> None:
    diff = {"type": "diff", "path": "/d/a.py", "oldText": "one\nsame\n" * 9, "newText": "two\nsame\n" * 9}
    patch = "--- a/d/a.py\n+++ b/d/a.py\n@@ -1,9 +1,9 @@\n" + "-one\n+two\n same\n" * 9
    given = {"file_path": "a.py", "content": diff["newText"], "edits": [{"old": "one", "new": "two"}], "diff": patch}
    call = {"toolCallId": "t", "kind": "edit", "title": "Edit", "content": [diff], "rawInput": given}
    running.hear(permission(call, ALLOW, REJECT))
    assert running.request.kind == "edit"
    running.answer("no")
    for more in ({"then_run": HIDDEN}, {"diff": f"{patch}+{HIDDEN}\n"}, {"diff": patch.replace("b/d/a.py", HIDDEN)}):
        running.hear(permission({**call, "rawInput": {**given, **more}}, ALLOW, REJECT))
        request = running.request
        assert request.kind == "permission"
        assert HIDDEN in request.subject
        assert "+two\n" in request.subject
        running.answer("no")


@pytest.mark.parametrize("call", [{}, {"toolCallId": "t", "title": "Do it", "kind": "execute"}])
def test_a_request_without_a_command_can_only_be_declined(running: AcpChat, call: dict[str, Any]) -> None:
    running.hear(permission(call, ALLOW))
    request = running.request
    assert not request.complete
    answer = AnswerRequest(request.id, "yes", digest(request))
    assert running.rules.receive_input(answer, 5, by="window").refusal is not None
    (reply,) = running.answer("outlive-cancel")
    assert reply["result"] == {"outcome": {"outcome": "cancelled"}}


def test_two_requests_at_once_are_answered_one_by_one(running: AcpChat) -> None:
    for number, command in ((1, "a"), (2, "b")):
        call = {"toolCallId": command, "kind": "execute", "rawInput": {"command": command}}
        running.hear(permission(call, ALLOW, REJECT, number=number))
    running.answer("yes")
    assert running.transcript.status.detail == "Run b?"
    assert running.states()[-1] == "requires_action"
    running.answer("no")
    assert [each.get("id") for each in running.sent[-2:]] == [1, 2]
    assert running.states()[-1] == "running"


def test_the_agent_withdraws_its_request(running: AcpChat) -> None:
    running.hear(permission({"toolCallId": "t", "rawInput": {"x": 1}}, ALLOW, REJECT))
    (reply,) = running.hear({"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": 7}})
    assert reply["error"]["code"] == -32800
    assert running.transcript.open_requests == []
    assert running.states()[-1] == "running"


def elicitation(properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties}
    params = {"sessionId": "s", "mode": "form", "message": "Which one?", "requestedSchema": schema}
    return {"jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": params}


def test_a_form_is_asked_and_its_values_are_sent_with_their_types(running: AcpChat) -> None:
    colour = {"type": "string", "title": "Colour", "oneOf": [{"const": "r", "title": "Red"}]}
    many = {"type": "array", "items": {"enum": ["a", "b"]}}
    running.hear(elicitation({"c": colour, "n": {"type": "integer"}, "b": {"type": "boolean"}, "m": many, "z": 1}))
    questions = {each.id: each for each in running.request.questions}
    assert (questions["c"].text, questions["c"].options, questions["c"].free) == ("Colour", ("Red",), False)
    assert (questions["m"].text, questions["m"].several, questions["c"].several) == ("m", True, False)
    (reply,) = running.answer("", c="Red", n="12", b="Yes", m="a\nb")
    assert reply["result"] == {"action": "accept", "content": {"c": "r", "n": 12, "b": True, "m": ["a", "b"]}}


def test_a_question_can_be_declined(running: AcpChat) -> None:
    running.hear(elicitation({"n": {"type": "number"}}))
    (reply,) = running.answer("decline")
    assert (reply["id"], reply["result"]) == ("q", {"action": "decline"})
