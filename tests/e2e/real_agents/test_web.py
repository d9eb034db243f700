"""Real agents on the page for the phone, in Chromium: their questions whole and answered once, prompts and answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.client.chats.settings import remember_colors
from session_host.paths import config_dir
from session_host.terminal.base import DefaultColors
from session_host.terminal.contrast import MARK_RATIO, TEXT_RATIO, ratio
from tests.conftest import Sessions
from tests.e2e.web.test_terminals import DARK, LIGHT, drawn
from tests.support.area import Area
from tests.support.browser import Browser, browser, pair
from tests.support.commands import outlive
from tests.support.page_server import PageServer
from tests.support.ports import free_port
from tests.support.real_agents import CLAUDE, CODEX, GEMINI, RealAgent
from tests.support.real_chats import TIMEOUT_S, Work, done
from tests.support.structured_chats import wait
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]


@pytest.fixture
def phone(agent: RealAgent, area: Area, sessions: Sessions) -> Iterator[Browser]:
    """A paired phone."""
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("answer_from_outside = true\n", encoding="utf-8")
    port = free_port()
    address = f"http://localhost:{port}"
    with PageServer(area, "--port", str(port), address=address) as served, browser() as opened:
        pair(opened, served)
        yield opened


def ask(phone: Browser, chat: str, prompt: str, command: str) -> None:
    """Send a prompt from the chat's page, and open the question about the command from the list."""
    phone.type("Ask", prompt)
    phone.click("Send", "button")
    phone.click("Chats", "a")
    phone.see("NEEDS YOU", chat)
    phone.click(chat, "a")
    phone.see(command)


def allow(phone: Browser) -> None:
    """Read a question to its end, and allow it."""
    phone.scroll_to_end()
    wait_until(lambda: phone.is_enabled("Allow"), TIMEOUT_S, "Allow to be ready")
    phone.click("Allow", "button")
    phone.see("Allowed here")


@pytest.mark.parametrize("agent", [CLAUDE, CODEX], ids=lambda agent: agent.label, indirect=True)
def test_a_chat_view_is_asked_answered_and_declined(
    agent: RealAgent, phone: Browser, project: Path, work: Work
) -> None:
    done("new", agent.name, "--runtime", "structured", "-d", "-n", "view", "-C", str(project))
    phone.click("view", "a")
    ask(phone, "view", work.wish(agent), work.command)
    assert not work.has_begun()
    allow(phone)
    wait_until(work.has_begun, TIMEOUT_S, "the command to run")
    work.end()
    phone.click("Open the chat")
    phone.see("the work is done")

    ask(phone, "view", agent.wish.format(command="touch declined"), "touch declined")
    phone.click("Decline", "button")
    phone.see("Declined here")
    assert not (project / "declined").exists()
    assert phone.too_wide() == []


@pytest.mark.parametrize("agent", [CLAUDE], ids=lambda agent: agent.label, indirect=True)
def test_an_agent_in_its_terminal_is_asked_and_answered(
    agent: RealAgent, phone: Browser, project: Path, work: Work
) -> None:
    done("new", agent.name, "--runtime", "terminal", "-d", "-n", "term", "-C", str(project))
    phone.click("term", "a")
    ask(phone, "term", work.wish(agent), work.command)
    allow(phone)
    wait_until(work.has_begun, TIMEOUT_S, "the command to run")
    work.end()
    phone.click("Open the chat")
    phone.see("the work is done")


@pytest.mark.parametrize("desk", [DARK, LIGHT], ids=["dark desk", "light desk"])
@pytest.mark.parametrize("agent", [CLAUDE, CODEX, GEMINI], ids=lambda agent: agent.label, indirect=True)
def test_a_dialog_in_a_terminal_is_readable_and_answered_by_its_keys(
    agent: RealAgent, desk: DefaultColors, area: Area, sessions: Sessions, project: Path, work: Work
) -> None:
    """On a light and on a dark phone; the text of a dialog has the contrast that it has at the desk.

    Copilot CLI and opencode draw a ground of their own. Claude Code's mark above the dialog blinks all the time.
    """
    remember_colors(desk)
    done("new", agent.name, "--runtime", "terminal", "-d", "-n", "term", "-C", str(project))
    done("send", "term", work.wish(agent), "--enter")
    wait("term", "needs_input")
    port = free_port()
    address = f"http://localhost:{port}"
    [chat] = outlive("ls", "--json").json()
    with PageServer(area, "--port", str(port), address=address) as served:
        for is_dark in (False, True):
            with browser(is_dark=is_dark) as phone:
                pair(phone, served, "answer")
                phone.open(f"{address}/#/screen/{chat['id']}")
                phone.see("columns", work.command.split()[0], "1.")
                texts = drawn(phone)
                assert desk.background in {ground for _text, _color, ground in texts}
                assert [each for each in texts if ratio(*each[1:]) < MARK_RATIO] == []
                asked = [each for each in texts if "1." in each[0] or work.command in each[0]]
                assert [each for each in asked if ratio(*each[1:]) < TEXT_RATIO] == []
                if is_dark:
                    wait_until(lambda: phone.is_enabled("Enter"), TIMEOUT_S, "the keys")
                    phone.click("Enter", "button")
                    wait_until(work.has_begun, TIMEOUT_S, lambda: f"the command: {phone.text}")
    work.end()
