"""``outlive search`` finds what a real agent wrapped at the width of its terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support.real_agents import CLAUDE, CODEX, GEMINI, OPENCODE, QWEN, RealAgent
from tests.support.real_chats import TIMEOUT_S, Chat, done
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]

SYMBOL = "compute_customer_invoice_replication_lag_threshold_seconds_v2x"
SENTENCE = "the migration of the customer invoices table must be rolled out slowly because the replication lag grows"


@pytest.mark.parametrize("agent", [CLAUDE, CODEX, OPENCODE, GEMINI, QWEN], ids=lambda agent: agent.label, indirect=True)
def test_a_sentence_and_a_long_word_that_the_agent_wrapped_are_found(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    words = ["new", agent.name, "-d", "--json", "-n", "chat", "-C", str(project), "--size", "60x30"]
    chat = Chat(agent, server, json.loads(done(*words))["id"]).until_ready()
    prompt = f"{SENTENCE} {SYMBOL} finis"
    chat.send(prompt, "--enter")
    chat.was_asked(prompt)
    chat.sees("finis")
    chat.until_idle()

    def is_found(text: str) -> bool:
        found = json.loads(done("search", text, "--json"))
        return any(text.strip('"') in each["text"] for each in found)

    for text in (f'"{SENTENCE}"', SYMBOL):
        wait_until(lambda text=text: is_found(text), TIMEOUT_S, text)  # type: ignore[misc]
