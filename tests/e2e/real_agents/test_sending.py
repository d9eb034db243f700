"""``outlive send`` to a real agent: one prompt per Enter, and no answer to an open question."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from session_host.paths import session_journal
from session_host.system.clock import as_text
from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.programs.shown_image import png
from tests.support.commands import OnTerminal, outlive
from tests.support.images import RED
from tests.support.journals import recorded_bytes
from tests.support.real_agents import ALL_AGENTS, CLAUDE, CLAUDE_OF_NODE_20, CODEX, GEMINI, OPENCODE, QWEN, RealAgent
from tests.support.real_chats import SIZE, TIMEOUT_S, Chat, Work, done
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]


@pytest.mark.parametrize("agent", [CLAUDE, CLAUDE_OF_NODE_20], ids=lambda agent: agent.label, indirect=True)
def test_the_first_enter_of_a_sent_text_is_not_lost(chat: Chat) -> None:
    words = [f"word {number}" for number in range(6)]
    for word in words:
        chat.ask_and_read(word)
        chat.until_idle()

    assert chat.prompts() == words


@pytest.mark.parametrize("agent", [CLAUDE, CODEX, GEMINI], ids=lambda agent: agent.label, indirect=True)
def test_a_prompt_for_later_is_sent_once_at_its_time_if_nothing_is_typed(chat: Chat) -> None:
    chat.ask_and_read("first")
    chat.until_idle()
    set_later(chat, "sent later")
    chat.sees("echo: sent later")
    chat.until_idle()
    assert later(chat) is None

    assert outlive("send", chat.id, "half a text").code == 0
    set_later(chat, "not now")
    wait_until(lambda: later(chat)["stage"] == "held", TIMEOUT_S, "it to be held")
    assert later(chat)["why"] == "a text is being written"
    assert outlive("send", chat.id, "--cancel").code == 0
    assert chat.prompts() == ["first", "sent later"]


def set_later(chat: Chat, text: str) -> None:
    """Let a prompt be sent in a moment."""
    assert outlive("send", chat.id, text, "--at", as_text(time.time() + 1.5)).code == 0


def later(chat: Chat) -> Any:
    """The prompt that the chat is to get at a time."""
    return next(each["later"] for each in outlive("ls", "--json").json() if each["id"] == chat.id)


@pytest.mark.parametrize("agent", [CLAUDE, CODEX, OPENCODE, GEMINI], ids=lambda agent: agent.label, indirect=True)
def test_text_sent_to_an_open_permission_dialog_is_refused_and_the_command_is_not_run(chat: Chat, work: Work) -> None:
    chat.ask(work.wish(chat.agent))
    chat.sees(chat.agent.asks)
    chat.becomes("needs_input")

    refused = outlive("send", chat.id, "no please wait", "--enter")

    assert refused.code == 9
    assert "nothing was typed" in refused.complaint()
    assert "please wait" not in chat.screen()
    assert chat.agent.asks in chat.screen()
    assert not work.has_begun()
    chat.allow(work.has_begun)
    work.end()
    chat.until_idle()


@pytest.mark.parametrize("agent", [GEMINI], ids=["gemini"], indirect=True)
def test_a_text_dropped_by_a_starting_agent_is_reported(chat: Chat) -> None:
    """A resumed Gemini CLI reports that it is idle before it takes input."""
    chat.ask_and_read("something")
    chat.until_idle()
    chat.stop()
    resumed = chat.resumed()
    resumed.becomes("idle")

    sent = outlive("send", resumed.id, "another word", "--enter", timeout_s=60)

    if sent.code:
        assert "the agent does not show the text" in sent.complaint()
        resumed.sees("echo: something")
        resumed.until_ready()
        resumed.send("another word", "--enter")
    resumed.sees("echo: another word")


@pytest.mark.parametrize("agent", [GEMINI, QWEN], ids=lambda agent: agent.label, indirect=True)
def test_a_text_sent_to_a_resumed_agent_is_typed_below_its_conversation(agent: RealAgent, chat: Chat) -> None:
    """Gemini CLI takes its input line away while it loads the conversation, and drops an Enter that comes then."""
    chat.ask_and_read("I like apples")
    chat.until_idle()
    wait_until(lambda: b"echo: I like apples" in recorded_bytes(session_journal(chat.id)), 20, "the whole answer")
    chat.stop()
    resumed = chat.resumed()

    resumed.send("another word", "--enter")

    resumed.sees("echo: another word")
    assert "echo: I like apples" in json.dumps(chat.server.wait_asked("another word").body)
    resumed.stop()
    output = recorded_bytes(session_journal(resumed.id))
    assert output.index(b"I like apples") < output.index(b"another word")


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
TEXTS = (
    'ux Write {"file_path":"/srv/some/long/path/which/goes/on/and/on/until/the/row/is/full/file.txt"} #1',
    "日本語のテキスト。これは長い文章なので折り返されます。二番",
    "हिन्दी में लिखा हुआ पाठ 3",
    "nb\u00a0first\nsecond\u3000line\nthird 4",
    f"a family {FAMILY}\nand its dog 5",
    "\n".join(f"line {number} of twelve" for number in range(12)),
)


@pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)
def test_a_text_is_one_prompt_however_the_agent_wraps_or_folds_it(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    chat = start_chat(agent, server, project, "80x24").until_ready()
    for text in TEXTS:
        chat.send(text, "--enter")
        chat.was_asked(text)
        chat.until_idle()


@pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)
def test_a_text_with_letters_that_are_not_drawn_is_sent_and_not_joined_to_the_next_one(chat: Chat) -> None:
    """Agents show them as blanks, and Claude Code removes them."""
    chat.send("Hangul\u3164fillers\u115f are letters", "--enter")
    chat.sees("are letters")
    chat.until_idle()
    chat.ask_and_read("the next prompt")

    first, second = chat.prompts()
    assert first.translate(dict.fromkeys(map(ord, "\u3164\u115f"))) == "Hangulfillers are letters"
    assert second == "the next prompt"


@pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)
def test_the_pasted_path_of_an_image_counts_as_shown(chat: Chat, project: Path) -> None:
    """Agents show it as ``[Image #1]``."""
    image = project / "shot.png"
    image.write_bytes(png(RED))

    chat.send(str(image), "--paste")


def start_chat(agent: RealAgent, server: ModelServer, project: Path, size: str = str(SIZE)) -> Chat:
    """Start a chat, without waiting until its agent is ready."""
    words = ["new", agent.name, "-d", "--json", "-n", "chat", "-C", str(project), "--size", size]
    return Chat(agent, server, json.loads(done(*words))["id"])


@pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)
def test_a_text_sent_during_the_start_becomes_a_prompt(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    chat = start_chat(agent, server, project)

    done("send", chat.id, "the first prompt", "--enter")

    chat.was_asked("the first prompt")


@pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)
def test_text_typed_during_the_start_becomes_a_prompt(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    """opencode, Gemini CLI and Qwen Code drop text before they show their input line; no agent takes an early Enter."""
    chat = start_chat(agent, server, project)

    with OnTerminal("attach", chat.id, size=SIZE) as viewer:
        viewer.see_bytes(b"\x1b[?1049h")  # The agent has set up its own terminal now.
        for character in "the first prompt\r":
            viewer.type(character)
        chat.was_asked("the first prompt")
