"""Real agents with the Agent Client Protocol, started by the catalog's argv, and their dialect."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from session_host.agents.catalog import load_agent
from session_host.paths import config_dir
from session_host.structured.dialects.acp.dialect import AcpDialect
from session_host.structured.dialects.base import Start
from session_host.structured.operations import ReadText, WriteText
from session_host.structured.transcript import Transcript
from tests.fakes.model_server import ModelServer
from tests.support.hostless_chat import HostlessChat
from tests.support.real_agents import COPILOT, GEMINI, OPENCODE, RealAgent

AGENTS = (OPENCODE, GEMINI, COPILOT)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.real_agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.label, indirect=True),
]

START_S = 60.0
Open = Callable[..., HostlessChat]


@pytest.fixture
def open_chat(agent: RealAgent, project: Path) -> Iterator[Open]:
    """Opens chats, each with its own process and ready for a prompt."""
    opened: list[HostlessChat] = []
    settings = load_agent(config_dir(), agent.name).structured
    assert settings is not None
    argv = [word for word in settings.start if isinstance(word, str)]

    def open_one(previous: HostlessChat | None = None, *, has_history: bool = True, **options: str) -> HostlessChat:
        conversation = previous.transcript.status.conversation if previous else ""
        start = Start(
            directory=str(project),
            conversation=conversation,
            has_history=has_history and previous is not None,
            options={**settings.options, **options},
        )
        transcript = previous.transcript if previous and has_history else Transcript()
        chat = HostlessChat(
            AcpDialect, start, argv, {**os.environ, **settings.env}, prefix=f"chat{len(opened)}", transcript=transcript
        )
        opened.append(chat)
        chat.until(lambda: chat.rules.state.takes_prompts, START_S)
        return chat

    yield open_one
    for chat in opened:
        chat.close()


def test_a_prompt_that_begins_with_a_path_reaches_the_model_as_it_is(
    agent: RealAgent, open_chat: Open, server: ModelServer
) -> None:
    words = "/tmp/x.log shows an error"
    chat = open_chat()
    assert chat.turn(words).text == f"echo: {words}"
    assert server.prompts() == [words]
    if agent is OPENCODE:
        chat.close()
        assert open_chat(chat, has_history=False).texts("user") == [words]


def test_a_permission_request_shows_the_change(agent: RealAgent, open_chat: Open, project: Path) -> None:
    path = project / "notes.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    prompts: dict[str, Any] = {
        "gemini": f'use: replace {{"file_path": "{path}", "old_string": "two", "new_string": "2", "instruction": "x"}}',
        "copilot": f'use: edit {{"path": "{path}", "old_str": "two", "new_str": "2"}}',
    }
    if agent.name not in prompts:
        pytest.skip("with the settings of these tests it changes files without a question, or reads them first")
    chat = open_chat()
    chat.prompt(prompts[agent.name])
    request = chat.until_asked()
    assert request.kind == "edit"
    assert "-two\n+2\n" in request.subject
    chat.answer(request, next(each.id for each in request.options if each.kind == "allow_once"))
    chat.until_idle()
    assert path.read_text("utf-8") == "one\n2\n"
    (tool,) = [each for each in chat.transcript if each.kind == "tool"]
    assert tool.changes[0].path == str(path)
    assert chat.operations == []


def test_an_agent_uses_the_files_and_terminals_that_the_host_offers(
    agent: RealAgent, open_chat: Open, project: Path
) -> None:
    if agent is not GEMINI:
        pytest.skip("it uses neither")
    path = project / "notes.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    chat = open_chat(files="true", terminals="true")
    chat.prompt(f'use: replace {{"file_path": "{path}", "old_string": "two", "new_string": "2", "instruction": "x"}}')
    request = chat.until_asked()
    chat.answer(request, next(each.id for each in request.options if each.kind == "allow_once"))
    chat.until_idle()
    assert path.read_text("utf-8") == "one\n2\n"
    assert {type(each) for each in chat.operations} == {ReadText, WriteText}
    chat.prompt("tool: touch made")
    request = chat.until_asked()
    chat.answer(request, next(each.id for each in request.options if each.kind == "allow_once"))
    chat.until_idle()
    assert (project / "made").exists()
    assert {type(each) for each in chat.operations} == {ReadText, WriteText}
