"""The limit of ended chats removes the oldest ones that it may remove, and never another."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from session_host.client.chats.remove import ENDPOINT
from session_host.client.chats.retention import (
    MIN_AGE_S,
    VIEWED_S,
    EndedChat,
    ended_chats,
    over_limit,
    removable_chats,
)
from session_host.paths import database
from session_host.protocol.values import State
from session_host.storage.store import SessionRecord, Store
from tests.support.area import Area

NOW_S = 1_800_000_000.0
HOUR_S = 3600


@st.composite
def chats(draw: st.DrawFn) -> list[EndedChat]:
    """Ended chats, the oldest first."""
    ends = sorted(draw(st.lists(st.integers(-60 * 24, 48), max_size=20)))
    return [
        EndedChat(
            SessionRecord(
                id=f"00000000-0000-4000-8000-{number:012}", name=f"chat {number}", argv=["cat"], cwd="/tmp",
                state=State.EXITED, created_at="2026-01-01T00:00:00Z",
                agent=draw(st.sampled_from(["claude", "claude", ENDPOINT])),
                pinned=draw(st.booleans()), worktree=draw(st.sampled_from([None, None, "/tmp/tree"])),
            ),
            size_bytes=draw(st.integers(0, 50)),
            ended_s=NOW_S + hours * HOUR_S,
            viewed_s=draw(st.sampled_from([0.0, NOW_S - VIEWED_S - 1, NOW_S - HOUR_S])),
        )
        for number, hours in enumerate(ends)
    ]  # fmt: skip


@given(chats(), st.integers(0, 200), st.sets(st.integers(0, 19)))
def test_only_old_unused_chats_without_work_are_removed_and_no_more_than_needed(
    found: list[EndedChat], limit_bytes: int, opened: set[int]
) -> None:
    layout = msgspec.json.encode({"tabs": [f"00000000-0000-4000-8000-{number:012}" for number in opened]}).decode()
    removable = removable_chats(found, layout, NOW_S)
    due = over_limit(removable, limit_bytes)
    for number, chat in enumerate(found):
        record = chat.record
        stays = record.pinned or record.worktree is not None or record.agent == ENDPOINT or number in opened
        is_recent = chat.ended_s > NOW_S - MIN_AGE_S or chat.viewed_s > NOW_S - VIEWED_S
        assert not (chat in due and (stays or is_recent))
    assert due == removable[: len(due)], "the oldest go first"
    assert sum(chat.size_bytes for chat in removable[len(due) :]) <= limit_bytes
    assert not due or sum(chat.size_bytes for chat in removable[len(due) - 1 :]) > limit_bytes


def test_a_chat_with_a_damaged_row_stays(area: Area) -> None:
    with Store.open(database()) as store:
        record = SessionRecord(
            id="00000000-0000-4000-8000-000000000001", name="old", agent="claude", argv=["cat"], cwd="/tmp",
            state=State.EXITED, created_at="", ended_at="",
        )  # fmt: skip
        store.insert(record)
        [chat] = ended_chats(store)
    assert removable_chats([chat], "", NOW_S) == []
