"""A conversation that was begun outside of Outlive is listed, and continues in a chat."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from session_host.agents.catalog import load_catalog
from session_host.client.chats.earlier_conversations import continue_conversation, list_conversations
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.errors import ConversationOpen
from session_host.paths import config_dir
from session_host.protocol.values import Runtime
from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support.area import Area
from tests.support.real_agents import ALL_AGENTS, CLAUDE, CODEX, OPENCODE, RealAgent
from tests.support.real_chats import SIZE, TIMEOUT_S, BareTerminal, Chat, done
from tests.support.waiting import WaitTimeout, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]


def say(terminal: BareTerminal, prompt: str) -> None:
    """Type a prompt until it is answered: agents drop early keys, and some drop an Enter right after a text."""

    def is_answered() -> bool:
        os.write(terminal.master, b"\r")  # An Enter right after the text may become a line break in the prompt.
        try:
            terminal.see(f"echo: {prompt}", timeout_s=5)
        except WaitTimeout:
            return False
        return True

    def is_typed() -> bool:
        os.write(terminal.master, prompt.encode())
        try:
            terminal.see(prompt, timeout_s=15)
        except WaitTimeout:
            return False
        return True

    wait_until(is_typed, TIMEOUT_S, terminal.text, every_s=0.1)
    wait_until(is_answered, TIMEOUT_S, terminal.text, every_s=0.1)


def start_outside(agent: RealAgent, project: Path) -> BareTerminal:
    """Start the agent in a plain terminal, outside of Outlive."""
    plain = [agent.own_resume[0], *(word for word in agent.own_resume if word == "--no-daemon")]
    return BareTerminal(plain, project)


def wait_until_listed(terminal: BareTerminal, agent: RealAgent, project: Path, prompt: str) -> None:
    """Wait until the list has the last prompt, which agents write to their files a little later."""

    def is_listed() -> bool:
        terminal.show_pending()
        return [last for _, _, last in listed_here(agent, project)] == [prompt]

    wait_until(is_listed, TIMEOUT_S, "the prompt to be listed", every_s=0.1)


def converse_outside(agent: RealAgent, project: Path, *prompts: str) -> None:
    """Have a conversation with the agent in a plain terminal, and close the terminal."""
    with start_outside(agent, project) as terminal:
        terminal.see(agent.ready, timeout_s=TIMEOUT_S)
        for prompt in prompts:
            say(terminal, prompt)
        wait_until_listed(terminal, agent, project, prompts[-1])


def request(agent: RealAgent, conversation: str, directory: Path, runtime: Runtime) -> LaunchRequest:
    return LaunchRequest(
        agent=load_catalog(config_dir())[agent.name],
        conversation=conversation,
        directory=str(directory),
        environment=dict(os.environ),
        size=SIZE,
        name="continued",
        runtime=runtime,
    )


def listed_here(agent: RealAgent, directory: Path) -> list[tuple[str, str, str]]:
    conversations = list_conversations(load_catalog(config_dir())[agent.name], str(directory), os.environ, {})
    return [(stored.conversation, stored.title, stored.last_prompt) for stored in conversations.here]


@pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)
def test_a_conversation_from_another_terminal_continues_in_a_chat_and_is_resumed_again(
    agent: RealAgent, server: ModelServer, project: Path, area: Area, sessions: Sessions
) -> None:
    converse_outside(agent, project, "I like apples", "and pears")
    link = area.home / "link"
    link.symlink_to(project)
    [(conversation, title, last)] = listed_here(agent, link)
    assert (title, last) == ("A fake title" if agent is OPENCODE else "I like apples", "and pears")

    record = asyncio.run(continue_conversation(request(agent, conversation, link, "terminal")))

    assert record.program.conversation == conversation
    chat = Chat(agent, server, record.id).until_ready()
    chat.sees("I like apples")
    chat.ask_and_read("more of them")
    history = json.dumps(server.wait_asked("more of them").body)
    assert "echo: I like apples" in history
    assert "and pears" in history
    chat.until_idle()
    assert chat.info()["provider_session_id"] == conversation
    assert [each[0] for each in listed_here(agent, project)] == [conversation]
    chat.stop()
    resumed = chat.resumed().until_ready()
    assert resumed.info()["provider_session_id"] == conversation
    resumed.ask_and_read("once more")
    history = json.dumps(server.wait_asked("once more").body)
    assert "echo: I like apples" in history
    assert "more of them" in history


@pytest.mark.parametrize("agent", [CLAUDE, CODEX, OPENCODE], ids=lambda agent: agent.label, indirect=True)
def test_a_conversation_continues_in_a_chat_view(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    converse_outside(agent, project, "I like apples")
    [(conversation, *_)] = listed_here(agent, project)

    record = asyncio.run(continue_conversation(request(agent, conversation, project, "structured")))

    chat = Chat(agent, server, record.id).until_idle()
    earlier = done("peek", chat.id, "--scrollback")
    assert earlier.count("I like apples") == 2, "the prompt and the answer"
    done("send", chat.id, "more of them", "--enter")
    assert "echo: I like apples" in json.dumps(server.wait_asked("more of them", timeout_s=TIMEOUT_S).body)
    assert chat.info()["provider_session_id"] == conversation


@pytest.mark.parametrize("agent", [CLAUDE, CODEX], ids=lambda agent: agent.label, indirect=True)
def test_a_conversation_open_in_another_terminal_is_not_continued(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    with start_outside(agent, project) as terminal:
        terminal.see(agent.ready, timeout_s=TIMEOUT_S)
        say(terminal, "I like apples")
        wait_until_listed(terminal, agent, project, "I like apples")
        [(conversation, *_)] = listed_here(agent, project)

        with pytest.raises(ConversationOpen, match=str(terminal.pid)):
            asyncio.run(continue_conversation(request(agent, conversation, project, "terminal")))
