"""A fake host for viewers, and the harness of a viewer's rules."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from session_host.paths import session_socket
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.messages import (
    Attach,
    Attached,
    Describe,
    FromClient,
    Hello,
    Message,
    NoticeEvent,
    Welcome,
)
from session_host.protocol.values import GridSize, State
from tests.support.area import Area
from tests.support.facts import chat_facts, described
from tests.support.viewer_rules_harness import Harness

SIZE = GridSize(80, 24)


class FakeHost:
    """A fake host that a test controls."""

    def __init__(self) -> None:
        self.id = str(uuid.uuid4())
        self.notice = ""
        self.attachment = "attachment"
        self.received: list[Message] = []
        self._trouble = ""
        self._writer: asyncio.StreamWriter | None = None
        self._serving: list[asyncio.Task[None]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.append(task)
        self._writer = writer
        decoder = Decoder(FromClient)
        with suppress(OSError):  # What is said to a viewer that has gone ends the reading, too.
            while data := await reader.read(65536):
                for message in decoder.feed(data):
                    self._take(message)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def close(self) -> None:
        """Wait until all connections are closed: the loop must not be closed before."""
        if self._writer is not None:
            self._writer.close()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _take(self, message: Any) -> None:
        self.received.append(message)
        match message:
            case Hello(protocol=protocol):
                self.say(Welcome(protocol, "0.0.7", self.id, State.RUNNING))
            case Attach():
                self.say(Attached(self.attachment, 0, SIZE, State.RUNNING, False, False, 0))
            case Describe(request=request):
                facts = chat_facts(id=self.id, name="name", agent="command", state=State.RUNNING)
                self.say(described(facts, request, notice=self._trouble or self.notice))

    def say(self, message: Message) -> None:
        assert self._writer is not None
        self._writer.write(encode(message))

    def recording(self, trouble: str) -> None:
        """Recording stopped, or continues."""
        self._trouble = trouble
        self.say(NoticeEvent("recording", trouble))

    def drop(self) -> None:
        assert self._writer is not None
        self._writer.transport.abort()


@pytest.fixture
async def host(area: Area) -> AsyncIterator[FakeHost]:
    host = FakeHost()
    server = await asyncio.start_unix_server(host.serve, session_socket(host.id))
    yield host
    server.close()
    await host.close()


@pytest.fixture
def harness() -> Harness:
    return Harness()
