"""Events in directories, delivered to an event loop."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import inotify_simple
import pytest

from session_host.host.watchers.state_file import StateFile
from session_host.system.inotify import Event, Inotify

TIMEOUT_S = 60.0


async def test_each_watch_reports_events_until_it_is_removed(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    reported: asyncio.Queue[Event] = asyncio.Queue()

    def tell(events: list[Event]) -> None:
        for event in events:
            reported.put_nowait(event)

    inotify = Inotify(tell)
    assert inotify.start()
    with pytest.raises(FileNotFoundError):
        inotify.watch(one, inotify.flags.CREATE)
    one.mkdir()
    other.mkdir()
    numbers = [inotify.watch(place, inotify.flags.CREATE) for place in (one, other)]
    for number, place in zip(numbers, (one, other), strict=True):
        (place / "made").touch()
        event = await asyncio.wait_for(reported.get(), TIMEOUT_S)
        assert (event.wd, event.name) == (number, "made")
        assert event.mask & inotify.flags.CREATE
    for _ in range(2):
        inotify.unwatch(numbers[0])  # Removing it twice is harmless: a watch may have ended with its directory.
    (one / "unseen").touch()
    (other / "seen").touch()
    while (event := await asyncio.wait_for(reported.get(), TIMEOUT_S)).name != "seen":
        assert event.mask & inotify.flags.IGNORED
    inotify.close()


async def test_without_a_free_inotify_instance_nothing_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(inotify_simple, "INotify", full)
    assert not Inotify(lambda _: None).start()
    file = StateFile(tmp_path, os.getpid(), lambda state: pytest.fail(f"told {state}"))
    file.start()
    file.close()
