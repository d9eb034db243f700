"""The Codex dialect: each kind of item, request and notification of the app-server's schema."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from session_host.protocol.messages import Interrupt, Prompt
from session_host.structured.items import FileChange, Item
from tests.support.codex_chat import RECORDING, THREAD, CodexChat

PNG = b"\x89PNG"


@pytest.fixture
def chat() -> CodexChat:
    """A chat with a running turn."""
    chat = CodexChat()
    chat.open()
    return chat


def completed(chat: CodexChat, **item: Any) -> Item:
    """Start and complete an item; returns the shown item."""
    chat.notify("item/started", item={"id": "i1", "status": "inProgress", **item})
    chat.notify("item/completed", item={"id": "i1", "status": "completed", **item})
    return chat.items[-1]


# ---------------------------------------------------------------- items


def test_a_call_of_an_mcp_server_shows_arguments_and_result(chat: CodexChat) -> None:
    tool = completed(
        chat,
        type="mcpToolCall",
        server="files",
        tool="find",
        arguments={"name": "a"},
        result={"content": [{"type": "text", "text": "found it"}]},
        error=None,
    )
    assert (tool.kind, tool.title, tool.output, tool.status) == ("tool", "files: find", "found it", "done")
    assert tool.text == '```json\n{\n  "name": "a"\n}\n```'


def test_a_failed_call_of_an_mcp_server_shows_the_reason(chat: CodexChat) -> None:
    failed = {"type": "mcpToolCall", "server": "s", "tool": "t", "error": {"message": "no"}, "status": "failed"}
    chat.notify("item/completed", item={"id": "i1", **failed})
    assert (chat.items[-1].output, chat.items[-1].status) == ("no", "failed")


@pytest.mark.parametrize(
    ("item", "tool", "title"),
    [
        ({"type": "webSearch", "query": "qt"}, "search", "Search the web: qt"),
        (
            {"type": "webSearch", "query": "", "action": {"type": "openPage", "url": "http://a"}},
            "search",
            "Search the web: http://a",
        ),
        ({"type": "imageView", "path": "/home/user/proj/a.png"}, "read", "View a.png"),
        ({"type": "sleep", "durationMs": 1500}, "other", "Wait 1.5 s"),
        ({"type": "dynamicToolCall", "tool": "look", "contentItems": []}, "other", "look"),
        ({"type": "functionCallOutput", "name": "out", "output": "x"}, "other", "out"),
        ({"type": "collabAgentToolCall", "tool": "wait"}, "other", "Wait for sub-agents"),
    ],
)
def test_tools_have_a_title(chat: CodexChat, item: dict[str, Any], tool: str, title: str) -> None:
    shown = completed(chat, **item)
    assert (shown.kind, shown.tool, shown.title, shown.status) == ("tool", tool, title, "done")


def test_a_generated_image_is_shown(chat: CodexChat) -> None:
    image = base64.b64encode(PNG).decode()
    shown = completed(chat, type="imageGeneration", result=image, revisedPrompt="a cat")
    assert (shown.images[0].data, shown.text) == (PNG, "a cat")


def test_a_prompt_from_another_program_is_shown_with_its_image(chat: CodexChat) -> None:
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    content = [{"type": "text", "text": "from elsewhere"}, {"type": "image", "url": url}]
    chat.notify("item/completed", item={"type": "userMessage", "id": "i9", "clientId": None, "content": content})
    assert (chat.items[-1].kind, chat.items[-1].text) == ("user", "from elsewhere")
    assert chat.items[-1].images[0].data == PNG


def test_parts_of_a_thought_are_paragraphs(chat: CodexChat) -> None:
    chat.notify("item/started", item={"type": "reasoning", "id": "r", "summary": [], "content": []})
    for index, delta in enumerate(["one", "two"]):
        chat.notify("item/reasoning/summaryPartAdded", itemId="r", summaryIndex=index)
        chat.notify("item/reasoning/summaryTextDelta", itemId="r", summaryIndex=index, delta=delta)
    chat.notify("item/reasoning/textDelta", itemId="r", contentIndex=0, delta="raw")
    assert chat.items[-1].text == "one\n\ntwo\n\nraw"


def test_streamed_output_is_kept_if_the_last_message_has_none(chat: CodexChat) -> None:
    command = {"type": "commandExecution", "id": "c", "command": "make", "status": "inProgress"}
    chat.notify("item/started", item=command)
    chat.notify("item/commandExecution/outputDelta", itemId="c", delta="half ")
    chat.notify("item/commandExecution/outputDelta", itemId="c", delta="done")
    chat.notify("item/completed", item={**command, "status": "failed", "aggregatedOutput": None})
    assert (chat.items[-1].output, chat.items[-1].status) == ("half done", "failed")


def test_a_command_continues_after_its_turn(chat: CodexChat) -> None:
    command = {"type": "commandExecution", "id": "c", "command": "server", "status": "inProgress"}
    chat.notify("item/started", item=command)
    chat.notify("turn/completed", turn={"id": "u1", "status": "completed"})
    assert chat.shown()[-1] == ("tool", "running", "server")
    chat.notify("item/completed", item={**command, "status": "completed", "aggregatedOutput": "x", "exitCode": 0})
    assert chat.shown()[-1] == ("tool", "done", "server")


def test_an_empty_message_is_removed(chat: CodexChat) -> None:
    chat.notify("item/started", item={"type": "agentMessage", "id": "m", "text": ""})
    chat.notify("turn/completed", turn={"id": "u1", "status": "interrupted"})
    assert [each.kind for each in chat.items] == ["user"]


def test_changes_of_files_become_patches(chat: CodexChat) -> None:
    changes = [
        {"path": "/home/user/proj/new", "kind": {"type": "add"}, "diff": "a\nb\n"},
        {"path": "/home/user/proj/gone", "kind": {"type": "delete"}, "diff": "c\n"},
        {
            "path": "/etc/x",
            "kind": {"type": "update", "move_path": "/etc/y"},
            "diff": "@@ -1 +1 @@\n-d\n+e\n\n\nMoved to: /etc/y",
        },
    ]
    shown = completed(chat, type="fileChange", changes=changes)
    assert shown.changes == (
        FileChange("new", "@@ -0,0 +1,2 @@\n+a\n+b\n", "add"),
        FileChange("gone", "@@ -1 +0,0 @@\n-c\n", "delete"),
        FileChange("/etc/x", "@@ -1 +1 @@\n-d\n+e\n", "update", "/etc/y"),
    )
    assert shown.title == "Edit new, gone, /etc/x"


def test_an_unknown_item_is_kept(chat: CodexChat) -> None:
    shown = completed(chat, type="hologram", colour="blue")
    assert (shown.kind, shown.title) == ("raw", "item hologram")
    assert '"colour":"blue"' in shown.text


def test_a_sub_agents_items_are_below_its_tool_and_others_are_left_out(chat: CodexChat) -> None:
    spawn = {"type": "collabAgentToolCall", "id": "s", "tool": "spawnAgent", "status": "inProgress", "prompt": "look"}
    chat.notify("item/started", item=spawn)
    chat.hear({"method": "thread/started", "params": {"thread": {"id": "sub", "parentThreadId": "t"}}})
    for thread in ("sub", "title-writer"):
        message = {"type": "agentMessage", "id": "m", "text": f"I am {thread}"}
        chat.notify("item/completed", threadId=thread, turnId=f"{thread}-turn", item=message)
        chat.notify("turn/completed", threadId=thread, turn={"id": f"{thread}-turn", "status": "completed"})
    assert [each[2] for each in chat.shown()[1:]] == ["Start a sub-agent", "I am sub"]
    assert chat.items[-1].parent == chat.items[-2].id
    assert chat.transcript.status.state == "running"


# ---------------------------------------------------------------- requests


def test_a_request_for_a_connection_shows_its_host(chat: CodexChat) -> None:
    rule = {"applyNetworkPolicyAmendment": {"network_policy_amendment": {"host": "a.org", "action": "allow"}}}
    chat.ask(
        "item/commandExecution/requestApproval",
        command="curl a.org",
        networkApprovalContext={"host": "a.org", "protocol": "https"},
        availableDecisions=["accept", rule, "cancel"],
    )
    (request,) = chat.transcript.open_requests
    assert (request.title, request.subject) == ("Connect to a.org", "curl a.org\nNetwork access to a.org (https)")
    assert request.options[1].name == "Always allow connections to a.org"
    assert chat.answer(request.options[1].id) == {"decision": rule}


def test_a_command_that_was_not_shown_can_only_be_declined(chat: CodexChat) -> None:
    chat.ask("item/commandExecution/requestApproval", command=None)
    (request,) = chat.transcript.open_requests
    assert not request.complete
    with pytest.raises(AssertionError):
        chat.answer("accept")
    assert chat.answer("decline") == {"decision": "decline"}


def test_more_permissions_of_a_command_are_shown(chat: CodexChat) -> None:
    wanted = {"network": {"enabled": True}, "fileSystem": {"read": ["/a"], "write": ["/b"]}}
    chat.ask("item/commandExecution/requestApproval", command="make", additionalPermissions=wanted)
    assert chat.transcript.open_requests[0].subject == "make\nNetwork access\nRead /a\nWrite /b"


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"stdin": "rm"}, 'stdin: "rm"'),
        ({"environmentId": "elsewhere"}, 'environmentId: "elsewhere"'),
        ({"networkApprovalContext": {"host": "a.org", "port": 25}}, "port: 25"),
        ({"additionalPermissions": {"fileSystem": {"write": "/"}}}, '{"fileSystem":{"write":"/"}}'),
        ({"additionalPermissions": {"macos": {"all": True}}}, '{"macos":{"all":true}}'),
    ],
)
def test_all_fields_of_an_approval_are_shown(chat: CodexChat, fields: dict[str, Any], shown: str) -> None:
    chat.ask("item/commandExecution/requestApproval", command="make", **fields)
    assert shown in chat.transcript.open_requests[0].subject


def test_a_decision_with_further_fields_is_named_whole(chat: CodexChat) -> None:
    rule = {"applyNetworkPolicyAmendment": {"network_policy_amendment": {"host": "a.org", "action": "allow", "any": 1}}}
    chat.ask("item/commandExecution/requestApproval", command="make", availableDecisions=["accept", rule])
    assert '"any":1' in chat.transcript.open_requests[0].options[1].name


def test_a_program_that_is_called_as_a_shell_is_shown(chat: CodexChat) -> None:
    chat.ask("item/commandExecution/requestApproval", command="/tmp/bash -lc make")
    assert chat.transcript.open_requests[0].subject == "/tmp/bash -lc make"


def test_changes_that_were_not_shown_can_only_be_declined(chat: CodexChat) -> None:
    chat.ask("item/fileChange/requestApproval", itemId="unseen")
    assert not chat.transcript.open_requests[0].complete
    assert chat.answer("cancel") == {"decision": "cancel"}


def test_permissions_are_granted_exactly_as_requested(chat: CodexChat) -> None:
    entry = {"path": {"type": "path", "path": "/data"}, "access": "write"}
    wanted = {"network": None, "fileSystem": {"read": None, "write": None, "entries": [entry]}}
    chat.ask("item/permissions/requestApproval", permissions=wanted, cwd="/x", reason="to save")
    (request,) = chat.transcript.open_requests
    assert (request.kind, request.subject, request.reason) == ("permission", "Write /data", "to save")
    assert chat.answer("session") == {"permissions": {"fileSystem": wanted["fileSystem"]}, "scope": "session"}


def test_a_form_of_an_mcp_server_is_answered_with_typed_values(chat: CodexChat) -> None:
    properties = {
        "name": {"type": "string", "title": "Your name"},
        "age": {"type": "integer"},
        "sure": {"type": "boolean"},
        "colour": {"type": "string", "enum": ["red", "blue"]},
    }
    chat.ask(
        "mcpServer/elicitation/request",
        7,
        serverName="shop",
        mode="form",
        message="Who?",
        requestedSchema={"type": "object", "properties": properties},
    )
    (request,) = chat.transcript.open_requests
    assert (request.kind, request.title) == ("question", "shop: Who?")
    assert [each.options for each in request.questions] == [(), (), ("Yes", "No"), ("red", "blue")]
    answer = chat.answer("", {"name": "Al", "age": "42", "sure": "Yes", "colour": "red"})
    assert answer == {
        "action": "accept",
        "content": {"name": "Al", "age": 42, "sure": True, "colour": "red"},
        "_meta": None,
    }


def test_permission_for_a_tool_of_an_mcp_server_can_last_longer(chat: CodexChat) -> None:
    meta = {"codex_approval_kind": "mcp_tool_call", "persist": ["session", "always"], "tool_params": {"what": "tea"}}
    chat.ask(
        "mcpServer/elicitation/request",
        serverName="shop",
        mode="form",
        message="Allow buy?",
        _meta=meta,
        requestedSchema={"type": "object", "properties": {}},
    )
    (request,) = chat.transcript.open_requests
    assert (request.title, request.subject) == ("Allow buy?", 'Allow buy?\n{"what":"tea"}')
    assert [each.name for each in request.options] == [
        "Allow",
        "Allow for this session",
        "Always allow this tool",
        "Decline",
        "Decline and stop",
    ]
    assert chat.answer("accept-session") == {"action": "accept", "content": {}, "_meta": {"persist": "session"}}


@pytest.mark.parametrize("method", ["item/tool/call", "account/chatgptAuthTokens/refresh", "attestation/generate", "x"])
def test_any_other_request_gets_an_error_and_is_kept(chat: CodexChat, method: str) -> None:
    chat.ask(method, "seven")
    assert chat.sent[-1] == {"id": "seven", "error": {"code": -32601, "message": f"{method}: not supported here"}}
    assert chat.shown()[-1][::2] == ("raw", method)


def test_an_elicitation_of_an_unknown_mode_gets_an_error(chat: CodexChat) -> None:
    chat.ask("mcpServer/elicitation/request", mode="openai/userVerification", serverName="s")
    assert chat.sent[-1]["error"]["code"] == -32601


def test_a_request_that_was_answered_elsewhere_is_closed(chat: CodexChat) -> None:
    chat.ask("item/commandExecution/requestApproval", 3, command="make")
    assert chat.transcript.status.detail == "Run make"
    chat.notify("serverRequest/resolved", requestId=3)
    assert chat.transcript.open_requests == []
    assert chat.transcript.status.state == "running"


def test_two_open_requests_are_answered_one_by_one(chat: CodexChat) -> None:
    for number in (1, 2):
        chat.ask("item/commandExecution/requestApproval", number, itemId=f"i{number}", command=f"make {number}")
    assert chat.answer("accept") == {"decision": "accept"}
    assert (chat.transcript.status.state, chat.transcript.status.detail) == ("requires_action", "Run make 2")
    chat.answer("accept")
    assert [each["id"] for each in chat.sent if "result" in each] == [1, 2]


# ---------------------------------------------------------------- turns and notifications


def test_a_turn_of_another_program_is_followed(chat: CodexChat) -> None:
    chat.notify("turn/completed", turn={"id": "u1", "status": "completed"})
    assert chat.transcript.status.state == "idle"
    chat.notify("turn/started", turn={"id": "u2", "rootTurnId": "u2"})
    assert (chat.transcript.status.state, chat.transcript.status.turn) == ("running", "u2")


def test_a_turn_that_ends_before_the_reply_leaves_the_chat_idle(chat: CodexChat) -> None:
    chat.notify("turn/completed", turn={"id": "u1", "status": "completed"})
    chat.do(Prompt("again"))
    chat.notify("turn/started", turn={"id": "u2", "rootTurnId": "u2"})
    chat.notify("turn/completed", turn={"id": "u2", "status": "completed"})
    chat.reply({"turn": {"id": "u2", "status": "inProgress"}})
    assert chat.transcript.status.state == "idle"
    assert [each for each in chat.shown() if each[0] == "user"][-1] == ("user", "done", "again")


def test_a_steering_text_that_is_too_late_is_the_next_prompt(chat: CodexChat) -> None:
    chat.do(Prompt("late", "steer"))
    steer = chat.last_request()
    assert (steer["method"], steer["params"]["expectedTurnId"]) == ("turn/steer", "u1")
    chat.notify("turn/completed", turn={"id": "u1", "status": "completed"})
    chat.hear({"id": steer["id"], "error": {"code": -32600, "message": "no active turn to steer"}})
    assert chat.last_request()["method"] == "turn/start"
    assert chat.last_request()["params"]["input"][0]["text"] == "late"
    assert [each[2] for each in chat.shown() if each[0] == "user"] == ["go", "late"]


def test_an_interrupt_without_a_turn_ends_items_shown_as_running(chat: CodexChat) -> None:

    chat.do(Interrupt())
    chat.hear({"id": chat.last_request()["id"], "error": {"code": -32600, "message": "no active turn to interrupt"}})
    assert chat.transcript.status.state == "idle"


def test_an_error_of_the_service_is_shown_as_words_and_not_as_json(chat: CodexChat) -> None:
    error = {"message": '{"error": {"message": "no such model", "type": "invalid_request_error"}}'}
    chat.notify("error", error=error, willRetry=False)
    chat.notify("turn/completed", turn={"id": "u1", "status": "failed", "error": error})
    assert chat.shown()[-1][2] == "no such model"
    assert chat.transcript.status.last_turn is not None
    assert chat.transcript.status.last_turn.error == "no such model"


def test_only_a_lasting_error_is_shown(chat: CodexChat) -> None:
    for number in (1, 2):
        error = {"message": f"Reconnecting... {number}/5", "additionalDetails": "no network"}
        chat.notify("error", error=error, willRetry=True)
    assert [each[2] for each in chat.shown()] == ["go", "Reconnecting... 2/5 (no network)"]
    chat.notify("turn/completed", turn={"id": "u1", "status": "completed"})
    assert [each[2] for each in chat.shown()] == ["go"]
    chat.notify("turn/started", turn={"id": "u2", "rootTurnId": "u2"})
    error = {"message": "out of money"}
    chat.notify("error", turnId="u2", error=error, willRetry=False)
    chat.notify("turn/completed", turn={"id": "u2", "status": "failed", "error": error})
    assert [each[2] for each in chat.shown()] == ["go", "out of money"]


def test_a_prompt_is_not_doubled_by_the_end_of_another_programs_turn(chat: CodexChat) -> None:
    chat.notify("turn/completed", turn={"id": "u1", "status": "completed"})
    chat.do(Prompt("mine"))
    sent = chat.last_request()
    chat.notify("turn/completed", turn={"id": "theirs", "status": "completed"})
    chat.reply({"turn": {"id": "u2"}})
    content = [{"type": "text", "text": "mine"}]
    echo = {"type": "userMessage", "id": "x", "clientId": sent["params"]["clientUserMessageId"], "content": content}
    chat.notify("item/completed", turnId="u2", item=echo)
    assert [each[2] for each in chat.shown() if each[0] == "user"] == ["go", "mine"]


def test_an_overloaded_server_is_asked_again_for_the_conversation() -> None:
    chat = CodexChat()
    chat.reply({})
    chat.hear({"id": chat.last_request()["id"], "error": {"code": -32001, "message": "overloaded"}})
    assert chat.timers == [("open", 0.5)]
    chat.expire("open")
    assert [each.get("method") for each in chat.sent].count("thread/start") == 2


def test_a_plan_is_one_item_for_each_turn(chat: CodexChat) -> None:
    for status in ("pending", "inProgress", "completed"):
        chat.notify("turn/plan/updated", explanation="so", plan=[{"step": "a", "status": status}])
    (plan,) = [each for each in chat.items if each.kind == "plan"]
    assert (plan.text, plan.plan[0].status) == ("so", "completed")


def test_warnings_are_shown_once_and_unimportant_messages_never(chat: CodexChat) -> None:
    for _ in range(2):
        chat.notify("warning", message="mind the gap")
        chat.notify("mcpServer/startupStatus/updated", name="db", status="failed", error="no such program")
        chat.notify("mcpServer/startupStatus/updated", name="web", status="ready", error=None)
        chat.notify("account/rateLimits/updated", rateLimits={})
        chat.notify("thread/goal/cleared")
        chat.notify("model/rerouted", fromModel="a", toModel="b")
    assert [each.text for each in chat.items[1:]] == [
        "mind the gap",
        "The MCP server db did not start: no such program",
        "Codex uses b in place of a.",
    ]


def test_a_missing_login_names_the_command_for_it() -> None:
    chat = CodexChat()
    chat.reply({})
    chat.reply({"thread": {"id": "t"}})
    chat.reply({"account": None, "requiresOpenaiAuth": True})
    assert chat.items[-1].text.startswith('Codex is not logged in: run "codex login"')


def test_a_conversation_that_is_open_elsewhere_is_reported() -> None:
    chat = CodexChat()
    chat.reply({})
    message = "thread x already has an active writer"
    chat.hear({"id": chat.last_request()["id"], "error": {"code": -32600, "message": message}})
    assert chat.items[-1].text == "This conversation is open in another program: close it there first."


# ---------------------------------------------------------------- work in the background

BACKGROUND = (RECORDING.parent / "codex-background.jsonl").read_text(encoding="utf-8").splitlines()
"""A command that the turn left, one that an interrupt left, and a sub-agent that the turn did not wait for."""


@pytest.mark.parametrize("reloads", [False, True])
def test_what_runs_in_the_background_is_said_until_it_is_over(reloads: bool) -> None:
    chat = CodexChat(reloads=reloads)
    chat.reply({"userAgent": "x"})
    chat.reply({"thread": {"id": THREAD, "name": None}, "model": "m", "approvalPolicy": "on-request"})
    status = chat.transcript.status
    states: list[tuple[str, str]] = []
    for message in map(json.loads, BACKGROUND):
        chat.hear(message)
        if not states or states[-1] != (status.state, status.detail):
            states.append((status.state, status.detail))
    assert [each for each in states if each[0] != "running"] == [
        ("idle", ""),
        ("background", "sleep 3"),
        ("idle", ""),
        ("background", "sleep 4"),
        ("idle", ""),
        ("background", "a sub-agent"),
        ("idle", ""),
    ]
    commands = [each for each in chat.items if each.tool == "execute"]
    assert [each.status for each in commands] == ["done", "done"]


def test_a_command_that_was_allowed_and_left_runs_in_the_background(chat: CodexChat) -> None:
    command = {"type": "commandExecution", "id": "i1", "command": "/bin/sh -c 'make all'", "status": "inProgress"}
    chat.notify("item/started", item=command)
    chat.ask("item/commandExecution/requestApproval", command="/bin/sh -c 'make all'", availableDecisions=["accept"])
    chat.answer("accept")
    chat.notify("turn/completed", turn={"id": "u1", "status": "interrupted"})
    assert (chat.transcript.status.state, chat.transcript.status.detail) == ("background", "make all")
    assert chat.items[-1].status == "running"
    chat.notify("item/completed", item={**command, "status": "completed"})
    assert (chat.transcript.status.state, chat.items[-1].status) == ("idle", "done")


def test_a_command_that_waited_for_permission_does_not_run_after_an_interrupt(chat: CodexChat) -> None:
    chat.notify("item/started", item={"type": "commandExecution", "id": "i1", "command": "make", "processId": None})
    chat.ask("item/commandExecution/requestApproval", command="make", availableDecisions=["accept"])
    chat.notify("turn/completed", turn={"id": "u1", "status": "interrupted"})
    assert (chat.transcript.status.state, chat.items[-1].status) == ("idle", "interrupted")
