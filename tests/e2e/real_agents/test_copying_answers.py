"""A real agent's answer is read from the agent's own record, exactly as the agent wrote it."""

from __future__ import annotations

import pytest

from session_host.client.chats.agent_record import find_answer
from session_host.errors import NoAnswer
from session_host.terminal.prompts import TurnPosition
from tests.support.real_agents import ALL_AGENTS
from tests.support.real_chats import TIMEOUT_S, Chat, Work
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.real_agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True),
]

LONG = " ".join(f"word{number}" for number in range(40))
"""A text longer than a row of the screen."""


def last_answer(chat: Chat, expected: str) -> str:
    """Wait until the last answer has this text (agents report a turn's end before they write it), and return it."""

    def found() -> str:
        try:
            return find_answer(chat.id, None, is_working=False).text
        except NoAnswer as error:
            return str(error)

    wait_until(lambda: expected in found(), TIMEOUT_S, lambda: f"{expected!r} in {found()!r}", every_s=0.1)
    return found()


def test_the_last_answer_and_an_earlier_one_are_found_completely(chat: Chat, work: Work) -> None:
    chat.send(LONG, "--enter")
    chat.was_asked(LONG)
    chat.sees("echo: ")
    chat.until_idle()
    assert last_answer(chat, "echo").strip() == f"echo: {LONG}"

    prompt = f"say: I **first** look.\n{work.wish(chat.agent)}"
    chat.send(prompt, "--enter")
    chat.becomes("needs_input")
    assert last_answer(chat, "first") == "I **first** look."
    chat.allow(work.has_begun)
    work.end()
    chat.sees("the tool said")
    chat.until_idle()
    answer = last_answer(chat, "the tool said")
    assert answer.startswith("I **first** look.\n\nthe tool said: ")
    assert "the work is done" in answer

    earlier = find_answer(chat.id, TurnPosition(1, f"> {LONG[:60]}\n  {LONG[60:]}"), is_working=False)
    assert (earlier.text.strip(), earlier.which) == (f"echo: {LONG}", "chosen")
    chat.hold()
    assert find_answer(chat.id, TurnPosition(1, prompt), is_working=True).text == answer
    chat.server.release()
    chat.until_idle()
    assert last_answer(chat, "line 0008").splitlines() == [f"answer line {number:04d}" for number in range(1, 9)]
    chat.stop()
    assert last_answer(chat, "line 0008").splitlines()[0] == "answer line 0001"
