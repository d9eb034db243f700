"""Restore points of chats for the window: listed, compared with the files, and restored, in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gui.bridge.chat import Chat
from gui.bridge.ended_chat import read_last_transcript
from gui.bridge.sessions import Sessions
from gui.wording import changes_texts
from session_host.client.chats.restore_list import ListedPoint, restore_list, resumed_chats
from session_host.errors import OutliveError
from session_host.restore_points import restoring
from session_host.restore_points.points import RestorePoint
from session_host.restore_points.restoring import FileRestore, FilesChanged, How, Outcome, Plan
from session_host.structured.items import Item
from session_host.structured.transcript import Transcript

__all__ = [
    "FileRestore", "FilesChanged", "How", "ListedPoint", "Outcome", "Plan", "RestorePoint",
    "file_counts", "name_of", "point_before", "points_of", "read_plan", "restore",
]  # fmt: skip


def name_of(listed: ListedPoint, characters: int = changes_texts.POINT_NAME_CHARACTERS) -> str:
    """A restore point's name, by default for a sentence: its prompt, or the prompt's time."""
    point = listed.point
    return changes_texts.point_name(point.about.kind, listed.prompt, point.moment, datetime.now(UTC), characters)


async def points_of(chat: Chat, sessions: Sessions) -> list[ListedPoint]:
    """The restore points of a chat and of those that it resumes, newest first.

    Raises:
        WorktreeError: one line: the chat's directory is in no working tree, or git is missing or refuses.
    """
    found = await _listed(chat, sessions)
    if not any(each.point.about.item for each in found):
        return found
    transcript = await _transcript_of(chat)
    texts = {item.id: item.text for item in transcript or () if item.kind == "user"}
    return [each._replace(prompt=texts.get(each.point.about.item, each.prompt)) for each in found]


async def point_before(chat: Chat, sessions: Sessions, prompt: Item) -> ListedPoint | None:
    """The restore point before a prompt of a structured chat; None for none; raises as ``points_of``."""
    found = await _listed(chat, sessions)
    return next((each._replace(prompt=prompt.text) for each in found if each.point.about.item == prompt.id), None)


async def _listed(chat: Chat, sessions: Sessions) -> list[ListedPoint]:
    def resumed_from(session_id: str) -> str | None:
        resumed = sessions.get(session_id)
        return resumed.record.resumed_from if resumed is not None else None

    sessions_of_chat = resumed_chats(chat.id, resumed_from)
    return await asyncio.to_thread(restore_list, Path(chat.record.cwd), sessions_of_chat)


async def _transcript_of(chat: Chat) -> Transcript | None:
    """A structured chat's transcript; None if nothing of it is known."""
    if chat.viewer is not None and chat.viewer.transcript is not None:
        return chat.viewer.transcript
    from session_host.client.viewer.transcript_watch import watch_transcript

    try:
        if not chat.has_ended:
            return await watch_transcript(chat.id, lambda _: True)
        return await read_last_transcript(chat.id)
    except OutliveError:
        return None  # The times of the prompts are enough.


async def file_counts(chat: Chat, points: Sequence[ListedPoint]) -> list[int]:
    """How many files differ now from how they were at each restore point; raises WorktreeError."""
    return await asyncio.to_thread(restoring.file_counts, Path(chat.record.cwd), [each.point for each in points])


async def read_plan(chat: Chat, point: RestorePoint) -> Plan:
    """Plan a restore; raises WorktreeError."""
    return await asyncio.to_thread(restoring.plan, Path(chat.record.cwd), point)


async def restore(chat: Chat, plan: Plan) -> Outcome:
    """Restore the files that a plan names; raises FilesChanged and WorktreeError."""
    return await asyncio.to_thread(restoring.restore, Path(chat.record.cwd), plan, chat.id)
