"""Claude Code and Codex on other machines: the link is cut, questions are answered from here, a machine reboots."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from session_host import paths
from tests.conftest import Sessions
from tests.e2e.window.conftest import OpenWindow, open_window, reader, window_server
from tests.e2e.window.user_actions import wait_until_tabs_are_saved
from tests.fakes.model_server import ModelServer, answer_line
from tests.support.area import Area
from tests.support.commands import OnTerminal
from tests.support.real_agents import CLAUDE, CODEX, CannotInstall, RealAgent
from tests.support.real_chats import PRESS_AGAIN_S, SIZE, TIMEOUT_S, Work, done
from tests.support.screen_reader import Gone, ScreenReader
from tests.support.ssh_machines import SshMachine, end_logins, ssh_machines
from tests.support.waiting import WaitTimeout, wait_until
from tests.support.windows import Window

__all__ = ["open_window", "reader", "window_server"]

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]

LINES = 24  # They fit on one screen.
HELD_AT = 10
ATTEMPTS = 10


class There(NamedTuple):
    """An agent on a machine of its own.

    Attributes:
        machine: the machine.
        agent: the agent.
        project: the directory that it works in.
    """

    machine: SshMachine
    agent: RealAgent
    project: Path

    def info(self, chat: str) -> dict[str, Any]:
        """The entry of ``MACHINE:CHAT`` in the list of all machines."""
        listed = json.loads(done("ls", "--all", "--on", "all", "--json"))
        [entry] = [each for each in listed if f"{each['machine']}:{each['name']}" == chat]
        return dict(entry)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """The model service of both agents."""
    with ModelServer() as running:
        yield running


@pytest.fixture
def places(
    area: Area, server: ModelServer, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[There]]:
    """Claude Code on ``alpha``, Codex on ``beta``; this machine has no agent."""
    with ssh_machines(area.root / "m", "alpha", "beta") as (machines, environment):
        monkeypatch.setenv("PATH", environment["PATH"])
        found = []
        for machine, agent in zip(machines, (CLAUDE, CODEX), strict=True):
            project = machine.home / "project"
            project.mkdir()
            try:
                binary = agent.install()
            except CannotInstall as reason:
                pytest.skip(str(reason))
            machine.more_environment = agent.prepare(machine.home, project, server.url)
            machine.more_environment["PATH"] = f"{machine.environment['PATH']}:{binary.parent}"
            (machine.home / "config").mkdir(mode=0o700)
            (machine.home / "config" / "chats.toml").write_text("answer_from_outside = true\n", encoding="utf-8")
            machine.stop()
            machine.start()
            done("machines", "add", machine.name)
            found.append(There(machine, agent, project))
        yield found
        end_logins(*(each.name for each in machines))
        sessions.end_all()


def press(terminal: OnTerminal, key: str, is_done: Callable[[], object]) -> None:
    """Press a key that answers a question; agents ignore early keys, so it is pressed until it has an effect."""
    for _ in range(ATTEMPTS):
        terminal.type(key)
        with contextlib.suppress(WaitTimeout):
            wait_until(is_done, PRESS_AGAIN_S, "the effect", is_exact=True)
            return
        terminal.show_pending()
    raise WaitTimeout(f"the key had no effect:\n{terminal.text()}")


@pytest.mark.parametrize("position", [0, 1], ids=["claude", "codex"])
@pytest.mark.parametrize("runtime", ["terminal", "structured"])
def test_a_chat_there_outlives_its_link_asks_here_and_continues_after_a_reboot(
    places: list[There], server: ModelServer, runtime: str, position: int
) -> None:
    there = places[position]
    machine, agent, project = there
    chat = f"{machine.name}:chat"
    work = Work(project)
    prompt = f"count: {LINES} hold: {HELD_AT}"
    words = ("new", agent.name, "--on", machine.name, "-n", "chat", "-C", str(project), "--runtime", runtime)
    with OnTerminal(*words, "-p", prompt, size=SIZE, is_executed=True) as terminal:
        server.wait_held(TIMEOUT_S)
        terminal.see(answer_line(HELD_AT), timeout_s=TIMEOUT_S)

        machine.stop()
        terminal.see("what you type is kept", timeout_s=TIMEOUT_S)
        server.release()
        terminal.type("hello again")
        machine.start()
        terminal.see(answer_line(LINES), timeout_s=TIMEOUT_S)
        screen = terminal.text()
        assert [screen.count(answer_line(number)) for number in range(1, LINES + 1)] == [1] * LINES, screen
        done("wait", chat, "--activity", "idle", "--timeout", str(TIMEOUT_S))
        assert there.info(chat)["activity"] == "idle"

        terminal.see("hello again", timeout_s=TIMEOUT_S)
        terminal.type("\r")
        terminal.see("echo: hello again", timeout_s=TIMEOUT_S)
        assert server.prompts() == [prompt, "hello again"]

        done("send", chat, work.wish(agent), "--enter")
        done("wait", chat, "--activity", "needs_input", "--timeout", str(TIMEOUT_S))
        asking = there.info(chat)
        assert "work.sh" in asking["activity_detail"], asking
        if runtime == "terminal":
            assert asking["activity_source"] == agent.source
        terminal.see("y allow" if runtime == "structured" else agent.asks, timeout_s=TIMEOUT_S)
        press(terminal, "y" if runtime == "structured" else "\r", work.has_begun)
        machine.cut()
        work.end()
        terminal.see("the work is done", timeout_s=TIMEOUT_S)
        done("wait", chat, "--activity", "idle", "--timeout", str(TIMEOUT_S))

        if runtime == "structured" or agent is CLAUDE:
            done("send", chat, agent.wish.format(command="touch by-command"), "--enter")
            wait_until(lambda: json.loads(done("explain", chat, "--json"))["requests"], TIMEOUT_S, "the question")
            done("approve", chat)
            wait_until((project / "by-command").exists, TIMEOUT_S, "the command to run")
            done("wait", chat, "--activity", "idle", "--timeout", str(TIMEOUT_S))
        machine.reboot()
        assert terminal.end() == 6
        assert terminal.text().endswith(f"go on with: outlive resume {chat}")

    interrupted = there.info(chat)
    assert (interrupted["state"], interrupted["reason"]) == ("lost", "interrupted")
    again = json.loads(done("resume", chat, "-d", "--json"))
    chat = f"{machine.name}:{again['id']}"
    done("wait", chat, "--activity", "idle", "--timeout", str(TIMEOUT_S))
    done("send", chat, "hello after", "--enter")
    done("wait", chat, "--text", "echo: hello after", "--timeout", str(TIMEOUT_S))
    assert "echo: hello again" in json.dumps(server.wait_asked("hello after").body)


def push(reader: ScreenReader, name: str, is_done: Callable[[], object]) -> None:
    """Push the visible button with this name until it has an effect."""

    def is_pushed() -> bool:
        with contextlib.suppress(Gone, WaitTimeout):
            for part in reader.program("outlive").descendants():
                if part.name == name and "showing" in part.states:
                    part.call("Action", "DoAction", "i", 0)
                    wait_until(is_done, PRESS_AGAIN_S, "the effect", is_exact=True)
                    return True
        return False

    wait_until(is_pushed, TIMEOUT_S, f"the button {name}")


@pytest.mark.parametrize("runtimes", [("structured", "terminal"), ("terminal", "structured")], ids="/".join)
def test_chats_there_outlive_the_window_and_are_answered_and_resumed_in_it(
    places: list[There], server: ModelServer, runtimes: tuple[str, str], open_window: OpenWindow, reader: ScreenReader
) -> None:
    prompt = f"count: {LINES} hold: {HELD_AT}"
    chats = []
    for (machine, agent, project), runtime in zip(places, runtimes, strict=True):
        words = ("new", agent.name, "-d", "--json", "--on", machine.name, "-n", "chat", "-C", str(project))
        started = json.loads(done(*words, "--runtime", runtime, "-p", prompt))
        chats.append(f"{machine.name}/{started['id']}")
        server.wait_held(TIMEOUT_S)

    with open_window() as first:
        for chat in chats:
            first.show(chat)
        first.wait_connected(chats)
        wait_until_tabs_are_saved(first)
        kept = [paths.state_dir() / "machines" / f"{there.machine.name}.msgpack" for there in places]
        wait_until(lambda: all(file.exists() for file in kept), TIMEOUT_S, "the lists to be kept")
        first.kill()
    for there in places:
        there.machine.stop()
        server.release()
    with open_window() as app:
        assert [(tab["session_id"], tab["connected"]) for tab in app.tabs()] == [(chat, False) for chat in chats]
        for there in places:
            there.machine.start()
        app.wait_connected(chats)
        for there, runtime, chat in zip(places, runtimes, chats, strict=True):
            _is_answered_and_resumed(app, reader, server, there, runtime=runtime, chat=chat)


def _is_answered_and_resumed(
    app: Window, reader: ScreenReader, server: ModelServer, there: There, *, runtime: str, chat: str
) -> None:
    """Allow a command in the window, reboot the machine, push *Resume*, and see that the conversation goes on."""
    machine, agent, project = there
    name = f"{machine.name}:chat"

    def wait(*words: str) -> None:
        done("wait", name, *words, "--timeout", str(TIMEOUT_S))

    def tabs() -> dict[str, str]:
        """The machine's tabs: the state of each chat."""
        return {
            tab["session_id"]: tab["state"] for tab in app.tabs() if tab["session_id"].startswith(f"{machine.name}/")
        }

    wait("--text", answer_line(LINES))
    wait("--activity", "idle")
    app.show(chat)
    app.focus()
    work = Work(project)
    app.type(work.wish(agent))
    app.press("Return")
    wait("--activity", "needs_input")

    def is_allowed() -> bool:
        app.press("alt+y" if runtime == "structured" else "Return")
        with contextlib.suppress(WaitTimeout):
            wait_until(work.has_begun, PRESS_AGAIN_S, "the command to run", is_exact=True)
        return work.has_begun()

    wait_until(is_allowed, TIMEOUT_S, "the command to be allowed")
    work.end()
    wait("--activity", "idle")
    wait_until(lambda: "the work is done" in app.copy_all(), TIMEOUT_S, "the window to show the answer")

    machine.reboot()
    wait_until(lambda: tabs() == {chat: "lost"}, TIMEOUT_S, "the window to know of the end")
    assert there.info(name)["reason"] == "interrupted"
    push(reader, "Resume", lambda: tabs() and chat not in tabs())
    [resumed] = tabs()
    app.wait_connected([resumed])
    wait("--activity", "idle")
    app.focus()
    prompt = f"hello {machine.name}"
    app.type(prompt)
    app.press("Return")
    assert work.command in json.dumps(server.wait_asked(prompt).body)
    wait("--text", f"echo: {prompt}")
