"""Structured chats with real agents: turns, questions, interrupts, kills and resumes."""

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
from session_host.client.chats.fork import fork
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.chats.resume import resume
from session_host.client.control import request
from session_host.client.sessions.store_access import open_store
from session_host.keeper_client.discovery import keeper_status
from session_host.paths import config_dir
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Describe, Description, Interrupt, Prompt
from session_host.protocol.values import ErrorCode
from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support.commands import outlive
from tests.support.facts import known
from tests.support.hosts import end, is_over
from tests.support.real_agents import CLAUDE, CLAUDE_OF_NODE_20, CODEX, OPENCODE, RealAgent
from tests.support.real_chats import TIMEOUT_S, Work
from tests.support.structured_chats import ChatViewer, viewing
from tests.support.waiting import eventually, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400), pytest.mark.usefixtures("sessions")]

LINES = 150
WHOLE = [f"answer line {number:04}" for number in range(1, LINES + 1)]


@asynccontextmanager
async def started(
    agent: RealAgent, project: Path, *, one_shot: bool = False
) -> AsyncIterator[tuple[ChatFacts, ChatViewer]]:
    """Start a structured chat with the agent; yields its record and a viewer."""
    record = await launch(
        LaunchRequest(
            agent=load_catalog(config_dir())[agent.name],
            directory=str(project),
            environment=os.environ,
            runtime="structured",
            one_shot=one_shot,
        )
    )
    async with viewing(record.id) as chat:
        await chat.watcher.until(lambda: chat.state == "idle", "the agent to take prompts")
        yield record, chat


async def wait_until_said(chat: ChatViewer, text: str) -> None:
    """Wait until the agent has sent this message and its turn is over."""
    await chat.until_said(text)
    await chat.watcher.until(lambda: chat.state == "idle", "the turn's end")


def has_ended(session_id: str) -> bool:
    """Whether the session's end is recorded."""
    with open_store() as store:
        return is_over(store.get(session_id))


async def described(session_id: str) -> Description:
    answer: Description = await request(session_id, Describe(0))
    return answer


@pytest.mark.shows("chat turns")
async def test_three_turns_run_in_one_process(agent: RealAgent, server: ModelServer, project: Path) -> None:
    async with started(agent, project) as (record, chat):
        for word in ("one", "two", "three"):
            chat.viewer.send(Prompt(f"hello {word}"))
            await wait_until_said(chat, f"echo: hello {word}")
        assert [each.text for each in chat.items if each.kind == "user"] == ["hello one", "hello two", "hello three"]
        assert chat.texts("raw") == []
        assert (await described(record.id)).facts.program.child_pid == record.program.child_pid


@pytest.mark.shows("chat approval")
async def test_an_answer_from_the_command_line_reaches_the_agent_once_while_two_windows_show_the_question(
    agent: RealAgent, server: ModelServer, project: Path, work: Work
) -> None:
    async with started(agent, project) as (record, chat), viewing(record.id) as other:
        chat.viewer.send(Prompt(work.wish(agent)))
        request = await chat.until_asked()
        again = await other.until_asked()
        assert work.command in request.subject
        assert request.complete
        result = await asyncio.to_thread(outlive, "approve", record.id)
        assert result.code == 0, result.error
        await eventually(work.has_begun, TIMEOUT_S, "the command to run")
        other.answer(again, again.options[-1].id)
        await other.watcher.until(lambda: bool(other.watcher.refusals), "the refusal of the later answer")
        assert other.watcher.refusals[-1].code == ErrorCode.ANSWERED
        work.end()
        await chat.watcher.until(lambda: chat.state == "idle", "the turn's end")


@pytest.mark.shows("chat declined")
async def test_a_declined_command_does_not_run_although_the_window_was_closed_meanwhile(
    agent: RealAgent, server: ModelServer, project: Path, work: Work
) -> None:
    async with started(agent, project) as (record, chat):
        chat.viewer.send(Prompt(work.wish(agent)))
        request = await chat.until_asked()
    os.kill(known((await described(record.id)).facts.program.host_pid), signal.SIGKILL)
    async with viewing(record.id) as chat:
        assert await chat.until_asked() == request
        result = await asyncio.to_thread(outlive, "deny", record.id)
        assert result.code == 0, result.error
        await chat.watcher.until(lambda: chat.state == "idle", "the turn's end")
        assert not work.has_begun()


@pytest.mark.shows("chat interrupt")
@pytest.mark.parametrize("has_begun", [True, False], ids=["running", "about to begin"])
async def test_an_interrupted_turn_ends_and_the_next_prompt_is_answered(
    agent: RealAgent, server: ModelServer, project: Path, has_begun: bool
) -> None:
    async with started(agent, project) as (_, chat):
        chat.viewer.send(Prompt("count: 50 hold: 3"))
        if has_begun:
            await chat.until_said("line 0003")
        chat.viewer.send(Interrupt())
        await chat.watcher.until(lambda: bool(chat.turn_outcome) and chat.state == "idle", "the turn's end")
        assert chat.turn_outcome == "interrupted"
        assert chat.watcher.refusals == []
        server.release()
        chat.viewer.send(Prompt("hello again"))
        await wait_until_said(chat, "echo: hello again")


@pytest.mark.shows("chat steer")
async def test_a_text_sent_during_a_turn_reaches_the_model_before_it_continues(
    agent: RealAgent, server: ModelServer, project: Path, work: Work
) -> None:
    async with started(agent, project) as (_, chat):
        chat.viewer.send(Prompt(work.wish(agent)))
        request = await chat.until_asked()
        chat.answer(request, next(each.id for each in request.options if each.kind == "allow_once"))
        await eventually(work.has_begun, TIMEOUT_S, "the command to run")
        chat.viewer.send(Prompt("the other way", "steer"))
        await chat.watcher.until(lambda: chat.texts("user")[1:] == ["the other way"], "the text among the items")
        work.end()
        await chat.watcher.until(lambda: chat.state == "idle", "the turn's end")
        asked_on = next(
            body for body in map(json.dumps, (each.body for each in server.requests)) if "the work is done" in body
        )
        assert "the other way" in asked_on


@pytest.mark.shows("chat kills")
async def test_killing_window_host_and_keeper_in_mid_answer_loses_nothing(
    agent: RealAgent, server: ModelServer, project: Path
) -> None:
    async with started(agent, project) as (record, chat):
        chat.viewer.send(Prompt(f"count: {LINES} delay: 20"))
        await chat.until_said("line 0010")
    os.kill(known((await described(record.id)).facts.program.host_pid), signal.SIGKILL)
    async with viewing(record.id) as chat:
        await chat.until_said("line 0040")
        status = keeper_status()
        assert status is not None
        os.kill(status.pid, signal.SIGKILL)
        await chat.until_said("line 0070")
        os.kill(known((await described(record.id)).facts.program.host_pid), signal.SIGKILL)
        await wait_until_said(chat, WHOLE[-1])
        assert [line.strip() for line in chat.texts()[-1].splitlines() if line.strip()] == WHOLE
        assert len([each for each in chat.items if each.kind == "user"]) == 1


@pytest.mark.shows("chat resume")
async def test_an_agent_killed_in_mid_turn_is_resumed_by_its_id_with_the_whole_history(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    async with started(agent, project) as (record, chat):
        chat.viewer.send(Prompt("hello before"))
        await wait_until_said(chat, "echo: hello before")
        chat.viewer.send(Prompt("count: 50 hold: 5"))
        await chat.until_said("line 0005")
        assert record.program.child_pid is not None
        os.kill(record.program.child_pid, signal.SIGKILL)
        await chat.watcher.until(lambda: chat.state == "ended", "the end")
        items = chat.items
        assert [each.status for each in items if "line 0005" in each.text] == ["cut"]
    server.release()

    wait_until(lambda: has_ended(record.id), 10, "the end to be recorded")
    again = await resume(record.id, anyway=True)
    async with viewing(again.id) as chat:
        # Gemini CLI does not load a conversation in the minute in which it began.
        await eventually(lambda: chat.state == "idle", 150, "the agent to take prompts")
        assert chat.items[: len(items)] == items
        chat.viewer.send(Prompt("hello after"))
        await wait_until_said(chat, "echo: hello after")


@pytest.mark.shows("chat idle end")
async def test_an_idle_agent_is_ended_and_the_next_prompt_resumes_it(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("idle_timeout_min = 0.05\n", encoding="utf-8")
    async with started(agent, project) as (record, chat):
        chat.viewer.send(Prompt("hello before"))
        await wait_until_said(chat, "echo: hello before")
        await chat.watcher.until(lambda: chat.state == "ended", "the idle time-out")
        assert "resumes it" in chat.texts("notice")[-1]
    wait_until(lambda: has_ended(record.id), 10, "the end to be recorded")
    again = await resume(record.id, prompt="hello after")
    async with viewing(again.id) as chat:
        # Gemini CLI does not load a conversation in the minute in which it began.
        await eventually(lambda: "echo: hello after" in chat.texts(), 150, "the answer")
        assert chat.texts() == ["echo: hello before", "echo: hello after"]
    assert "echo: hello before" in json.dumps(server.wait_asked("hello after").body)


@pytest.mark.parametrize("agent", [CLAUDE, CODEX, OPENCODE], ids=lambda agent: agent.label, indirect=True)
async def test_a_fork_has_the_history_and_the_original_gets_no_new_messages(
    agent: RealAgent, server: ModelServer, project: Path
) -> None:
    async with started(agent, project) as (record, chat):
        chat.viewer.send(Prompt("hello one"))
        await wait_until_said(chat, "echo: hello one")
        forked = await fork(record.id)
        async with viewing(forked.id) as copy:
            await copy.watcher.until(lambda: copy.state == "idle", "the agent to take prompts")
            copy.viewer.send(Prompt("hello two"))
            await wait_until_said(copy, "echo: hello two")
            assert copy.viewer.replica.transcript is not None
            conversation = copy.viewer.replica.transcript.status.conversation
        assert "echo: hello one" in json.dumps(server.wait_asked("hello two").body)
        chat.viewer.send(Prompt("hello three"))
        await wait_until_said(chat, "echo: hello three")
        assert "hello two" not in json.dumps(server.wait_asked("hello three").body)
        assert chat.viewer.replica.transcript is not None
        assert conversation not in {"", chat.viewer.replica.transcript.status.conversation}
    await end(forked.id)
    await eventually(lambda: has_ended(forked.id), 10, "the end to be recorded")
    again = await resume(forked.id, anyway=True)
    async with viewing(again.id) as copy:
        await copy.watcher.until(lambda: copy.state == "idle", "the agent to take prompts")
        copy.viewer.send(Prompt("hello four"))
        await wait_until_said(copy, "echo: hello four")
    body = json.dumps(server.wait_asked("hello four").body)
    assert ("hello two" in body, "hello three" in body) == (True, False)


@pytest.mark.parametrize("agent", [CLAUDE, CLAUDE_OF_NODE_20, CODEX], ids=lambda agent: agent.label, indirect=True)
async def test_a_fork_before_a_prompt_has_neither_that_prompt_nor_later_ones(
    agent: RealAgent, server: ModelServer, project: Path
) -> None:
    async def fork_and_ask(chat: ChatFacts, before: str, text: str) -> tuple[ChatFacts, set[str]]:
        """Fork a chat before a prompt, and send a prompt; returns the fork and the prompts the model knows."""
        async with viewing(chat.id) as viewed:
            await viewed.until_said("echo: hello one")
            [prompt] = [item.id for item in viewed.items if item.kind == "user" and item.text == before]
        forked = await fork(chat.id, before=prompt)
        async with viewing(forked.id) as copy:
            await copy.watcher.until(lambda: copy.state == "idle", "the agent to take prompts")
            copy.viewer.send(Prompt(text))
            await wait_until_said(copy, f"echo: {text}")
            shown = {item.text for item in copy.items if item.kind == "user"}
        body = json.dumps(server.wait_asked(text).body)
        found = {word for word in ("one", "two", "three", "four", "five", "six") if f"echo: hello {word}" in body}
        assert shown == {text, *(f"hello {word}" for word in found)}
        return forked, found

    async with started(agent, project) as (record, chat):
        for word in ("one", "two", "three"):
            chat.viewer.send(Prompt(f"hello {word}"))
            await wait_until_said(chat, f"echo: hello {word}")
    forked, found = await fork_and_ask(record, "hello three", "hello four")
    assert found == {"one", "two"}
    again, found = await fork_and_ask(forked, "hello two", "hello five")
    assert found == {"one"}, "of a prompt that is a copy itself"
    _, found = await fork_and_ask(again, "hello five", "hello six")
    assert found == {"one"}
    _, found = await fork_and_ask(forked, "hello one", "hello seven")
    assert found == set(), "nothing was said before"


@pytest.mark.shows("chat fallback")
async def test_three_turns_with_a_process_each_are_one_conversation_that_is_resumed(
    agent: RealAgent, server: ModelServer, project: Path
) -> None:
    async with started(agent, project, one_shot=True) as (record, chat):
        for word in ("one", "two", "three"):
            chat.viewer.send(Prompt(f"hello {word}"))
            await wait_until_said(chat, f"echo: hello {word}")
        assert chat.texts("raw") == []
        assert chat.viewer.replica.transcript is not None
        conversation = chat.viewer.replica.transcript.status.conversation
    await end(record.id)
    await eventually(lambda: has_ended(record.id), 10, "the end to be recorded")
    again = await resume(record.id, anyway=True)
    async with viewing(again.id) as chat:
        await chat.watcher.until(lambda: chat.state == "idle", "the agent to take prompts")
        chat.viewer.send(Prompt("hello four"))
        await wait_until_said(chat, "echo: hello four")
        assert chat.viewer.replica.transcript is not None
        assert chat.viewer.replica.transcript.status.conversation == conversation != ""
    assert "echo: hello one" in json.dumps(server.wait_asked("hello four").body)
