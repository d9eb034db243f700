"""Real agents are answered beside their rows in the window's list, while another chat is written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.paths import config_dir
from tests.e2e.window.conftest import OpenWindow, open_window, window_server
from tests.e2e.window.test_sidebar import at_row
from tests.e2e.window.test_structured_chat import is_question_beside_the_list
from tests.programs import program
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.real_agents import CLAUDE, CODEX, RealAgent
from tests.support.real_chats import TIMEOUT_S, Work, done
from tests.support.waiting import WaitTimeout, wait_until
from tests.support.windows import Window, xdotool

__all__ = ["open_window", "window_server"]

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]


def open_question(app: Window, area: Area, shown: str) -> None:
    """Click the first row until its question is beside it: the window hears of it in a moment."""

    def opened() -> bool:
        xdotool(*at_row(app, 0), "click", "1")
        try:
            wait_until(lambda: is_question_beside_the_list(app, area), 1, "the question", is_exact=True)
        except WaitTimeout:
            app.show(shown)
            return False
        return True

    wait_until(opened, TIMEOUT_S, "the question beside its row")


@pytest.mark.parametrize(
    ("agent", "runtime"),
    [(CLAUDE, "structured"), (CODEX, "structured"), (CLAUDE, "terminal")],
    ids=["claude-view", "codex-view", "claude-terminal"],
    indirect=["agent"],
)
def test_a_command_is_allowed_and_another_one_declined_beside_the_row(
    agent: RealAgent, runtime: str, open_window: OpenWindow, project: Path, work: Work, area: Area
) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("answer_from_outside = true\n", encoding="utf-8")
    shown = new("-n", "shown", "--", *program("raw_echo"))
    done("new", agent.name, "--runtime", runtime, "-d", "-n", "asks", "-C", str(project))
    with open_window() as app:
        app.show(shown)
        app.wait_connected([shown])
        app.focus()
        done("send", "asks", work.wish(agent), "--enter")
        done("wait", "asks", "--activity", "needs_input", "--timeout", "60")
        open_question(app, area, shown)
        assert not work.has_begun()

        def begun() -> bool:
            app.press("y")
            try:
                wait_until(work.has_begun, 1, "the command", is_exact=True)
            except WaitTimeout:
                return False
            return True

        wait_until(begun, TIMEOUT_S, "the command to run")
        work.end()
        done("wait", "asks", "--activity", "idle", "--timeout", "60")

        done("send", "asks", agent.wish.format(command="touch declined"), "--enter")
        done("wait", "asks", "--activity", "needs_input", "--timeout", "60")
        open_question(app, area, shown)

        def declined() -> bool:
            app.press("n")
            return outlive("wait", "asks", "--activity", "idle", "--timeout", "1").code == 0

        wait_until(declined, TIMEOUT_S, "the refusal")
        assert not (project / "declined").exists()
        wait_until(lambda: not is_question_beside_the_list(app, area), TIMEOUT_S, "the card to be closed")
