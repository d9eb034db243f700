"""The answer of a turn, waited for by commands, of each real agent in its terminal and in its chat view."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer, answer_line
from tests.support.commands import Done, outlive, running
from tests.support.ledger import turn_ends_of
from tests.support.real_agents import ALL_AGENTS, CLAUDE, CODEX, COPILOT, GEMINI, OPENCODE, QWEN, RealAgent
from tests.support.real_chats import TIMEOUT_S, Chat, Work, done

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(600)]

in_terminals = pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)
in_chat_views = pytest.mark.parametrize(
    "agent", [CLAUDE, CODEX, OPENCODE, GEMINI, COPILOT, QWEN], ids=lambda agent: agent.label, indirect=True
)

LINES, WIDTH = 300, 700
"""An answer of so many lines, which are so long, is more than 200 KB."""


def result(process: subprocess.Popen[str]) -> Done:
    output, error = process.communicate(timeout=TIMEOUT_S)
    return Done(process.returncode, output, error)


def ask(chat: str, prompt: str) -> Done:
    """Send a prompt, and wait for its answer."""
    return outlive("send", chat, prompt, "--enter", "--wait", "--timeout", "120", timeout_s=150)


@in_terminals
def test_in_a_terminal_each_prompt_gets_its_own_answer(chat: Chat, server: ModelServer) -> None:
    for number in range(3):
        answer = ask(chat.id, f"question {number} of three")
        assert (answer.code, answer.output.strip()) == (0, f"echo: question {number} of three"), (
            answer.error + outlive("peek", chat.id).output
        )
    whole = ask(chat.id, f"count: {LINES} width: {WIDTH}")
    assert (whole.code, whole.error) == (0, "")
    assert whole.output.splitlines() == [answer_line(number, WIDTH) for number in range(1, LINES + 1)]
    asked = [each for each in server.prompts() if each.startswith(("question", "count"))]
    assert len(asked) == len(set(asked))
    assert outlive("answer", chat.id, "--last", "2").output.strip() == "echo: question 2 of three"


@in_terminals
def test_in_a_terminal_a_question_is_left_to_the_user_and_the_answer_comes_after_it(chat: Chat, work: Work) -> None:
    answer = ask(chat.id, f"say: I look.\n{work.wish(chat.agent)}")
    assert answer.code == 9, answer
    assert not work.has_begun()
    with running("answer", chat.id, "--follow", "--timeout", "120") as follower:
        assert follower.wait(TIMEOUT_S) == 9
    chat.allow(work.has_begun)
    with running("answer", chat.id, "--follow", "--timeout", "120") as follower:
        work.end()
        followed = result(follower)
    assert followed.code == 0, followed.error
    assert "the work is done" in followed.output


@in_terminals
def test_in_a_terminal_a_prompt_typed_while_the_agent_works_gets_an_answer(chat: Chat) -> None:
    chat.hold()
    with running("send", chat.id, "and what about this", "--enter", "--wait", "--timeout", "120") as second:
        chat.sees("and what about this")
        chat.server.release()
        answer = result(second)
    assert answer.code == 0, answer
    assert "and what about this" in answer.output


@in_terminals
def test_in_a_terminal_a_stopped_turn_is_not_done(chat: Chat) -> None:
    with running("send", chat.id, "count: 8 hold: 4", "--enter", "--wait", "--timeout", "120") as process:
        chat.server.wait_held(TIMEOUT_S)
        chat.becomes("working")
        chat.interrupt()
        stopped = result(process)
    # Gemini CLI drops the whole turn from its record, and Qwen Code does not record that it was stopped.
    assert stopped.code == {"gemini": 1, "qwen": 0}.get(chat.agent.name, 10), stopped
    says_so = chat.agent.name in {"claude", "codex", "opencode"}
    assert turn_ends_of(chat.id)[-1].outcome == ("interrupted" if says_so else "done")


@in_chat_views
def test_in_a_chat_view_each_prompt_gets_its_own_answer(
    agent: RealAgent, project: Path, server: ModelServer, sessions: Sessions
) -> None:
    done("new", agent.name, "--runtime", "structured", "-d", "-n", "view", "-C", str(project))
    for number in range(3):
        answer = ask("view", f"question {number} of three")
        assert (answer.code, answer.output.strip()) == (0, f"echo: question {number} of three"), answer.error
    with running("send", "view", "count: 8 hold: 4", "--wait", "--timeout", "120") as process:
        server.wait_held(TIMEOUT_S)
        queued = outlive("send", "view", "the next one", "--json").json()
        assert (queued["how"], queued["turn"]) == ("queued", None)
        server.release()
        first = result(process)
    assert first.code == 0, first.error
    assert first.output.splitlines()[-1] == "answer line 0008"
    assert outlive("wait", "view", "--turn", "5", "--timeout", "120", timeout_s=150).code == 0
    assert outlive("answer", "view", "--turn", "5").output.strip() == "echo: the next one"


SLOW_ROUNDS = int(os.environ.get("SLOW_ROUNDS", "1"))


@pytest.mark.timeout(60 + 120 * SLOW_ROUNDS)
@pytest.mark.parametrize("runtime", ["terminal", "structured"])
@pytest.mark.parametrize("agent", [CLAUDE, CODEX, OPENCODE, GEMINI], ids=lambda agent: agent.label, indirect=True)
def test_a_model_that_takes_45_seconds_is_waited_for(
    agent: RealAgent, runtime: str, project: Path, server: ModelServer, sessions: Sessions
) -> None:
    if runtime == "terminal":
        Chat.start(agent, server, project)
    else:
        done("new", agent.name, "--runtime", "structured", "-d", "-n", "chat", "-C", str(project))
    for number in range(SLOW_ROUNDS):
        prompt = f"this is number {number}. count: 1 delay: 45000"
        answer = ask("chat", prompt)
        assert (answer.code, answer.output.strip()) == (0, answer_line(1)), answer
        assert outlive("answer", "chat", "--json").json()["complete"]
    asked = [each for each in server.prompts() if each.startswith("this is number")]
    assert len(asked) == len(set(asked)) == SLOW_ROUNDS
