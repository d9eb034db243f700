"""The limit of ended chats removes the oldest ones that it may remove, and never another."""

from __future__ import annotations

import math
import os
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.client.chats import retention
from session_host.client.chats.retention import (
    MIN_AGE_S,
    VIEWED_S,
    EndedChat,
    assess,
    check_limit,
    ended_chats,
    enforce_limit,
    over_limit,
    removable_chats,
)
from session_host.client.chats.settings import MIB
from session_host.paths import database, session_dir, session_journal, state_dir
from session_host.protocol.facts import SLEEP
from session_host.protocol.values import ENDPOINT, State
from session_host.storage.journal import Journal
from session_host.storage.search import Search
from session_host.storage.store import Store
from tests.support.area import Area
from tests.support.facts import chat_facts
from tests.support.journals import make_record, output

NOW_S = 1_800_000_000.0
HOUR_S = 3600


@st.composite
def chats(draw: st.DrawFn) -> list[EndedChat]:
    """Ended chats, the oldest first."""
    ends = sorted(draw(st.lists(st.integers(-60 * 24, 48), max_size=20)))
    return [
        EndedChat(
            chat_facts(
                id=f"00000000-0000-4000-8000-{number:012}",
                name=f"chat {number}",
                argv=["cat"],
                cwd="/tmp",
                state=State.EXITED,
                created_at="2026-01-01T00:00:00Z",
                agent=draw(st.sampled_from(["claude", "claude", ENDPOINT])),
                pinned=draw(st.booleans()),
                worktree=draw(st.sampled_from([None, None, "/tmp/tree"])),
            ),
            size_bytes=draw(st.integers(0, 50)),
            ended_s=NOW_S + hours * HOUR_S,
            viewed_s=draw(st.sampled_from([0.0, NOW_S - VIEWED_S - 1, NOW_S - HOUR_S])),
        )
        for number, hours in enumerate(ends)
    ]


@given(chats(), st.integers(0, 200), st.sets(st.integers(0, 19)))
def test_only_old_unused_chats_without_work_are_removed_and_no_more_than_needed(
    found: list[EndedChat], limit_bytes: int, opened: set[int]
) -> None:
    layout = msgspec.json.encode({"tabs": [f"00000000-0000-4000-8000-{number:012}" for number in opened]}).decode()
    removable = removable_chats(found, layout, NOW_S)
    due = over_limit(removable, limit_bytes)
    for number, chat in enumerate(found):
        record = chat.record
        stays = (
            record.entry.pinned
            or record.origin.worktree is not None
            or record.origin.agent == ENDPOINT
            or number in opened
        )
        is_recent = chat.ended_s > NOW_S - MIN_AGE_S or chat.viewed_s > NOW_S - VIEWED_S
        assert not (chat in due and (stays or is_recent))
    assert due == removable[: len(due)], "the oldest go first"
    assert sum(chat.size_bytes for chat in removable[len(due) :]) <= limit_bytes
    assert not due or sum(chat.size_bytes for chat in removable[len(due) - 1 :]) > limit_bytes


def add_old(number: int, size_bytes: int) -> str:
    """Add a chat that ended long ago; returns its id."""
    session_id = f"00000000-0000-4000-8000-{number:012}"
    with Store.open(database()) as store:
        store.insert(
            chat_facts(
                id=session_id,
                name=f"old {number}",
                agent="command",
                argv=["cat"],
                cwd="/tmp",
                state=State.EXITED,
                created_at=f"2026-01-01T00:{number:02}:00Z",
                ended_at=f"2026-01-01T00:{number:02}:01Z",
            )
        )
    session_dir(session_id).mkdir(parents=True, mode=0o700)
    with (session_dir(session_id) / "history.bin").open("wb") as file:
        file.truncate(size_bytes)
    return session_id


@pytest.fixture
def over(area: Area, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three old chats that exceed the limit, two of which are due; the user was warned two days ago."""
    monkeypatch.setattr(retention, "COMMAND_S", math.inf)  # A command has time for both on a busy machine, too.
    (area.config / "chats.toml").write_text("ended_limit_mib = 1\n")
    (area.state / "logs").mkdir()
    mark = area.state / "limit-warned"
    mark.touch()
    os.utime(mark, (time.time() - 2 * MIN_AGE_S,) * 2)
    return [add_old(number, MIB) for number in range(3)]


def test_chats_that_were_shown_or_ended_in_a_window_are_not_open(over: list[str]) -> None:
    with Store.open(database()) as store:
        store.save_layout({"windows": [{"tabs": [over[0]]}], "recent": over, "ended_by_you": over, "unseen": over})
        assert [chat.record.id for chat in assess(store).due] == over[1:2]


def test_a_command_removes_nothing_that_a_window_lets_the_user_undo(over: list[str]) -> None:
    with Store.open(database()) as store:
        assert [chat.record.id for chat in check_limit(store, by_window=True).due] == over[:2]
        assert enforce_limit(store) == []
        (state_dir() / "limit-checked").unlink()
        assert len(enforce_limit(store)) == 2
        assert [record.id for record in store.all()] == over[2:]


def test_a_command_that_removed_chats_for_a_while_leaves_the_rest_to_the_next_one(
    over: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(database()) as store:
        with monkeypatch.context() as patches:
            patches.setattr(retention, "COMMAND_S", -1.0)
            assert enforce_limit(store) == []
        assert len(enforce_limit(store)) == 2


def test_the_space_of_removed_chats_in_the_index_makes_no_other_chat_due(over: list[str]) -> None:
    for session_id in over:
        with Journal.open(session_journal(session_id)) as journal:
            journal.append([output(0, b"".join(b"line %d of a chat\r\n" % number for number in range(2000)))])
    with Store.open(database()) as store, Search() as search:
        search.update(over)
        [*_, before] = [chat.size_bytes for chat in ended_chats(store)]
        search.keep_only(over[2:])
        [*_, after] = [chat.size_bytes for chat in ended_chats(store)]
    assert after == pytest.approx(before, rel=0.01)


def test_a_chat_that_is_asleep_is_no_ended_one(area: Area) -> None:
    with Store.open(database()) as store:
        asleep, stopped = (make_record(state=State.EXITED, end_request=request) for request in (SLEEP, "stop"))
        store.insert(asleep)
        store.insert(stopped)
        assert [chat.record.id for chat in ended_chats(store)] == [stopped.id]
    old = EndedChat(asleep, 1, 0.0, 0.0)
    assert removable_chats([old, old._replace(record=stopped)], "", NOW_S) == [old._replace(record=stopped)]


def test_a_chat_with_a_damaged_row_stays(area: Area) -> None:
    with Store.open(database()) as store:
        record = chat_facts(
            id="00000000-0000-4000-8000-000000000001",
            name="old",
            agent="claude",
            argv=["cat"],
            cwd="/tmp",
            state=State.EXITED,
            created_at="",
            ended_at="",
        )
        store.insert(record)
        [chat] = ended_chats(store)
    assert removable_chats([chat], "", NOW_S) == []
