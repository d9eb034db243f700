"""Recorded conversations: opencode 1.18, Gemini CLI 0.61, Claude by its adapter 0.49, and Codex by its adapter 0.16."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from session_host.structured.dialects.base import Start
from session_host.structured.items import TurnOver
from tests.support.acp_chat import DIRECTORY, AcpChat, recording

AGENTS = ("opencode", "gemini", "claude", "codex")
CONVERSATIONS = {
    "opencode": "ses_e084028fbffeaC68RW9A34Ab3Q",
    "gemini": "ca5e88df-a37a-42b7-8a01-db1ba6014f67",
    "claude": "5218bf7c-3abd-431b-a13f-1e74a1e5350d",
    "codex": "01a1f7c3-a763-74c0-a9b0-e9dd881d75bd",
}
ASKING = ("opencode", "gemini", "claude")
"""Agents that ask before they run a command. Codex's adapter ran it without asking, and did not report it."""


def start(agent: str, **fields: object) -> Start:
    options = {"title_is_command": "true"} if agent == "gemini" else {}
    return Start(directory=DIRECTORY, version="1.0", options=options, **fields)  # type: ignore[arg-type]


def replayed(agent: str, *, reloads: bool = False) -> AcpChat:
    chat = AcpChat(start(agent), reloads=reloads)
    chat.replay(recording(agent, 1))
    return chat


@pytest.mark.parametrize("agent", AGENTS)
def test_a_conversation_has_its_items(agent: str) -> None:
    chat = replayed(agent)
    prompts = [each.text for each in chat.items if each.kind == "user"]
    assert prompts == ["hello acp", "tool: touch acpfile", "slow 20 cancel me", "slow 20 kill me"]
    answers = [each for each in chat.items if each.kind == "agent"]
    assert [each.status for each in answers] == ["done", "done", "interrupted", "running"]
    assert answers[0].text.endswith(": hello acp")
    assert answers[3].text.endswith("slow 20 kill me w1 w2 w3 ")
    tools = [(each.tool, each.command) for each in chat.items if each.kind == "tool"]
    assert tools == ([("execute", "touch acpfile")] if agent in ASKING else [])
    assert len({each.turn for each in chat.items if each.kind != "notice"}) == 4
    outcomes = [each.outcome for each in chat.changes if isinstance(each, TurnOver)]
    assert outcomes == ["completed", "completed", "interrupted"]
    assert chat.transcript.status.conversation == CONVERSATIONS[agent]
    assert not [each for each in chat.items if each.kind == "raw"]


@pytest.mark.parametrize("agent", ASKING)
def test_a_permission_shows_the_whole_command(agent: str) -> None:
    chat = replayed(agent)
    (request,) = chat.transcript.requests.values()
    assert (request.kind, request.subject, request.complete) == ("command", "touch acpfile", True)
    assert request.title == "Run touch acpfile?"
    assert {each.kind for each in request.options} == {"allow_once", "allow_always", "reject_once"}
    assert chat.transcript.get(request.item) == next(each for each in chat.items if each.kind == "tool")
    states = chat.states()
    asking = states.index("requires_action")
    assert states[asking - 1 : asking + 3] == ["running", "requires_action", "running", "idle"]


@pytest.mark.parametrize("agent", AGENTS)
def test_the_agent_reports_its_settings_and_commands(agent: str) -> None:
    status = replayed(agent).transcript.status
    assert {"model", "mode"} <= {each.category for each in status.settings}
    assert len({each.id for each in status.settings}) == len(status.settings)
    for setting in status.settings:
        assert setting.choices
    assert status.commands
    assert status.capabilities.images


@pytest.mark.parametrize("agent", ["opencode", "claude", "codex"])
def test_a_loaded_conversation_is_complete(agent: str) -> None:
    chat = AcpChat(start(agent, conversation=CONVERSATIONS[agent]))
    chat.replay(recording(agent, 2))
    texts = [each.text for each in chat.items if each.kind == "user"]
    assert texts[:2] == ["hello acp", "tool: touch acpfile"]
    assert texts[-2:] == ["slow 20 kill me", "after load"]
    (tool,) = [each for each in chat.items if each.kind == "tool"]
    assert (tool.command, tool.status) == ("touch acpfile", "done")
    assert chat.items[-1].text.endswith(": after load")
    assert chat.transcript.status.state == "idle"
    assert not [each for each in chat.items if each.kind == "raw"]


@pytest.mark.parametrize("agent", ["opencode", "claude", "codex"])
def test_a_loaded_conversation_adds_nothing_to_a_transcript_that_has_it(agent: str) -> None:
    chat = AcpChat(start(agent, conversation=CONVERSATIONS[agent], has_history=True))
    messages = recording(agent, 2)
    chat.hear(messages[1].message)
    if chat.sent[-1]["method"] == "session/resume":
        chat.reply_error(-32603, "broken")
        assert chat.sent[-1]["method"] == "session/load"
    answer = json.dumps(messages[2].message["id"])
    for each in messages[3:]:
        if each.ours:
            break
        if json.dumps(each.message.get("id")) == answer:
            each.message["id"] = chat.sent[-1]["id"]
        chat.hear(each.message)
    chat.expire("settle")
    assert chat.items == []
    assert chat.transcript.status.commands
    assert chat.transcript.status.state == "idle"


def test_gemini_is_asked_again_if_it_does_not_find_its_conversation_yet() -> None:
    chat = AcpChat(start("gemini", conversation=CONVERSATIONS["gemini"]))
    chat.replay(recording("gemini", 2))
    (notice,) = chat.items
    assert "No previous sessions found for this project." in notice.text
    (again,) = chat.expire("resume")
    assert (again["method"], again["params"]["sessionId"]) == ("session/load", CONVERSATIONS["gemini"])
    assert chat.failure == ""


@pytest.mark.parametrize("agent", AGENTS)
def test_saving_the_state_before_each_step_makes_no_difference(agent: str) -> None:
    whole, reloaded = replayed(agent), replayed(agent, reloads=True)
    assert reloaded.changes == whole.changes
    assert reloaded.sent == whole.sent


@pytest.mark.parametrize("agent", AGENTS)
def test_a_conversation_can_be_cut_after_any_message(agent: str) -> None:
    messages = recording(agent, 1)
    for length in range(len(messages)):
        chat = AcpChat(start(agent))
        chat._replay(messages[:length])
        chat.end()
        assert chat.transcript.status.state == "ended"
        assert not [each for each in chat.items if each.status == "running" or each.kind == "raw"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def positions(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the container and the key or index of each value in a message."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from positions(value[key])


@pytest.mark.parametrize("agent", AGENTS)
@given(data=st.data())
@settings(max_examples=20)
def test_wrong_values_anywhere_raise_no_error(agent: str, data: st.DataObject) -> None:
    messages = [each.message for each in recording(agent, 1) if not each.ours]
    message = data.draw(st.sampled_from(messages))
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(list(positions(message))))
        container[key] = data.draw(_VALUES)
    chat = AcpChat(start(agent), reloads=True)
    chat._replay(recording(agent, 1)[:8])
    chat.hear(message, message, *messages[-3:])
    chat.interrupt() if chat.states()[-1:] in (["running"], ["requires_action"]) else None
    for request in chat.transcript.open_requests:
        assert request.options
    chat.end()
    assert not [each.title for each in chat.items if re.match(r"\w+(Error|Exception): ", each.title)]
