"""Notices about a chat, as its viewer reports them."""

from __future__ import annotations

from typing import Any

from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.messages import (
    NoticeEvent,
)
from session_host.protocol.values import GridSize
from tests.support.hosts import watching
from tests.unit.client.viewer.conftest import FakeHost

SIZE = GridSize(80, 24)


def notice_texts(events: list[Any]) -> list[str]:
    return [event.text for event in events if isinstance(event, NoticeEvent)]


async def test_a_notice_from_before_the_attachment_is_reported_once_across_reconnects(host: FakeHost) -> None:
    host.notice = "it is shown by another engine now"
    async with watching(host.id, output=False) as (viewer, watcher):
        await watcher.until(lambda: notice_texts(watcher.events) == [host.notice], "the notice")
        assert viewer.host_version == "0.0.7"
        for times in (2, 3):
            host.drop()
            await watcher.until(lambda: watcher.states.count(ViewerState.LIVE) == times, "another connection")  # noqa: B023
        assert notice_texts(watcher.events) == [host.notice]


async def test_after_a_notice_ends_the_previous_one_is_reported(host: FakeHost) -> None:
    async with watching(host.id, output=False) as (_, watcher):
        host.notice = "it is shown by another engine now"
        host.recording("the disk is full")
        await watcher.until(lambda: notice_texts(watcher.events) == ["the disk is full"], "the trouble")
        host.recording("")
        await watcher.until(lambda: notice_texts(watcher.events)[1:] == [host.notice], "the other one")
        host.notice = ""
        host.recording("")
        await watcher.until(lambda: notice_texts(watcher.events)[2:] == [""], "nothing to be wrong any more")


async def test_without_a_problem_there_is_no_notice(host: FakeHost) -> None:
    async with watching(host.id, output=False) as (_, watcher):
        host.recording("the disk is full")
        await watcher.until(lambda: bool(notice_texts(watcher.events)), "the first notice")
        assert notice_texts(watcher.events) == ["the disk is full"]
