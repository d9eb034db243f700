"""Files of Git LFS or with another filter of the user's: written as they were, or refused before."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from session_host.client.worktrees.changes import read_changes
from session_host.client.worktrees.discarding import Discarded, discard, undo
from session_host.client.worktrees.taking_back import take_back
from session_host.errors import FilesChanged, WorktreeError
from session_host.restore_points.points import About, take
from session_host.restore_points.restoring import Restored, plan_restore, restore
from tests.support.repositories import Checkout

CHAT = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"
OLD = "".join(f"line {number}\n" for number in range(20))
NEW = OLD.replace("line 5\n", "five\n")
HUNK = "@@ -5,3 +5,3 @@\n line 4\n-line 5\n+five\n line 6\n"

LFS = """#!/bin/sh
# Cleans as Git LFS does; its smudge notes that it would fetch.
if [ "$1" = smudge ]; then
    [ "$GIT_LFS_SKIP_SMUDGE" = 1 ] || touch "$(dirname "$0")/fetched"
    exec cat
fi
whole=$(mktemp)
cat >"$whole"
if grep -q '^version https://git-lfs' "$whole"; then
    cat "$whole"
else
    oid=$(sha256sum <"$whole" | cut -c1-64)
    place=$(git rev-parse --git-common-dir)/lfs/objects/$(echo "$oid" | cut -c1-2)/$(echo "$oid" | cut -c3-4)
    mkdir -p "$place"
    cp "$whole" "$place/$oid"
    printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize %s\\n' "$oid" "$(wc -c <"$whole")"
fi
rm "$whole"
"""


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    """A file that is there once something was fetched."""
    return tmp_path / "bin" / "fetched"


@pytest.fixture
def checkout(tmp_path: Path, fetched: Path) -> Checkout:
    """A working tree with a file of Git LFS, "big", whose content is OLD in the last commit."""
    program = fetched.with_name("lfs")
    program.parent.mkdir()
    program.write_text(LFS)
    program.chmod(0o755)
    checkout = Checkout.new(tmp_path / "api")
    for name in ("clean", "smudge"):
        checkout.git("config", "--global", f"filter.lfs.{name}", f"{program} {name}")
    checkout.git("config", "--global", "filter.lfs.required", "true")
    checkout.commit(".gitattributes", "big filter=lfs -text\nends text eol=crlf\n*.odd filter=odd\n")
    checkout.commit("big", OLD)
    fetched.unlink(missing_ok=True)
    return checkout


def discarded(checkout: Checkout, path: str) -> Discarded:
    changes = read_changes(checkout.path)
    return discard(checkout.path, changes, next(file for file in changes.files if file.path == path), CHAT)


def restored(checkout: Checkout, change: str) -> Restored:
    """Keep the files, change "big", and restore them."""
    point = take(checkout.path, CHAT, About(kind="prompt"))
    checkout.write("big", change)
    return restore(checkout.path, plan_restore(checkout.path, point), CHAT)


def content_of(checkout: Checkout, text: str) -> Path:
    """The file in which Git LFS has a content."""
    oid = hashlib.sha256(text.encode()).hexdigest()
    return checkout.path / ".git" / "lfs" / "objects" / oid[:2] / oid[2:4] / oid


@pytest.mark.parametrize(("name", "end"), [("big", "\n"), ("ends", "\r\n")])
def test_a_change_that_was_taken_back_is_not_called_unwritten(
    checkout: Checkout, fetched: Path, name: str, end: str
) -> None:
    path = checkout.path / name
    path.write_bytes(OLD.replace("\n", end).encode())
    checkout.git("add", name)
    checkout.git("commit", "-qm", "old", "--allow-empty")
    path.write_bytes(NEW.replace("\n", end).encode())
    done = take_back(checkout.path, name, HUNK, CHAT)
    assert path.read_bytes() == OLD.replace("\n", end).encode()
    undo(checkout.path, done, CHAT)
    assert path.read_bytes() == NEW.replace("\n", end).encode()
    undo(checkout.path, discarded(checkout, name), CHAT)
    assert path.read_bytes() == NEW.replace("\n", end).encode()
    assert not fetched.exists()


def test_a_file_that_was_committed_without_its_filter_is_discarded_and_that_is_undone(checkout: Checkout) -> None:
    path = checkout.write("committed", OLD)
    checkout.git("add", "committed")
    checkout.git("commit", "-qm", "without its filter")
    checkout.commit(".gitattributes", "committed filter=lfs -text\n")
    path.write_text(NEW)
    done = discarded(checkout, "committed")
    assert path.read_text() == OLD
    undo(checkout.path, done, CHAT)
    assert path.read_text() == NEW
    done = discarded(checkout, "committed")
    path.write_text("later work\n")
    with pytest.raises(FilesChanged):
        undo(checkout.path, done, CHAT)


def test_the_contents_of_git_lfs_are_restored(checkout: Checkout, fetched: Path) -> None:
    path = checkout.write("big", NEW)
    path.chmod(0o755)
    assert restored(checkout, "other\n").failed == ()
    assert (path.read_text(), path.stat().st_mode & 0o777) == (NEW, 0o755)
    assert not fetched.exists()


@pytest.mark.parametrize("damage", ["gone", "another", "a link"])
def test_a_content_that_is_not_here_is_named_and_neither_fetched_nor_written(
    checkout: Checkout, tmp_path: Path, fetched: Path, damage: str
) -> None:
    path = checkout.write("big", "mine\n")
    content, secret = content_of(checkout, OLD), tmp_path / "secret"
    secret.write_text("secret\n")
    content.unlink()
    if damage == "another":
        content.write_text("not that\n")
    elif damage == "a link":
        content.symlink_to(secret)
    why = r"Git LFS has no content of big on this computer; `git lfs fetch` gets it"
    with pytest.raises(WorktreeError, match=why):
        discarded(checkout, "big")
    assert path.read_text() == "mine\n"
    point = take(checkout.path, CHAT, About(kind="prompt"))
    content_of(checkout, "mine\n").unlink()
    checkout.write("big", "other\n")
    checkout.write("file", "other\n")
    outcome = restore(checkout.path, plan_restore(checkout.path, point), CHAT)
    assert (outcome.failed, outcome.restored) == (("big",), 1)
    assert outcome.problem == why
    assert path.read_text() == "other\n"
    assert not fetched.exists()


def test_a_link_with_a_pointers_text_stays_a_link(checkout: Checkout) -> None:
    path, pointer = checkout.path / "big", checkout.git("cat-file", "blob", "HEAD:big") + "\n"
    path.unlink()
    path.symlink_to(pointer)
    point = take(checkout.path, CHAT, About(kind="prompt"))
    path.unlink()
    path.symlink_to("file")
    assert restore(checkout.path, plan_restore(checkout.path, point), CHAT).failed == ()
    assert os.readlink(path) == pointer  # noqa: PTH115 - not as a path


def test_a_filter_that_loses_something_is_named(checkout: Checkout) -> None:
    checkout.git("config", "--global", "filter.odd.clean", "tr a-z A-Z")
    checkout.commit("a.odd", "word\n")
    path = checkout.write("a.odd", "other\n")
    with pytest.raises(WorktreeError, match="its filter “odd” changes it, so that this could not be undone"):
        discarded(checkout, "a.odd")
    assert path.read_text() == "other\n"


def test_too_large_is_said_only_of_what_is_too_large(checkout: Checkout) -> None:
    hunk = "@@ -1 +1,2 @@\n x\n-y\n+z\n"
    checkout.git("config", "filter.odd.clean", "cat")
    checkout.write("a.odd", "x\nz\n")
    for _ in range(2):
        with pytest.raises(WorktreeError, match="the file has a filter that only its repository names"):
            take_back(checkout.path, "a.odd", hunk, CHAT)
        checkout.git("add", "a.odd")  # From now on git calls it unchanged.
    checkout.write("large", "x\nz\n" + "y\n" * (5 << 20))
    with pytest.raises(WorktreeError, match="the file is too large to be saved"):
        take_back(checkout.path, "large", hunk, CHAT)
