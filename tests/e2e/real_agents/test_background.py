"""What a real agent runs on beside its turns: it works until that is over, and is idle once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from session_host.paths import config_dir
from tests.fakes.model_server import ModelServer
from tests.support.real_agents import ALL_AGENTS, CLAUDE, CLAUDE_OF_NODE_20, RealAgent
from tests.support.real_chats import TIMEOUT_S, Chat, Work, done
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400), pytest.mark.usefixtures("sessions")]

LEAVING = pytest.mark.parametrize(
    "agent",
    [each for each in (*ALL_AGENTS, CLAUDE_OF_NODE_20) if each.leaves],
    ids=lambda agent: agent.label,
    indirect=True,
)
SENDING_OUT = pytest.mark.parametrize(
    "agent", [each for each in ALL_AGENTS if each.sends_out], ids=lambda agent: agent.label, indirect=True
)


def chat_view(agent: RealAgent, server: ModelServer, project: Path, name: str = "view") -> Chat:
    """A chat view with the agent, ready for a prompt."""
    started = json.loads(
        done("new", agent.name, "-d", "--json", "-n", name, "-C", str(project), "--runtime", "structured")
    )
    return Chat(agent, server, started["id"]).until_idle()


def ask(chat: Chat, prompt: str, is_done: Callable[[], object]) -> int:
    """Send a prompt, and allow what the agent asks for until this is done; returns how many changes there are."""
    chat.ask(prompt)
    wait_until(
        lambda: is_done() or chat.info()["activity"] == "needs_input",
        TIMEOUT_S,
        lambda: f"{chat.explained()}",
        every_s=0.2,
    )
    if not is_done() and chat.info()["runtime"] == "structured":
        done("approve", chat.id)
    elif not is_done():
        chat.allow(is_done)
    wait_until(is_done, TIMEOUT_S, lambda: f"it: {chat.explained()}", every_s=0.2)
    return len(chat.changes())


def check_works_until(chat: Chat, past: int, tells: str, end: Callable[[], object]) -> None:
    """Check that the chat works although its turn is over, and is idle once, after the end of the work."""
    wait_until(lambda: "the tool said" in chat.everything(), TIMEOUT_S, "the end of the turn", every_s=0.5)
    wait_until(lambda: tells in (chat.info()["activity_detail"] or ""), TIMEOUT_S, lambda: f"{chat.explained()}")
    assert chat.info()["activity"] == "working"
    with chat.hears("idle"):
        end()
    chat.changed("idle", past)  # The ledger has it a moment after the one who waits.
    ends = [each.activity for each in chat.changes()[past:]]
    assert ends.count("idle") == 1, chat.changes()
    assert ends[-1] == "idle"
    assert not chat.info()["turn_failed"]


@LEAVING
def test_a_command_in_the_background_is_work_in_a_terminal(chat: Chat, work: Work) -> None:
    past = ask(chat, chat.agent.leaves.format(command=work.command), work.has_begun)
    # Copilot CLI says itself that it works, and does not say on what.
    check_works_until(chat, past, "" if chat.agent.name == "copilot" else work.command, work.end)


@LEAVING
def test_a_command_in_the_background_is_work_in_a_chat_view(
    agent: RealAgent, server: ModelServer, project: Path, work: Work
) -> None:
    chat = chat_view(agent, server, project)
    past = ask(chat, agent.leaves.format(command=work.command), work.has_begun)
    tells = {"claude": "Do the work", "copilot": ""}.get(agent.name, work.command)
    check_works_until(chat, past, tells, work.end)


@SENDING_OUT
@pytest.mark.parametrize("is_terminal", [True, False], ids=["terminal", "chat view"])
def test_a_sub_agent_that_the_turn_does_not_wait_for_is_work(
    agent: RealAgent, server: ModelServer, project: Path, is_terminal: bool
) -> None:
    chat = Chat.start(agent, server, project) if is_terminal else chat_view(agent, server, project)
    past = ask(chat, agent.sends_out, lambda: "count: 3 hold: 1" in server.prompts())
    server.wait_held(TIMEOUT_S)
    check_works_until(
        chat, past, "sub-agent" if tells_sub_agents(agent, is_terminal=is_terminal) else "", server.release
    )


def tells_sub_agents(agent: RealAgent, *, is_terminal: bool) -> bool:
    """Whether the status names them; Claude Code's file and Copilot CLI say that the agent works, not on what."""
    return agent.name in {"codex", "qwen"} or (agent.name == "claude" and not is_terminal)


@pytest.mark.parametrize("agent", [CLAUDE], ids=["claude"], indirect=True)
def test_an_agent_with_a_scheduled_prompt_or_a_command_is_not_ended_when_idle(
    agent: RealAgent, server: ModelServer, project: Path, work: Work
) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("idle_timeout_min = 0.2\n", encoding="utf-8")
    first = chat_view(agent, server, project, "first")
    ask(first, agent.leaves.format(command=work.command), work.has_begun)
    second = chat_view(agent, server, project, "second")
    second.ask('use: CronCreate {"cron": "3 4 5 6 *", "prompt": "again", "recurring": false}')
    wait_until(lambda: "Scheduled: " in (second.info()["activity_detail"] or ""), TIMEOUT_S, "the schedule")
    third = chat_view(agent, server, project, "third")
    third.ask("hello")
    wait_until(lambda: third.info()["state"] == "exited", TIMEOUT_S, "the idle time-out of another chat", every_s=0.2)
    assert [each.info()["state"] for each in (first, second)] == ["running", "running"]
    work.end()
    wait_until(lambda: first.info()["end_request"] == "idle", TIMEOUT_S, "the idle time-out", every_s=0.2)


@pytest.mark.parametrize("agent", [CLAUDE], ids=["claude"], indirect=True)
def test_claudes_own_dialog_at_its_start_asks(agent: RealAgent, server: ModelServer, project: Path) -> None:
    settings = Path(os.environ["HOME"]) / ".claude" / "settings.json"
    settings.write_text(json.dumps({"permissions": {"defaultMode": "default"}}), encoding="utf-8")
    started = json.loads(done("new", agent.name, "-d", "--json", "-n", "chat", "-C", str(project)))
    chat = Chat(agent, server, started["id"])
    chat.becomes("needs_input")
    assert chat.info()["activity_detail"] == "dialog open"
    chat.sees("keep manual mode")  # Its dialog takes no keys before it is drawn.
    with chat.hears("idle"):
        chat.send("--key", "Escape")
