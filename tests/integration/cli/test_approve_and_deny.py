"""``outlive approve`` and ``outlive deny``: the question is shown completely, and answered exactly once."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from session_host.system.processes.permission import AGENT_CHATS
from tests.support.area import Area
from tests.support.commands import OUTLIVE, OnTerminal, environment, new, outlive
from tests.support.structured_chats import input_log, new_chat, send, wait, wait_for_text

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def asking(area: Area) -> str:
    """A chat that asks for permission to run a command."""
    new_chat(area, "api-fix", "run: npm test")
    wait("api-fix", "needs_input")
    return "api-fix"


def test_a_command_is_shown_completely_and_approved(asking: str) -> None:
    done = outlive("approve", asking)
    assert done.code == 0, done.error
    lines = done.output.splitlines()
    assert lines[:2] == ["? Run npm test", "    npm test"]
    assert lines[-1] == "Allowed in api-fix: npm test"
    wait_for_text(asking, "the decision was accept$")
    wait(asking, "idle")
    assert "Ran npm test" in outlive("peek", asking).output


def test_a_declined_command_does_not_run(asking: str) -> None:
    done = outlive("deny", asking)
    assert (done.code, done.output.splitlines()[-1]) == (0, "Declined in api-fix: npm test")
    wait_for_text(asking, "the command was declined")
    assert "⊘ Declined: npm test" in outlive("peek", asking).output


def test_always_chooses_the_permanent_option(asking: str) -> None:
    done = outlive("approve", asking, "--always", "--json")
    reply = done.json()
    assert (reply["name"], reply["subject"]) == ("api-fix", "/bin/bash -lc 'npm test'"), "exactly"
    kinds = {each["id"]: each["kind"] for each in reply["options"]}
    assert kinds[reply["answer"]] == "allow_always"


def test_a_second_answer_is_refused_with_the_name_of_the_first(asking: str) -> None:
    request = outlive("approve", asking, "--json").json()["request"]
    late = outlive("deny", asking, "--request", request)
    assert late.code == 6
    assert late.complaint() == "api-fix: already answered by a command: Allow"
    wait(asking, "idle")
    again = outlive("deny", asking)
    assert (again.code, again.complaint()) == (6, "api-fix: already answered by a command: Allow")
    assert outlive("approve", asking, "--request", "").complaint().startswith("--request is empty")
    unknown = outlive("approve", asking, "--request", "no-such")
    assert unknown.code == 3
    assert "'no-such'" in unknown.complaint()


def test_of_several_answers_at_once_one_reaches_the_agent(area: Area, asking: str) -> None:
    words = ["approve", "deny"] * 3
    with OnTerminal("attach", asking) as one, OnTerminal("attach", asking) as other:
        for terminal in (one, other):
            terminal.see("▲ y allow")
        with ThreadPoolExecutor(len(words)) as threads:
            done = list(threads.map(lambda word: outlive(word, asking), words))
        won = [each for each in done if each.code == 0]
        assert len(won) == 1, done
        assert all("already answered by a command: " in each.error for each in done if each not in won)
        assert {each.code for each in done} == {0, 6}, done
        how = "Allow" if won[0].output.splitlines()[-1].startswith("Allowed") else "Decline"
        for terminal in (one, other):
            terminal.see(f"Run npm test → {how} (by a command)")
    wait(asking, "idle")
    replies = [line for line in input_log(area).read_text().splitlines() if '"decision"' in line]
    assert len(replies) == 1, replies


def test_a_chat_that_has_never_asked_is_not_asking(area: Area) -> None:
    new_chat(area, "api-fix")
    wait("api-fix", "idle")
    none = outlive("approve", "api-fix")
    assert (none.code, none.complaint()) == (3, "api-fix is not asking anything")


def test_a_question_is_answered_in_the_chat_and_not_approved(area: Area) -> None:
    new_chat(area, "api-fix", "ask: Which one? / first / second")
    wait("api-fix", "needs_input")
    done = outlive("approve", "api-fix")
    assert done.code == 1
    assert "outlive attach api-fix" in done.complaint()


def test_a_terminal_has_no_questions_to_approve() -> None:
    new("-n", "x", "--", "cat")
    done = outlive("approve", "x")
    assert done.code == 1
    assert "x runs in a terminal" in done.complaint()


def test_an_agent_may_not_answer_questions_of_another_chat(asking: str) -> None:
    words = [*OUTLIVE, "approve", asking]
    env = environment({AGENT_CHATS: "0f0f0f0f-0000-4000-8000-000000000000"})
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 8
    assert "an agent may control its own chat" in done.stderr
    send(asking, "another")
    assert outlive("approve", asking).code == 0
