"""The Codex dialect with a fake app-server, a real process on pipes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from session_host.structured.dialects.base import Start
from session_host.structured.dialects.codex.dialect import CodexDialect
from tests.programs import program
from tests.support.spoken_chat import SpokenChat, received

Open = Callable[..., SpokenChat]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "received"


@pytest.fixture
def open_chat(tmp_path: Path, log: Path) -> Iterator[Open]:
    """Opens chats, with threads that the next process finds again."""
    opened: list[SpokenChat] = []

    def open_one(**start: Any) -> SpokenChat:
        environment = {**os.environ, "FAKE_APP_SERVER_THREADS": str(tmp_path / "threads"),
                       "FAKE_APP_SERVER_LOG": str(log)}  # fmt: skip
        transcript = start.pop("transcript", None)
        prefix = start.pop("prefix", "me")
        chat = SpokenChat(
            CodexDialect, Start(directory=str(tmp_path), **start), program("fake_app_server"), environment,
            prefix=prefix, transcript=transcript,
        )  # fmt: skip
        opened.append(chat)
        return chat

    yield open_one
    for chat in opened:
        chat.close()


@pytest.fixture
def chat(open_chat: Open) -> SpokenChat:
    chat = open_chat(version="1.2")
    chat.until_idle()
    return chat


def test_a_conversation_begins_and_answers(chat: SpokenChat) -> None:
    assert chat.sent[0]["params"]["clientInfo"] == {"name": "outlive", "title": "Outlive", "version": "1.2"}
    assert chat.turn("hello deltas: 3").text == "echo: hello deltas: 3"
    assert chat.kinds() == ["notice", "user", "agent"]
    assert chat.statuses("user") == ["done"]
    status = chat.transcript.status
    assert status.conversation
    assert status.usage is not None
    assert (status.usage.used, status.usage.window) == (15, 258400)
    assert status.last_turn is not None
    assert status.last_turn.outcome == "completed"
    assert chat.transcript[1].turn == chat.transcript[2].turn != ""


def test_three_prompts_in_a_row_are_three_turns(chat: SpokenChat, log: Path) -> None:
    for text in ("one", "two", "three"):
        chat.prompt(text)
    chat.until_idle()
    assert chat.texts("agent") == ["echo: one", "echo: two", "echo: three"]
    starts = [each for each in received(log) if each.get("method") == "turn/start"]
    assert [each["params"]["input"][0]["text"] for each in starts] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("option", "answer", "status"),
    [
        ("accept", "the decision was accept", "done"),
        ("acceptWithExecpolicyAmendment-1", "the decision was acceptWithExecpolicyAmendment", "done"),
        ("decline", "the command was declined", "declined"),
    ],
)
def test_a_command_waits_for_leave(chat: SpokenChat, option: str, answer: str, status: str) -> None:
    chat.prompt("run: make all")
    request = chat.until_asked()
    assert (request.kind, request.title, request.reason) == ("command", "Run make all", "fake: may I?")
    assert request.subject == "/bin/bash -lc 'make all'"
    assert [(each.name, each.kind) for each in request.options] == [
        ("Allow", "allow_once"),
        ("Always allow commands that begin with make all", "allow_always"),
        ("Decline", "reject_once"),
        ("Decline and stop", "cancel"),
    ]
    status_now = chat.transcript.status
    assert (status_now.state, status_now.detail) == ("requires_action", "Run make all")
    chat.answer(request, option)
    assert (status_now.state, status_now.detail) == ("running", "")
    chat.until_idle()
    tool = chat.transcript.get(request.item)
    assert tool is not None
    assert (tool.tool, tool.status, tool.command) == ("execute", status, "/bin/bash -lc 'make all'")
    assert tool.output == ("ran make all\n" if status == "done" else "")
    assert chat.texts("agent") == [answer]
