"""A real agent starts, gets prompts by every way of input, and answers, also while viewers are killed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer, answer_line
from tests.support.area import Area
from tests.support.commands import OnTerminal
from tests.support.real_agents import RealAgent
from tests.support.real_chats import SIZE, TIMEOUT_S, Chat, Work
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]


@pytest.mark.shows("start", "settings", "ask")
def test_an_agent_starts_takes_typed_input_and_keeps_the_users_settings(
    agent: RealAgent, server: ModelServer, project: Path, area: Area, sessions: Sessions
) -> None:
    before = settings(area.home, agent.settings)
    chat = Chat.start(agent, server, project)
    assert (chat.info()["state"], chat.info()["agent"]) == ("running", agent.name)

    with OnTerminal("attach", chat.id, size=SIZE) as viewer:
        viewer.see(agent.ready, timeout_s=TIMEOUT_S)
        for character in "hello by keys":
            viewer.type(character)
        viewer.see("hello by keys", timeout_s=TIMEOUT_S)
        chat.sees("hello by keys")
        viewer.type("\r")
        viewer.see("echo: hello by keys", timeout_s=TIMEOUT_S)
    chat.sees("echo: hello by keys")

    assert chat.prompts() == ["hello by keys"]
    after = settings(area.home, agent.settings)
    for name, lines in before.items():
        # An agent may add entries to its settings itself, for example which notices the user has seen, and when.
        assert [line for line in lines if line not in after[name]] == []
        more = [line for line in after[name] if line not in lines]
        assert all(re.fullmatch(agent.notes, line) for line in more), more
    assert [each.name for each in project.iterdir()] == []
    mine = [path for path in written_settings(area.home) if b"session_host" in path.read_bytes()]
    assert mine == [], "no file of the agent's names a program of Outlive"


def settings(home: Path, names: tuple[str, ...]) -> dict[str, list[str]]:
    # Ignore commas: a line gets one when another line is added after it.
    return {name: [line.rstrip(",") for line in (home / name).read_text().splitlines()] for name in names}


def written_settings(home: Path) -> Iterator[Path]:
    return (path for path in home.rglob("*") if path.suffix in {".json", ".toml", ".yaml", ".js"} and path.is_file())


LONG = " ".join(f"word{number}" for number in range(160))
SEVERAL = "the first of three lines\n  the second, indented\nthe third"


@pytest.mark.shows("send")
def test_a_sent_text_is_one_complete_prompt(chat: Chat, server: ModelServer) -> None:
    assert len(LONG) > 1024
    for prompt in ("short", LONG, SEVERAL):
        chat.send(prompt, "--enter")
        chat.was_asked(prompt)
        chat.sees("echo: " + prompt.split()[0])
        chat.until_idle()
    assert chat.prompts() == ["short", LONG, SEVERAL]


@pytest.mark.shows("viewer, answer", "viewer, tool")
def test_an_answer_and_a_tool_call_are_complete_after_their_viewer_was_killed(
    chat: Chat, server: ModelServer, work: Work, shown: Callable[[str], None]
) -> None:
    lines, at = (90, 50) if chat.agent.main_screen else (16, 8)
    with OnTerminal("attach", chat.id, size=SIZE) as viewer:
        viewer.see(chat.agent.ready, timeout_s=TIMEOUT_S)
        prompt = chat.hold(lines, at)
        viewer.see(answer_line(at), timeout_s=TIMEOUT_S)
        viewer.kill()
    server.release()
    chat.sees(answer_line(lines))

    with OnTerminal("attach", chat.id, size=SIZE) as viewer:
        viewer.see(answer_line(lines), timeout_s=TIMEOUT_S)
        text_before = viewer.text()
    everything = chat.everything()
    on_screen = range(lines - 10, lines + 1) if chat.agent.main_screen else range(1, lines + 1)
    assert [number for number in on_screen if text_before.count(answer_line(number)) != 1] == []
    assert [number for number in range(1, lines + 1) if everything.count(answer_line(number)) != 1] == []
    assert chat.prompts() == [prompt]
    shown("viewer, answer")
    chat.until_idle()
    tool_call_outlives_its_viewer(chat, server, work)


def tool_call_outlives_its_viewer(chat: Chat, server: ModelServer, work: Work) -> None:
    prompt = work.wish(chat.agent)
    with OnTerminal("attach", chat.id, size=SIZE) as viewer:
        viewer.see(chat.agent.ready, timeout_s=TIMEOUT_S)
        chat.ask(prompt)
        viewer.see(chat.agent.asks, timeout_s=TIMEOUT_S)
        chat.allow(work.has_begun)
        viewer.kill()
    work.end()
    chat.sees("the tool said: ")

    with OnTerminal("attach", chat.id, size=SIZE) as viewer:
        viewer.see("the tool said: ", timeout_s=TIMEOUT_S)
    request = server.wait_asked(prompt, times=2, timeout_s=TIMEOUT_S)
    wait_until(lambda: "the work is done" in request.results[-1], 1, lambda: str(request.results))
    assert len([each for each in server.requests if each.prompt == prompt and each.turn and not each.results]) == 1, (
        "it was asked once"
    )
