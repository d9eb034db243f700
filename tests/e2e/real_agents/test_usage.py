"""What turns used, against the bill of the model service: with sub-agents, compaction, resumes and forks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from session_host.client.chats.fork import fork
from tests.conftest import Sessions
from tests.fakes.model_script import Tokens
from tests.fakes.model_server import ModelServer, ReceivedRequest
from tests.support.commands import Done, outlive
from tests.support.real_agents import CLAUDE, CODEX, COPILOT, GEMINI, OPENCODE, QWEN, RealAgent
from tests.support.real_chats import TIMEOUT_S, Chat
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(600)]

MOST_OFF = 0.01
SOON_S = 10.0
ASKS = 9
"""The exit code of a command whose chat asks the user."""


@pytest.fixture
def server(server: ModelServer) -> ModelServer:
    """The service, with another price for each request."""

    def price(_request: ReceivedRequest) -> Tokens:
        number = len(server.requests)
        return Tokens(1000 + 13 * number, 500 + 7 * number, 100 + 3 * number)

    server.price = price
    return server


def billed(server: ModelServer) -> Tokens:
    return Tokens(*(sum(each) for each in zip(*server.bill, strict=True)))


def total() -> dict[str, int]:
    """The sum of all turns."""
    whole: dict[str, int] = outlive("usage", "--json").json()["today"]["total"]
    return whole


def counted() -> Tokens:
    """The tokens of all turns."""
    whole = total()
    return Tokens(whole["tokens_in"] - whole["tokens_cached"], whole["tokens_cached"], whole["tokens_out"])


def agrees(server: ModelServer) -> bool:
    """Whether the sums are what was billed."""
    return all(abs(one - other) <= MOST_OFF * other for one, other in zip(counted(), billed(server), strict=True))


def ask(chat: str, prompt: str) -> Done:
    answer = outlive("send", chat, prompt, "--enter", "--wait", "--timeout", "120", timeout_s=150)
    if answer.code == ASKS:  # Qwen Code asks before it starts a sub-agent.
        assert outlive("approve", chat).code == 0
        answer = outlive("answer", chat, "--follow", timeout_s=150)
    assert answer.code == 0, answer
    return answer


SUB_AGENT = {
    "claude": 'use: Agent {"description": "Look", "prompt": "a look around", "subagent_type": "general-purpose"}',
    "codex": 'use: multi_agent_v1/spawn_agent {"message": "a look around"}',
    "copilot": (
        'use: task {"agent_type": "general-purpose", "name": "look", "description": "Look", "prompt": "a look around",'
        ' "mode": "sync"}'
    ),
    "opencode": 'use: task {"description": "Look", "prompt": "a look around", "subagent_type": "general"}',
    "qwen": 'use: agent {"description": "Look", "prompt": "a look around", "subagent_type": "general-purpose"}',
}


@pytest.mark.parametrize("agent", [CLAUDE, CODEX], ids=lambda agent: agent.label, indirect=True)
def test_the_turns_of_a_chat_view_are_what_was_billed(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    words = ("new", agent.name, "-d", "--json", "-n", "one", "-C", str(project), "--runtime", "structured")
    chat = Chat(agent, server, outlive(*words).json()["id"])

    def check(what: str, chat: Chat, *prompts: str) -> None:
        for prompt in prompts:
            ask(chat.id, prompt)
        # Claude Code may go on by itself when a sub-agent has ended.
        wait_until(
            lambda: agrees(server), SOON_S, lambda: f"{what}: {counted()} of {billed(server)}: {total()}", every_s=0.2
        )
        assert total()["turns_without_tokens"] == 0

    check("two turns", chat, "hello", "hello again")
    ask(chat.id, SUB_AGENT[agent.name])  # Codex does not wait for it.
    wait_until(lambda: "a look around" in server.prompts(), TIMEOUT_S, "the sub-agent's request")
    check("a sub-agent", chat, "and then")
    check("compaction", chat, "/compact", "after it")
    chat.stop()
    again = chat.resumed("-d")
    check("resumed", again, "once more", "/compact", "and more")
    forked = Chat(agent, server, asyncio.run(fork(again.id)).id)
    check("forked", forked, "in the fork", "and again")
    check("the resumed one", again, "beside it")
    forked.stop()
    check("the fork, resumed", forked.resumed("-d"), "at last", SUB_AGENT[agent.name], "the last one")


@pytest.mark.parametrize("agent", [COPILOT, GEMINI, OPENCODE, QWEN], ids=lambda agent: agent.label, indirect=True)
def test_the_turns_of_a_chat_view_of_another_agent_are_never_above_what_was_billed(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    words = ("new", agent.name, "-d", "--json", "-n", "one", "-C", str(project), "--runtime", "structured")
    chat = Chat(agent, server, outlive(*words).json()["id"])
    prompts = ["hello", "hello again", *filter(None, [SUB_AGENT.get(agent.name)]), "and then"]

    def check(chat: Chat, *prompts: str, turns: int) -> None:
        for prompt in prompts:
            ask(chat.id, prompt)
        wait_until(lambda: total()["turns"] == turns, TIMEOUT_S, lambda: str(total()), every_s=0.2)
        found, bill = counted(), billed(server)
        assert 0 < found.read + found.cached <= bill.read + bill.cached, "Gemini CLI does not tell cached ones apart"
        assert 0 < found.written <= bill.written
        assert total()["turns_at_least"] == turns
        # Copilot CLI leaves out the request that compacts; the others leave out more.
        assert agent.name != "copilot" or agrees(server), (found, bill)
        if agent.name == "opencode":  # It leaves out the request that names the conversation.
            answers = [each for each, request in zip(server.bill, server.requests, strict=True) if request.turn]
            assert found == Tokens(*(sum(each) for each in zip(*answers, strict=True)))

    check(chat, *prompts, turns=len(prompts))
    assert agent.name not in SUB_AGENT or "a look around" in server.prompts()
    chat.stop()
    check(chat.resumed("-d"), "once more", "and more", turns=len(prompts) + 2)


@pytest.mark.parametrize(
    "agent", [CLAUDE, CODEX, COPILOT, GEMINI, OPENCODE, QWEN], ids=lambda agent: agent.label, indirect=True
)
def test_the_turns_of_a_terminal_are_at_least_and_never_above_what_was_billed(
    chat: Chat, agent: RealAgent, server: ModelServer
) -> None:
    def check(chat: Chat, turns: int, *prompts: str) -> None:
        for prompt in prompts:
            ask(chat.id, prompt)
        wait_until(lambda: total()["turns"] >= turns, TIMEOUT_S, lambda: f"{turns} turns: {total()}", every_s=0.2)
        found, bill = counted(), billed(server)
        assert all(one <= other for one, other in zip(found, bill, strict=True)), (found, bill)

    check(chat, 2, "hello", "hello again")
    assert min(counted()) > 0
    whole = total()
    assert whole["turns_at_least"] == whole["turns"]
    if agent.name in SUB_AGENT and agent.name != "qwen":  # Qwen Code asks for it in a dialog of its own.
        ask(chat.id, SUB_AGENT[agent.name])
        wait_until(lambda: "a look around" in server.prompts(), TIMEOUT_S, "the sub-agent's request")
        check(chat, 4, "and then")
    if agent.name in {"claude", "codex"}:
        check(chat, 5, "/compact", "after it")
    chat.stop()
    check(chat.resumed("-d").until_ready(), total()["turns"] + 1, "once more")
    whole = total()
    assert whole["turns_at_least"] + whole["turns_without_tokens"] == whole["turns"] == whole["turns_without_money"]
