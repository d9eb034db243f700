"""The chat view of a chat with a model server: a real host, the real program, and a fake server."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.chats.resume import resume
from session_host.client.control import request
from session_host.paths import config_dir
from session_host.protocol.messages import Describe, Description
from session_host.storage.store import SessionRecord
from tests.fakes.model_server import ModelServer, answer_line
from tests.support.endpoint_chats import MODEL, conversation, conversation_files
from tests.support.hosts import end, shown, watching
from tests.support.structured_chats import ChatViewer, viewing
from tests.support.waiting import eventually, wait_for_end

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A fake server that treats each request as a turn."""
    with ModelServer(tools_needed=False) as server:
        yield server


async def start(server: ModelServer, directory: Path) -> SessionRecord:
    return await launch(
        LaunchRequest(
            agent=load_catalog(config_dir())["endpoint"], arguments=["-m", MODEL, "-u", server.url], prompt="hello",
            directory=str(directory), environment=os.environ, runtime="structured",
        )
    )  # fmt: skip


async def kill(session_id: str, *, host: bool) -> None:
    """Kill the chat's host or its program."""
    description: Description = await request(session_id, Describe(0))
    pid = description.host_pid if host else description.child_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for_end(pid, 10)


def dialogue(chat: ChatViewer) -> list[str]:
    return [item.text for item in chat.items if item.kind in {"user", "agent"}]


async def test_an_answer_outlives_its_host_and_a_conversation_its_program(server: ModelServer, tmp_path: Path) -> None:
    record = await start(server, tmp_path)
    lines = [f"{answer_line(number)}\n" for number in range(1, 9)]
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
        chat.viewer.prompt("count: 8 hold: 4")
        await chat.until_said(answer_line(4))
        await kill(record.id, host=True)
        server.release()
        await chat.until_idle(2)
        whole = ["hello", "echo: hello", "count: 8 hold: 4", "".join(lines).strip()]
        assert dialogue(chat) == whole
        chat.viewer.prompt("count: 9 hold: 2")
        await chat.watcher.until(lambda: chat.texts()[-1] == "".join(lines[:2]), "two lines")
        chat.viewer.interrupt()
        await chat.watcher.until(lambda: chat.state == "idle", "the turn to be stopped")
        chat.viewer.prompt("hold: 3 count: 9")
        await chat.watcher.until(lambda: chat.texts()[-1] == "".join(lines[:3]), "three lines")
        # A killed program loses at most the last second of its answer.
        await eventually(lambda: conversation().messages[-1].text == "".join(lines[:3]), 20, "the lines to be saved")
        await kill(record.id, host=False)
        await chat.watcher.until(lambda: chat.state == "ended", "the end")
        whole += ["count: 9 hold: 2", "".join(lines[:2]), "hold: 3 count: 9", "".join(lines[:3])]
        assert dialogue(chat) == whole
    again = await resume(record.id)
    async with viewing(again.id) as chat:
        await chat.watcher.until(lambda: chat.state == "idle", "the chat to go on")
        assert dialogue(chat) == whole
        assert chat.texts("notice")[-1] == "The answer was interrupted; /continue to continue, /retry to ask again"
        server.release()
        chat.viewer.prompt("more")
        await chat.until_said("echo: more")
        await chat.watcher.until(lambda: chat.state == "idle", "the answer to be complete")
        sent = [message["content"] for message in server.requests[-1].body["messages"]]
        assert sent == [*whole, "more"]
    await end(again.id)
    terminal = await resume(again.id, runtime="terminal")
    async with watching(terminal.id) as (viewer, watcher):
        await watcher.until(lambda: "echo: more" in "\n".join(shown(viewer)), "the conversation in a terminal")
    await end(terminal.id)
    back = await resume(terminal.id, runtime="structured")
    async with viewing(back.id) as chat:
        await chat.watcher.until(lambda: chat.state == "idle", "the conversation in a chat view")
        assert dialogue(chat) == [*whole, "more", "echo: more"]
    assert len(conversation_files()) == 1
