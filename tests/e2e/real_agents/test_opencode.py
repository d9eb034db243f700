"""opencode without its plugin library: Outlive finds its conversation by the terminal's title."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support.real_agents import OPENCODE, RealAgent
from tests.support.real_chats import SIZE, Chat, done
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.real_agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("agent", [OPENCODE], ids=["opencode"], indirect=True),
]


def started(agent: RealAgent, server: ModelServer, project: Path, *arguments: str) -> Chat:
    """Start a chat without the plugin: only its screen shows that it is ready."""
    words = ["new", agent.name, "-d", "--json", "-C", str(project), "--size", str(SIZE), "--", *arguments]
    chat = Chat(agent, server, json.loads(done(*words))["id"])
    chat.sees(agent.ready)
    return chat


def test_a_conversation_without_the_plugin_library_is_continued(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    (
        project / ".opencode"
    ).mkdir()  # A configuration directory without the library, as in each new worktree of such a directory.
    first = started(agent, server, project)
    first.ask_and_read("I like apples")
    wait_until(lambda: first.info()["provider_session_id"], 30, "its conversation")
    done("kill", first.id)
    other = started(agent, server, project)
    other.ask_and_read("I like plums")
    done("kill", other.id)

    resumed = first.resumed()
    resumed.sees("echo: I like apples")
    resumed.ask_and_read("more of them")

    history = json.dumps(server.wait_asked("more of them").body)
    assert "echo: I like apples" in history
    assert "plums" not in history


def test_a_chat_started_with_the_latest_conversation_is_continued(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    (project / ".opencode").mkdir()
    first = started(agent, server, project)
    first.ask_and_read("I like apples")
    wait_until(lambda: first.info()["provider_session_id"], 30, "its conversation")
    known = first.info()["provider_session_id"]
    done("kill", first.id)

    latest = started(agent, server, project, "--continue")
    latest.sees("echo: I like apples")

    wait_until(lambda: latest.info()["provider_session_id"] == known, 30, "the conversation that it went on with")
