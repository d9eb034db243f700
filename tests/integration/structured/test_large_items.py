"""Items that are longer than a frame: pictures and long answers in a chat view, with viewers, kills and commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.paths import config_dir, session_journal
from session_host.protocol.codec import MAX_FRAME_BYTES
from session_host.protocol.messages import Prompt
from session_host.storage.journal import restore_transcript
from session_host.structured.transcript import Transcript
from tests.programs.app_server_turn import picture
from tests.support.hosts import kill_host
from tests.support.structured_chats import ChatViewer, start_chat, viewing
from tests.support.waiting import eventually

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
            # It is live with a snapshot, which is made behind the newest output; the rest comes after it.
            await fresh.watcher.until(lambda: fresh.items == chat.items, "another viewer to have the same")


async def test_a_chat_with_more_pictures_than_its_recording_takes_keeps_its_texts_in_it(
    tmp_path: Path,
) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("record_limit_mib = 8\n")
    record = await start_chat(tmp_path)
    async with viewing(record.id) as chat:
        chat.viewer.send(Prompt("pictures: 48 each_kb: 400 answer: all of them"))
        await chat.until_idle(1)
        found: list[Transcript] = []

        def is_recorded() -> bool:
            transcript = restore_transcript(session_journal(record.id))
            found[:] = [transcript] if transcript is not None else []
            return bool(found) and [item.text for item in found[0] if item.kind == "agent"] == ["all of them"]

        await eventually(is_recorded, 60, "the answer in the recording")
        [recorded] = found
        assert not recorded.damaged
        assert [item.id for item in recorded] == [item.id for item in chat.items]
        kept = [image.data for item in recorded for image in item.images]
        whole = expected(48, 400)
        assert all(one in {b"", other} for one, other in zip(kept, whole, strict=True))
        assert kept[-2:] == whole[-2:]
        assert pictures(chat) == whole
    size = sum(each.stat().st_size for each in session_journal(record.id).iterdir())
    assert size <= 8 * 1024 * 1024
