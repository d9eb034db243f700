"""The Codex dialect with a fake app-server, a real process on pipes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from session_host.protocol.messages import Prompt
from session_host.protocol.values import Image
from session_host.structured.dialects.base import Start
from session_host.structured.dialects.codex.dialect import CodexDialect
from session_host.structured.items import FileChange
from tests.programs import program
from tests.support.hostless_chat import HostlessChat

Open = Callable[..., HostlessChat]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "received"


@pytest.fixture
def open_chat(tmp_path: Path, log: Path) -> Iterator[Open]:
    """Opens chats that share their threads, so that a later process can resume them."""
    opened: list[HostlessChat] = []

    def open_one(**start: Any) -> HostlessChat:
        environment = {
            **os.environ,
            "FAKE_APP_SERVER_THREADS": str(tmp_path / "threads"),
            "FAKE_APP_SERVER_LOG": str(log),
        }
        transcript = start.pop("transcript", None)
        prefix = start.pop("prefix", "me")
        chat = HostlessChat(
            CodexDialect,
            Start(directory=str(tmp_path), **start),
            program("fake_app_server"),
            environment,
            prefix=prefix,
            transcript=transcript,
        )
        opened.append(chat)
        return chat

    yield open_one
    for chat in opened:
        chat.close()


@pytest.fixture
def chat(open_chat: Open) -> HostlessChat:
    chat = open_chat(version="1.2")
    chat.until_idle()
    return chat


def test_a_conversation_begins_and_answers(chat: HostlessChat) -> None:
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


@pytest.mark.parametrize(
    ("option", "answer", "status"),
    [
        ("accept", "the decision was accept", "done"),
        ("acceptWithExecpolicyAmendment-1", "the decision was acceptWithExecpolicyAmendment", "done"),
        ("decline", "the command was declined", "declined"),
    ],
)
def test_a_command_waits_for_permission(chat: HostlessChat, option: str, answer: str, status: str) -> None:
    chat.prompt("run: make all")
    request = chat.until_asked()
    assert (request.kind, request.title, request.reason) == ("command", "Run make all", "fake: may I?")
    assert (request.shown_subject, request.subject) == ("make all", "/bin/bash -lc 'make all'")
    assert [(each.label, each.kind) for each in request.options] == [
        ("Allow", "allow_once"),
        ("Always allow `make all`…", "allow_always"),
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


def test_a_change_of_files_is_shown_completely_and_waits_for_permission(chat: HostlessChat) -> None:
    chat.prompt("edit: src/a.py")
    request = chat.until_asked()
    assert (request.kind, request.title, request.complete) == ("edit", "Edit src/a.py", True)
    assert request.subject == "--- src/a.py\n+++ src/a.py\n@@ -1 +1 @@\n-old\n+new\n"
    chat.answer(request, "acceptForSession")
    chat.until_idle()
    tool = chat.transcript.get(request.item)
    assert tool is not None
    assert (tool.tool, tool.status) == ("edit", "done")
    assert tool.changes == (FileChange("src/a.py", "@@ -1 +1 @@\n-old\n+new\n"),)


def test_a_question_is_answered_in_words_or_not_at_all(chat: HostlessChat) -> None:
    chat.prompt("ask: Which one? / left / right")
    request = chat.until_asked()
    assert (request.kind, request.title) == ("question", "Which one?")
    assert (request.questions[0].options, request.questions[0].free) == (("left", "right"), True)
    chat.answer(request, "", {"q1": "neither"})
    chat.until_idle()
    chat.prompt("ask: Again? / yes")
    chat.answer(chat.until_asked(), "skip")
    chat.until_idle()
    assert chat.texts("agent") == ["the user says: neither", "the user says: "]


def test_an_interrupt_withdraws_an_open_question(chat: HostlessChat) -> None:
    chat.prompt("run: make all")
    request = chat.until_asked()
    chat.interrupt()
    chat.until_idle()
    assert chat.transcript.answers[request.id].option == ""
    assert chat.statuses("tool") == ["interrupted"]


def test_an_interrupt_stops_a_turn_that_is_about_to_begin(chat: HostlessChat) -> None:
    chat.prompt("count: 9\nhold: 1")
    chat.interrupt()
    chat.until_idle()
    assert chat.transcript.status.last_turn is not None
    assert chat.transcript.status.last_turn.outcome == "interrupted"
    chat.prompt("/rename My work")
    chat.interrupt()
    chat.until_idle()
    assert chat.turn("the next one").text == "echo: the next one", "a command that began no turn is not stopped later"


def test_an_overloaded_agent_is_asked_again(chat: HostlessChat) -> None:
    chat.turn("overload: 5")
    assert chat.texts("agent") == ["echo: overload: 5"]
    assert [seconds for _, seconds in chat.timers] == [0.5, 1, 2, 4, 8]
    assert chat.texts("notice")[1:] == ["Codex is overloaded: it is asked again."]


def test_an_agent_that_stays_overloaded_refuses_the_prompt(chat: HostlessChat) -> None:
    chat.prompt("overload: 99")
    chat.until_idle()
    assert chat.statuses("user") == ["failed"]
    assert chat.texts("notice")[-1] == "Codex refused the prompt: Server overloaded; retry later."
    assert len(chat.timers) == 6


def test_a_conversation_of_another_program_is_read_page_by_page(
    chat: HostlessChat, open_chat: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        chat.turn(f"prompt {number}")
    chat.close()
    monkeypatch.setattr("session_host.structured.dialects.codex.dialect.TURNS_OF_A_PAGE", 2)
    again = open_chat(conversation=chat.transcript.status.conversation)
    again.until_idle()
    assert again.texts("user") == [f"prompt {number}" for number in range(5)]
    assert again.texts("agent") == [f"echo: prompt {number}" for number in range(5)]
    assert again.kinds()[1:3] == ["user", "agent"]
    assert [each["method"] for each in again.sent].count("thread/turns/list") == 3


def test_a_conversation_that_codex_does_not_know_fails_or_begins_anew(open_chat: Open) -> None:
    unknown = open_chat(conversation="elsewhere")
    unknown.until(lambda: unknown.failure)
    assert unknown.failure == "Codex did not open the conversation: no rollout found for thread id elsewhere"
    known_to_us = open_chat(conversation="never-prompted", has_history=True)
    known_to_us.until_idle()
    assert known_to_us.turn("hello").text == "echo: hello"
    assert "this is a new one" in known_to_us.texts("notice")[0]


def test_slash_commands_are_carried_out(chat: HostlessChat) -> None:
    assert [each.name for each in chat.transcript.status.commands] == ["compact", "review", "rename"]
    chat.turn("/compact")
    chat.turn("/review what I did")
    chat.turn("/rename My work")
    chat.until(lambda: chat.transcript.status.title)
    assert chat.texts("notice")[1:] == [
        "The conversation is summarised to make room.",
        "Review of what I did",
        "The review is over.",
    ]
    assert chat.transcript.status.title == "My work"
    assert chat.statuses("user") == ["done", "done", "done"]
    assert chat.turn("/unknown").text == "echo: /unknown"


def test_settings_are_offered_and_changed(chat: HostlessChat) -> None:
    def values() -> dict[str, str]:
        return {each.id: each.value for each in chat.transcript.status.settings}

    def is_set(setting: str, value: str) -> bool:
        return values()[setting] == value

    chat.until(lambda: len(chat.transcript.status.settings[0].choices) == 2)
    assert values() == {
        "model": "fake-model",
        "effort": "",
        "mode": "default",
        "approvals": "on-request",
        "sandbox": "workspace-write",
    }
    for setting, value in (
        ("model", "other-model"),
        ("effort", "high"),
        ("approvals", "never"),
        ("mode", "plan"),
        ("sandbox", "read-only"),
    ):
        chat.change(setting, value)
        chat.until(partial(is_set, setting, value))
    chat.change("sandbox", "workspace-write")
    chat.until(lambda: values()["sandbox"] == "workspace-write")
    chat.change("model", "no-such-model")
    assert chat.texts("notice")[-1] == "Codex has no such setting: model = no-such-model"


def test_options_are_set_at_the_start_of_the_thread(open_chat: Open) -> None:
    chat = open_chat(
        options={"model": "other-model", "sandbox": "read-only", "approvalPolicy": "never", "effort": "high"}
    )
    chat.until_idle()
    start = next(each for each in chat.sent if each["method"] == "thread/start")
    assert start["params"] == {
        "cwd": start["params"]["cwd"],
        "model": "other-model",
        "sandbox": "read-only",
        "approvalPolicy": "never",
        "config": {"model_reasoning_effort": "high"},
    }
    assert [each.value for each in chat.transcript.status.settings if each.id == "sandbox"] == ["read-only"]


def test_an_image_is_sent_with_its_prompt(chat: HostlessChat) -> None:
    assert chat.do(Prompt("look", images=(Image("image/png", b"\x89PNG"),))) is None
    chat.until_idle()
    assert chat.sent[-1]["params"]["input"][1] == {"type": "image", "url": "data:image/png;base64,iVBORw=="}
    assert chat.texts("user") == ["look"]
