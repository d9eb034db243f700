"""Files and terminals that an agent uses through its host (Agent Client Protocol)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from session_host.client.control import request
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Kill, Prompt
from session_host.structured.items import Item
from session_host.structured.operations import LOST
from session_host.system.processes.chat_mark import VARIABLE as SESSION
from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.process_tree import chat_processes
from tests.support.hosts import kill_host
from tests.support.structured_chats import ChatViewer, add_acp_agent, start_chat, viewing
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")


async def start_agent(directory: Path) -> ChatFacts:
    """Start a chat with the fake agent."""
    add_acp_agent()
    return await start_chat(directory, agent="fake-acp")


async def prompt_and_read(chat: ChatViewer, *lines: str) -> list[str]:
    """Send a prompt; returns the agent's messages in this turn."""
    before = len(chat.texts())
    prompts = len(chat.texts("user"))
    chat.viewer.send(Prompt("\n".join(lines)))

    def is_done() -> bool:
        user_items = [each for each in chat.items if each.kind == "user"]
        return len(user_items) > prompts and user_items[-1].status == "done" and chat.state == "idle"

    await chat.watcher.until(is_done, "the end of the turn")
    return chat.texts()[before:]


async def until_answered(chat: ChatViewer, answers: int) -> None:
    await chat.watcher.until(lambda: len(chat.texts()) == answers and chat.state == "idle", f"{answers} answers")


def tool(chat: ChatViewer) -> Item:
    return [each for each in chat.items if each.kind == "tool"][-1]


def marked(variable: str, value: str) -> list[str]:
    return [each.command for each in chat_processes(-1, Mark(variable, value))]


async def test_files_are_read_and_written_only_inside_the_chats_directory(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "secret").write_text("secret")
    (project / "link").symlink_to(tmp_path / "secret")
    record = await start_agent(project)
    async with viewing(record.id) as chat:
        path = project / "sub" / "a.txt"
        assert await prompt_and_read(chat, f"write {path} one") == ["written"]
        assert path.read_text() == "one"
        path.write_text("1\n2\n3\n")
        assert await prompt_and_read(chat, f"read {path} 2 1") == ["2\n"]
        (missing,) = await prompt_and_read(chat, f"read {project}/none")
        assert missing.startswith("-32002: Resource not found")
        for words in (f"read {tmp_path}/secret", f"read {project}/link", f"write {project}/link mine"):
            (refused,) = await prompt_and_read(chat, words)
            assert "outside of the chat's directory" in refused
        assert (tmp_path / "secret").read_text() == "secret"
        assert chat.texts("raw") == []


async def test_a_terminals_output_is_live_in_its_tool_call_and_stays_after_release(tmp_path: Path) -> None:
    record = await start_agent(tmp_path)
    go = tmp_path / "go"
    async with viewing(record.id) as chat:
        command = f"echo first; until [ -e {go} ]; do sleep 0.01; done; echo last; exit 3"
        chat.viewer.send(Prompt(f"start 1000 {command}\nwait"))
        await chat.watcher.until(lambda: any("first" in each.output for each in chat.items), "the first line")
        assert (tool(chat).command, tool(chat).status) == (command, "running")
        assert chat.texts() == ["started"]
        go.touch()
        await chat.watcher.until(lambda: chat.state == "idle", "the end of the turn")
        assert (tool(chat).output, tool(chat).exit_code) == ("first\nlast\n", 3)
        assert json.loads(chat.texts()[0].removeprefix("started")) == {"exitCode": 3}
        (output,) = await prompt_and_read(chat, "output")
        assert json.loads(output) == {"output": "first\nlast\n", "truncated": False, "exitStatus": {"exitCode": 3}}
        (gone,) = await prompt_and_read(chat, "release", "output")
        assert "-32002" in gone
        assert tool(chat).output == "first\nlast\n"
        (flood,) = await prompt_and_read(chat, "start 1000 yes 0123456 | head -c 10000000", "wait", "output")
        whole = json.loads(flood.partition("}")[2])
        assert (len(whole["output"]), whole["truncated"]) == (1000, True)
        assert tool(chat).output.startswith("…\n")
        killed = await prompt_and_read(chat, "loose sleep 306", "kill", "wait")
        assert '"signal":"SIGTERM"' in killed[-1]
        assert (tool(chat).command, tool(chat).status) == ("sleep 306", "failed")


async def test_a_host_killed_while_a_terminal_runs_ends_the_terminal_and_not_the_turn(tmp_path: Path) -> None:
    record = await start_agent(tmp_path)
    async with viewing(record.id) as chat:
        count = tmp_path / "count"
        chat.viewer.send(
            Prompt(f"start 1000 echo run >> {count}; echo up; (trap '' HUP; sleep 307; sleep 308)\nwait\noutput")
        )
        await chat.watcher.until(lambda: any("up" in each.output for each in chat.items), "the output")
        await kill_host(record.id)
        await chat.watcher.until(lambda: chat.state == "idle", "the end of the turn")
        status, _, output = chat.texts()[0].removeprefix("started").partition("}")
        assert status == '{"signal":"SIGHUP"'
        assert json.loads(output)["output"] == "up\n"
        assert tool(chat).output == "up\n"
        assert "restarted" in chat.texts("notice")[-1]
        assert count.read_text() == "run\n"
        await eventually(
            lambda: not [each for each in marked(SESSION, record.id) if "sleep 30" in each], 10, "their end"
        )
        assert await prompt_and_read(chat, "say still here") == ["still here"]


async def test_an_agents_terminal_is_not_started_twice_when_its_host_is_killed(tmp_path: Path) -> None:
    record = await start_agent(tmp_path)
    async with viewing(record.id) as chat:
        for number in (1, 2, 3):
            chat.viewer.send(Prompt(f"start 1000 echo {number} >> {tmp_path}/count\nwait"))
            await kill_host(record.id)
            await until_answered(chat, number)
            assert chat.texts()[-1].startswith(("started", f"-32603: {LOST}"))
    runs = (tmp_path / "count").read_text().split() if (tmp_path / "count").exists() else []
    assert len(runs) == len(set(runs))


async def test_the_end_of_a_chat_ends_its_terminals(tmp_path: Path) -> None:
    record = await start_agent(tmp_path)
    async with viewing(record.id) as chat:
        chat.viewer.send(Prompt("start 1000 echo up; setsid sleep 309 & sleep 310\nhold"))
        await chat.watcher.until(lambda: any("up" in each.output for each in chat.items), "the output")
        assert any("sleep 309" in each for each in marked(SESSION, record.id))
        await request(record.id, Kill(0))
        assert marked(SESSION, record.id) == []
        assert tool(chat).output == "up\n"
