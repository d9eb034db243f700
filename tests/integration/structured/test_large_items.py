"""Items that are longer than a frame: pictures and long answers in a chat view, with viewers, kills and commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.protocol.codec import MAX_FRAME_BYTES
from session_host.protocol.messages import Prompt
from tests.programs.app_server_turn import picture
from tests.support.hosts import kill_host
from tests.support.structured_chats import ChatViewer, start_chat, viewing

pytestmark = pytest.mark.usefixtures("sessions")

KB = 3 * 1024
"""The length of a picture: its record is longer than a frame."""

COUNT = 6


def pictures(chat: ChatViewer) -> list[bytes]:
    return [image.data for item in chat.items for image in item.images]


def expected(count: int, each_kb: int = KB) -> list[bytes]:
    return [picture(number, each_kb * 1024) for number in range(count)]


async def test_a_screenshot_over_2_mib_is_shown_to_attached_viewers_and_the_turn_goes_on(tmp_path: Path) -> None:
    assert KB * 1024 > MAX_FRAME_BYTES
    record = await start_chat(tmp_path)
    async with viewing(record.id) as chat, viewing(record.id) as other:
        chat.viewer.send(Prompt(f"pictures: 1 each_kb: {KB} answer: here it is"))
        for each in (chat, other):
            await each.until_idle(1)
            assert pictures(each) == expected(1)
            assert each.texts() == ["here it is"]
            assert not any(item.status == "running" for item in each.items)


async def test_pictures_are_whole_in_all_viewers_though_hosts_are_killed_between_their_pieces(tmp_path: Path) -> None:
    record, offsets = await start_chat(tmp_path), list[int]()
    async with viewing(record.id) as chat:
        chat.viewer.send(Prompt(f"pictures: {COUNT} each_kb: {KB} answer: all"))
        for seen in range(1, 4):
            offsets.append(chat.viewer.offset + KB * 512)
            await chat.watcher.until(lambda: chat.viewer.offset > offsets[-1], f"half of picture {seen}")
            await kill_host(record.id)
        await chat.until_idle(1)
        assert pictures(chat) == expected(COUNT)
        async with viewing(record.id) as fresh:
            assert fresh.items == chat.items
