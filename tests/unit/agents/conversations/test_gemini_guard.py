"""The guard restores a running chat's transcript when another Gemini CLI process (here: this test) deletes it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from session_host.agents.conversations.gemini import has_words
from session_host.agents.conversations.gemini_guard import TranscriptGuard
from session_host.agents.conversations.gemini_turns import GeminiTurns
from tests.support.waiting import eventually

ID = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00"
NAME = "session-2026-11-20T14-00-0b9c4c50.jsonl"
TWIN = "session-2026-11-20T15-30-0b9c4c50.jsonl"
HEAD = {"sessionId": ID, "projectHash": "x", "kind": "main"}
CONTEXT = {"$set": {"messages": [{"type": "user", "content": [{"text": "<session_context> it is Friday"}]}]}}
HELLO = {"id": "1", "type": "user", "content": [{"text": "hello"}]}
TIMEOUT_S = 60.0


def append(path: Path, *records: object) -> None:
    """Append records as Gemini CLI does: open the file by its name each time."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(record)}\n" for record in records)


def records(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for the condition: the kernel notifies the guard, which reads the files in the loop's next turn."""
    await eventually(condition, TIMEOUT_S, "the guard to have read the files")


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    directory = tmp_path / "home" / ".gemini" / "tmp" / "pro.ject" / "chats"
    directory.mkdir(parents=True)
    return directory


@asynccontextmanager
async def guarding(tmp_path: Path, files: str = "files") -> AsyncIterator[TranscriptGuard]:
    guard = TranscriptGuard(ID, {"HOME": str(tmp_path / "home")}, tmp_path / files)
    guard.start()
    try:
        yield guard
    finally:
        guard.close()


def backup(tmp_path: Path, name: str = NAME) -> Path:
    return tmp_path / "files" / f"{ID}.pro.ject.{name}"


async def test_a_transcript_deleted_before_the_first_message_returns_with_the_first_message(
    tmp_path: Path, chats: Path
) -> None:
    path = chats / NAME
    async with guarding(tmp_path) as guard:
        append(path, HEAD, CONTEXT)
        await until(backup(tmp_path).exists)
        path.unlink()
        guard.relink()
        assert not path.exists(), "Gemini CLI may have deleted it itself, and begins no existing transcript"
        append(path, HELLO)
        await until(lambda: path.samefile(backup(tmp_path)))
        append(path, HELLO)
        guard.ended()

    assert records(path) == [HEAD, CONTEXT, HELLO, HELLO]


async def test_a_transcript_that_is_begun_again_counts(tmp_path: Path, chats: Path) -> None:
    path = chats / NAME
    append(path, HEAD, CONTEXT)
    async with guarding(tmp_path):
        path.unlink()
        append(path, HEAD | {"kind": "another"})
        await until(lambda: path.samefile(backup(tmp_path)))

        assert records(path) == [HEAD | {"kind": "another"}]


async def test_a_transcript_with_messages_is_restored_at_once(tmp_path: Path, chats: Path) -> None:
    path = chats / NAME
    append(path, HEAD, HELLO)
    async with guarding(tmp_path):
        path.unlink()
        await until(path.exists)

        assert records(path) == [HEAD, HELLO]


async def test_records_written_before_the_restore_follow_the_earlier_ones(tmp_path: Path, chats: Path) -> None:
    path = chats / NAME
    append(path, HEAD, CONTEXT)
    async with guarding(tmp_path):
        path.unlink()
        append(path, HELLO)  # in one step of the loop, so that the guard is too late
        await until(lambda: path.samefile(backup(tmp_path)))

        assert records(path) == [HEAD, CONTEXT, HELLO]
        append(path, HELLO)

    assert len(records(backup(tmp_path))) == 4


async def test_an_empty_second_transcript_is_removed_even_if_it_is_written_to_again(
    tmp_path: Path, chats: Path
) -> None:
    path, twin = chats / NAME, chats / TWIN
    append(path, HEAD, HELLO)
    async with guarding(tmp_path):
        append(twin, HEAD)
        await until(lambda: not twin.exists())
        append(twin, CONTEXT)  # the file that this creates has no head
        await until(lambda: not twin.exists())

    assert records(path) == [HEAD, HELLO]


async def test_of_two_transcripts_at_the_start_the_one_with_messages_is_kept(tmp_path: Path, chats: Path) -> None:
    append(chats / NAME, HEAD, CONTEXT)
    append(chats / TWIN, HEAD, HELLO)
    async with guarding(tmp_path):
        assert [path.name for path in chats.iterdir()] == [TWIN]
        assert backup(tmp_path, TWIN).samefile(chats / TWIN)


async def test_transcripts_of_other_conversations_are_left_alone(tmp_path: Path, chats: Path) -> None:
    append(chats / NAME, HEAD, HELLO)
    other = chats / TWIN
    async with guarding(tmp_path):
        append(other, HEAD | {"sessionId": ID.replace("6b5e", "6b5f")}, CONTEXT)
        append(chats / NAME, HELLO)
        (chats / NAME).unlink()
        await until((chats / NAME).exists)

        assert other.exists()
        assert not backup(tmp_path, TWIN).exists()


async def test_an_empty_transcript_is_removed_with_its_chat(tmp_path: Path, chats: Path) -> None:
    append(chats / NAME, HEAD, CONTEXT)
    async with guarding(tmp_path) as guard:
        assert backup(tmp_path).exists()
        guard.ended()

    assert list(chats.iterdir()) == []
    assert list((tmp_path / "files").iterdir()) == []


async def test_a_copy_of_an_earlier_session_becomes_a_backup(tmp_path: Path, chats: Path) -> None:
    append(chats / NAME, HEAD, HELLO)
    (tmp_path / "files").mkdir()
    backup(tmp_path).write_bytes((chats / NAME).read_bytes())
    append(chats / NAME, HELLO)
    async with guarding(tmp_path):
        assert backup(tmp_path).samefile(chats / NAME)


async def test_on_another_file_system_the_backup_is_a_copy(
    tmp_path: Path, chats: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", no_link)
    path = chats / NAME
    append(path, HEAD, HELLO)
    async with guarding(tmp_path):
        append(path, HELLO)
        await until(lambda: len(records(backup(tmp_path))) == 3)
        path.unlink()
        await until(lambda: path.exists() and has_words(path))

        assert records(path) == [HEAD, HELLO, HELLO]


async def test_a_transcript_made_after_the_start_is_found(tmp_path: Path) -> None:
    async with guarding(tmp_path) as guard:
        chats = tmp_path / "home" / ".gemini" / "tmp" / "pro.ject" / "chats"
        chats.mkdir(parents=True)
        append(chats / NAME, HEAD)
        guard.on_report()
        await until(backup(tmp_path).exists)


async def test_a_backup_that_cannot_be_written_does_no_harm(tmp_path: Path, chats: Path) -> None:
    append(chats / NAME, HEAD, HELLO)
    (tmp_path / "files").write_text("")
    async with guarding(tmp_path) as guard:
        guard.on_report()
        guard.ended()

    assert records(chats / NAME) == [HEAD, HELLO]


OWN, NEW, OTHER = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "abc")
PROJECT = "/srv/app"


class Disk:
    """Sizes of transcripts by conversation; ``turn`` is one turn of the chat, in which some of them grow."""

    def __init__(self, *there: str, named: str = "") -> None:
        self.sizes = dict.fromkeys(there, 10)
        self.named = named.encode()
        self.turns = GeminiTurns(PROJECT, dict(self.sizes))

    def turn(self, conversation: str, *grown: str, project: str = PROJECT) -> str:
        for each in grown:
            self.sizes[each] = self.sizes.get(each, 0) + 10
        project_hash = hashlib.sha256(project.encode()).hexdigest()
        lines = {
            each: json.dumps({"sessionId": each, "projectHash": project_hash}).encode()
            for each in self.turns.written(dict(self.sizes))
        }
        return self.turns.conversation(
            conversation, lines, lambda: [b"node\0gemini\0--session-id\0" + self.named + b"\0"]
        )


def test_the_chats_own_transcript_grew() -> None:
    assert Disk(OWN).turn(OWN, OWN, NEW) == ""


def test_only_a_new_transcript_grew() -> None:
    assert Disk(OWN).turn(OWN, NEW) == NEW


def test_a_transcript_from_before_the_start_is_another_chats_unless_the_own_is_unknown() -> None:
    assert Disk(OWN, OTHER).turn(OWN, OTHER) == ""
    assert Disk(OTHER).turn("", OTHER) == OTHER


def test_a_transcript_named_in_another_process_belongs_to_that_process() -> None:
    assert Disk(OWN, named=OTHER).turn(OWN, NEW, OTHER) == NEW
    assert Disk(OWN, named=OTHER).turn(OWN, OTHER) == ""


def test_a_transcript_of_another_project_does_not_count() -> None:
    assert Disk(OWN).turn(OWN, NEW, project="/srv/other") == ""
    disk = Disk()
    assert disk.turn("", NEW, OTHER) == ""
    assert disk.turn("", OWN, project="/srv/other") == ""
    assert disk.turn("", NEW) == NEW, "the other project's transcript changed nothing"


def test_the_next_turn_decides_between_two_candidates() -> None:
    disk = Disk(OWN)
    assert disk.turn(OWN, NEW, OTHER) == ""
    assert disk.turn(OWN) == "", "nothing was written"
    assert disk.turn(OWN, NEW) == NEW


def test_a_damaged_transcript_names_no_conversation() -> None:
    turns = GeminiTurns(PROJECT, {})
    for line in (b"", b"[]", b'{"sessionId": 1}', b"[" * 100_000, b"\xff"):
        assert turns.conversation(OWN, {"x": line}, list) == ""
