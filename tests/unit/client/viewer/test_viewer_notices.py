"""What is not as it should be with a chat, as its viewer hears and tells of it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from session_host.client.viewer.viewer import ViewerState
from session_host.paths import session_socket
from session_host.protocol.codec import ClientDecoder, encode
from session_host.protocol.messages import (
    Attach,
    Attached,
    Describe,
    Description,
    Hello,
    Message,
    NoticeEvent,
    Welcome,
)
from session_host.protocol.values import Activity, GridSize, State
from tests.support.area import Area
from tests.support.hosts import watching

SIZE = GridSize(80, 24)


class ToldHost:
    """A host of which a test says what is wrong with it."""

    def __init__(self) -> None:
        self.id = str(uuid.uuid4())
        self.notice = ""
        self._trouble = ""
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        decoder = ClientDecoder()
        while data := await reader.read(65536):
            for message in decoder.feed(data):
                self._take(message)
        writer.close()

    def _take(self, message: Any) -> None:
        match message:
            case Hello(protocol=protocol):
                self.say(Welcome(protocol, "0.0.7", self.id, "epoch", State.RUNNING))
            case Attach():
                self.say(Attached("attachment", "epoch", 0, SIZE, State.RUNNING, False, False, 0))
            case Describe(request=request):
                self.say(
                    Description(
                        request, self.id, "name", "command", State.RUNNING, None, None, Activity.NO_SIGNAL, "", "", "",
                        SIZE, 0, "ghostty", 1, 2, 0, [], "/", "", notice=self._trouble or self.notice,
                    )
                )  # fmt: skip

    def say(self, message: Message) -> None:
        assert self._writer is not None
        self._writer.write(encode(message))

    def recording(self, trouble: str) -> None:
        """Recording stopped, or goes on."""
        self._trouble = trouble
        self.say(NoticeEvent("recording", trouble))

    def drop(self) -> None:
        assert self._writer is not None
        self._writer.transport.abort()


@pytest.fixture
async def host(area: Area) -> AsyncIterator[ToldHost]:
    made = ToldHost()
    server = await asyncio.start_unix_server(made.serve, session_socket(made.id))
    yield made
    server.close()


def told(events: list[Any]) -> list[str]:
    return [event.text for event in events if isinstance(event, NoticeEvent)]


async def test_what_was_wrong_before_is_told_once_whatever_becomes_of_the_connection(host: ToldHost) -> None:
    host.notice = "it is shown by another engine now"
    async with watching(host.id, output=False) as (viewer, watcher):
        await watcher.until(lambda: told(watcher.events) == [host.notice], "the notice")
        assert viewer.host_version == "0.0.7"
        for times in (2, 3):
            host.drop()
            await watcher.until(lambda: watcher.states.count(ViewerState.LIVE) == times, "another connection")  # noqa: B023
        assert told(watcher.events) == [host.notice]


async def test_a_trouble_that_ends_leaves_the_one_that_was_there_before(host: ToldHost) -> None:
    async with watching(host.id, output=False) as (_, watcher):
        host.notice = "it is shown by another engine now"
        host.recording("the disk is full")
        await watcher.until(lambda: told(watcher.events) == ["the disk is full"], "the trouble")
        host.recording("")
        await watcher.until(lambda: told(watcher.events)[1:] == [host.notice], "the other one")
        host.notice = ""
        host.recording("")
        await watcher.until(lambda: told(watcher.events)[2:] == [""], "nothing to be wrong any more")


async def test_where_all_is_well_nothing_is_told(host: ToldHost) -> None:
    async with watching(host.id, output=False) as (_, watcher):
        host.recording("the disk is full")
        await watcher.until(lambda: bool(told(watcher.events)), "the first notice")
        assert told(watcher.events) == ["the disk is full"]
