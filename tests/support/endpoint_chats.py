"""Chats with an endpoint, served by the tests' model server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from session_host.client.control import request
from session_host.client.viewer.viewer import Viewer
from session_host.endpoint.conversation import Conversation, read
from session_host.paths import state_dir
from session_host.protocol.messages import Describe, Description
from session_host.protocol.values import Activity, GridSize
from tests.fakes.model_server import ModelServer
from tests.support.commands import new
from tests.support.hosts import Watcher, end, shown, watching
from tests.support.waiting import poll_until

SIZE = GridSize(140, 30)
MODEL = "fake-model"


class Chat:
    """A chat that a test reads and types into."""

    def __init__(self, session_id: str, viewer: Viewer, watcher: Watcher) -> None:
        self.id = session_id
        self.viewer = viewer
        self.watcher = watcher

    def lines(self) -> list[str]:
        """The lines of history and screen."""
        return shown(self.viewer)

    async def see(self, text: str, times: int = 1) -> None:
        """Wait until history and screen contain ``text`` this many times."""
        await self.watcher.until(lambda: "\n".join(self.lines()).count(text) >= times, f"{text!r} among the lines")

    async def wait_until_gone(self, text: str) -> None:
        """Wait until ``text`` is no longer on the screen."""
        await self.watcher.until(lambda: text not in "\n".join(self.lines()), f"{text!r} to go")

    async def enter(self, text: str) -> None:
        """Type a line, wait until it is shown, then press Enter. The chat must be idle: it sends no line while busy."""
        self.viewer.text(text)
        await self.see(f"› {text}")
        self.viewer.key("Enter")

    async def describe(self) -> Description:
        """The host's description of the chat."""
        description: Description = await request(self.id, Describe(0))
        return description

    async def wait_for_activity(self, activity: Activity) -> None:
        """Wait until the chat reports this activity."""
        await poll_until(self.describe, lambda each: each.activity is activity, 60, f"{activity} to be reported")


def conversation_files() -> list[Path]:
    """The files of all conversations."""
    return sorted((state_dir() / "conversations").glob("*.jsonl"))


def conversation() -> Conversation:
    """Read the file of the only conversation."""
    (path,) = conversation_files()
    return Conversation(read(path.read_bytes())[0])


@asynccontextmanager
async def chatting(server: ModelServer | str, *words: str, size: GridSize = SIZE) -> AsyncIterator[Chat]:
    """Start a chat with ``outlive new endpoint``; at the end of the context it is ended."""
    url = server if isinstance(server, str) else server.url
    session_id = new("endpoint", "--size", f"{size.columns}x{size.rows}", "-m", MODEL, "-u", url, *words)
    async with watching(session_id, size=size) as (viewer, watcher):
        chat = Chat(session_id, viewer, watcher)
        await chat.see("›")
        yield chat
    await end(session_id)
