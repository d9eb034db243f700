"""A chat with what behaves as Claude Code does, and which does what a test orders."""

from __future__ import annotations

import os
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_request import LaunchRequest
from session_host.client.control import request
from session_host.paths import config_dir
from session_host.protocol.messages import Describe, Description, Explain, Explanation
from session_host.protocol.values import Activity
from session_host.storage.store import SessionRecord
from tests.programs import program
from tests.support.hosts import end, peek
from tests.support.waiting import until_told

PATIENCE_S = 60.0


class ClaudeLike:
    """One such chat.

    Attributes:
        record: the session's.
        orders: where its program is told what to do.
    """

    def __init__(self, record: SessionRecord, orders: Path) -> None:
        self.record = record
        self._orders = os.open(orders, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def does(self, order: str) -> None:
        """Order something; see ``tests/programs/claude_like.py``."""
        os.write(self._orders, order.encode() + b"\n")

    async def described(self) -> Description:
        found: Description = await request(self.record.id, Describe(0))
        return found

    async def explained(self) -> Explanation:
        found: Explanation = await request(self.record.id, Explain(0))
        return found

    async def until(self, activity: Activity, source: str, detail: str | None = None) -> Description:
        """Wait until that is said of it."""

        def fits(said: Description) -> bool:
            told = (said.activity, said.activity_source)
            return told == (activity, source) and detail in {None, said.activity_detail}

        return await until_told(self.described, fits, PATIENCE_S, f"{activity} by {source}, {detail}")

    async def shows(self, text: str) -> None:
        """Wait until its terminal shows, or has shown, a text."""

        async def screen() -> str:
            return " ".join(await peek(self.record.id))

        await until_told(screen, lambda screen: text in screen, PATIENCE_S, text)

    def close(self) -> None:
        os.close(self._orders)


@asynccontextmanager
async def claude_like(
    directory: Path, *, catalog: str = "", environment: dict[str, str] | None = None
) -> AsyncIterator[ClaudeLike]:
    """Start one, end it afterwards.

    Args:
        directory: a test's own.
        catalog: what the user's own file says of the agent.
        environment: set beyond this test's.
    """
    binaries = directory / "bin"
    binaries.mkdir()
    script = binaries / "claude"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(program("claude_like"))} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    if catalog:
        agents = config_dir() / "agents"
        agents.mkdir(parents=True, exist_ok=True)
        (agents / "claude.toml").write_text(catalog, encoding="utf-8")
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
