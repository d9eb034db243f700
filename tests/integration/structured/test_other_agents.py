"""Structured chats with Claude Code's protocol, and with agents that have one process for each turn."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.chats.resume import resume
from session_host.client.control import request
from session_host.client.sessions.store_access import open_store
from session_host.paths import config_dir
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Interrupt, Kill, Prompt
from tests.programs import program
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.conversing import probe_options
from tests.support.hosts import is_over, kill_host, recorded
from tests.support.structured_chats import add_acp_agent, add_claude, start_chat, viewing
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")

LINES = 200
WHOLE = "".join(f"answer line {number:04}\n" for number in range(1, LINES + 1))


async def start_claude(directory: Path, prompt: str) -> ChatFacts:
    """Start a chat with the fake Claude Code."""
    add_claude()
    return await start_chat(directory, prompt=prompt, agent="fake-claude")


async def start_command(directory: Path, *words: str) -> ChatFacts:
    """Start a chat with a command."""
    return await launch(
        LaunchRequest(
            agent=load_catalog(config_dir())["command"],
            arguments=list(words),
            directory=str(directory),
            environment=os.environ,
            runtime="structured",
        )
    )


async def test_a_chat_is_called_by_its_first_prompt_also_after_a_later_one_and_its_hosts_end(tmp_path: Path) -> None:
    record = await start_claude(tmp_path, "")

    def shown_name() -> str:
        with open_store() as store:
            found = store.get(record.id)
        assert found is not None
        return found.entry.shown_name

    async with viewing(record.id) as chat:
        for number in (1, 2, 3):
            chat.viewer.send(Prompt(f"count: {number}"))
            await chat.until_idle(number)
            await eventually(lambda: shown_name() == "count: 1", 30.0, "the first prompt as the name")
            if number == 2:
                await kill_host(record.id)
    assert shown_name() == "count: 1"


async def test_a_host_of_claude_code_killed_in_mid_delta_neither_loses_nor_repeats(tmp_path: Path) -> None:
    record = await start_claude(tmp_path, f"count: {LINES} delay: 5")
    async with viewing(record.id) as chat:
        for number in (20, 120):
            await chat.until_said(f"line {number:04}")
            await kill_host(record.id)
        await chat.until_idle(1)
        assert chat.texts() == [WHOLE]
        assert chat.texts("notice") == []


async def test_an_agent_with_a_sub_agent_in_the_background_is_ended_after_that(tmp_path: Path, area: Area) -> None:
    """No process shows a sub-agent of Qwen Code: its record does."""
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("idle_timeout_min = 0.005\n", encoding="utf-8")
    add_acp_agent('[signals]\nbackground = "qwen"\n')
    record = await start_chat(tmp_path, prompt="say one\nhold", agent="fake-acp")
    async with viewing(record.id) as chat:
        transcript = chat.viewer.replica.transcript
        assert transcript is not None
        await chat.watcher.until(lambda: chat.state == "running" and bool(transcript.status.conversation), "the turn")
        directory = area.home / ".qwen/projects/p/subagents" / transcript.status.conversation
        directory.mkdir(parents=True)

        def note(status: str) -> None:
            agent = {"status": status, "description": "look around", "isBackgrounded": True}
            (directory / "agent-1.meta.json").write_text(json.dumps(agent), encoding="utf-8")

        note("running")
        chat.viewer.send(Interrupt())
        await chat.watcher.until(lambda: chat.state == "background", "the turn's end")
        other = await start_chat(tmp_path, prompt="answer: later")
        await eventually(lambda: is_over(recorded(other.id)), 10, "the idle time-out of another chat")
        assert (chat.state, transcript.status.detail) == ("background", "sub-agent look around")
        [listed] = (await asyncio.to_thread(outlive, "ls", "--json")).json()
        assert (listed["activity"], listed["activity_detail"]) == (
            "working",
            "In the background: sub-agent look around",
        )
        await kill_host(record.id)
        note("completed")
        await chat.watcher.until(lambda: chat.state == "ended", "the idle time-out")


async def test_claude_code_gets_an_answer_after_its_host_was_killed_once(tmp_path: Path) -> None:
    record = await start_claude(tmp_path, "run: make")
    async with viewing(record.id) as chat:
        request = await chat.until_asked()
        await kill_host(record.id)
        chat.answer(request, "allow")
        await chat.until_idle(1)
        assert chat.texts() == ["the tool said: ran make"]


async def test_any_command_can_be_a_chat_with_one_process_for_each_turn(tmp_path: Path) -> None:
    record = await start_command(tmp_path, *program("one_turn", "text"))
    async with viewing(record.id) as chat:
        for number, words in enumerate(("one", "two"), 1):
            chat.viewer.send(Prompt(words))
            await chat.until_idle(number)
        assert chat.texts() == ["one\n", "two\n"]


FALLBACK = """
title = "Fake"
executable = {executable}
start = ["sh"]
monogram = "Fk"
help = ["--help"]
[conversation]
resume = ["sh"]
[chat_view]
dialect = "codex"
start = [{server}]
probed = ["app-server"]
env = {{ FAKE_VARIABLE = "set" }}
one_shot = [
    "{{python}}", "-P", "-m", "session_host.one_shot", "--format", "codex", "--",
    {turn}, ":::", {turn}, "%conversation%",
]
"""


async def start_fallback(directory: Path, *, command: str, one_shot: bool = False) -> ChatFacts:
    """Start a chat with an agent that supports both a server and one process per turn.

    Args:
        directory: the chat's directory.
        command: the subcommand that the agent's help lists.
        one_shot: whether one process per turn is requested.
    """
    executable = directory / "agent"
    executable.write_text(f"#!/bin/sh\necho '1.0.0 --a --b --c --d --e'; echo '  {command}   Run it'\n")
    executable.chmod(0o755)
    words = {
        "executable": json.dumps(str(executable)),
        "server": ", ".join(map(json.dumps, program("fake_app_server"))),
        "turn": ", ".join(map(json.dumps, program("one_turn", "codex"))),
    }
    agents = config_dir() / "agents"
    agents.mkdir(parents=True, exist_ok=True)
    (agents / "fallback.toml").write_text(FALLBACK.format(**words), encoding="utf-8")
    probe_options("fallback", {})
    return await launch(
        LaunchRequest(
            agent=load_catalog(config_dir())["fallback"],
            directory=str(directory),
            environment=os.environ,
            runtime="structured",
            one_shot=one_shot,
        )
    )


async def test_a_version_without_the_protocol_gets_a_process_for_each_prompt(tmp_path: Path) -> None:
    record = await start_fallback(tmp_path, command="exec")
    async with viewing(record.id) as chat:
        for number, words in enumerate(("one", "two", "three"), 1):
            chat.viewer.send(Prompt(words))
            await chat.until_idle(number)
        assert chat.texts() == ["one", "one | two", "one | two | three"]
        assert chat.texts("notice")[0].startswith("This version of Fake runs once for each prompt")
    await request(record.id, Kill(0))
    again = await resume(record.id)
    assert (again.entry.name, again.entry.shown_name) == (record.entry.name, "one"), "the conversation is the same"
    async with viewing(again.id) as chat:
        chat.viewer.send(Prompt("four"))
        await chat.until_said("one | two | three | four")


async def test_an_agent_with_a_protocol_gets_a_process_for_each_prompt_on_request(tmp_path: Path) -> None:
    for one_shot in (True, False):
        record = await start_fallback(tmp_path, command="app-server", one_shot=one_shot)
        async with viewing(record.id) as chat:
            chat.viewer.send(Prompt("hello"))
            await chat.until_idle(1)
            assert chat.texts() == ["hello" if one_shot else "echo: hello"]
            assert not any("anew" in each for each in chat.texts("notice"))
        assert record.program.child_pid is not None
        assert b"FAKE_VARIABLE=set" in Path(f"/proc/{record.program.child_pid}/environ").read_bytes()


async def test_a_command_continues_while_its_host_is_killed(tmp_path: Path) -> None:
    slow = "import sys, time\nfor number in range(100): print(number, flush=True); time.sleep(0.01)"
    record = await start_command(tmp_path, sys.executable, "-I", "-S", "-c", slow)
    async with viewing(record.id) as chat:
        chat.viewer.send(Prompt("count"))
        await chat.until_said("20\n")
        await kill_host(record.id)
        await chat.until_idle(1)
        assert chat.texts() == ["".join(f"{number}\n" for number in range(100))]
