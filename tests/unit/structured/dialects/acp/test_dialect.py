"""The Agent Client Protocol: prompts, turns, tool calls, permissions and questions."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from session_host.protocol.messages import AnswerRequest, Prompt
from session_host.protocol.values import Image
from session_host.structured.dialects.acp.state import AcpState
from session_host.structured.dialects.acp.tools import KEPT_TOOLS
from session_host.structured.items import TurnEnded
from session_host.structured.rules import digest
from tests.support.acp_chat import AcpChat, permission, text_block, update

ALLOW = ("yes", "allow_once")
REJECT = ("no", "reject_once")


@pytest.fixture
def chat() -> AcpChat:
    chat = AcpChat()
    chat.open()
    return chat


@pytest.fixture
def running(chat: AcpChat) -> AcpChat:
    chat.prompt("go")
    chat.update("agent_thought_chunk", content=text_block("hm"))
    return chat


def say(text: str, **fields: Any) -> dict[str, Any]:
    return update("agent_message_chunk", content=text_block(text), **fields)


# ---------------------------------------------------------------- prompts and turns


def test_a_prompt_is_confirmed_by_the_first_sign_that_the_turn_runs(chat: AcpChat) -> None:
    (sent,) = chat.prompt("hello")
    assert sent["method"] == "session/prompt"
    assert sent["params"] == {"sessionId": "s", "prompt": [{"type": "text", "text": "hello"}]}
    assert chat.shown() == [("user", "hello", "sent")]
    assert chat.states()[-1] == "running"
    chat.update("usage_update", used=1, size=10)
    assert chat.items[0].status == "sent"
    chat.hear(say("hi"))
    assert chat.shown() == [("user", "hello", "done"), ("agent", "hi", "running")]
    chat.reply({"stopReason": "end_turn"})
    assert chat.shown()[1] == ("agent", "hi", "done")
    assert chat.states()[-1] == "idle"


def test_a_turn_without_a_word_confirms_its_prompt_by_its_end(chat: AcpChat) -> None:
    chat.prompt("hello")
    chat.reply({"stopReason": "end_turn"})
    assert chat.shown() == [("user", "hello", "done")]


def test_a_prompt_that_the_agent_refuses_says_why_and_the_next_one_is_sent(chat: AcpChat) -> None:
    chat.prompt("one")
    chat.prompt("two")
    sent = chat.reply_error(-32602, "Invalid params", data="no such session")
    assert chat.shown()[0] == ("user", "one", "failed")
    assert ("notice", "Invalid params: no such session", "") in chat.shown()
    assert sent[-1]["params"]["prompt"] == [{"type": "text", "text": "two"}]


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Internal error", "data": {"details": "no such model"}},
        {"message": "Internal error: no such model"},
        {"message": '{"error": {"code": 400, "message": "no such model"}}'},
    ],
)
def test_an_error_fails_the_turn(running: AcpChat, error: dict[str, Any]) -> None:
    running.reply_error(-32603, **error)
    (ended,) = [each for each in running.changes if isinstance(each, TurnEnded)]
    assert (ended.outcome, ended.error) == ("failed", "no such model")
    assert running.shown() == [("user", "go", "done"), ("thought", "hm", "failed"), ("notice", "no such model", "")]
    assert running.states()[-1] == "idle"


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [("max_tokens", "failed"), ("max_turn_requests", "failed"), ("refusal", "failed"), ("cancelled", "interrupted")],
)
def test_the_reason_of_a_stop(running: AcpChat, reason: str, outcome: str) -> None:
    running.reply({"stopReason": reason})
    ended = running.transcript.status.last_turn
    assert ended is not None
    assert ended.outcome == outcome
    assert bool(ended.error) == (outcome == "failed")


def test_chunks_of_one_kind_are_one_item_until_another_comes(running: AcpChat) -> None:
    running.hear(say("one "), update("usage_update", used=1, size=2), say("two"))
    running.update("tool_call", toolCallId="t", title="Read", kind="read", status="completed")
    running.hear(say("three"))
    running.update("tool_call_update", toolCallId="t", title="Read a file")
    running.hear(say(" four"), say("five", messageId="m"))
    assert running.shown()[1:] == [
        ("thought", "hm", "done"),
        ("agent", "one two", "done"),
        ("tool", "Read a file", "done"),
        ("agent", "three four", "done"),
        ("agent", "five", "running"),
    ]


def test_images_and_files_of_a_prompt(chat: AcpChat) -> None:
    other = AcpChat()
    other.open(promptCapabilities={"image": True})
    text = 'see @src/a b.py and @src/main.py, @"my notes" but not me@example.com or @alice'
    (sent,) = other.do(Prompt("", 0, text, images=(Image("image/png", b"png"),)))
    blocks = sent["params"]["prompt"]
    assert blocks[1] == {"type": "image", "mimeType": "image/png", "data": base64.b64encode(b"png").decode()}
    assert [(each["uri"], each["name"]) for each in blocks[2:]] == [
        ("file:///home/user/project/src/a", "src/a"),
        ("file:///home/user/project/src/main.py", "src/main.py"),
        ("file:///home/user/project/my%20notes", "my notes"),
    ]
    assert chat.do(Prompt("", 0, "look", images=(Image("image/png", b"png"),))) == []
    assert chat.shown() == [("user", "look", "failed"), ("notice", "Agent takes no images", "")]


def test_a_repeated_prompt_is_shown_once(chat: AcpChat) -> None:
    chat.prompt("hello there")
    chat.update("user_message_chunk", content=text_block("hello there"))
    chat.hear(say("hi"))
    assert [each.text for each in chat.items] == ["hello there", "hi"]


# ---------------------------------------------------------------- interruption


def test_an_interruption_replies_to_the_open_request(running: AcpChat) -> None:
    running.hear(permission({"toolCallId": "t", "kind": "execute", "rawInput": {"command": "make"}}, ALLOW, REJECT))
    cancel, reply = running.interrupt()
    assert cancel == {"jsonrpc": "2.0", "method": "session/cancel", "params": {"sessionId": "s"}}
    assert reply == {"jsonrpc": "2.0", "id": 7, "result": {"outcome": {"outcome": "cancelled"}}}
    assert running.transcript.open_requests == []
    assert running.states()[-1] == "running"
    (late,) = running.hear(permission({"toolCallId": "u"}, ALLOW, number=8))
    assert late["result"] == {"outcome": {"outcome": "cancelled"}}
    running.reply({"stopReason": "cancelled"}, "session/prompt")
    assert [each.status for each in running.items] == ["done", "done", "interrupted", "interrupted"]
    assert running.states()[-1] == "idle"


def test_an_agent_that_does_not_stop_is_said_and_an_error_then_is_an_interruption(running: AcpChat) -> None:
    running.interrupt()
    ((name, _),) = [each for each in running.timers if each[0].startswith("cancel")]
    running.expire(name)
    assert running.items[-1].text == "Agent has not stopped yet"
    running.reply_error(-32800, "aborted")
    assert running.transcript.status.last_turn is not None
    assert running.transcript.status.last_turn.outcome == "interrupted"


# ---------------------------------------------------------------- tool calls


def test_updates_of_a_tool_call_change_single_fields(running: AcpChat) -> None:
    running.update("tool_call", toolCallId="t", title="Terminal", kind="execute", status="pending", rawInput={})
    given = {"command": "ls -l\nrm x", "description": "List", "cwd": "/src"}
    running.update("tool_call_update", toolCallId="t", title="ls -l rm x", rawInput=given)
    output = [{"type": "content", "content": text_block("```console\na\nb\n```")}]
    result = {"metadata": {"exit": 2}}
    running.update("tool_call_update", toolCallId="t", status="failed", content=output, rawOutput=result)
    tool = running.items[-1]
    assert (tool.command, tool.directory, tool.output) == ("ls -l\nrm x", "/src", "a\nb")
    assert (tool.status, tool.exit_code, tool.tool) == ("failed", 2, "execute")
    assert tool.ended_ms > tool.at_ms


def test_output_that_grows_is_appended(running: AcpChat) -> None:
    running.update("tool_call", toolCallId="t", title="Run", kind="execute")
    for text in ("a", "ab", "abc"):
        block = {"type": "content", "content": text_block(text)}
        running.update("tool_call_update", toolCallId="t", content=[block])
    assert [type(each).__name__ for each in running.changes[-3:]] == ["Append"] * 3
    assert running.items[-1].output == "abc"


def test_a_diff_is_a_change_of_a_file(running: AcpChat) -> None:
    diff = {"type": "diff", "path": "/a.py", "oldText": "one\ntwo\nthree", "newText": "one\n2\nthree"}
    new = {"type": "diff", "path": "/b.py", "newText": "x\n"}
    running.update("tool_call", toolCallId="t", title="Edit", kind="edit", content=[diff, new])
    first, second = running.items[-1].changes
    assert (first.path, first.kind) == ("/a.py", "update")
    assert first.patch == "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
    assert (second.path, second.kind, second.patch) == ("/b.py", "add", "@@ -0,0 +1 @@\n+x\n")


def test_a_bad_field_costs_nothing_but_itself(running: AcpChat) -> None:
    content = [{"type": "diff", "path": 3}, 17, {"type": "content", "content": text_block("ok")}]
    running.update(
        "tool_call", toolCallId="t", title=["x"], kind=9, status="sleeping", content=content, locations="?",
        rawInput=[1], rawOutput={"exitCode": "x"},
    )  # fmt: skip
    (tool,) = [each for each in running.items if each.kind == "tool"]
    assert (tool.title, tool.output, tool.status) == ("Tool call", "ok", "running")
    raw = [(each.title, each.text) for each in running.items if each.kind == "raw"]
    assert ("status of a tool call", "sleeping") in raw
    assert ("content of a tool call", "17") in raw
    assert ("title of a tool call", '["x"]') in raw


def test_a_plan_is_one_item_that_changes(running: AcpChat) -> None:
    entries = [{"content": "one", "status": "in_progress", "priority": "high"}, {"content": "two", "status": "?"}, 5]
    running.update("plan", entries=entries)
    running.hear(say("a"))
    running.update("plan", entries=[{"content": "one", "status": "completed"}])
    (plan,) = [each for each in running.items if each.kind == "plan"]
    assert [(each.text, each.status) for each in plan.plan] == [("one", "completed")]
    assert plan.status == "done"
    running.update("plan_update", plan={"type": "markdown", "planId": "x", "content": "# Plan"})
    assert running.items[-1].text == "# Plan"
    running.update("plan_removed", planId="x")
    assert running.items[-1].kind == "agent"


# ---------------------------------------------------------------- permissions


def test_a_permission_shows_what_earlier_updates_said(running: AcpChat) -> None:
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


@pytest.mark.parametrize("call", [{}, {"toolCallId": "t", "title": "Do it", "kind": "execute"}])
def test_a_request_that_does_not_say_what_runs_can_only_be_declined(running: AcpChat, call: dict[str, Any]) -> None:
    running.hear(permission(call, ALLOW))
    request = running.request
    assert not request.complete
    verb = AnswerRequest("", 0, request.id, "yes", digest(request))
    assert running.rules.verb(verb, 5, by="window").refusal is not None
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


def test_the_agent_takes_its_request_back(running: AcpChat) -> None:
    running.hear(permission({"toolCallId": "t", "rawInput": {"x": 1}}, ALLOW, REJECT))
    (reply,) = running.hear({"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": 7}})
    assert reply["error"]["code"] == -32800
    assert running.transcript.open_requests == []
    assert running.states()[-1] == "running"


# ---------------------------------------------------------------- questions


def elicitation(properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties}
    params = {"sessionId": "s", "mode": "form", "message": "Which one?", "requestedSchema": schema}
    return {"jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": params}


def test_a_form_is_asked_and_its_values_have_their_types(running: AcpChat) -> None:
    colour = {"type": "string", "title": "Colour", "oneOf": [{"const": "r", "title": "Red"}]}
    many = {"type": "array", "items": {"enum": ["a", "b"]}}
    running.hear(elicitation({"c": colour, "n": {"type": "integer"}, "b": {"type": "boolean"}, "m": many, "z": 1}))
    questions = {each.id: each for each in running.request.questions}
    assert (questions["c"].text, questions["c"].options, questions["c"].free) == ("Colour", ("Red",), False)
    (reply,) = running.answer("", c="Red", n="12", b="Yes", m="a\nb")
    assert reply["result"] == {"action": "accept", "content": {"c": "r", "n": 12, "b": True, "m": ["a", "b"]}}


def test_a_question_can_be_declined(running: AcpChat) -> None:
    running.hear(elicitation({"n": {"type": "number"}}))
    (reply,) = running.answer("decline")
    assert (reply["id"], reply["result"]) == ("q", {"action": "decline"})


# ---------------------------------------------------------------- unknown messages


@pytest.mark.parametrize(("method", "kept"), [("fs/read_text_file", 0), ("terminal/create", 0), ("_vendor/thing", 1)])
def test_a_method_that_is_not_offered_gets_its_reply(running: AcpChat, method: str, kept: int) -> None:
    (reply,) = running.hear({"jsonrpc": "2.0", "id": 3, "method": method, "params": {"path": "/x"}})
    assert (reply["id"], reply["error"]["code"]) == (3, -32601)
    assert [each.title for each in running.items if each.kind == "raw"] == [method] * kept


@pytest.mark.parametrize(
    "line",
    [
        b"Loading plugins...",
        b"[1,2]",
        b'{"jsonrpc":"2.0","id":99,"result":{}}',
        b'{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"new_kind"}}}',
        b'{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"t","update":{"sessionUpdate":"plan"}}}',
        b'{"jsonrpc":"2.0","method":"session/update"}',
        b'{"half": "a li',
        b"\xff\xfe",
    ],
)
def test_a_line_that_nobody_understands_is_kept(running: AcpChat, line: bytes) -> None:
    running.hear(line, say("still there"))
    assert [each.kind for each in running.items[2:]] == ["raw", "agent"]
    assert "Error" not in running.items[2].title


def test_half_of_a_surrogate_pair_does_not_drop_the_text(running: AcpChat) -> None:
    line = rb'{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":'
    running.hear(line + rb'"agent_message_chunk","content":{"type":"text","text":"smile \ud83d"}}}}')
    assert running.items[-1].text == "smile ?"


def test_the_title_the_commands_and_the_tokens(chat: AcpChat) -> None:
    chat.update("session_info_update", title="Fix the\nbuild", updatedAt="2026-01-01")
    given = [{"name": "init", "description": "d", "input": {"hint": "what"}}, {"name": 3}]
    chat.update("available_commands_update", availableCommands=given)
    chat.prompt("a")
    chat.update("usage_update", used=5, size=100, cost={"amount": 0.5, "currency": "USD"})
    chat.reply({"stopReason": "end_turn", "usage": {"totalTokens": 30}})
    status = chat.transcript.status
    assert status.title == "Fix the build"
    assert [(each.name, each.hint) for each in status.commands] == [("init", "what")]
    usage = status.usage
    assert usage is not None
    assert (usage.used, usage.window, usage.total, usage.cost, usage.currency) == (5, 100, 30, 0.5, "USD")


def test_a_long_turn_keeps_only_its_newest_tool_calls(running: AcpChat) -> None:
    running.update("tool_call", toolCallId="long", title="Long")
    for number in range(300):
        running.update("tool_call", toolCallId=f"t{number}", title="Short", status="completed")
    assert len(msgspec.msgpack.decode(running.rules.save()[1], type=AcpState).tools) == KEPT_TOOLS
    running.update("tool_call_update", toolCallId="long", title="Still long")
    assert [each.title for each in running.items if "ong" in each.title] == ["Still long"]


# ---------------------------------------------------------------- steering


@pytest.fixture
def steerable() -> AcpChat:
    chat = AcpChat()
    chat.reply({"protocolVersion": 1, "_meta": {"steering": {"supported": True}}})
    chat.reply({"sessionId": "s"})
    chat.prompt("go")
    chat.hear(say("one"))
    (sent,) = chat.prompt("not so", mode="steer")
    assert (sent["method"], sent["params"]["prompt"]) == ("_session/steering", [text_block("not so")])
    return chat


def test_a_steering_text_belongs_to_the_running_turn(steerable: AcpChat) -> None:
    steerable.reply({"outcome": "injected"})
    item = steerable.items[-1]
    assert (item.text, item.status, item.turn) == ("not so", "done", steerable.items[0].turn)


@pytest.mark.parametrize("late", ["reply", "error"])
def test_a_late_steering_text_becomes_a_prompt(steerable: AcpChat, late: str) -> None:
    if late == "reply":
        steerable.reply({"outcome": "promptRequired"})
    else:
        steerable.reply_error(-32603, "no")
    sent = steerable.reply({"stopReason": "end_turn"}, "session/prompt")
    assert [each["params"]["prompt"] for each in sent] == [[text_block("not so")]]


def test_a_prompt_without_a_log_in_says_how_to_log_in(chat: AcpChat) -> None:
    chat.prompt("hello")
    chat.reply_error(-32000, "Authentication required")
    assert chat.items[-1].text == "Agent is not logged in (Authentication required): log in with its own command line"
