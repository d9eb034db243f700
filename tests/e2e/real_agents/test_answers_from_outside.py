"""Questions of real agents in a terminal are answered from outside, while their dialog is open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from session_host.paths import config_dir
from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support.commands import outlive
from tests.support.real_agents import CLAUDE, CLAUDE_OF_NODE_20, RealAgent
from tests.support.real_chats import TIMEOUT_S, Chat, Work, done
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]


@pytest.fixture
def chat(agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions) -> Chat:
    """A chat with questions that may be answered from outside."""
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("answer_from_outside = true\n", encoding="utf-8")
    return Chat.start(agent, server, project)


@pytest.mark.parametrize("agent", [CLAUDE, CLAUDE_OF_NODE_20], ids=lambda agent: agent.label, indirect=True)
def test_its_question_is_approved_declined_and_answered_in_its_dialog(chat: Chat, work: Work, project: Path) -> None:
    asks = chat.agent.asks
    chat.ask(work.wish(chat.agent))
    chat.sees(asks)
    wait_until(lambda: chat.explained()["requests"], TIMEOUT_S, "the hook, which may be slower than the dialog")
    approved = done("approve", chat.id)
    assert f"    {work.command}" in approved.splitlines()
    wait_until(work.has_begun, TIMEOUT_S, "the command to run")
    assert asks not in chat.screen()
    work.end()
    chat.sees("the work is done")
    chat.until_idle()

    chat.ask("tool: touch declined")
    chat.becomes("needs_input")
    chat.sees(asks)
    done("deny", chat.id)
    chat.sees("The user declined this tool use")
    chat.until_idle()
    assert not (project / "declined").exists()

    chat.ask("tool: touch by-dialog")
    chat.becomes("needs_input")
    [question] = chat.explained()["requests"]
    assert question["subject"] == "touch by-dialog"
    chat.allow((project / "by-dialog").exists)
    chat.until_idle()
    late = outlive("approve", chat.id, "--request", question["request"])
    assert (late.code, late.complaint()) == (6, "chat: already answered in its terminal")

    runs = project / "runs"
    (project / "again.sh").write_text("echo run >> runs\n", encoding="utf-8")
    chat.ask("tool: sh again.sh")
    chat.becomes("needs_input")
    reply = json.loads(done("approve", chat.id, "--always", "--json"))
    assert "Always allow Bash(sh again.sh" in str(reply["options"])
    wait_until(runs.exists, TIMEOUT_S, "the command to run")
    chat.until_idle()
    chat.send("tool: sh again.sh", "--enter")
    wait_until(lambda: runs.read_text() == "run\nrun\n", TIMEOUT_S, "the command to run without a question")


FIRST = "approve Bash: touch FIRST · in its terminal only"


@pytest.mark.parametrize("agent", [CLAUDE], ids=["claude"], indirect=True)
def test_of_two_sub_agents_questions_the_one_on_the_screen_is_named_and_no_other_one_approved(
    chat: Chat, server: ModelServer, project: Path
) -> None:
    chat.ask("\n".join(sub_agent("Agent", script) for script in ("tool: touch FIRST", "hold: 0 tool: touch SECOND")))
    server.wait_held(TIMEOUT_S)
    wait_until(lambda: "FIRST" in (chat.info()["activity_detail"] or ""), TIMEOUT_S, "the first question")
    server.release()
    [second] = wait_until(lambda: chat.explained()["requests"], TIMEOUT_S, "the second question")

    assert second["subject"] == "touch SECOND"
    assert chat.info()["activity_detail"] == FIRST
    refused = outlive("approve", chat.id)
    assert refused.code == 4
    assert "shows another question in its terminal: approve Bash: touch FIRST" in refused.error
    done("approve", chat.id, "--request", second["request"])
    wait_until((project / "SECOND").exists, TIMEOUT_S, "the second command to run")
    assert chat.info()["activity_detail"] == FIRST
    assert not (project / "FIRST").exists()
    chat.allow((project / "FIRST").exists)


def sub_agent(tool: str, script: str) -> str:
    """The script of a prompt that starts a sub-agent with a script of its own."""
    arguments = {"description": "d", "prompt": script, "subagent_type": "general-purpose"}
    return f"use: {tool} {json.dumps(arguments)}"
