"""The processes that end with a real agent's chat while a command of the agent runs other programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support import processes
from tests.support.real_agents import RealAgent
from tests.support.real_chats import BACKGROUND, Chat, Work, done
from tests.support.waiting import wait_for_end, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]


def marked(chat: Chat) -> dict[int, str]:
    """All processes with the chat's mark in their environment, whatever their parent is."""
    found = processes.with_environment("OUTLIVE_SESSION", chat.id)
    return {pid: processes.command_line(pid) for pid in found}


def ends_in_a_tool_call(agent: RealAgent, server: ModelServer, project: Path, subcommand: str) -> None:
    neighbour = Chat.start(agent, server, project, name="neighbour")
    theirs = neighbour.info()["child_pid"]
    chat = Chat.start(agent, server, project)
    work = Work(project, before=BACKGROUND)
    chat.ask(work.wish(agent))
    chat.sees(agent.asks)
    chat.allow(work.has_begun)
    wait_until(lambda: sum("sleep 500" in each for each in marked(chat).values()) == 3, 20, lambda: f"{marked(chat)}")
    host = chat.info()["host_pid"]

    done(subcommand, chat.id)

    assert marked(chat) == {}
    wait_for_end(host, 10)
    assert chat.info()["state"] == "exited"
    assert neighbour.info()["state"] == "running"
    assert theirs in marked(neighbour)
    neighbour.ask_and_read("are you there")


@pytest.mark.shows("stop")
def test_stop_ends_all_processes_of_one_chat(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    ends_in_a_tool_call(agent, server, project, "stop")


@pytest.mark.shows("kill")
def test_kill_ends_all_processes_of_one_chat(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    ends_in_a_tool_call(agent, server, project, "kill")
