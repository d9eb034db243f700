"""On a full disk, of the working tree or of the repository, no file is lost, and all works again when there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from session_host.client.worktrees import discarding
from session_host.client.worktrees.changes import read_changes
from session_host.client.worktrees.discarding import discard
from session_host.client.worktrees.taking_back import take_back
from session_host.errors import WorktreeError
from session_host.restore_points.points import About, RestorePoint, listed, take
from session_host.restore_points.restoring import Restored, plan_restore, restore
from tests.support.disks import fill_disk, small_disk
from tests.support.repositories import Checkout

CHAT = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"
HUNK = "@@ -2,1 +2,1 @@\n-two\n+TWO\n"
MANY = "more\n" * 3000
"""Four pages of a disk in memory."""

LEFT_KIB = {"tree": (8,), "repository": (4, 12)}
"""The room that is left: for small files; for the objects of a restore point, but not for its reference; for both."""


class Work(NamedTuple):
    """What is done, and the files after it."""

    do: Callable[[], object]
    after: dict[str, str]


@pytest.fixture(params=["tree", "repository"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """The small disk; the other part is elsewhere."""
    with small_disk(tmp_path / request.param, 4096) as disk:
        for place in ("tree", "repository"):
            (tmp_path / place).mkdir(exist_ok=True)
        yield disk


@pytest.fixture
def checkout(tmp_path: Path, full: Path) -> Checkout:
    checkout = Checkout(tmp_path / "tree/project")
    checkout.path.mkdir()
    checkout.git("init", "--quiet", "--initial-branch=main", f"--separate-git-dir={tmp_path}/repository/git")
    checkout.commit("words", f"one\ntwo\n{MANY}")
    return checkout


def files_of(checkout: Checkout) -> dict[str, str]:
    paths = (path for path in checkout.path.rglob("*") if path.is_file())
    return {str(path.relative_to(checkout.path)): path.read_text() for path in paths}


def restored(checkout: Checkout, point: RestorePoint) -> Restored:
    return restore(checkout.path, plan_restore(checkout.path, point), CHAT)


def works(checkout: Checkout) -> Iterator[Work]:
    """Each work in turn; it is done when the next one is asked for."""
    checkout.write("words", f"one\ntwo\n{MANY}")
    checkout.write("gone", MANY)
    (checkout.path / "made/new").unlink(missing_ok=True)
    point, then = take(checkout.path, CHAT, About(kind="prompt")), files_of(checkout)
    (checkout.path / "gone").unlink()
    checkout.write("words", f"one\nTWO\n{MANY}mine\n")
    checkout.write("made/new", MANY)
    now = files_of(checkout)
    yield Work(lambda: restored(checkout, point), then)
    undo = listed(checkout.path, [CHAT])[-1]
    yield Work(lambda: restored(checkout, undo), now)
    yield Work(lambda: take_back(checkout.path, "words", HUNK, CHAT, 2), now | {"words": f"one\ntwo\n{MANY}mine\n"})
    checkout.write("words", now["words"])
    changes = read_changes(checkout.path)
    file = next(each for each in changes.files if each.path == "words")
    yield Work(lambda: discard(checkout.path, changes, file, CHAT), now | {"words": then["words"]})
    checkout.write("words", now["words"])
    done = discard(checkout.path, changes, file, CHAT)
    yield Work(lambda: discarding.undo(checkout.path, done, CHAT), now)


def test_what_has_no_room_is_said_and_can_be_undone_or_done_again_later(checkout: Checkout, full: Path) -> None:
    problems = set[str]()
    for left_kib in LEFT_KIB[full.name]:
        for work in works(checkout):
            before = files_of(checkout)
            ballast = fill_disk(full, left_kib << 10)
            try:
                done = work.do()
                problem = done.problem if isinstance(done, Restored) else ""
                assert bool(problem) == (files_of(checkout) != work.after)
            except WorktreeError as error:
                problem = str(error)
                assert files_of(checkout) == before
            problems.add(problem)
            now = files_of(checkout)
            names = before.keys() | now.keys() | work.after.keys()
            assert not [name for name in names if now.get(name) not in {before.get(name), work.after.get(name)}]
            assert not list(full.rglob("*.lock"))
            ballast.unlink()
            if now != before:
                restored(checkout, listed(checkout.path, [CHAT])[-1])
                assert files_of(checkout) == before
            work.do()
            assert files_of(checkout) == work.after
    said = ("the disk is full; free some space", "No space left on device")
    assert problems - {""}
    assert all(problem.endswith(said) for problem in problems - {""})
