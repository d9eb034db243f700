"""Restore points whose files are nowhere else in their repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.restore_points.own_work import sessions_with_points, with_own_work
from session_host.restore_points.points import About, take
from tests.support.repositories import Checkout

CHAT = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"
OTHER = "1d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.new(tmp_path / "api")


def keep(checkout: Checkout, chat: str = CHAT) -> None:
    take(checkout.path, chat, About(kind="prompt"))


def own(checkout: Checkout) -> set[str]:
    common = checkout.path / ".git"
    return with_own_work(common, sessions_with_points(common, {CHAT, OTHER}))


def test_points_of_chats_that_nobody_asks_about_are_left_out(checkout: Checkout) -> None:
    keep(checkout)
    assert list(sessions_with_points(checkout.path / ".git", {OTHER})) == []
    assert list(sessions_with_points(checkout.path / ".git", {CHAT, OTHER})) == [CHAT]


def test_files_of_a_commit_are_elsewhere(checkout: Checkout) -> None:
    keep(checkout)
    assert own(checkout) == set()


@pytest.mark.parametrize("file", ["file", "new"])
def test_files_that_were_written_over_since_are_nowhere_else(checkout: Checkout, file: str) -> None:
    keep(checkout, OTHER)
    (checkout.path / file).write_text("the agent's first try\n")
    keep(checkout)
    (checkout.path / file).write_text("its second one\n")
    assert own(checkout) == {CHAT}


def test_files_that_are_still_there_are_elsewhere(checkout: Checkout) -> None:
    (checkout.path / "new").write_text("not committed\n")
    keep(checkout)
    assert own(checkout) == set()
    (checkout.path / "new").unlink()
    assert own(checkout) == {CHAT}


def test_files_in_another_worktree_are_elsewhere(checkout: Checkout, tmp_path: Path) -> None:
    (checkout.path / "new").write_text("not committed\n")
    keep(checkout)
    checkout.git("worktree", "add", "--quiet", str(tmp_path / "other"))
    (checkout.path / "new").rename(tmp_path / "other" / "moved")
    assert own(checkout) == set()


def test_a_commit_that_only_the_restore_point_has_is_nowhere_else(checkout: Checkout) -> None:
    checkout.git("switch", "--quiet", "--create", "topic")
    (checkout.path / "file").write_text("committed\n")
    checkout.git("commit", "--quiet", "--all", "--message=work")
    keep(checkout)
    checkout.git("switch", "--quiet", "main")
    assert own(checkout) == set()
    checkout.git("branch", "--quiet", "-D", "topic")
    assert own(checkout) == {CHAT}


def test_a_repository_without_commits_has_points_too(tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "empty", commits=0)
    (checkout.path / "new").write_text("first\n")
    keep(checkout)
    (checkout.path / "new").write_text("second\n")
    assert own(checkout) == {CHAT}
