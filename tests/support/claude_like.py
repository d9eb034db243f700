"""A chat with a program that behaves like Claude Code and carries out a test's orders."""

from __future__ import annotations

import os
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.control import request
from session_host.paths import config_dir
from session_host.protocol.messages import Describe, Description, Explain, Explanation
from session_host.protocol.values import Activity
from session_host.storage.store import SessionRecord
from tests.programs import program
from tests.support.conversing import NO_INPUT_LINE
from tests.support.hosts import end, peek
from tests.support.waiting import poll_until

TIMEOUT_S = 60.0


class ClaudeLike:
    """A chat with ``programs/claude_like.py``.

    Attributes:
        record: the session's.
        orders: the FIFO for the program's commands.
    """

    def __init__(self, record: SessionRecord, orders: Path) -> None:
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
            current = (description.activity, description.activity_source)
            return current == (activity, source) and detail in {None, description.activity_detail}

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
