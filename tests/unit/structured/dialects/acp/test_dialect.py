"""The Agent Client Protocol: unknown and damaged messages, and information about the agent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.acp_chat import AcpChat, text_block, update


def say(text: str, **fields: Any) -> dict[str, Any]:
    return update("agent_message_chunk", content=text_block(text), **fields)


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
