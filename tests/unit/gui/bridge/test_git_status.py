"""Repository, branch and changes of chats' directories, kept up to date without polling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gui.bridge import git_status
from gui.bridge.chat import Chat
from session_host.client.worktrees import Status, status_of
from session_host.protocol.values import Activity, State
from tests.support.area import Area
from tests.support.other_machine import Alpha
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import WindowHarness, insert_record
from tests.unit.gui.window.machines import chats_on


@pytest.fixture
def asked_directories(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The directories that git was asked about."""
    directories: list[str] = []

    def counted(path: str, repository: str = "") -> Status | None:
        directories.append(path)
        return status_of(path, repository)

    monkeypatch.setattr(git_status, "status_of", counted)
    monkeypatch.setattr(git_status, "RECHECK_MS", 10)
    return directories


async def until_location(harness: WindowHarness, chat: Chat, location: str) -> None:
    await harness.until(lambda: chat.workplace.location == location, f"{location!r}")


async def test_branch_and_changes_are_shown_and_kept_up_to_date(
    harness: WindowHarness, area: Area, asked_directories: list[str]
):
    repository = Checkout.new(area.home / "api")
    session_id = await harness.add("one", cwd=str(repository.path / "src"))
    chat = harness.chat(session_id)
    assert chat.workplace.location == "src", "until git has answered"
    harness.open_window()
    await until_location(harness, chat, "api")  # The default branch says nothing.
    repository.git("switch", "--quiet", "--create", "fix")
    await until_location(harness, chat, "api · fix")
    repository.write("new")
    harness.viewers[session_id].be(Activity.WORKING)
    await until_location(harness, chat, "api · fix · 1 changed")
    repository.commit("new")
    await until_location(harness, chat, "api · fix")
    repository.write("another")
    harness.sessions.git_status_watcher.refresh()
    await until_location(harness, chat, "api · fix · 1 changed")
    harness.viewers[session_id].end(exit_code=0)
    assert chat.workplace.location == "src", "no git status is shown for an ended chat"


async def test_git_is_not_asked_while_the_window_is_hidden(
    harness: WindowHarness, area: Area, asked_directories: list[str]
):
    repository = Checkout.new(area.home / "api")
    repository.git("branch", "--move", "trunk")
    session_id = await harness.add("one", cwd=str(repository.path))
    chat = harness.chat(session_id)
    window = harness.open_window()
    await until_location(harness, chat, "api · trunk")
    window.hide()
    # A check that has begun is finished.
    await harness.until(lambda: not harness.sessions.git_status_watcher._checking, "the end of the checks")
    before = len(asked_directories)
    repository.git("switch", "--quiet", "--create", "fix")
    harness.viewers[session_id].be(Activity.WORKING)
    other = await harness.add("two", cwd=str(area.home))
    harness.settle()
    assert not harness.sessions.git_status_watcher._check_timer.isActive()
    assert len(asked_directories) == before
    window.show()
    await until_location(harness, chat, "api · fix")
    assert harness.chat(other).workplace.git_status is None


class Counting(Alpha):
    """Another machine that counts calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.calls.append(function.__name__)
        return await super().call(function, *args, **kwargs)


async def test_git_is_asked_on_another_machine_for_the_chat_in_front_alone(
    harness: WindowHarness, area: Area, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(git_status, "RECHECK_MS", 10)
    repository = Checkout.new(area.home / "api")
    insert_record("one", cwd=str(repository.path))
    insert_record("two", cwd=str(area.home))
    machine, sessions = Counting(), harness.sessions
    chats = sessions.machines.by_name["alpha"] = chats_on(sessions, machine)
    await chats.refresh_now()
    one = next(chat for chat in sessions.chats.made() if chat.name == "one")
    window = harness.open_window()
    machine.calls.clear()
    sessions.git_status_watcher.refresh()
    harness.settle()
    assert not sessions.git_status_watcher._pending
    window.open_chat(one)
    await until_location(harness, one, "api")
    repository.write("new")
    sessions.git_status_watcher.refresh_machine("alpha")
    await until_location(harness, one, "api · 1 changed")
    machine.fails = 1
    sessions.git_status_watcher.refresh()
    await harness.until(lambda: machine.fails == 0, "the lost link")
    assert one.workplace.location == "api · 1 changed", "what was last known stays"
    assert set(machine.calls) == {"status_of"}
    assert harness.problems == []


async def test_a_worktree_kept_after_a_removal_is_reported(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        "session_host.client.chats.ended_chat.remove_rest", lambda store, record: "kept the worktree /w"
    )
    session_id = await harness.add("one", state=State.EXITED)
    window = harness.open_window()
    harness.sessions.lifecycle.remove(harness.chat(session_id))
    await harness.until(lambda: window.banners.current, "the line")
    banner = window.banners.current
    assert banner is not None
    assert (banner.text, banner.lasting, banner.kind) == ("Kept the worktree /w.", True, "")
