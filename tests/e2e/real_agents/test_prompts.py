"""A prompt on the command line is sent once: resuming the chat does not send it again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support.real_agents import CLAUDE, CODEX, COPILOT, GEMINI, QWEN, RealAgent
from tests.support.real_chats import SIZE, Chat, done

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]

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
    words = ["new", agent.name, "-d", "--json", "-C", str(project), "--size", SIZE, "--", *arguments]
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
