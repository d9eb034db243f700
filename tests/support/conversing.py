"""Chats with programs that behave as agents do (``programs/conversing.py``, ``claude_like.py``)."""

from __future__ import annotations

import os
import shlex
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from session_host.agents.catalog import load_catalog
from session_host.agents.probe import probed
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.control import request
from session_host.paths import config_dir
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Describe, Description, Explain, Explanation
from session_host.protocol.values import Activity
from tests.programs import program
from tests.programs.conversing import HELPS, VERSIONS
from tests.support.commands import outlive
from tests.support.hosts import end, peek
from tests.support.waiting import poll_until

TIMEOUT_S = 60.0
NO_INPUT_LINE = '[signals]\ninput_line = ""\n'
"""The user's catalog file of an agent that shows no input line."""

Chat = dict[str, Any]

_SCRIPT = """\
#!/bin/sh
# What is asked before each first start is answered without an interpreter.
case "$*$CONVERSING_LACKS" in
--version) echo '{version}'; exit ;;
--help) cat <<'END'
{help}END
exit ;;
esac
exec {words} "$@"
"""


def new(agent: str, project: Path, *words: str, name: str = "chat") -> str:
    """Start a chat, and wait until it is ready; returns its id."""
    done = outlive("new", agent, "--json", "-n", name, "-C", str(project), *words)
    assert done.code == 0, done.error
    chat = str(done.json()["id"])
    see(chat, "ready")
    return chat


def probe_options(agent: str, variables: Mapping[str, str]) -> None:
    """Probe an agent's options before its first chat, since a chat's start waits only a short time for them."""
    definition = load_catalog(config_dir())[agent]
    path = definition.find(os.environ["PATH"])
    assert path is not None
    assert probed(definition, path, {**os.environ, **variables}, TIMEOUT_S).options is not None


def see(chat: str, text: str) -> None:
    """Wait for a text on the chat's screen."""
    done = outlive("wait", chat, "--text", text, "--timeout", "60")
    assert done.code == 0, f"{done.error}\n{outlive('peek', chat).output}"


def ask(chat: str, prompt: str) -> None:
    """Send a prompt, and wait for the answer."""
    done = outlive("send", chat, prompt, "--enter")
    assert done.code == 0, done.error + outlive("explain", chat).output + outlive("peek", chat).output
    see(chat, f"you said: {prompt}")


def listed(chat: str) -> Chat:
    """The chat's entry in ``ls --all --json``."""
    return next(each for each in outlive("ls", "--all", "--json").json() if each["id"] == chat)


def resume(chat: str, *words: str) -> Chat:
    """Resume the chat; returns the output of ``resume --json``."""
    done = outlive("resume", chat, "--json", *words)
    assert done.code == 0, done.error
    return dict(done.json())


def screen_lines(chat: str) -> list[str]:
    """The lines on the chat's screen that are not empty."""
    return [line for line in outlive("peek", chat).output.splitlines() if line]


def install(directory: Path) -> None:
    """Install the program as ``claude`` and ``codex`` in a directory, and state that it shows no input line."""
    directory.mkdir()
    agents = config_dir() / "agents"
    agents.mkdir(parents=True, exist_ok=True)
    for name in ("claude", "codex"):
        words = shlex.join(program("conversing", name))
        (directory / name).write_text(_SCRIPT.format(version=VERSIONS[name], help=HELPS[name], words=words))
        (directory / name).chmod(0o755)
        (agents / f"{name}.toml").write_text(NO_INPUT_LINE, encoding="utf-8")


class ClaudeLike:
    """A chat with ``programs/claude_like.py``.

    Attributes:
        record: the session's.
        orders: the FIFO for the program's commands.
    """

    def __init__(self, record: ChatFacts, orders: Path) -> None:
        self.record = record
        self._orders = os.open(orders, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def order(self, order: str) -> None:
        """Send an order; see ``tests/programs/claude_like.py``."""
        os.write(self._orders, order.encode() + b"\n")

    async def description(self) -> Description:
        description: Description = await request(self.record.id, Describe(0))
        return description

    async def explanation(self) -> Explanation:
        explanation: Explanation = await request(self.record.id, Explain(0))
        return explanation

    async def wait_for_status(self, activity: Activity, source: str, detail: str | None = None) -> Description:
        """Wait until the chat's description has this activity, source and detail."""

        def fits(description: Description) -> bool:
            current = (description.facts.status.activity, description.facts.status.source)
            return current == (activity, source) and detail in {None, description.facts.status.detail}

        return await poll_until(self.description, fits, TIMEOUT_S, f"{activity} by {source}, {detail}")

    async def wait_for_text(self, text: str) -> None:
        """Wait until the terminal or its history contains a text."""

        async def screen() -> str:
            return " ".join(await peek(self.record.id))

        await poll_until(screen, lambda screen: text in screen, TIMEOUT_S, text)

    def close(self) -> None:
        os.close(self._orders)


@asynccontextmanager
async def claude_like(
    directory: Path, *, catalog: str = "", environment: dict[str, str] | None = None
) -> AsyncIterator[ClaudeLike]:
    """Start such a chat, and end it at the end of the context.

    Args:
        directory: an empty directory.
        catalog: the content of the user's own file of the agent; by default, that it shows no input line.
        environment: additional variables.
    """
    binaries = directory / "bin"
    binaries.mkdir()
    script = binaries / "claude"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(program("claude_like"))} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    agents = config_dir() / "agents"
    agents.mkdir(parents=True, exist_ok=True)
    (agents / "claude.toml").write_text(catalog or NO_INPUT_LINE, encoding="utf-8")
    orders = directory / "orders"
    os.mkfifo(orders, 0o600)
    chat: ClaudeLike | None = None
    record = await launch(
        LaunchRequest(
            agent=load_catalog(config_dir())["claude"],
            directory=str(directory),
            environment={**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}"} | (environment or {}),
            overrides={"CLAUDE_LIKE_ORDERS": str(orders)},
        )
    )
    try:
        chat = ClaudeLike(record, orders)
        yield chat
    finally:
        if chat is not None:
            chat.close()
        await end(record.id)
