"""``outlive resume`` with real agents: a chat continues its own conversation, or the command says why not."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from session_host.client.chats.agent_record import find_answer
from session_host.errors import NoAnswer
from session_host.terminal.base import Modes
from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import OnTerminal
from tests.support.real_agents import ALL_AGENTS, CLAUDE, CODEX, COPILOT, GEMINI, QWEN, RealAgent
from tests.support.real_chats import SIZE, TIMEOUT_S, BareTerminal, Chat, done
from tests.support.waiting import wait_for_end, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]


@pytest.mark.shows("resume")
def test_two_chats_in_one_directory_continue_their_own_conversations(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    chats = {word: Chat.start(agent, server, project, name=word) for word in ("apples", "plums")}
    for word, chat in chats.items():
        chat.ask_and_read(f"I like {word}")
        chat.until_idle()
        wait_until_recorded(chat, f"echo: I like {word}")
    known = {word: chat.info()["provider_session_id"] for word, chat in chats.items()}
    assert all(known.values()), known
    assert known["apples"] != known["plums"]
    # The chat with the latest prompt is resumed last: the command must not continue "the latest" conversation.
    for chat in chats.values():
        chat.stop()

    for word, other in (("apples", "plums"), ("plums", "apples")):
        resumed = chats[word].resumed().until_ready()
        assert resumed.info()["provider_session_id"] == known[word]
        resumed.sees(f"I like {word}")
        resumed.ask_and_read(f"more of {word}")
        history = json.dumps(server.wait_asked(f"more of {word}").body)
        assert f"echo: I like {word}" in history
        assert f"I like {other}" not in history
        assert other not in resumed.everything()
        assert chats[word].info()["continued_by"] == resumed.id


DIRECTORY_VARIABLES = {
    "claude": ("CLAUDE_CONFIG_DIR", ".claude"),
    "codex": ("CODEX_HOME", ".codex"),
    "copilot": ("COPILOT_HOME", ".copilot"),
    "gemini": ("GEMINI_CLI_HOME", "."),
    "opencode": ("XDG_DATA_HOME", ".local/share"),
    "qwen": ("QWEN_HOME", ".qwen"),
}
"""For each agent, the variable that moves its files, and the usual directory below the home directory."""


@pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)
def test_a_chat_is_resumed_with_the_agents_directory_of_its_start(
    agent: RealAgent,
    server: ModelServer,
    project: Path,
    area: Area,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variable, part = DIRECTORY_VARIABLES[agent.name]
    place = area.home / "elsewhere"
    place.mkdir()
    for path in sorted(each for each in area.home.glob(".*") if each.name != ".config"):
        path.rename(place / ".claude" / path.name if path.name == ".claude.json" else place / path.name)
    with monkeypatch.context() as terminal:
        terminal.setenv(variable, str(place / part))
        chat = Chat.start(agent, server, project)
    chat.ask_and_read("I like apples")
    chat.until_idle()
    wait_until_recorded(chat, "echo: I like apples")
    chat.stop()
    assert answer(chat) == "echo: I like apples"
    assert chat.info()["resumable"] is True

    resumed = chat.resumed().until_ready()
    resumed.sees("I like apples")
    resumed.ask_and_read("more of them")
    assert "echo: I like apples" in json.dumps(server.wait_asked("more of them").body)


def wait_until_recorded(chat: Chat, text: str) -> None:
    """Wait until an answer is in the agent's own record: agents show it, and become idle, before they save it.

    Qwen Code syncs each line of its record, and gives up after 2 s if it is to exit meanwhile.
    """
    wait_until(lambda: answer(chat) == text, TIMEOUT_S, lambda: answer(chat), every_s=0.1)


def answer(chat: Chat) -> str:
    """The answer to copy, or the reason why there is none."""
    try:
        return find_answer(chat.id, None, is_working=False).text.strip()
    except NoAnswer as none:
        return str(none)


@pytest.mark.shows("empty")
def test_a_chat_without_any_prompt_is_started_again_or_not_resumed(chat: Chat) -> None:
    chat.stop()
    if chat.agent.begins_anew:
        resumed = chat.resumed().until_ready()
        resumed.ask_and_read("hello at last")
    else:
        refused = chat.try_to_resume()
        assert refused.code == 1
        assert chat.info()["name"] in refused.complaint()


@pytest.mark.shows("lost")
@pytest.mark.parametrize("is_resumed", [False, True], ids=["in this chat", "and resumed without a new prompt"])
def test_a_conversation_that_the_agent_has_lost_is_reported(chat: Chat, area: Area, *, is_resumed: bool) -> None:
    chat.ask_and_read("something")
    wait_until_recorded(chat, "echo: something")
    chat.until_idle()
    conversation = chat.info()["provider_session_id"]
    chat.stop()
    if is_resumed:
        chat = chat.resumed().until_ready()
        chat.sees("something")
        chat.stop()
    patterns = [each.format(id=conversation, short=conversation[:8]) for each in chat.agent.transcripts]
    lost = [path for pattern in patterns for path in area.home.glob(pattern)]
    assert lost
    for path in lost:
        path.unlink()
    refused = chat.try_to_resume()
    assert refused.code == 1
    assert "missing" in refused.complaint()
    assert chat.info()["continued_by"] is None


@pytest.mark.shows("elsewhere")
def test_a_conversation_that_is_open_elsewhere_is_reported(chat: Chat, project: Path, server: ModelServer) -> None:
    chat.ask_and_read("something")
    chat.until_idle()
    conversation = chat.info()["provider_session_id"]
    chat.stop()
    # Not by Outlive: the agent's own command in a plain terminal.
    with BareTerminal([each.format(id=conversation) for each in chat.agent.own_resume], project) as other:
        other.see("something", timeout_s=TIMEOUT_S)
        refused = chat.try_to_resume()
        assert refused.code == 1
        assert "open" in refused.complaint()
        assert str(other.pid) in refused.complaint()
    resumed = chat.resumed().until_ready()
    resumed.sees("something")


@pytest.mark.shows("killed")
def test_a_killed_agent_leaves_its_last_screen_and_no_processes(chat: Chat) -> None:
    chat.ask_and_read("the last words")
    chat.until_idle()
    child = chat.info()["child_pid"]
    with OnTerminal("attach", chat.id, size=SIZE) as viewer:
        viewer.see("echo: the last words", timeout_s=TIMEOUT_S)
        os.killpg(child, signal.SIGKILL)  # Some agents have two processes, and the second one would print a farewell.
        wait_for_end(child, 10)
        viewer.end()
        assert viewer.screen.modes == Modes(), "the viewer's terminal is as it was"
    done("wait", chat.id, "--exited", "--timeout", "60")
    info = chat.info()
    assert (info["state"], info["exit_signal"], info["exit_code"]) == ("exited", 9, None)
    assert "echo: the last words" in chat.screen()
    wait_until(lambda: not processes.with_environment("OUTLIVE_SESSION", chat.id), 10, "nothing to run in its place")

    resumed = chat.resumed().until_ready()
    resumed.sees("the last words")
    resumed.ask_and_read("first words")


PROMPT = "say the word"
STARTS = [
    (GEMINI, (PROMPT,)),
    (GEMINI, ("--approval-mode", "default", PROMPT)),
    (GEMINI, ("-i", PROMPT)),
    (GEMINI, ("-p", PROMPT)),
    (GEMINI, (f"--prompt={PROMPT}",)),
    (QWEN, (PROMPT,)),
    (QWEN, ("-i", PROMPT)),
    (QWEN, ("--prompt", PROMPT)),
    (COPILOT, ("-i", PROMPT)),
    (COPILOT, ("-p", PROMPT)),
    (COPILOT, (f"-p{PROMPT}",)),
    (COPILOT, (f"--prompt={PROMPT}",)),
    (CLAUDE, (PROMPT,)),
    (CLAUDE, ("-p", PROMPT)),
    (CLAUDE, ("--print", "--output-format", "text", PROMPT)),
    (CODEX, (PROMPT,)),
]


@pytest.mark.parametrize(
    ("agent", "arguments"),
    STARTS,
    ids=[f"{agent.label} {' '.join(arguments)}" for agent, arguments in STARTS],
    indirect=["agent"],
)
def test_resume_does_not_send_the_first_prompt_again(
    agent: RealAgent, arguments: tuple[str, ...], server: ModelServer, project: Path, sessions: Sessions
) -> None:
    words = ["new", agent.name, "-d", "--json", "-C", str(project), "--size", str(SIZE), "--", *arguments]
    chat = Chat(agent, server, json.loads(done(*words))["id"])
    chat.was_asked(PROMPT)
    chat.sees(f"echo: {PROMPT}")
    prints = any(word.startswith(("-p", "--p")) for word in arguments) or (arguments == (PROMPT,) and agent is QWEN)
    if prints:
        done("wait", chat.id, "--exited", "--timeout", "60")
    else:
        chat.until_idle()
        done("kill", chat.id)

    resumed = chat.resumed()

    # Gemini CLI reports that it is ready before it takes input.
    resumed.sees(PROMPT)
    resumed.until_ready()
    resumed.ask_and_read("another word")
    assert chat.prompts() == [PROMPT, "another word"]
    assert PROMPT in json.dumps(server.wait_asked("another word").body), "it is the same conversation"
