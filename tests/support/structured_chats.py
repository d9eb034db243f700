"""Structured chats with the fake app-server as their agent."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.paths import config_dir
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import AnswerRequest
from session_host.structured.items import AgentRequest, Item, RequestResolved, digest
from tests.programs import program
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.hosts import Watcher

FAKE = Path(__file__).parents[1] / "programs" / "fake_app_server.py"

_AGENT = """
title = "Fake"
executable = "sh"
start = ["sh"]
monogram = "Fk"
[conversation]
resume = ["sh", "-c", "echo in {{conversation}}; exec cat"]
[chat_view]
dialect = "codex"
start = [{words}]
fork = [{words}]
fork_through = "turn"
"""


_ACP_AGENT = """
title = "Fake ACP"
executable = "sh"
start = ["sh"]
monogram = "Fa"
[chat_view]
dialect = "acp"
start = [{words}]
"""


_CLAUDE = """
title = "Fake Claude"
executable = "sh"
start = ["sh"]
monogram = "Fc"
[conversation]
preset = true
store = "claude"
[chat_view]
dialect = "claude"
start = [{words}, ["--session-id", "{{conversation}}"]]
"""


def add_agent(name: str = "fake", *words: str) -> None:
    """Add an agent to the catalog; without ``words`` it is the fake app-server."""
    argv = words or (sys.executable, "-S", str(FAKE))
    directory = config_dir() / "agents"
    directory.mkdir(parents=True, exist_ok=True)
    text = _AGENT.format(words=", ".join(json.dumps(word) for word in argv))
    (directory / f"{name}.toml").write_text(text, encoding="utf-8")


def add_acp_agent(more: str = "") -> None:
    """Add the agent "fake-acp", which speaks the Agent Client Protocol; ``more``: further tables of its file."""
    words = ", ".join(json.dumps(word) for word in (sys.executable, *program("fake_acp_agent")[-1:]))
    directory = config_dir() / "agents"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "fake-acp.toml").write_text(_ACP_AGENT.format(words=words) + more, encoding="utf-8")


def add_claude() -> None:
    """Add the agent "fake-claude", a Claude Code that says tokens and money."""
    words = ", ".join(json.dumps(word) for word in program("fake_claude_stream"))
    directory = config_dir() / "agents"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "fake-claude.toml").write_text(_CLAUDE.format(words=words), encoding="utf-8")


def add_keeping_agent() -> None:
    """Add the agent "keeping", which has restore points. Each prompt changes a file: the log of the agent's input."""
    add_agent("keeping")
    with (config_dir() / "agents/keeping.toml").open("a", encoding="utf-8") as file:
        file.write("\n[signals]\nends_all = true\n")


async def start_chat(directory: Path, *, prompt: str = "", agent: str = "fake", name: str | None = None) -> ChatFacts:
    """Start a structured chat; its threads and the log of its input are in ``directory``."""
    if agent == "fake":
        add_agent()
    return await launch(
        LaunchRequest(
            agent=load_catalog(config_dir())[agent],
            prompt=prompt,
            name=name,
            directory=str(directory),
            environment=os.environ,
            overrides={
                "FAKE_APP_SERVER_THREADS": str(directory),
                "FAKE_APP_SERVER_LOG": str(directory / "input.log"),
            },
            runtime="structured",
        )
    )


def received(directory: Path, method: str = "", *, everything: bool = False) -> list[dict[str, Any]]:
    """Messages that the directory's agents received: those of a method; by default, the replies to their requests."""
    lines = (directory / "input.log").read_text(encoding="utf-8").splitlines()
    messages: list[dict[str, Any]] = [json.loads(line) for line in lines]
    if everything:
        return messages
    return [each for each in messages if each.get("method", "") == method and (method or "result" in each)]


class ChatViewer:
    """A viewer of a structured chat."""

    def __init__(self, session_id: str, *, kind: str = "window", read_only: bool = False) -> None:
        self.watcher = Watcher()
        self.viewer = Viewer(session_id, self.watcher, runtime="structured", kind=kind, read_only=read_only)

    @property
    def items(self) -> list[Item]:
        """All items; [] before the first snapshot."""
        return list(self.viewer.replica.transcript or ())

    @property
    def answered(self) -> dict[str, RequestResolved]:
        """How requests were resolved, by their ids."""
        return self.viewer.replica.transcript.answers if self.viewer.replica.transcript is not None else {}

    def texts(self, kind: str = "agent") -> list[str]:
        """The texts of the items of a kind."""
        return [each.text for each in self.items if each.kind == kind]

    @property
    def state(self) -> str:
        """The agent's state."""
        return self.viewer.replica.transcript.status.state if self.viewer.replica.transcript is not None else ""

    @property
    def turn_outcome(self) -> str:
        """The outcome of the last turn; "" before its end."""
        transcript = self.viewer.replica.transcript
        return transcript.status.last_turn.outcome if transcript is not None and transcript.status.last_turn else ""

    async def until_said(self, text: str) -> None:
        """Wait until a message of the agent contains this text."""
        await self.watcher.until(lambda: any(text in each for each in self.texts()), f"{text!r} to be said")

    async def until_idle(self, answers: int) -> None:
        """Wait until ``answers`` messages of the agent are complete, and the agent is idle."""

        def is_done() -> bool:
            done = [each for each in self.items if each.kind == "agent" and each.status == "done"]
            return len(done) >= answers and self.state == "idle"

        await self.watcher.until(is_done, f"{answers} answers")

    async def until_asked(self) -> AgentRequest:
        """Wait for a request of the agent."""

        def is_asked() -> bool:
            return self.viewer.replica.transcript is not None and bool(self.viewer.replica.transcript.open_requests)

        await self.watcher.until(is_asked, "a question")
        assert self.viewer.replica.transcript is not None
        return self.viewer.replica.transcript.open_requests[0]

    def answer(self, request: AgentRequest, option: str, texts: dict[str, str] | None = None) -> None:
        """Answer a request."""
        self.viewer.send(AnswerRequest(request.id, option, digest(request), texts or {}))


@asynccontextmanager
async def viewing(session_id: str, *, kind: str = "window", read_only: bool = False) -> AsyncIterator[ChatViewer]:
    """Follow a structured chat; yields a live viewer."""
    chat = ChatViewer(session_id, kind=kind, read_only=read_only)
    chat.viewer.start()
    try:
        await chat.watcher.until(lambda: ViewerState.LIVE in chat.watcher.states, "the viewer to be live")
        yield chat
    finally:
        chat.viewer.close()
        await chat.viewer.delivery.wait()


# ---------------------------------------------------------------- chats that commands start


def input_log(area: Area) -> Path:
    """The log of the lines that all fake agents receive."""
    return area.home / "agent-input.log"


def new_chat(area: Area, name: str, prompt: str = "") -> str:
    """Start a structured chat, and wait until its agent is idle; with a prompt do not wait. Returns its id."""
    if not (area.config / "agents/fake.toml").exists():
        add_agent()
    words = ["-n", name, "-C", str(area.home), "-e", f"FAKE_APP_SERVER_LOG={input_log(area)}"]
    words += ["-e", f"FAKE_APP_SERVER_THREADS={area.home}"]
    session_id = new("fake", "--runtime", "structured", *words, *(["-p", prompt] if prompt else []))
    if not prompt:
        wait(name, "idle")
    return session_id


def wait(name: str, activity: str) -> None:
    """Wait until the chat has this activity."""
    done = outlive("wait", name, "--activity", activity, "--timeout", "60")
    assert done.code == 0, done.error


def send(name: str, *words: str) -> None:
    """Send a prompt."""
    done = outlive("send", name, *words)
    assert done.code == 0, done.error


def wait_for_text(name: str, pattern: str) -> None:
    """Wait until the transcript, or a terminal's text, matches a pattern."""
    done = outlive("wait", name, "--text", pattern, "--timeout", "60")
    assert done.code == 0, done.error
