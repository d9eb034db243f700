"""A chat that others continue, copy or took over is removed: they keep its restore points and pasted files."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from session_host.client.chats.pasted_files import save_piece
from session_host.client.chats.removal import finish_removals, remove_chat, remove_unstarted
from session_host.client.chats.restore_list import restore_list, resumed_chats
from session_host.client.chats.retention import ended_chats, remove_by_limit, size_of
from session_host.client.sessions.store_access import open_store
from session_host.errors import NotResumable, WorktreeError
from session_host.paths import database, pasted_files_dir, session_dir, session_files
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import State
from session_host.restore_points.points import About, listed, take
from session_host.standing.hand_over import file_name
from session_host.storage.store import Store, copies, moved_aside
from session_host.system.processes.identity import boot_id, machine_id, pid_namespace, start_time
from tests.support.facts import chat_facts
from tests.support.repositories import Checkout

pytestmark = pytest.mark.usefixtures("area")

PROMPT = About(kind="prompt")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "api")


def add(checkout: Checkout, **columns: Any) -> str:
    """Add an ended chat with a directory; returns its id."""
    session_id = str(uuid.uuid4())
    columns = {"name": session_id[:8], "agent": "claude", "state": State.EXITED} | columns
    record = chat_facts(id=session_id, argv=["x"], cwd=str(checkout.path), **columns)
    session_dir(session_id).mkdir(parents=True)
    with open_store() as store:
        store.insert(record)
    copies.save_row(database(), record)
    return session_id


def paste(session_id: str, text: str = "pasted") -> Path:
    return Path(save_piece(session_id, uuid.uuid4().hex[:16], "a.txt", 0, text.encode()))


def record(store: Store, session_id: str) -> ChatFacts:
    found = store.get(session_id)
    assert found is not None
    return found


def remove(session_id: str) -> None:
    with open_store() as store:
        assert remove_chat(store, record(store, session_id)) == ""


def times(checkout: Checkout, session_id: str) -> list[int]:
    """The restore points that a chat lists, newest first."""
    with open_store() as store:

        def resumed_from(each: str) -> str | None:
            found = store.get(each)
            return found.origin.resumed_from if found is not None else None

        return [each.point.at_ms for each in restore_list(checkout.path, resumed_chats(session_id, resumed_from))]


def references(checkout: Checkout) -> int:
    return len(checkout.git("for-each-ref", "refs/outlive").splitlines())


@pytest.mark.parametrize("by", ["rm", "limit"])
def test_the_chat_that_wakes_another_one_keeps_its_restore_points_and_pasted_files(checkout: Checkout, by: str) -> None:
    old = {"created_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T00:00:01Z"}
    slept = add(checkout, end_request="sleep", **old)
    points = [take(checkout.path, slept, PROMPT).at_ms for _ in range(3)]
    file = paste(slept)
    woken = add(checkout, resumed_from=slept, state=State.RUNNING, created_at="2026-01-02T00:00:00Z")
    points.append(take(checkout.path, woken, PROMPT).at_ms)
    if by == "rm":
        remove(slept)
    else:
        with open_store() as store:
            assert "removed" in remove_by_limit(store, slept)
    assert times(checkout, woken) == points[::-1]
    assert file.read_text() == "pasted"
    assert references(checkout) == 4
    with open_store() as store:
        assert [each.id for each in store.all()] == [woken]
        finish_removals(store)
        remove_unstarted(store)
        store.update(woken, state=State.EXITED)
    assert file.exists()
    remove(woken)
    assert not session_dir(slept).exists()
    assert references(checkout) == 0
    assert moved_aside.ids(database()) == []


def test_a_chat_between_two_others_leaves_them_one_after_the_other(checkout: Checkout) -> None:
    first = add(checkout)
    point = take(checkout.path, first, PROMPT)
    second = add(checkout, resumed_from=first)
    third = add(checkout, resumed_from=second)
    remove(second)
    with open_store() as store:
        for read in (store.get, lambda each: copies.row(database(), each)):
            found = read(third)
            assert found is not None
            assert found.origin.resumed_from == first
        assert record(store, first).entry.continued_by == third
    assert times(checkout, third) == [point.at_ms]
    remove(third)
    with open_store() as store:
        assert record(store, first).entry.continued_by is None
    assert times(checkout, first) == [point.at_ms]


def test_pasted_files_stay_until_the_last_chat_that_may_name_them_is_removed(checkout: Checkout) -> None:
    first = add(checkout, provider_session_id="0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00")
    file = paste(first)
    resumed = add(checkout, resumed_from=first)  # Version 0.1.0 does not note the files.
    forked = add(checkout, files_in=[first])
    taker = add(checkout, handed_from=forked, files_in=[first])
    same = add(checkout, provider_session_id="0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00")
    for each in (first, forked, resumed, same):
        remove(each)
        assert file.read_text() == "pasted"
    assert list(session_dir(first).iterdir()) == [pasted_files_dir(first)]
    remove(taker)
    assert not session_dir(first).exists()


def test_the_conversation_that_a_chat_has_taken_over_stays_while_another_one_continues_it(checkout: Checkout) -> None:
    first = add(checkout)
    file = session_files(first) / file_name("api")
    file.parent.mkdir()
    file.write_text("the conversation")
    second = add(checkout, resumed_from=first)
    remove(first)
    os.utime(session_dir(first), (0, 0))
    with open_store() as store:
        remove_unstarted(store)
        finish_removals(store)
    assert file.read_text() == "the conversation"
    remove(second)
    assert not session_dir(first).exists()


def test_a_chat_that_none_continues_is_removed_with_its_pasted_files(checkout: Checkout) -> None:
    only, other = add(checkout), add(checkout)
    paste(only)
    remove(only)
    assert not session_dir(only).exists()
    assert session_dir(other).exists()


def test_files_that_were_pasted_into_a_removed_chat_count_for_those_that_may_name_them(checkout: Checkout) -> None:
    first = add(checkout)
    paste(first, "x" * 100_000)
    second = add(checkout, resumed_from=first)
    third = add(checkout, files_in=[first], created_at="2026-03-02T03:04:05.000Z")
    before = size_of([second])
    remove(first)
    assert size_of([second]) == pytest.approx(before + 100_000, rel=0.01)
    assert size_of([second, third]) == pytest.approx(100_000, rel=0.1)
    with open_store() as store:
        sizes = {each.record.id: each.size_bytes for each in ended_chats(store)}
        assert sizes[second] < 10_000
        assert sizes[third] > 100_000
        store.update(second, state=State.RUNNING)
        assert ended_chats(store)[0].size_bytes < 10_000, "a running chat keeps them"


def test_a_chat_stays_while_the_one_that_continues_it_cannot_get_its_restore_points(checkout: Checkout) -> None:
    first = add(checkout, name="first")
    point = take(checkout.path, first, PROMPT)
    add(checkout, resumed_from=first, name="second")
    lock = checkout.write(f".git/{point.reference}.lock")
    with open_store() as store:
        with pytest.raises(WorktreeError, match="first stays: second, which continues it, cannot get its restore"):
            remove_chat(store, record(store, first))
        assert store.get(first) is not None
        lock.unlink()
        remove_chat(store, record(store, first))


def test_a_chat_that_is_just_being_woken_stays_and_is_asleep_again_if_that_fails(checkout: Checkout) -> None:
    slept = add(checkout, end_request="sleep", name="api")
    point = take(checkout.path, slept, PROMPT)
    pid, started = os.getpid(), start_time(os.getpid())
    here = {"boot_id": boot_id(), "machine_id": machine_id(), "pid_namespace": pid_namespace()}
    place = {"state": State.STARTING, "host_pid": pid, "host_started": started}
    starting = add(checkout, resumed_from=slept, name="api", **place, **here)
    with open_store() as store:
        with pytest.raises(NotResumable, match="api is just being resumed; try again in a moment"):
            remove_chat(store, record(store, slept))
        store.remove(starting, "the start failed")
        assert record(store, slept).is_asleep
    assert times(checkout, slept) == [point.at_ms]


def test_points_of_the_same_time_are_all_kept(checkout: Checkout) -> None:
    first = add(checkout)
    point = take(checkout.path, first, PROMPT)
    second = add(checkout, resumed_from=first)
    checkout.write("file", "changed")
    other = take(checkout.path, second, PROMPT)
    checkout.git("update-ref", f"refs/outlive/restore-points/{second}/{point.at_ms}", other.reference)
    checkout.git("update-ref", "-d", other.reference)
    remove(first)
    assert len({each.kept.tree for each in listed(checkout.path, [second])}) == 2
    assert references(checkout) == 2
