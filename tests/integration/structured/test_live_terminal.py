"""A structured chat and its agent's own terminal show one live conversation."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from session_host.client.chats.resume import resume
from session_host.client.control import request
from session_host.errors import NotResumable
from session_host.paths import agent_socket
from session_host.protocol.messages import Describe, Description
from session_host.protocol.values import State
from session_host.storage.store import SessionRecord
from tests.support.commands import Done, outlive
from tests.support.structured_chats import ChatViewer, start_chat, viewing

pytestmark = pytest.mark.usefixtures("sessions")


async def command(*words: str) -> Done:
    """Run ``outlive``."""
    return await asyncio.to_thread(outlive, *words)


async def done(*words: str) -> str:
    result = await command(*words)
    assert result.code == 0, result.error
    return result.output


async def wait_for_text(terminal: str, text: str) -> None:
    """Wait for a text in a terminal."""
    await done("wait", terminal, "--text", text, "--timeout", "20")


@asynccontextmanager
async def chat_and_terminal(directory: Path) -> AsyncIterator[tuple[SessionRecord, ChatViewer, str]]:
    """A structured chat with one completed turn, its viewer, and the id of its terminal."""
    record = await start_chat(directory, agent="live", name="work", prompt="answer: first")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
        started = json.loads(await done("resume", "work", "--runtime", "terminal", "--json"))
        await wait_for_text(started["id"], "ready")
        yield record, chat, started["id"]


async def test_prompts_of_chat_and_terminal_appear_once_in_each(tmp_path: Path) -> None:
    async with chat_and_terminal(tmp_path) as (_, chat, terminal):
        await done("send", terminal, "answer: from the terminal", "--enter")
        await chat.until_said("from the terminal")
        await chat.until_idle(2)
        chat.viewer.prompt("answer: from the chat")
        await wait_for_text(terminal, "^from the chat")
        await chat.until_idle(3)
        assert chat.texts("user") == ["answer: first", "answer: from the terminal", "answer: from the chat"]
        assert chat.texts() == ["first", "from the terminal", "from the chat"]


async def test_a_question_is_answered_once_in_chat_or_terminal(tmp_path: Path) -> None:
    async with chat_and_terminal(tmp_path) as (_, chat, terminal):
        chat.viewer.prompt("run: make all")
        await chat.until_asked()
        await wait_for_text(terminal, "May I run")
        await done("send", terminal, "y", "--enter", "--anyway")
        await chat.until_said("the decision was accept")
        await chat.until_idle(2)
        assert not chat.viewer.transcript.open_requests  # type: ignore[union-attr]
        await done("send", terminal, "run: rm -r all", "--enter")
        await chat.until_asked()
        await done("deny", "work")
        await chat.until_said("the command was declined")
        await wait_for_text(terminal, "It is answered")


async def test_the_terminal_ends_in_mid_turn_and_is_resumed(tmp_path: Path) -> None:
    async with chat_and_terminal(tmp_path) as (record, chat, terminal):
        assert json.loads(await done("resume", "work", "--runtime", "terminal", "--json"))["id"] == terminal
        await done("send", terminal, "count: 9 hold: 3", "--enter")
        await chat.until_said("line 0003")
        assert chat.state == "running"
        chat.viewer.prompt("answer: queued")
        await done("kill", terminal)
        (tmp_path / "release").touch()
        await chat.until_said("queued")
        assert [text.count("answer line") for text in chat.texts()] == [0, 9, 0]
        again = json.loads(await done("resume", terminal, "--json"))
        await wait_for_text(again["id"], "ready")
        assert again["id"] != terminal
        await done("send", again["id"], "answer: again", "--enter")
        await chat.until_said("again")
        description: Description = await request(record.id, Describe(0))
        assert description.child_pid == record.child_pid


async def test_the_terminal_ends_with_the_chat_and_reports_it(tmp_path: Path) -> None:
    async with chat_and_terminal(tmp_path) as (record, _, terminal):
        await done("stop", "work")
        await done("wait", terminal, "--exited", "--timeout", "20")
        [info] = [each for each in json.loads(await done("ls", "--all", "--json")) if each["id"] == terminal]
        assert (info["state"], info["exit_code"]) == (State.EXITED, 0)
        screen = await done("peek", terminal)
        assert screen.splitlines()[-1] == "The chat has ended, and this view of it with it."
        assert "ready" in screen
        assert not agent_socket(record.id).is_symlink()


async def test_a_host_killed_in_mid_answer_loses_nothing_in_chat_and_terminal(tmp_path: Path) -> None:
    async with chat_and_terminal(tmp_path) as (record, chat, terminal):
        await done("send", terminal, "count: 400 delay: 5", "--enter")
        await chat.until_said("line 0020")
        description: Description = await request(record.id, Describe(0))
        os.kill(description.host_pid, signal.SIGKILL)
        await chat.until_said("line 0400")
        await chat.until_idle(2)
        assert chat.texts()[-1].splitlines() == [f"answer line {number:04d}" for number in range(1, 401)]


async def test_a_running_chat_without_terminal_support_is_not_resumed_in_one(tmp_path: Path) -> None:
    record = await start_chat(tmp_path, prompt="answer: first")
    with pytest.raises(NotResumable, match="is running; attach to it"):
        await resume(record.id, runtime="terminal")


async def test_a_running_chat_is_resumed_only_with_its_terminal_requested(tmp_path: Path) -> None:
    async with chat_and_terminal(tmp_path) as (record, _, _):
        with pytest.raises(NotResumable, match="is running; attach to it"):
            await resume(record.id)
