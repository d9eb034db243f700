"""Chats with agents that start a process for each turn: the dialect and the one-shot program, with a fake command."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from session_host.structured.dialects.base import Start
from session_host.structured.dialects.one_shot import OneShotDialect
from tests.programs import program
from tests.support.hostless_chat import HostlessChat
from tests.support.processes import is_alive
from tests.support.waiting import wait_until

Open = Callable[..., HostlessChat]
FORMATS = ("codex", "claude", "opencode", "text")


@pytest.fixture
def open_chat(tmp_path: Path) -> Iterator[Open]:
    opened: list[HostlessChat] = []

    def open_one(form: str, *command: str, prefix: str = "me", **start: Any) -> HostlessChat:
        words = command or (*program("one_turn", form), ":::", *program("one_turn", form, "%conversation%"))
        argv = [sys.executable, "-P", "-m", "session_host.one_shot", "--format", form, "--", *words]
        chat = HostlessChat(OneShotDialect, Start(directory=str(tmp_path), **start), argv, prefix=prefix)
        opened.append(chat)
        return chat

    yield open_one
    for chat in opened:
        chat.close()


def outcome(chat: HostlessChat) -> str:
    last = chat.transcript.status.last_turn
    return "" if last is None else last.outcome


@pytest.mark.parametrize("form", FORMATS)
def test_three_turns_are_three_processes_of_one_conversation(open_chat: Open, form: str) -> None:
    chat = open_chat(form)
    for words in ("one", "two", "three"):
        chat.turn(words)
        chat.reload()
    assert [each.strip() for each in chat.texts("agent")] == ["one", "one | two", "one | two | three"]
    assert set(chat.statuses("user")) == set(chat.statuses("agent")) == {"done"}
    assert bool(chat.transcript.status.conversation) == (form != "text")
    assert chat.kinds() == ["user", "agent"] * 3
    assert not chat.transcript.status.capabilities.steer


@pytest.mark.parametrize("form", ["codex", "claude", "opencode"])
def test_a_command_of_the_agent_is_shown_with_its_output(open_chat: Open, form: str) -> None:
    chat = open_chat(form)
    chat.turn("command: make")
    (tool,) = [each for each in chat.transcript if each.kind == "tool"]
    assert (tool.tool, tool.command, tool.output, tool.exit_code, tool.status) == ("execute", "make", "out", 0, "done")
    assert chat.transcript.status.usage is not None
    assert chat.transcript.status.usage.total == 15


def test_a_conversation_is_resumed_by_its_id(open_chat: Open) -> None:
    open_chat("codex").turn("one")
    chat = open_chat("codex", conversation="c-1", prefix="re")
    assert chat.turn("two").text.strip() == "one | two"
    assert chat.texts("notice") == ["The agent has the earlier messages of this conversation; they are not shown here."]


def test_a_new_conversation_may_have_an_id_from_the_start(open_chat: Open) -> None:
    chat = open_chat(
        "text", "echo", "first", "%conversation%", ":::", "echo", "later", conversation="c-7", resumes=False
    )
    assert [chat.turn(each).text for each in ("one", "two")] == ["first c-7\n", "later\n"]
    assert chat.texts("notice") == []


def test_an_interrupted_turn_ends_and_the_next_one_runs(open_chat: Open) -> None:
    chat = open_chat("codex")
    chat.turn("one")
    chat.prompt("hold: 1")
    chat.until(lambda: "running" in chat.statuses("tool") + chat.statuses("agent"))
    chat.interrupt()
    chat.until_idle()
    assert outcome(chat) == "interrupted"
    assert chat.transcript[len(chat.transcript) - 1].status == "interrupted"
    assert chat.turn("three").text.strip().endswith("three")


def test_a_failed_command_is_shown_with_the_reason(open_chat: Open) -> None:
    chat = open_chat("codex")
    chat.turn("exit: 3")
    assert chat.texts("notice") == ["The command ended with exit code 3:\nwhat went wrong"]
    assert outcome(chat) == "failed"
    assert chat.turn("on").text == "on"


def test_a_command_that_does_not_exist_fails_the_prompt(open_chat: Open) -> None:
    chat = open_chat("text", "/no/such/command")
    chat.prompt("one")
    chat.until_idle()
    assert chat.statuses("user") == ["failed"]
    assert "No such file" in chat.texts("notice")[0]


def test_a_line_that_is_no_json_is_shown(open_chat: Open) -> None:
    chat = open_chat("codex")
    assert chat.turn("garbage: 1").text == "garbage: 1"
    assert chat.texts("notice") == ["a line that is no JSON"]


def test_a_command_gets_its_prompt_as_an_argument(open_chat: Open) -> None:
    chat = open_chat("text", "printf", "%s", "<%prompt%>")
    assert chat.turn("two words").text == "<two words>"


def test_a_command_takes_its_prompt_from_a_file_that_no_other_user_sees(open_chat: Open) -> None:
    chat = open_chat("text", "cat", "/dev/stdin")
    assert chat.turn("two\nlines").text == "two\nlines"


def test_a_prompt_that_waits_is_sent_after_the_turn(open_chat: Open) -> None:
    chat = open_chat("claude")
    chat.prompt("one")
    chat.prompt("two", "steer")
    chat.until_idle()
    assert chat.texts("agent") == ["one", "one | two"]


@pytest.mark.parametrize("how", ["end of stdin", "SIGTERM"])
def test_the_end_of_the_program_ends_the_command_and_its_children(open_chat: Open, tmp_path: Path, how: str) -> None:
    chat = open_chat("codex")
    chat.prompt("hold: 1 child: 1")
    chat.until(lambda: "running" in chat.statuses("tool"))
    child = int((tmp_path / "child").read_text())
    if how == "SIGTERM":
        os.kill(chat.process.pid, signal.SIGTERM)
    else:
        assert chat.process.stdin is not None
        chat.process.stdin.close()
    chat.until_ended()
    assert chat.process.returncode == 0
    wait_until(lambda: not is_alive(child), 10, "the command left a child behind")
