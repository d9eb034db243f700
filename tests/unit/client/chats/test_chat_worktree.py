"""Whose worktree it is: the chats and processes that keep one, also if its path leads through a symbolic link."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from session_host.client.chats.chat_worktree import clean_up_worktrees, plan_of_worktree, resumed_in_worktree
from session_host.client.chats.ended_chat import remove_chats
from session_host.client.chats.removal import remove_chat
from session_host.client.sessions.store_access import open_store
from session_host.client.worktrees import Mark, Worktree, make
from session_host.paths import worktrees_dir
from session_host.protocol.facts import SLEEP, ChatFacts
from session_host.protocol.values import State
from session_host.storage.store import Store
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.facts import chat_facts
from tests.support.repositories import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "project")


@pytest.fixture(params=["its path", "a symbolic link above"])
def worktree(
    checkout: Checkout, area: Area, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Worktree:
    """A worktree; the directory of all worktrees is below a symbolic link in one of the cases."""
    if request.param != "its path":
        (area.root / "link").symlink_to(area.state.parent)
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(area.root / "link" / area.state.name))
    return make(str(checkout.path), None, "x")


@pytest.fixture
def store(worktree: Worktree) -> Iterator[Store]:
    with open_store() as opened:
        yield opened


def ended(store: Store, name: str, directory: Path | str, **columns: Any) -> ChatFacts:
    """An ended chat that was started in a directory."""
    facts = {"agent": "claude", "state": State.EXITED, "exit_code": 0, "ended_at": "2026-01-02T03:04:06.678Z"} | columns
    real = os.path.realpath(directory)
    record = chat_facts(id=str(uuid.uuid4()), name=name, cwd=str(directory), real_cwd=real, **facts)
    store.insert(record)
    return record


def owner(store: Store, worktree: Worktree) -> ChatFacts:
    """The ended chat that the worktree was made for."""
    own = worktree.own
    columns = {"worktree": own.path, "repository": own.repository, "branch": own.branch, "branch_made": True}
    return ended(store, "x", own.path, **columns)


def is_kept(store: Store, record: ChatFacts, worktree: Worktree, why: str) -> bool:
    assert not plan_of_worktree(store, record).path
    assert remove_chat(store, record) == f"kept the worktree {worktree.own.path}: {why}"
    return Path(worktree.own.path).exists()


def test_a_process_keeps_it(store: Store, worktree: Worktree) -> None:
    record = owner(store, worktree)

    with subprocess.Popen(["cat"], cwd=f"{worktree.own.path}/src", stdin=subprocess.PIPE) as server:
        assert is_kept(store, record, worktree, f"process {server.pid} (cat) is using it")


@pytest.mark.parametrize(
    ("place", "columns"),
    [
        ("{}", {}),
        ("{}/src", {}),
        ("{}/.claude/worktrees/y", {}),
        ("{}/src", {"state": State.LOST}),
        ("{}/src", {"end_request": SLEEP}),
        ("{}/src", {"state": State.RUNNING, "host_pid": os.getpid()}),
        ("{}/src", {"continued_by": "another"}),
    ],
)
@pytest.mark.parametrize("is_resolved", [False, True])
def test_a_chat_that_was_started_there_keeps_it(
    store: Store, worktree: Worktree, place: str, columns: dict[str, Any], is_resolved: bool
) -> None:
    record = owner(store, worktree)
    directory = place.format(worktree.own.path)
    other = ended(store, "other", os.path.realpath(directory) if is_resolved else directory, **columns)

    assert is_kept(store, record, worktree, f"the chat other ({other.id[:8]}) uses it")


def test_a_chat_beside_it_does_not_keep_it(store: Store, worktree: Worktree, checkout: Checkout) -> None:
    record = owner(store, worktree)
    ended(store, "other", f"{worktree.own.path}-2")
    ended(store, "another", checkout.path)

    goes = plan_of_worktree(store, record)

    assert (goes.path, goes.branch) == (worktree.own.path, "outlive/x")
    assert remove_chat(store, record) == ""
    assert not Path(worktree.own.path).exists()


def test_chats_that_are_removed_together_do_not_keep_it(store: Store, worktree: Worktree) -> None:
    inside = ended(store, "inside", f"{worktree.own.path}/src")
    record = owner(store, worktree)
    below = ended(store, "below", f"{worktree.own.path}/src/deep")

    done = remove_chats([inside.id, record.id, below.id], by_limit=False)

    assert [(each.is_done, each.line) for each in done] == [(True, "")] * 3
    assert not Path(worktree.own.path).exists()


class TestCommand:
    def test_the_ended_chats_of_one_command_do_not_keep_it(self, store: Store, worktree: Worktree) -> None:
        record = owner(store, worktree)
        ended(store, "inside", f"{worktree.own.path}/src")

        done = outlive("rm", "--ended", "-y")

        assert done.output.splitlines() == [
            f"with x ({record.id[:8]}) goes its worktree {worktree.own.path} and its branch outlive/x",
            "removed 2 ended chats, 0 MiB",
        ]
        assert not Path(worktree.own.path).exists()

    def test_a_worktree_of_several_chats_is_named_once(self, store: Store, worktree: Worktree) -> None:
        for _ in range(2):
            owner(store, worktree)

        done = outlive("rm", "--ended", "-y")

        assert done.output.count(f"its worktree {worktree.own.path}") == 1
        assert not Path(worktree.own.path).exists()

    def test_one_that_cannot_be_removed_keeps_it(self, store: Store, worktree: Worktree, area: Area) -> None:
        owner(store, worktree)
        stays = ended(store, "inside", f"{worktree.own.path}/src")
        for place in (f"sessions/{stays.id}", f"sessions/.removed/{stays.id}/in the way"):
            (area.state / place).mkdir(parents=True)

        done = outlive("rm", "--ended", "-y")

        assert done.code == 1
        assert f"kept the worktree {worktree.own.path}: the chat inside ({stays.id[:8]}) uses it" in done.output
        assert done.output.endswith("removed 1 ended chat, 0 MiB\n")
        assert Path(worktree.own.path).exists()
        assert [record.id for record in store.all()] == [stays.id]


def test_a_chat_resumed_by_another_spelling_of_the_directory_has_its_worktree(store: Store, worktree: Worktree) -> None:
    record = owner(store, worktree)

    assert resumed_in_worktree(record, os.path.realpath(f"{worktree.own.path}/src"))[0] == worktree.own


class TestUnfinished:
    @pytest.fixture
    def worktree(self, worktree: Worktree, checkout: Checkout) -> Worktree:
        """A worktree of a start that was killed."""
        mark = Mark()
        worktree = make(str(checkout.path), None, "y", mark=mark)
        os.close(mark.descriptors[0])
        return worktree

    @pytest.mark.parametrize("is_resolved", [False, True])
    def test_a_chat_there_keeps_it(self, store: Store, worktree: Worktree, is_resolved: bool) -> None:
        directory = f"{worktree.own.path}/src"
        ended(store, "other", os.path.realpath(directory) if is_resolved else directory)

        clean_up_worktrees(store)

        assert Path(worktree.own.path).exists()
        assert list(worktrees_dir().glob(".*.making")) == []

    def test_a_process_there_keeps_it_while_it_runs(self, store: Store, worktree: Worktree) -> None:
        with subprocess.Popen(["cat"], cwd=worktree.own.path, stdin=subprocess.PIPE):
            clean_up_worktrees(store)
            assert Path(worktree.own.path).exists()
        clean_up_worktrees(store)
        assert not Path(worktree.own.path).exists()
