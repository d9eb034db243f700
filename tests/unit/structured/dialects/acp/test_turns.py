"""The Agent Client Protocol: prompts, turns, interruptions and steering."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from session_host.protocol.messages import Prompt
from session_host.protocol.values import Image
from session_host.structured.dialects.acp.items import NO_COMMAND
from session_host.structured.dialects.base import Start
from session_host.structured.items import NOT_STOPPED, TurnOver
from session_host.structured.operations import CountTokens, OperationDone
from session_host.structured.rules import NO_ANSWER, STOPPING
from tests.support.acp_chat import DIRECTORY, AcpChat, permission, text_block, update

ALLOW = ("yes", "allow_once")
REJECT = ("no", "reject_once")


def say(text: str, **fields: Any) -> dict[str, Any]:
    return update("agent_message_chunk", content=text_block(text), **fields)


def test_a_prompt_is_confirmed_by_the_first_message_of_its_turn(chat: AcpChat) -> None:
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


def test_a_turn_without_messages_confirms_its_prompt_by_its_end(chat: AcpChat) -> None:
    chat.prompt("hello")
    chat.reply({"stopReason": "end_turn"})
    assert chat.shown() == [("user", "hello", "done"), ("notice", NO_ANSWER, "")]


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
    (ended,) = [each for each in running.changes if isinstance(each, TurnOver)]
    assert (ended.outcome, ended.error) == ("failed", "no such model")
    assert running.shown() == [("user", "go", "done"), ("thought", "hm", "failed"), ("notice", "no such model", "")]
    assert running.states()[-1] == "idle"


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [("max_tokens", "failed"), ("max_turn_requests", "failed"), ("refusal", "failed"), ("cancelled", "interrupted")],
)
def test_the_reason_of_a_stop_is_shown(running: AcpChat, reason: str, outcome: str) -> None:
    running.reply({"stopReason": reason})
    ended = running.transcript.status.last_turn
    assert ended is not None
    assert ended.outcome == outcome
    assert bool(ended.error) == (outcome == "failed")


def test_chunks_of_one_kind_are_one_item_until_another_kind_follows(running: AcpChat) -> None:
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


def test_images_and_files_of_a_prompt_are_sent(chat: AcpChat) -> None:
    other = AcpChat()
    other.open(promptCapabilities={"image": True})
    text = 'see @src/a b.py and @src/main.py, @"my notes" but not me@example.com or @alice'
    (sent,) = other.do(Prompt(text, images=(Image("image/png", b"png"),)))
    blocks = sent["params"]["prompt"]
    assert blocks[1] == {"type": "image", "mimeType": "image/png", "data": base64.b64encode(b"png").decode()}
    assert [(each["uri"], each["name"]) for each in blocks[2:]] == [
        ("file:///home/user/project/src/a", "src/a"),
        ("file:///home/user/project/src/main.py", "src/main.py"),
        ("file:///home/user/project/my%20notes", "my notes"),
    ]
    assert chat.do(Prompt("look", images=(Image("image/png", b"png"),))) == []
    assert chat.shown() == [("user", "look", "failed"), ("notice", "Agent takes no images", "")]


def test_a_repeated_prompt_is_shown_once(chat: AcpChat) -> None:
    chat.prompt("hello there")
    chat.update("user_message_chunk", content=text_block("hello there"))
    chat.hear(say("hi"))
    assert [each.text for each in chat.items] == ["hello there", "hi"]


def test_a_prompt_that_begins_with_a_path_is_no_command_for_an_agent_that_drops_unknown_ones() -> None:
    chat = AcpChat(Start(directory="/", options={"drops_unknown_commands": "true"}))
    chat.open()
    chat.update("available_commands_update", availableCommands=[{"name": "init", "description": "make it"}])
    for text, is_guarded in (("/tmp/x.log shows an error", True), ("/init here", False), ("say /init", False)):
        (sent,) = chat.prompt(text)
        guard = [NO_COMMAND] if is_guarded else []
        assert sent["params"]["prompt"] == [*guard, {"type": "text", "text": text}]
        chat.hear(
            update("user_message_chunk", content=NO_COMMAND), update("user_message_chunk", content=text_block(text))
        )
        chat.hear(say("yes"))
        chat.reply({"stopReason": "end_turn"})
    assert [each[0] for each in chat.shown()] == ["user", "agent"] * 3


def test_a_cancelled_turn_is_interrupted_also_if_its_agent_says_that_it_ended(chat: AcpChat) -> None:
    chat.prompt("go")
    chat.interrupt()
    chat.reply({"stopReason": "end_turn"}, "session/prompt")
    assert chat.transcript.status.last_turn is not None
    assert chat.transcript.status.last_turn.outcome == "interrupted"


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


def test_an_agent_that_does_not_stop_is_reported_and_a_later_error_is_an_interruption(running: AcpChat) -> None:
    running.interrupt()
    assert running.timers[-1][0] == STOPPING
    running.expire(STOPPING)
    assert running.transcript.status.detail == NOT_STOPPED
    running.reply_error(-32800, "aborted")
    assert running.transcript.status.last_turn is not None
    assert running.transcript.status.last_turn.outcome == "interrupted"


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


@pytest.mark.parametrize(("method", "kept"), [("fs/read_text_file", 0), ("terminal/create", 0), ("_vendor/thing", 1)])
def test_a_method_that_is_not_offered_gets_its_reply(running: AcpChat, method: str, kept: int) -> None:
    running.start.options.update(files="false", terminals="false")
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
def test_an_unknown_line_is_kept(running: AcpChat, line: bytes) -> None:
    running.hear(line, say("still there"))
    assert [each.kind for each in running.items[2:]] == ["raw", "agent"]
    assert "Error" not in running.items[2].title


def test_half_of_a_surrogate_pair_does_not_drop_the_text(running: AcpChat) -> None:
    line = rb'{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":'
    running.hear(line + rb'"agent_message_chunk","content":{"type":"text","text":"smile \ud83d"}}}}')
    assert running.items[-1].text == "smile ?"


def said(read: int, cached: int, written: int) -> dict[str, int]:
    """An agent's ``usage``, in which the tokens read have the cached ones among them."""
    total = read + cached + written
    return {"totalTokens": total, "inputTokens": read + cached, "cachedReadTokens": cached, "outputTokens": written}


def works(chat: AcpChat) -> list[tuple[int, int, int, str]]:
    """The tokens of each turn."""
    ended = [each.facts.work for each in chat.changes if isinstance(each, TurnOver) and each.facts is not None]
    return [(each.read, each.cached, each.written, each.known) for each in ended if each is not None]


@pytest.mark.parametrize(
    ("options", "second"),
    [({}, said(11, 5, 3)), ({"usage": "turn"}, said(1, 0, 1))],
    ids=["of all turns, as the protocol has it", "of the turn"],
)
def test_tokens_of_a_reply_are_counted_once(options: dict[str, str], second: dict[str, int]) -> None:
    chat = AcpChat(Start(directory=DIRECTORY, options=options), reloads=True)
    chat.open()
    for usage in (said(10, 5, 2), second):
        chat.prompt("go on")
        chat.reply({"stopReason": "end_turn", "usage": usage})
    assert works(chat) == [(10, 5, 2, "least"), (1, 0, 1, "least")]
    told = chat.transcript.status.usage
    assert told is not None
    assert (told.total, told.read, told.cached, told.written) == (19, 11, 5, 3)


@pytest.mark.parametrize(("counted", "second"), [("30 20 9", (30, 20, 9)), ("", (1, 0, 1))])
def test_a_turn_has_the_tokens_of_its_record_or_else_those_of_its_last_request(
    counted: str, second: tuple[int, int, int]
) -> None:
    chat = AcpChat(Start(directory=DIRECTORY, options={"usage": "record"}), reloads=True)
    chat.open()
    for usage, text in ((said(10, 5, 2), "100 50 20"), (said(1, 0, 1), counted)):
        chat.prompt("go on")
        chat.reply({"stopReason": "end_turn", "usage": usage})
        count = chat.operations[-1]
        assert isinstance(count, CountTokens)
        assert (count.conversation, chat.states()[-1]) == ("s", "running"), "it ends once it is counted"
        chat.result(OperationDone(count.id, text))
    assert works(chat) == [(100, 50, 20, "least"), (*second, "least")]
    assert chat.states()[-1] == "idle"


def test_a_turn_whose_agent_ends_while_it_is_counted_ends_once() -> None:
    chat = AcpChat(Start(directory=DIRECTORY, options={"usage": "record"}), reloads=True)
    chat.open()
    chat.prompt("go on")
    chat.reply({"stopReason": "end_turn"})
    chat.end()
    chat.result(OperationDone(chat.operations[-1].id, "100 50 20"))
    assert len([each for each in chat.changes if isinstance(each, TurnOver)]) == 1


def test_tokens_of_each_request_are_added_and_not_those_of_a_conversation_that_is_repeated(chat: AcpChat) -> None:
    def message(usage: dict[str, int]) -> None:
        chat.update("agent_message_chunk", content={"type": "text", "text": ""}, _meta={"usage": usage})

    message(said(1000, 0, 100))
    for requests in ((said(10, 5, 2), said(3, 2, 1)), (said(4, 0, 1),)):
        chat.prompt("go on")
        for each in requests:
            message(each)
        chat.reply({"stopReason": "end_turn"})
    assert [each[:3] for each in works(chat)] == [(13, 7, 3), (4, 0, 1)]


def test_title_commands_and_tokens_are_known(chat: AcpChat) -> None:
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


@pytest.mark.parametrize("number", [10**12, 2**63 - 1, 2**64, 10**400])
def test_sums_of_tokens_lose_no_message(number: int) -> None:
    chat = AcpChat(Start(directory=DIRECTORY, options={"usage": "record"}), reloads=True)
    methods = [{"id": "key", "name": "Key", "_meta": {"number": number}}]
    chat.reply({"protocolVersion": 1, "agentInfo": {"name": "Agent"}, "authMethods": methods})
    chat.reply({"sessionId": "s"})
    chat.prompt("go")
    usage = {"totalTokens": number, "cachedReadTokens": number, "outputTokens": number}
    for text in "abc":
        chat.hear(say(text, _meta={"usage": usage}))
    chat.rules.save()
    chat.reply({"stopReason": "end_turn", "usage": usage}, "session/prompt")
    chat.rules.save()
    chat.result(OperationDone(chat.operations[-1].id))
    assert (chat.items[-1].text, chat.transcript.status.state) == ("abc", "idle")
    assert chat.transcript.status.usage is None or chat.transcript.status.usage.total <= 10**18
