"""The Left key detaches ``outlive attach`` from an empty input line; otherwise the program gets the key."""

from __future__ import annotations

import os
import signal

import pytest

from session_host.paths import config_dir
from tests.programs import program
from tests.support.commands import OnTerminal, new, outlive
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

LEFT = b"\x1b[D"


@pytest.fixture
def agent() -> None:
    """A catalog file for ``tests/programs/prompt_line.py``."""
    agents = config_dir() / "agents"
    agents.mkdir(parents=True)
    words = ", ".join(f"'{word}'" for word in program("prompt_line"))
    (agents / "prompting.toml").write_text(
        f"title = 'Prompting'\nexecutable = 'sh'\nstart = [{words}]\nmonogram = 'P'\n"
        "[signals]\nempty_prompt = '❯\\s'\n[signals.titles]\n'^ready' = 'idle'\n'^work' = 'working'\n",
        encoding="utf-8",
    )


def idle(name: str = "chat") -> None:
    assert outlive("wait", name, "--activity", "idle", "--timeout", "30").code == 0


@pytest.mark.usefixtures("agent")
def test_left_detaches_only_while_the_input_line_is_empty() -> None:
    new("prompting", "-n", "chat")
    idle()
    for text, got in (("", ""), ("hello", "did hello")):
        with OnTerminal("attach", "chat") as terminal:
            terminal.see("❯")
            if text:
                terminal.type(text[0])
                terminal.see(f"❯ {text[0]}")
                terminal.type(LEFT)
                terminal.see("<left>")
                terminal.type(text[1:] + "\r")
                terminal.see(got)
                idle()
            terminal.type(LEFT)
            assert terminal.end() == 0
            assert "[detached from chat; it keeps running]" in terminal.text()
    host = int(outlive("ls", "--json").json()[0]["host_pid"])
    os.kill(host, signal.SIGKILL)
    wait_until(lambda: outlive("ls", "--json").json()[0]["host_pid"] not in {host, None}, 20, "another host")
    with OnTerminal("attach", "chat") as terminal:
        terminal.see("did hello")
        terminal.type(LEFT)
        assert terminal.end() == 0, "the next host knows it"
    with OnTerminal("attach", "chat") as first, OnTerminal("attach", "chat") as second:
        first.see("did hello")
        second.see("did hello")
        outlive("send", "chat", "x")
        first.see("❯ x")
        second.type(LEFT)
        first.see("<left>\n❯ x")


@pytest.mark.usefixtures("agent")
def test_left_goes_to_the_program_by_setting_and_in_shells() -> None:
    new("prompting", "-n", "chat")
    new("-n", "echo", "--", *program("raw_echo", "--show"))
    idle()
    with OnTerminal("attach", "chat", env={"OUTLIVE_ATTACH_BACK_DETACH": "0"}) as terminal:
        terminal.see("❯")
        terminal.type(LEFT)
        terminal.see("<left>")
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        terminal.type(LEFT)
        terminal.see("<1b5b44>")
