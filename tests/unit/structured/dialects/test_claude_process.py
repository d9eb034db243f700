"""The Claude dialect with a fake Claude Code, a real process on pipes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from session_host.protocol.messages import Prompt
from session_host.protocol.values import Image
from session_host.structured.dialects.base import Start
from session_host.structured.dialects.claude.dialect import ClaudeDialect
from tests.programs import program
from tests.support.hostless_chat import HostlessChat, received

Open = Callable[..., HostlessChat]
CONVERSATION = "6f0c7c58-64f6-43e8-9c3f-31b6a5a1b0c1"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "received"


@pytest.fixture
def open_chat(tmp_path: Path, log: Path) -> Iterator[Open]:
    """Opens chats that share their conversations, so that a later process can resume them."""
    opened: list[HostlessChat] = []

    def open_one(*, resume: str = "", prefix: str = "me", **start: Any) -> HostlessChat:
        environment = {
            **os.environ,
            "FAKE_CLAUDE_CONVERSATIONS": str(tmp_path / "conversations"),
            "FAKE_CLAUDE_LOG": str(log),
        }
        arguments = ("--resume", resume) if resume else ("--session-id", CONVERSATION)
        start = {"conversation": resume or CONVERSATION, "resumes": bool(resume), **start}
        chat = HostlessChat(
            ClaudeDialect,
            Start(directory=str(tmp_path), **start),
            program("fake_claude_stream", *arguments),
            environment,
            prefix=prefix,
        )
        opened.append(chat)
        return chat

    yield open_one
    for chat in opened:
        chat.close()


@pytest.fixture
def chat(open_chat: Open) -> HostlessChat:
    chat = open_chat()
    chat.until_idle()
    return chat


def prompts(log: Path) -> list[str]:
    """The texts of the messages that the agent received."""
    return [each["message"]["content"][-1]["text"] for each in received(log) if each["type"] == "user"]


def notices(chat: HostlessChat) -> list[str]:
    """The notices without the one that the agent is slow, which appears here since timers expire at once."""
    return [each for each in chat.texts("notice") if each != "Claude Code has not answered yet."]


def test_three_turns_with_one_start(chat: HostlessChat, log: Path) -> None:
    for words in ("one deltas: 2", "two think: deep", "three"):
        chat.turn(words)
    assert chat.texts("agent") == ["echo: one deltas: 2", "echo: two think: deep", "echo: three"]
    assert chat.texts("thought") == ["deep"]
    assert set(chat.statuses("user")) == {"done"}
    assert [each["request"]["subtype"] for each in received(log)[:2]] == ["initialize", "get_settings"]
    status = chat.transcript.status
    assert status.conversation == CONVERSATION
    assert status.usage is not None
    assert (status.usage.used, status.usage.window, status.usage.total, status.usage.cost) == (15, 200_000, 15, 0.25)


def test_a_withdrawn_question_is_closed(chat: HostlessChat) -> None:
    chat.turn("withdraw: make")
    assert chat.transcript.open_requests == []
    assert [each.option for each in chat.transcript.answers.values()] == [""]


def test_an_unknown_request_gets_an_error(chat: HostlessChat) -> None:
    assert chat.turn("control: anything").text == "the client said: anything is not supported"
    assert [each.title for each in chat.transcript if each.kind == "raw"] == ["refused: anything"]


def test_a_form_of_an_mcp_server_is_a_question(chat: HostlessChat) -> None:
    chat.prompt("form: What is released?")
    request = chat.until_asked()
    assert (request.kind, request.title) == ("question", "asker: What is released?")
    assert [(each.text, each.options) for each in request.questions] == [
        ("Branch", ()),
        ("kind", ("major", "minor")),
        ("sign", ("Yes", "No")),
    ]
    assert (chat.transcript.status.state, chat.rules.state.state) == ("requires_action", "requires_action")
    chat.reload()
    chat.answer(request, "", {"branch": "main", "sign": "No"})
    chat.until_idle()
    assert chat.texts("agent")[-1] == (
        'the client said: {"action": "accept", "content": {"branch": "main", "sign": false}}'
    )


@pytest.mark.parametrize(("option", "action"), [("decline", "decline"), ("cancel", "cancel")])
def test_a_form_of_an_mcp_server_is_declined(chat: HostlessChat, option: str, action: str) -> None:
    chat.prompt("form: What is released?")
    chat.answer(chat.until_asked(), option)
    chat.until_idle()
    assert chat.texts("agent")[-1] == f'the client said: {{"action": "{action}"}}'


def test_the_agents_death_during_an_answer_is_shown_and_the_chat_resumes(chat: HostlessChat, open_chat: Open) -> None:
    chat.turn("first")
    chat.prompt("count: 9 cut: 3")
    chat.until_ended()
    last = chat.transcript[len(chat.transcript) - 1]
    assert (last.status, last.text.count("\n")) == ("cut", 3)
    assert chat.transcript.status.last_turn is not None
    assert chat.transcript.status.last_turn.outcome == "cut"
    resumed = open_chat(resume=CONVERSATION, prefix="re")
    assert resumed.turn("recall: 1").text == "first | count: 9 cut: 3 | recall: 1"
    assert notices(resumed) == ["Claude Code has the earlier messages of this conversation; they are not shown here."]


def test_a_missing_conversation_is_reported_and_the_chat_ends(open_chat: Open) -> None:
    chat = open_chat(resume="no-such", has_history=True)
    chat.until_ended()
    assert chat.failure == "No conversation found with session ID: no-such"
    assert notices(chat) == [chat.failure]


def test_a_refused_prompt_has_failed_and_the_next_one_runs(chat: HostlessChat) -> None:
    chat.prompt("refuse: discarded")
    chat.until_idle()
    assert chat.statuses("user") == ["failed"]
    assert notices(chat) == ["Claude Code did not take the prompt: discarded"]
    assert chat.turn("on").text == "echo: on"


def test_settings_are_changed_and_a_refused_one_stays(chat: HostlessChat) -> None:
    chat.change("model", "other")
    chat.change("mode", "plan")
    chat.change("mode", "bypassPermissions")
    chat.until(lambda: notices(chat))
    assert {each.id: each.value for each in chat.transcript.status.settings} == {"model": "other", "mode": "plan"}
    assert notices(chat) == ["Claude Code: Cannot set permission mode"]
    assert [each.name for each in chat.transcript.status.commands] == ["compact"]


def test_an_image_is_sent_with_its_prompt(chat: HostlessChat, log: Path) -> None:
    chat.do(Prompt("look", images=(Image("image/png", b"\x89PNG"),)))
    chat.until_idle()
    assert chat.texts("agent") == ["echo: look with an image"]
    (message,) = [each for each in received(log) if each["type"] == "user"]
    assert message["message"]["content"][0]["source"] == {
        "type": "base64",
        "media_type": "image/png",
        "data": "iVBORw==",
    }
