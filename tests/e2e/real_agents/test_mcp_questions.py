"""A question of an MCP server to the user: named with its text in a terminal, answered as a form in a chat view."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from session_host.protocol.messages import Prompt
from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.programs import program
from tests.support.real_agents import CLAUDE, RealAgent, write_json
from tests.support.real_chats import TIMEOUT_S, Chat, done
from tests.support.structured_chats import viewing
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.real_agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("agent", [CLAUDE], ids=["claude"], indirect=True),
]

PROMPT = "use: mcp__asker__ask {}"
QUESTION = "asker: Which branch is released?"


@pytest.fixture
def arguments(project: Path) -> tuple[str, ...]:
    """The agent's arguments for the MCP server, with permission to call its tool."""
    command, *words = program("mcp_asker")
    write_json(project / "mcp.json", {"mcpServers": {"asker": {"command": command, "args": words}}})
    return ("--mcp-config", str(project / "mcp.json"), "--allowedTools", "mcp__asker__ask")


def test_in_a_terminal_its_text_is_named(
    agent: RealAgent, server: ModelServer, project: Path, arguments: tuple[str, ...], sessions: Sessions
) -> None:
    chat = Chat.start(agent, server, project, arguments=arguments)
    chat.ask(PROMPT)
    chat.becomes("needs_input")
    wait_until(lambda: chat.info()["activity_detail"] == QUESTION, TIMEOUT_S, lambda: str(chat.explained()))
    chat.sees("Esc to cancel")  # Before its dialog is drawn, Claude takes Escape for its tool, and keeps the dialog.
    chat.interrupt()
    chat.until_idle()


async def test_in_a_chat_view_it_is_a_form(
    agent: RealAgent, server: ModelServer, project: Path, arguments: tuple[str, ...], sessions: Sessions
) -> None:
    words = ("new", agent.name, "--runtime", "structured", "-d", "--json", "-C", str(project))
    async with viewing(json.loads(done(*words, "--", *arguments))["id"]) as chat:
        await chat.watcher.until(lambda: chat.state == "idle", "the agent to take prompts")
        chat.viewer.send(Prompt(PROMPT))
        request = await chat.until_asked()
        assert (request.kind, request.title) == ("question", QUESTION)
        assert [question.text for question in request.questions] == ["Branch"]
        chat.answer(request, "", {"branch": "main"})
        await chat.until_said('{"action": "accept", "content": {"branch": "main"}}')
