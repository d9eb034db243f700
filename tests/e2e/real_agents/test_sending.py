"""``outlive send`` to a real agent: one prompt for each Enter, and no answer to an open question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from session_host.session.requests.send_queue import NOT_READING, NOT_SHOWN
from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support.commands import outlive
from tests.support.real_agents import ALL_AGENTS, CLAUDE, CLAUDE_OF_NODE_20, CODEX, GEMINI, OPENCODE, RealAgent
from tests.support.real_chats import SIZE, Chat, Work, done

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]


@pytest.mark.parametrize("agent", [CLAUDE, CLAUDE_OF_NODE_20], ids=lambda agent: agent.label, indirect=True)
def test_the_first_enter_of_a_sent_text_is_not_lost(chat: Chat) -> None:
    words = [f"word {number}" for number in range(6)]
    for word in words:
        chat.ask_and_read(word)
        chat.until_idle()

    assert chat.prompts() == words


@pytest.mark.parametrize("agent", [CLAUDE, CODEX, OPENCODE, GEMINI], ids=lambda agent: agent.label, indirect=True)
def test_text_sent_to_an_open_permission_dialog_is_refused_and_the_command_is_not_run(chat: Chat, work: Work) -> None:
    chat.ask(work.wish(chat.agent))
    chat.sees(chat.agent.asks)
    chat.becomes("needs_input")

    refused = outlive("send", chat.id, "no please wait", "--enter")

    assert refused.code == 1
    assert "nothing was typed" in refused.complaint()
    assert "please wait" not in chat.screen()
    assert chat.agent.asks in chat.screen()
    assert not work.has_begun()
    chat.allow(work.has_begun)
    work.end()
    chat.until_idle()


@pytest.mark.parametrize("agent", [GEMINI], ids=["gemini"], indirect=True)
def test_a_text_that_a_starting_agent_drops_is_not_lost_in_silence(chat: Chat) -> None:
    """A resumed Gemini CLI says that it is idle before it takes input."""
    chat.ask_and_read("something")
    chat.until_idle()
    chat.stop()
    resumed = chat.resumed()
    resumed.becomes("idle")

    sent = outlive("send", resumed.id, "another word", "--enter", timeout_s=60)

    if sent.code:
        assert "the agent does not show the text" in sent.complaint()
        resumed.sees("echo: something")
        resumed.until_ready()
        resumed.send("another word", "--enter")
    resumed.sees("echo: another word")


@pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)
def test_a_text_sent_at_the_start_is_asked_or_refused(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    """Gemini CLI and Qwen Code drop what is typed until they read their terminal."""
    words = ["new", agent.name, "-d", "--json", "-n", "chat", "-C", str(project), "--size", SIZE]
    chat = Chat(agent, server, json.loads(done(*words))["id"])

    sent = outlive("send", chat.id, "the first prompt", "--enter", timeout_s=60)

    if sent.code:
        assert NOT_SHOWN in sent.complaint() or NOT_READING in sent.complaint()
    else:
        chat.was_asked("the first prompt")
