"""Real agents are put to sleep, and woken by a text in their own conversation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes.model_server import ModelServer
from tests.support.commands import outlive
from tests.support.real_agents import ALL_AGENTS, RealAgent
from tests.support.real_chats import TIMEOUT_S, Chat, done
from tests.support.waiting import wait_until

from .test_resume import wait_until_recorded

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400), pytest.mark.usefixtures("sessions")]

EACH = pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)


def check_sleeps_and_knows(chat: Chat, agent: RealAgent, server: ModelServer) -> None:
    """Check that an idle chat sleeps without a word about hindrances, and knows its conversation when it is woken."""
    before = chat.info()["provider_session_id"]
    wait_until(
        lambda: not outlive("sleep", chat.id).code, TIMEOUT_S, lambda: outlive("sleep", chat.id).error, every_s=1
    )
    slept = chat.info()
    assert (slept["is_asleep"], slept["freed_bytes"] > 20_000_000) == (True, True), slept

    done("send", chat.id, "and more of them", "--enter")

    history = json.dumps(server.wait_asked("and more of them").body)
    assert "echo: I like apples" in history
    woken = Chat(agent, server, chat.info()["continued_by"]).until_idle()
    assert (woken.info()["provider_session_id"], woken.info()["later"]) == (before, None)


@EACH
def test_a_terminal_sleeps_and_wakes_in_its_conversation(agent: RealAgent, server: ModelServer, project: Path) -> None:
    chat = Chat.start(agent, server, project)
    chat.ask_and_read("I like apples")
    chat.until_idle()
    wait_until_recorded(chat, "echo: I like apples")
    check_sleeps_and_knows(chat, agent, server)


@EACH
def test_a_chat_view_sleeps_and_wakes_in_its_conversation(agent: RealAgent, server: ModelServer, project: Path) -> None:
    started = done("new", agent.name, "-d", "--json", "-C", str(project), "--runtime", "structured")
    chat = Chat(agent, server, json.loads(started)["id"]).until_idle()
    done("send", chat.id, "I like apples", "--wait", "--timeout", "120")
    chat.until_idle()
    check_sleeps_and_knows(chat, agent, server)
