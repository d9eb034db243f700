"""The open streams of server-sent events: each has signs of life, and ends at once when its device is revoked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Final, NamedTuple

from session_host.errors import OutliveError
from session_host.system.clock import now_ms
from session_host.system.inotify import Event, Inotify

from .devices import Device, devices_file
from .forms import encoded

BEAT_S: Final = 5.0
"""A page calls its connection lost after two beats that did not come."""

MAX_STREAMS: Final = 6
"""How many streams a device may have; one more ends the oldest one, since a phone does not always end its own."""


class _Stream(NamedTuple):
    device: Device
    ended: asyncio.Future[None]


class Streams:
    """The streams of all devices.

    Attributes:
        is_paired: whether a device is still paired, with the same rights.
    """

    def __init__(self) -> None:
        self.is_paired: Callable[[Device], bool] = lambda _device: True
        self._open: list[_Stream] = []
        self._inotify = Inotify(self._look)

    async def kept(self, device: Device, lines: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
        """Yield the events of a stream until its end, or its device's."""
        own = [each for each in self._open if each.device.hash == device.hash]
        for each in own[: max(0, len(own) + 1 - MAX_STREAMS)]:
            _end(each)
        stream = _Stream(device, asyncio.get_running_loop().create_future())
        self._open.append(stream)
        self._watch()
        following: asyncio.Future[bytes] | None = None
        try:
            while True:
                if following is None:
                    following = asyncio.ensure_future(anext(lines))
                done, _pending = await asyncio.wait(
                    (following, stream.ended), timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED
                )
                if stream.ended in done or not self.is_paired(device):
                    return
                if not done:
                    yield event("beat", {"now": now_ms()})
                    continue
                try:
                    data = following.result()
                except StopAsyncIteration:
                    return
                following = None
                yield data
        finally:
            self._open.remove(stream)
            if not self._open:
                self._inotify.close()
            if following is not None:
                following.cancel()
                with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration, OutliveError):
                    await following
            await lines.aclose()

    def end_all(self) -> None:
        """End all streams."""
        for each in self._open:
            _end(each)

    def _watch(self) -> None:
        """Look at the devices when their file changes; without inotify, that is seen at the next event or beat."""
        if self._inotify.is_open or not self._inotify.start():
            return
        flags = self._inotify.flags
        with contextlib.suppress(OSError):
            self._inotify.watch(devices_file().parent, flags.MOVED_TO | flags.MODIFY | flags.DELETE)

    def _look(self, events: list[Event]) -> None:
        if not any(each.name in {"", devices_file().name} for each in events):
            return
        for each in self._open:
            if not self.is_paired(each.device):
                _end(each)


async def merged(*sources: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Yield what several streams yield, as it comes, until all have ended."""
    waiting: dict[asyncio.Future[bytes], AsyncGenerator[bytes]] = {}
    try:
        for source in sources:
            waiting[asyncio.ensure_future(anext(source))] = source
        while waiting:
            done, _pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                source = waiting.pop(future)
                with contextlib.suppress(StopAsyncIteration):
                    data = future.result()
                    waiting[asyncio.ensure_future(anext(source))] = source
                    yield data
    finally:
        for future in waiting:
            future.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for source in sources:
            await source.aclose()


def event(kind: str, data: Any, cursor: str = "") -> bytes:
    """A server-sent event."""
    number = f"id: {cursor}\n" if cursor else ""
    return f"{number}event: {kind}\n".encode() + b"data: " + encoded(data) + b"\n\n"


def _end(stream: _Stream) -> None:
    if not stream.ended.done():
        stream.ended.set_result(None)
