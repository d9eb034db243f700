"""Repository, branch and changes of chats' directories, kept up to date without polling."""

from __future__ import annotations

import pytest

from gui.bridge import checkouts
from gui.bridge.chat import Chat
from session_host.client.worktrees import Status, status_of
from session_host.protocol.values import Activity, State
from tests.support.area import Area
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import Played


@pytest.fixture
def asked_directories(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The directories that git was asked about."""
    asked: list[str] = []

    def counted(path: str, repository: str = "") -> Status | None:
        asked.append(path)
        return status_of(path, repository)

    monkeypatch.setattr(checkouts, "status_of", counted)
    monkeypatch.setattr(checkouts, "RECHECK_MS", 10)
    return asked


async def until_location(played: Played, chat: Chat, location: str) -> None:
    await played.until(lambda: chat.location == location, f"{location!r}")


async def test_branch_and_changes_are_shown_and_kept_up_to_date(
    played: Played, area: Area, asked_directories: list[str]
):
    repository = Checkout.new(area.home / "api")
    session_id = await played.add("one", cwd=str(repository.path / "src"))
    chat = played.chat(session_id)
    assert chat.location == "src", "until git has spoken"
    played.open_window()
    await until_location(played, chat, "api · main")
    repository.git("switch", "--quiet", "--create", "fix")
    await until_location(played, chat, "api · fix")
    repository.write("new")
    played.viewers[session_id].be(Activity.WORKING)
    await until_location(played, chat, "api · fix · 1 changed")
    repository.commit("new")
    await until_location(played, chat, "api · fix")
    repository.write("another")
    played.sessions.checkouts.refresh()
    await until_location(played, chat, "api · fix · 1 changed")
    played.viewers[session_id].end(exit_code=0)
    assert chat.location == "src", "nobody asked_directories after a chat that is over"


async def test_git_is_asked_once_for_chats_of_one_directory(played: Played, area: Area, asked_directories: list[str]):
    repository = Checkout.new(area.home / "api")
    ids = [await played.add(name, cwd=str(repository.path)) for name in ("one", "two")]
    elsewhere = await played.add("three", cwd=str(area.home))
    played.open_window()
    for session_id in ids:
        await until_location(played, played.chat(session_id), "api · main")
    await played.until(lambda: str(area.home) in asked_directories, "the other directory")
    assert asked_directories.count(str(repository.path)) == 2, "once, and once more when it is watched"
    assert played.chat(elsewhere).checkout is None


async def test_git_is_not_asked_while_the_window_is_hidden(played: Played, area: Area, asked_directories: list[str]):
    repository = Checkout.new(area.home / "api")
    session_id = await played.add("one", cwd=str(repository.path))
    chat = played.chat(session_id)
    window = played.open_window()
    await until_location(played, chat, "api · main")
    window.hide()
    before = len(asked_directories)
    repository.git("switch", "--quiet", "--create", "fix")
    played.viewers[session_id].be(Activity.WORKING)
    other = await played.add("two", cwd=str(area.home))
    played.settle()
    assert not played.sessions.checkouts._check_timer.isActive()
    assert len(asked_directories) == before
    window.show()
    await until_location(played, chat, "api · fix")
    assert played.chat(other).checkout is None


async def test_a_removed_repository_is_no_longer_shown(played: Played, area: Area, asked_directories: list[str]):
    repository = Checkout.new(area.home / "api")
    session_id = await played.add("one", cwd=str(repository.path))
    chat = played.chat(session_id)
    played.open_window()
    await until_location(played, chat, "api · main")
    (repository.path / ".git").rename(area.home / "moved")
    played.sessions.checkouts.refresh()
    await until_location(played, chat, "api")
    (area.home / "moved").rename(repository.path / ".git")
    played.sessions.checkouts.refresh()
    await until_location(played, chat, "api · main")


async def test_a_worktree_kept_after_a_removal_is_reported(played: Played, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        "session_host.client.chats.remove.remove_chat",
        lambda store, record: store.remove(record.id) or "kept the worktree /w",
    )
    session_id = await played.add("one", state=State.EXITED)
    window = played.open_window()
    played.sessions.remove(played.chat(session_id))
    await played.until(lambda: window.banners.current, "the line")
    banner = window.banners.current
    assert banner is not None
    assert (banner.text, banner.lasting, banner.kind) == ("Kept the worktree /w.", True, "")
