"""The Agent Client Protocol: tool calls and plans."""

from __future__ import annotations

from typing import Any

import msgspec

from session_host.structured.dialects.acp.items import KEPT_TOOLS
from session_host.structured.dialects.acp.state import AcpState
from tests.support.acp_chat import AcpChat, text_block, update


def say(text: str, **fields: Any) -> dict[str, Any]:
    return update("agent_message_chunk", content=text_block(text), **fields)


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


def test_an_invalid_field_loses_only_that_field(running: AcpChat) -> None:
    content = [{"type": "diff", "path": 3}, 17, {"type": "content", "content": text_block("ok")}]
    running.update(
        "tool_call",
        toolCallId="t",
        title=["x"],
        kind=9,
        status="sleeping",
        content=content,
        locations="?",
        rawInput=[1],
        rawOutput={"exitCode": "x"},
    )
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


def test_a_long_turn_keeps_only_its_newest_tool_calls(running: AcpChat) -> None:
    running.update("tool_call", toolCallId="long", title="Long")
    for number in range(300):
        running.update("tool_call", toolCallId=f"t{number}", title="Short", status="completed")
    assert len(msgspec.msgpack.decode(running.rules.save()[1], type=AcpState).tools) == KEPT_TOOLS
    running.update("tool_call_update", toolCallId="long", title="Still long")
    assert [each.title for each in running.items if "ong" in each.title] == ["Still long"]
