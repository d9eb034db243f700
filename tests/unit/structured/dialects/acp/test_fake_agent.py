"""The ACP dialect with a real process made with the protocol's SDK, which validates all messages of the dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from session_host.structured.dialects.base import Start
from tests.support.acp_process import AcpProcess, FakeAgents


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"FAKE_ACP_DIRECTORY": str(tmp_path), "FAKE_ACP_RECEIVED": str(tmp_path / "received")}


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeAgents]:
    agents = FakeAgents(tmp_path_factory.mktemp("agents"))
    yield agents
    agents.close()


@pytest.fixture
def chat(tmp_path: Path, agents: FakeAgents, environment: dict[str, str]) -> Iterator[AcpProcess]:
    with AcpProcess(agents, Start(directory=str(tmp_path), version="1.0"), environment) as chat:
        chat.wait_idle()
        yield chat


def received(tmp_path: Path) -> list[dict[str, Any]]:
    """Read the messages that the agent received."""
    return [json.loads(line) for line in (tmp_path / "received").read_text("utf-8").splitlines()]


def test_three_turns_of_one_process(chat: AcpProcess, tmp_path: Path) -> None:
    chat.ask("say one")
    chat.ask("think about it\nsay two\nplan a b")
    chat.ask("chunks 5 1")
    assert chat.shown() == [
        ("user", "say one", "done"), ("agent", "one", "done"),
        ("user", "think about it\nsay two\nplan a b", "done"), ("thought", "about it", "done"),
        ("agent", "two", "done"), ("plan", "", "done"),
        ("user", "chunks 5 1", "done"), ("agent", "chunk 1 chunk 2 chunk 3 chunk 4 chunk 5 ", "done"),
    ]  # fmt: skip
    methods = [each.get("method") for each in received(tmp_path)]
    assert methods == ["initialize", "session/new", *["session/prompt"] * 3]


def test_a_command_is_allowed_declined_and_cancelled(chat: AcpProcess) -> None:
    for option, status in (("yes", "done"), ("no", "declined")):
        chat.prompt("run make all")
        chat.wait(lambda: chat.transcript.open_requests)
        assert chat.request.subject == "make all"
        chat.answer(option)
        chat.wait_idle()
        assert chat.items[-1].status == status
    assert chat.items[1].output == "ran make all (yes)"
    chat.prompt("run make all")
    chat.wait(lambda: chat.transcript.open_requests)
    chat.interrupt()
    chat.wait_idle()
    assert chat.transcript.status.last_turn is not None
    assert chat.transcript.status.last_turn.outcome == "interrupted"
    assert not [each for each in chat.items if each.status == "running"]


def test_an_edit_is_asked_with_its_diff(chat: AcpProcess) -> None:
    chat.prompt("edit a.py one|two| one|2|")
    chat.wait(lambda: chat.transcript.open_requests)
    assert chat.request.subject == "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"
    chat.answer("always")
    chat.wait_idle()
    (tool,) = [each for each in chat.items if each.kind == "tool"]
    assert (tool.tool, tool.changes[0].path) == ("edit", "a.py")


def test_the_options_of_a_permission_are_those_of_the_agent(chat: AcpProcess) -> None:
    chat.prompt("options one=allow_once never=reject_always")
    chat.wait(lambda: chat.transcript.open_requests)
    assert [(each.id, each.name, each.kind) for each in chat.request.options] == [
        ("one", "One", "allow_once"), ("never", "Never", "reject_always"),
    ]  # fmt: skip
    chat.answer("one")
    chat.wait_idle()


def test_a_form_is_answered(chat: AcpProcess) -> None:
    chat.prompt("form name colour")
    chat.wait(lambda: chat.transcript.open_requests)
    chat.answer("", name="Ada", colour="red")
    chat.wait_idle()
    assert json.loads(chat.items[-1].text) == {"name": "Ada", "colour": "red"}


def test_a_turn_is_cancelled(chat: AcpProcess) -> None:
    chat.prompt("say hi\nhold")
    chat.wait(lambda: len(chat.items) == 2)
    chat.interrupt()
    chat.wait_idle()
    assert chat.shown()[1] == ("agent", "hi", "interrupted")


@pytest.mark.parametrize(
    ("script", "outcome"),
    [("say a\nfail the model is gone", "failed"), ("stop refusal", "failed"), ("stop max_tokens", "failed")],
)
def test_a_turn_fails(chat: AcpProcess, script: str, outcome: str) -> None:
    chat.ask(script)
    assert chat.transcript.status.last_turn is not None
    assert chat.transcript.status.last_turn.outcome == outcome
    chat.ask("say still here")
    assert chat.items[-1].text == "still here"


def test_an_unknown_line_is_kept_and_does_no_harm(chat: AcpProcess) -> None:
    chat.ask("garbage\nunknown\nsay fine")
    raw = [(each.title, each.text) for each in chat.items if each.kind == "raw"]
    assert ("not a message", "npm warn deprecated") in raw
    assert [title for title, _ in raw] == ["not a message", "mood", "_fake/mood"]
    assert chat.items[-1].text == "fine"


@pytest.mark.parametrize("script", ["cut", "exit 1"])
def test_the_death_of_the_agent_cuts_the_turn(chat: AcpProcess, script: str) -> None:
    chat.prompt(f"chunks 2 1\n{script}")
    chat.wait_end()
    assert chat.shown()[1] == ("agent", "chunk 1 chunk 2 ", "cut")
    assert chat.transcript.status.last_turn is not None
    assert chat.transcript.status.last_turn.outcome == "cut"
    if script == "cut":
        assert chat.items[2].title == "not a message"


def test_an_agent_that_never_answers_can_be_cancelled_and_its_prompt_stays_unconfirmed(chat: AcpProcess) -> None:
    chat.prompt("deaf")
    chat.interrupt()
    assert chat.states()[-1] == "running"
    chat.kill()
    chat.wait_end()
    assert chat.shown() == [("user", "deaf", "unconfirmed")]


def test_a_mode_is_changed(chat: AcpProcess) -> None:
    (mode,) = chat.transcript.status.settings
    assert (mode.id, mode.value, [each.id for each in mode.choices]) == ("mode", "ask", ["ask", "plan"])
    chat.change("mode", "plan")
    chat.wait(lambda: chat.transcript.status.settings[0].value == "plan")
    chat.wait(lambda: chat.transcript.status.commands)


# ---------------------------------------------------------------- opening


def resumed(agents: FakeAgents, chat: AcpProcess, environment: dict[str, str], *, has_history: bool) -> AcpProcess:
    start = Start(
        directory=chat.start.directory, conversation=chat.transcript.status.conversation, has_history=has_history
    )
    return AcpProcess(agents, start, environment)


def test_a_killed_conversation_is_resumed_and_nothing_is_repeated(
    agents: FakeAgents, chat: AcpProcess, environment: dict[str, str], tmp_path: Path
) -> None:
    chat.prompt("say one\nhold")
    chat.wait(lambda: len(chat.items) == 2)
    chat.kill()
    chat.wait_end()
    with resumed(agents, chat, environment, has_history=True) as again:
        again.wait_idle()
        again.ask("say two")
        assert [text for _, text, _ in again.shown()] == ["say two", "two"]
    assert "session/resume" in [each.get("method") for each in received(tmp_path)]


def test_a_killed_conversation_is_loaded_if_the_transcript_lacks_it(
    agents: FakeAgents, chat: AcpProcess, environment: dict[str, str]
) -> None:
    chat.prompt("run make")
    chat.wait(lambda: chat.transcript.open_requests)
    chat.answer("yes")
    chat.wait_idle()
    chat.ask("say one")
    chat.kill()
    with resumed(agents, chat, environment, has_history=False) as again:
        again.wait(lambda: "settle" in dict(again.timers))
        again.expire("settle")
        if not again.rules.state.takes_prompts:
            again.expire("settle")
        assert [text for _, text, _ in again.shown()] == ["run make", "make", "say one", "one"]
        again.ask("say two")
        assert again.items[-1].text == "two"


def test_a_conversation_that_does_not_exist_yet_is_requested_again(
    agents: FakeAgents, chat: AcpProcess, environment: dict[str, str]
) -> None:
    chat.ask("say one")
    chat.kill()
    refusing = {**environment, "FAKE_ACP_REFUSALS": "2", "FAKE_ACP_LACKS": "resume"}
    with resumed(agents, chat, refusing, has_history=True) as again:
        again.wait(lambda: again.timers[-1] == ("resume", 1.0))
        again.expire("resume")
        again.wait(lambda: again.timers[-1] == ("resume", 2.0))
        again.expire("resume")
        again.wait(lambda: "settle" in dict(again.timers))
        again.expire("settle")
        again.ask("say two")
        assert [each.kind for each in again.items] == ["notice", "user", "agent"]
        assert again.failure == ""


def test_a_conversation_that_does_not_exist_fails_at_once(
    agents: FakeAgents, chat: AcpProcess, environment: dict[str, str]
) -> None:
    start = Start(directory=chat.start.directory, conversation="nowhere", has_history=True)
    with AcpProcess(agents, start, environment) as again:
        again.wait(lambda: again.failure)
    assert again.failure == "Fake Agent cannot resume the conversation: Resource not found"


def test_an_agent_that_cannot_resume_begins_a_new_conversation_and_says_so(agents: FakeAgents, tmp_path: Path) -> None:
    start = Start(directory=str(tmp_path), conversation="old", has_history=True)
    with AcpProcess(agents, start, {}) as chat:
        chat.wait_idle()
        chat.ask("say hi")
    assert chat.items[0].text == "Fake Agent cannot resume conversations: this is a new one"
    assert chat.transcript.status.conversation not in {"", "old"}


def test_a_log_in_by_a_variable_is_done(agents: FakeAgents, tmp_path: Path, environment: dict[str, str]) -> None:
    with AcpProcess(agents, Start(directory=str(tmp_path)), {**environment, "FAKE_ACP_LOG_IN": "needed"}) as chat:
        chat.wait_idle()
    assert [each["method"] for each in received(tmp_path)][1:] == ["session/new", "authenticate", "session/new"]


def test_a_log_in_that_needs_a_browser_names_the_command(agents: FakeAgents, tmp_path: Path) -> None:
    with AcpProcess(agents, Start(directory=str(tmp_path)), {"FAKE_ACP_LOG_IN": "browser"}) as chat:
        chat.wait(lambda: chat.failure)
    assert "run fake login, then open the chat again" in chat.failure
