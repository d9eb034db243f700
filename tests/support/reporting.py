"""Chats of agents that start others with ``--report-back``, and what is reported to them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.programs import program
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import Done, new, outlive
from tests.support.orders import Orders
from tests.support.structured_chats import FAKE, wait
from tests.support.waiting import wait_until

TIMEOUT_S = 120.0
"""A report that a slow agent has not shown in time is given again after 2, 5, 15 and 60 s."""

AGENTS = {
    "terminal": """
title = "Listener"
executable = ""
start = ["{python}", "{arguments}"]
monogram = "L"
[signals]
ends_all = true
shown_within_s = 2.0
enter_after_s = 0.05
""",
    "structured": """
title = "Viewed"
executable = ""
start = ["true"]
monogram = "V"
[signals]
ends_all = true
[chat_view]
dialect = "codex"
start = ["{python}", "{arguments}"]
""",
}


class Parent(Orders):
    """A chat whose agent starts others.

    Attributes:
        id: the chat's id.
        name: its name.
    """

    def __init__(self, area: Area, runtime: str = "terminal", name: str = "parent") -> None:
        directory = area.home / name
        super().__init__(directory)
        self._runtime, self._file, self.name = runtime, directory / "prompts", name
        agents = area.config / "agents"
        agents.mkdir(parents=True, exist_ok=True)
        (agents / f"{runtime}.toml").write_text(AGENTS[runtime])
        agent = (
            [*program("listening_agent", self._file)] if runtime == "terminal" else [sys.executable, "-S", str(FAKE)]
        )
        words = ["-n", name, "-C", str(directory), "-e", f"FAKE_APP_SERVER_LOG={self._file}"]
        self.id = new(runtime, "--runtime", runtime, *words, "--", *self.words[1:], *agent)
        wait(name, "idle")

    @staticmethod
    def listening(directory: Path) -> list[str]:
        """The words that start such an agent as another chat's, which runs no orders."""
        directory.mkdir()
        return program("listening_agent", directory / "prompts")[1:]

    def prompts(self) -> list[str]:
        """All prompts that the agent got, oldest first."""
        lines = [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []
        if self._runtime == "terminal":
            return lines
        return [each["params"]["input"][0]["text"] for each in lines if each.get("method") == "turn/start"]

    def wait_for(self, count: int) -> list[str]:
        """Wait for so many prompts, and until nothing more is reported; returns them."""
        wait_until(lambda: len(self.prompts()) >= count, TIMEOUT_S, lambda: f"{count} prompts: {self.prompts()}")
        wait_until(lambda: not reporters(), TIMEOUT_S, "the end of the reports")
        return self.prompts()


def reporters() -> list[int]:
    """The processes that report."""
    ours = processes.started_with(lambda found: b"OUTLIVE_RUNTIME_DIR=" + os.environb[b"OUTLIVE_RUNTIME_DIR"] in found)
    return [pid for pid in ours if " report-back " in processes.command_line(pid).replace("\0", " ")]


def start(parent: Parent, project: Path, runtime: str = "terminal", prompt: str = "first") -> Done:
    """Let the parent's agent start a chat."""
    agent = "claude" if runtime == "terminal" else "fake"
    words = ["-d", "-n", "child", "-C", str(project), "-e", f"FAKE_APP_SERVER_LOG={project / 'input.log'}"]
    words += ["--report-back", "-p", prompt]
    return parent.outlive("new", agent, "--runtime", runtime, *words)


def send(chat: str, text: str) -> None:
    done = outlive("send", chat, text, "--enter")
    assert done.code == 0, done.error


def first_line(turn: int) -> str:
    return f"Answer of the chat “child” (turn {turn}), which you started (not written by the user)"


def answer(turn: int, text: str) -> str:
    return f"{first_line(turn)}:\n\n{text}"


def id_of(chat: str) -> str:
    """The id of the chat with this name."""
    return str(next(each for each in outlive("ls", "--all", "--json").json() if each["name"] == chat)["id"])
