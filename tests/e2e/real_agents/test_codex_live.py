"""The chat view and Codex's own terminal show one live thread of Codex."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.control import request
from session_host.paths import agent_socket, config_dir
from session_host.protocol.messages import Describe, Description
from session_host.storage.store import SessionRecord
from tests.fakes.model_server import ModelServer, answer_line
from tests.support import processes
from tests.support.commands import outlive
from tests.support.processes import is_alive
from tests.support.real_agents import RealAgent
from tests.support.real_chats import TIMEOUT_S, Chat, Work, done
from tests.support.structured_chats import ChatViewer, viewing
from tests.support.waiting import eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.real_agents,
    pytest.mark.timeout(400),
    pytest.mark.usefixtures("sessions"),
    pytest.mark.shows("chat live"),
]

LINES = 150
MANY_LINES = 9000


def children(pid: int) -> list[int]:
    """The children of a process with one thread."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@asynccontextmanager
async def chat_view(agent: RealAgent, project: Path) -> AsyncIterator[tuple[SessionRecord, ChatViewer]]:
    """A structured chat with Codex, and its viewer."""
    catalog = load_catalog(config_dir())
    record = await launch(
        LaunchRequest(
            agent=catalog[agent.name], directory=str(project), environment=os.environ, name="work", runtime="structured"
        )
    )
    async with viewing(record.id) as chat:
        await chat.watcher.until(lambda: chat.state == "idle", "the agent to take prompts")
        yield record, chat


async def wait_until_said(chat: ChatViewer, text: str) -> None:
    """Wait until the agent has sent this message and its turn is over."""
    await chat.until_said(text)
    await chat.watcher.until(lambda: chat.state == "idle", "the turn's end")


async def terminal_of(agent: RealAgent, server: ModelServer, chat: str) -> Chat:
    """Open Codex's own terminal for a chat, and wait until it takes input."""
    started = json.loads(await asyncio.to_thread(done, "resume", chat, "--runtime", "terminal", "--json"))
    terminal = Chat(agent, server, started["id"])
    await asyncio.to_thread(terminal.sees, agent.ready)
    return terminal


@asynccontextmanager
async def chat_and_terminal(
    agent: RealAgent, server: ModelServer, project: Path
) -> AsyncIterator[tuple[SessionRecord, ChatViewer, Chat]]:
    """A structured chat with one completed turn, and its terminal."""
    async with chat_view(agent, project) as (record, chat):
        chat.viewer.prompt("hello")
        await wait_until_said(chat, "echo: hello")
        yield record, chat, await terminal_of(agent, server, record.id)


async def test_prompts_of_chat_and_terminal_appear_once_in_each(
    agent: RealAgent, server: ModelServer, project: Path
) -> None:
    async with chat_and_terminal(agent, server, project) as (_, chat, terminal):
        await asyncio.to_thread(terminal.ask, "from the terminal")
        await wait_until_said(chat, "echo: from the terminal")
        chat.viewer.prompt("from the chat")
        await asyncio.to_thread(terminal.sees, "echo: from the chat")
        await wait_until_said(chat, "echo: from the chat")
        prompts = ["hello", "from the terminal", "from the chat"]
        assert chat.texts("user") == terminal.prompts() == prompts
        assert chat.texts() == [f"echo: {each}" for each in prompts]
        assert (await asyncio.to_thread(terminal.everything)).count("echo: from the chat") == 1


async def test_a_command_is_asked_about_in_both_and_answered_in_the_terminal(
    agent: RealAgent, server: ModelServer, project: Path, work: Work
) -> None:
    async with chat_and_terminal(agent, server, project) as (_, chat, terminal):
        chat.viewer.prompt(work.wish(agent))
        request = await chat.until_asked()
        assert work.command in request.subject
        await asyncio.to_thread(terminal.sees, agent.asks)
        await asyncio.to_thread(terminal.allow, work.has_begun)
        await chat.watcher.until(lambda: not chat.viewer.transcript.open_requests, "no question")  # type: ignore[union-attr]
        work.end()
        await chat.watcher.until(lambda: chat.state == "idle", "the turn's end")
        refused = await asyncio.to_thread(outlive, "deny", "work")
        assert (refused.code, "has withdrawn its question" in refused.error) == (6, True), refused


async def test_a_command_that_the_terminal_wants_is_declined_in_the_chat(
    agent: RealAgent, server: ModelServer, project: Path, work: Work
) -> None:
    async with chat_and_terminal(agent, server, project) as (_, chat, terminal):
        await asyncio.to_thread(terminal.ask, work.wish(agent))
        await chat.until_asked()
        await asyncio.to_thread(terminal.sees, agent.asks)
        await asyncio.to_thread(done, "deny", "work")
        await chat.watcher.until(lambda: chat.state == "idle", "the turn's end")
        await eventually(lambda: agent.asks not in terminal.screen(), TIMEOUT_S, "the terminal's dialog to go")
        assert not work.has_begun()


async def test_the_end_of_the_terminal_or_the_host_loses_no_text(
    agent: RealAgent, server: ModelServer, project: Path
) -> None:
    async with chat_and_terminal(agent, server, project) as (record, chat, terminal):
        await asyncio.to_thread(terminal.ask, f"count: {LINES} delay: 20")
        await chat.until_said(answer_line(10))
        assert chat.state == "running"
        await asyncio.to_thread(done, "kill", terminal.id)
        description: Description = await request(record.id, Describe(0))
        os.kill(description.host_pid, signal.SIGKILL)
        await wait_until_said(chat, answer_line(LINES))
        assert chat.texts()[-1].split("\n") == [answer_line(number) for number in range(1, LINES + 1)]
        assert len(chat.texts("user")) == 2
        again = await terminal_of(agent, server, terminal.id)
        await asyncio.to_thread(again.sees, answer_line(LINES))


async def test_a_stopped_terminal_does_not_delay_the_chat_and_a_stopped_relay_loses_no_text(
    agent: RealAgent, server: ModelServer, project: Path
) -> None:
    whole = [answer_line(number) for number in range(1, MANY_LINES + 1)]

    async def until_complete(chat: ChatViewer, turns: int) -> None:
        await chat.watcher.until(lambda: len(chat.texts()) == turns and chat.state == "idle", f"{turns} turns")
        assert chat.texts()[-1].split("\n") == whole

    async with chat_and_terminal(agent, server, project) as (record, chat, terminal):
        assert record.child_pid is not None
        chat.viewer.prompt(f"count: {MANY_LINES} hold: 3")
        await chat.until_said(answer_line(3))
        processes.stop(record.child_pid)
        server.release()
        await eventually(
            lambda: answer_line(MANY_LINES) in stored_conversations(), TIMEOUT_S, "Codex to have the answer"
        )
        os.kill(record.child_pid, signal.SIGCONT)
        await until_complete(chat, 2)
        shown = terminal.info()["child_pid"]
        for pid in (stopped := [shown, *children(shown)]):
            processes.stop(pid)
        for turn in (3, 4):
            chat.viewer.prompt(f"count: {MANY_LINES}")
            await until_complete(chat, turn)
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


def stored_conversations() -> str:
    """The text of all conversations that Codex has written to its files."""
    home = Path(os.environ.get("CODEX_HOME") or Path.home() / ".codex")
    return "".join(path.read_text(encoding="utf-8") for path in home.glob("sessions/**/rollout-*.jsonl"))


async def test_a_terminal_needs_a_prompt_first_and_ends_with_the_chat(
    agent: RealAgent, server: ModelServer, project: Path
) -> None:
    async with chat_view(agent, project) as (record, chat):
        early = await asyncio.to_thread(outlive, "resume", "work", "--runtime", "terminal", "--json")
        assert (early.code, early.error) == (1, "outlive: work: the conversation is empty; send a prompt first\n")
        chat.viewer.prompt("hello")
        await wait_until_said(chat, "echo: hello")
        terminal = await terminal_of(agent, server, record.id)
        chat.viewer.prompt("count: 50 hold: 3")
        await chat.until_said(answer_line(3))
        assert record.child_pid is not None
        [server_pid] = children(record.child_pid)
        await asyncio.to_thread(done, "stop", record.id)
        await asyncio.to_thread(done, "wait", terminal.id, "--exited", "--timeout", "30")
        assert "The chat has ended, and this view of it with it." in terminal.screen()
        assert terminal.info()["exit_code"] == 0
        assert not is_alive(server_pid)
        assert not agent_socket(record.id).is_symlink()
