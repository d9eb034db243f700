"""The window copies the answer of the turn to which the user went, for agents with marked turns."""

from __future__ import annotations

import pytest

from tests.e2e.window.conftest import OpenWindow, open_window, window_server
from tests.support.real_agents import CLAUDE_INLINE, CODEX_INLINE, GEMINI
from tests.support.real_chats import TIMEOUT_S, Chat
from tests.support.waiting import wait_until
from tests.support.windows import clipboard

__all__ = ["open_window", "window_server"]

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.real_agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize(
        "agent", [GEMINI, CLAUDE_INLINE, CODEX_INLINE], ids=lambda agent: agent.label, indirect=True
    ),
]


def test_the_answer_of_an_earlier_turn_is_copied(chat: Chat, open_window: OpenWindow) -> None:
    with open_window() as app:
        app.show(chat.id)
        app.wait_connected([chat.id])
        app.focus()
        for prompt in ("count: 60", "hello one", "hello two"):
            chat.send(prompt, "--enter")
            chat.was_asked(prompt)
            chat.sees(f"echo: {prompt}" if prompt.startswith("hello") else "line 0060")
            chat.until_idle()

        def copied(*keys: str) -> str:
            app.press(*keys, "ctrl+shift+o")
            return clipboard()

        wait_until(lambda: copied() == "echo: hello two", TIMEOUT_S, lambda: f"the last answer, not {clipboard()!r}")
        app.press("ctrl+shift+Page_Up")
        wait_until(lambda: copied() == "echo: hello two", TIMEOUT_S, lambda: f"the last answer, not {clipboard()!r}")
        app.press("ctrl+shift+Page_Up")
        wait_until(lambda: copied() == "echo: hello one", TIMEOUT_S, lambda: f"the second answer, not {clipboard()!r}")
        app.press("ctrl+shift+Page_Up")
        lines = [f"answer line {number:04d}" for number in range(1, 61)]
        wait_until(lambda: copied().split("\n") == lines, TIMEOUT_S, lambda: f"the first answer, not {clipboard()!r}")
