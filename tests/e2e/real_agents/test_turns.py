"""The answer of a turn, waited for by commands, of each real agent in its terminal and in its chat view."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.fakes.model_script import Script
from tests.fakes.model_server import ModelServer, answer_line
from tests.support.commands import Done, outlive, running
from tests.support.ledger import turn_counts_of, turn_ends_of
from tests.support.real_agents import (
    ALL_AGENTS,
    CLAUDE,
    CLAUDE_OF_NODE_20,
    CODEX,
    COPILOT,
    GEMINI,
    OPENCODE,
    QWEN,
    QWEN_OF_NODE_20,
    RealAgent,
)
from tests.support.real_chats import TIMEOUT_S, Chat, Work, done
from tests.support.waiting import wait_until

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
def test_in_a_terminal_a_turn_is_counted_with_its_tokens(chat: Chat, server: ModelServer) -> None:
    assert ask(chat.id, "one question").code == 0
    [counted] = turn_counts_of(chat.id)
    assert counted.work is not None
    assert counted.work.read > 0
    assert counted.work.written > 0


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
def test_in_a_terminal_the_answer_to_a_first_prompt_is_waited_for_from_the_start(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    """``answer --follow`` said at once that the chat has not answered yet."""
    started = ("new", agent.name, "-C", str(project), "-p")
    answer = outlive(*started, "question one", "-n", "one", "--wait", "--timeout", "120", "--", *agent.arguments)
    assert (answer.code, answer.output.strip()) == (0, "echo: question one"), answer.error
    done(*started, "question two", "-n", "two", "-d", "--", *agent.arguments)
    followed = outlive("answer", "two", "--follow", "--timeout", "120")
    assert (followed.code, followed.output.strip()) == (0, "echo: question two"), followed.error


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


@pytest.mark.parametrize(
    "agent", [CLAUDE, CODEX, OPENCODE, GEMINI, COPILOT], ids=lambda agent: agent.label, indirect=True
)
def test_in_a_terminal_two_prompts_typed_while_the_agent_works_are_both_answered(chat: Chat) -> None:
    """Claude Code takes both into one turn; the first of them had none of its answer."""
    chat.hold()
    with running("send", chat.id, "the second one", "--enter", "--wait", "--timeout", "120") as second:
        chat.sees("the second one")
        with running("send", chat.id, "and the third", "--enter", "--wait", "--timeout", "120") as third:
            chat.sees("and the third")
            chat.server.release()
            answers = [result(each) for each in (second, third)]
    assert [(each.code, each.error) for each in answers] == [(0, ""), (0, "")]
    assert all("and the third" in each.output or "the second one" in each.output for each in answers), answers
    assert "and the third" in answers[1].output


@pytest.mark.parametrize("agent", [CLAUDE, CLAUDE_OF_NODE_20], ids=lambda agent: agent.label, indirect=True)
def test_in_a_terminal_a_prompt_behind_a_turn_that_fails_is_not_told_as_failed(chat: Chat) -> None:
    chat.server.plan(Script(status=400, hold=0))
    with running("send", chat.id, "fail: 400", "--enter", "--wait", "--timeout", "120") as first:
        chat.server.wait_held(TIMEOUT_S)
        with running("send", chat.id, "the second one", "--enter", "--wait", "--timeout", "120") as second:
            chat.sees("the second one")
            wait_until(lambda: "\n❯ the second one" not in chat.screen()[-400:], 5, "Enter")
            chat.server.release()
            failed, answered = result(first), result(second)
    assert (failed.code, "refused with 400" in failed.error) == (10, True), failed
    assert (answered.code, answered.output) == (0, "echo: the second one\n"), answered
    chat.until_idle()
    # Where the hook of the failure comes late, the record says it.
    ended = {each.turn: each.outcome for each in turn_ends_of(chat.id)}
    told = ended | {each.turn: each.outcome for each in turn_counts_of(chat.id)}
    assert told == {1: "error", 2: "done"}
    assert not chat.info()["turn_failed"]
    last = outlive("answer", chat.id, "--json").json()
    assert (last["turn"], last["outcome"], last["answer"]) == (2, "done", "echo: the second one")


@pytest.mark.parametrize("runtime", ["terminal", "structured"])
@pytest.mark.parametrize("agent", [CLAUDE, CODEX], ids=lambda agent: agent.label, indirect=True)
def test_a_command_of_the_agent_is_no_failure(
    agent: RealAgent, runtime: str, project: Path, server: ModelServer, sessions: Sessions
) -> None:
    chat = started(agent, runtime, project, server)
    assert ask(chat.id, "hello").code == 0
    for command in ("/compact", "/clear") if agent is CLAUDE else ("/compact",):
        done_so = ask(chat.id, command)
        assert (done_so.code, done_so.error) == (0, ""), command
        assert not chat.info()["turn_failed"]
    assert {each.outcome for each in turn_ends_of(chat.id)} == {"done"}
    assert ask(chat.id, "afterwards").output == "echo: afterwards\n"


@pytest.mark.parametrize("agent", [CLAUDE, CLAUDE_OF_NODE_20], ids=lambda agent: agent.label, indirect=True)
def test_a_dialog_that_the_user_opened_takes_no_text_and_is_no_turn(chat: Chat) -> None:
    chat.ask_and_read("hello")
    chat.until_idle()
    with chat.hears("needs_input"):
        chat.send("/model", "--enter")
    refused = outlive("send", chat.id, "typed into it", "--enter")
    assert (refused.code, "nothing was typed" in refused.error) == (9, True), refused
    with chat.hears("idle"):
        chat.send("--key", "Escape")
    assert [each.outcome for each in turn_ends_of(chat.id)] == ["done"]


@in_chat_views
def test_in_a_chat_view_the_answer_that_the_agents_end_cut_is_not_done(
    agent: RealAgent, project: Path, server: ModelServer, sessions: Sessions
) -> None:
    chat = started(agent, "structured", project, server)
    assert ask(chat.id, "hello").code == 0
    done("send", chat.id, "count: 8 hold: 4")
    server.wait_held(TIMEOUT_S)
    chat.sees(answer_line(4))
    os.kill(chat.info()["child_pid"], signal.SIGKILL)
    wait_until(lambda: chat.info()["state"] != "running", TIMEOUT_S, "the end")
    half = outlive("answer", chat.id, "--json")
    told = half.json()
    assert (half.code, told["turn"], told["outcome"], told["complete"]) == (6, 2, "cut", False)
    assert answer_line(4) in told["answer"]


def started(agent: RealAgent, runtime: str, project: Path, server: ModelServer) -> Chat:
    """Start a chat, ready for a prompt."""
    if runtime == "terminal":
        return Chat.start(agent, server, project)
    words = ["new", agent.name, "-d", "--json", "-n", "view", "-C", str(project), "--runtime", "structured"]
    return Chat(agent, server, json.loads(done(*words))["id"])


@pytest.mark.parametrize("agent", [QWEN_OF_NODE_20], ids=lambda agent: agent.label, indirect=True)
def test_a_version_without_turns_is_said_to_be_too_old(agent: RealAgent, project: Path, sessions: Sessions) -> None:
    new = outlive("new", agent.name, "-d", "-n", "old", "-C", str(project), timeout_s=TIMEOUT_S)
    assert (new.code, f"{agent.version} is too old" in new.error) == (0, True), new
    checks = {each["name"]: each for each in outlive("doctor", "--json", timeout_s=TIMEOUT_S).json()}
    assert "is too old" in checks["agent qwen"]["message"]


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
