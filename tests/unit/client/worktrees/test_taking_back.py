"""One hunk of an agent's edit is taken back, wherever its lines are by now, and that is undone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from session_host.client.worktrees.discarding import undo
from session_host.client.worktrees.taking_back import find_hunk, line_of_hunk, take_back, without_hunk
from session_host.errors import FilesChanged, WorktreeError
from session_host.restore_points.points import listed
from tests.support.repositories import Checkout

CHAT = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"

HUNK = "@@ -2,3 +2,3 @@ def use():\n two\n-three\n+THREE\n four\n"


def numbered(*changed: str) -> str:
    """Lines "one" to "eight", with some of them in capitals."""
    words = ("one", "two", "three", "four", "five", "six", "seven", "eight")
    return "".join(f"{word.upper() if word in changed else word}\n" for word in words)


def test_a_hunk_is_found_by_its_lines_and_other_changes_stay() -> None:
    now = "new first line\n" + numbered("three", "seven")
    for expected in (0, 2, 3, 9):
        assert find_hunk(now.encode(), HUNK, expected) == 3
    assert without_hunk(now.encode(), HUNK, 3) == ("new first line\n" + numbered("seven")).encode()


def test_an_equal_block_elsewhere_is_only_changed_if_its_line_is_named(tmp_path: Path) -> None:
    """The agent's own block was removed since, and an equal one of the user's stands below."""
    block, base = "two\nTHREE\nfour\n", "".join(f"line {number}\n" for number in range(1, 118))
    checkout = Checkout.new(tmp_path / "api")
    path = checkout.write("words", f"one\n{base}{block}")
    assert line_of_hunk(checkout.path, "words", HUNK, 2) == 119
    with pytest.raises(FilesChanged, match="its lines are at line 119 by now"):
        take_back(checkout.path, "words", HUNK, CHAT)
    assert path.read_text() == f"one\n{base}{block}"
    done = take_back(checkout.path, "words", HUNK, CHAT, 119)
    assert path.read_text() == f"one\n{base}two\nthree\nfour\n"
    undo(checkout.path, done, CHAT)
    assert path.read_text() == f"one\n{base}{block}"


def test_of_several_places_the_one_with_the_hunks_number_counts() -> None:
    once = "two\nTHREE\nfour\n"
    content = f"one\n{once}{once}"
    assert without_hunk(content.encode(), HUNK) == f"one\ntwo\nthree\nfour\n{once}".encode()
    assert find_hunk(f"zero\none\n{once}{once}".encode(), HUNK, 3) == 3
    for line in (0, 4):
        with pytest.raises(FilesChanged):
            without_hunk(f"zero\none\n{once}{once}".encode(), HUNK, line)
        with pytest.raises(FilesChanged):
            find_hunk(f"zero\none\n{once}{once}".encode(), HUNK, line)


@pytest.mark.parametrize(
    ("now", "error"),
    [
        (numbered(), FilesChanged),
        (numbered("three", "four"), FilesChanged),
        ("", FilesChanged),
    ],
)
def test_lines_that_have_changed_since_are_not_taken_back(now: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        without_hunk(now.encode(), HUNK)


def test_a_hunk_without_lines_on_one_side_is_refused() -> None:
    for hunk in ("@@ -3,1 +2,0 @@\n-three\n", "@@ -0,0 +1,2 @@\n+one\n+two\n", "@@\n", ""):
        with pytest.raises(WorktreeError):
            without_hunk(numbered().encode(), hunk)


def test_windows_line_ends_and_a_missing_last_newline_stay() -> None:
    windows = numbered("three").replace("\n", "\r\n").encode()
    assert without_hunk(windows, HUNK) == numbered().replace("\n", "\r\n").encode()
    end = "@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+TWO\n"
    assert without_hunk(b"one\nTWO\n", end) == b"one\ntwo"
    begin = "@@ -1,2 +1,2 @@\n one\n-two\n+TWO\n\\ No newline at end of file\n"
    assert without_hunk(b"one\nTWO", begin) == b"one\ntwo\n"
    with pytest.raises(FilesChanged):
        without_hunk(b"one\nTWO\n", begin)


def test_bytes_that_are_no_utf_8_stay() -> None:
    assert without_hunk(b"\xff\xfe\ntwo\nTHREE\nfour\n", HUNK) == b"\xff\xfe\ntwo\nthree\nfour\n"


def test_many_equal_lines_are_taken_back_as_quickly_as_others() -> None:
    """40,000 of them took six seconds, 400,000 never came to an end."""
    count = 200_000
    hunk = "@@ -50001,100000 +50001,100000 @@\n-other\n+same\n" + " same\n" * 99_999
    content = b"same\n" * count
    assert without_hunk(content, hunk) == b"same\n" * 50_000 + b"other\n" + b"same\n" * (count - 50_001)
    with pytest.raises(FilesChanged):
        without_hunk(content, hunk.replace("@@ -50001,100000 +50001,100000 @@", "@@"))


@pytest.mark.parametrize("named", ["src/words", "{top}/src/words"])
def test_a_hunk_of_a_file_is_taken_back_and_that_is_undone(tmp_path: Path, named: str) -> None:
    checkout = Checkout.new(tmp_path / "api")
    checkout.commit("src/words", numbered())
    path = checkout.write("src/words", numbered("three", "seven"))
    path.chmod(0o640)
    index = checkout.git("ls-files", "--stage")
    done = take_back(checkout.path, named.format(top=checkout.path), HUNK, CHAT)
    assert path.read_text() == numbered("seven")
    assert path.stat().st_mode & 0o777 == 0o640
    assert checkout.git("ls-files", "--stage") == index
    undo(checkout.path, done, CHAT)
    assert path.read_text() == numbered("three", "seven")
    assert [point.about.maker for point in listed(checkout.path, [CHAT])] == ["take back", "undo"]


def test_a_file_that_git_does_not_know_yet_is_taken_back_too(tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "api")
    path = checkout.write("new", numbered("three"))
    done = take_back(checkout.path, "new", HUNK, CHAT)
    assert path.read_text() == numbered()
    undo(checkout.path, done, CHAT)
    assert path.read_text() == numbered("three")


@pytest.mark.parametrize("named", ["/etc/hostname", "../other", "link", "a/../../other", "gone", "."])
def test_only_files_of_the_working_tree_are_written(tmp_path: Path, named: str) -> None:
    checkout = Checkout.new(tmp_path / "api")
    other = tmp_path / "other"
    other.write_text(numbered("three"))
    (checkout.path / "link").symlink_to(other)
    with pytest.raises(WorktreeError):
        take_back(checkout.path, named, HUNK, CHAT)
    assert other.read_text() == numbered("three")


def test_outside_of_a_repository_nothing_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / "words").write_text(numbered("three"))
    with pytest.raises(WorktreeError):
        take_back(tmp_path, "words", HUNK, CHAT)
    assert (tmp_path / "words").read_text() == numbered("three")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("what", "said"), [("a pipe", "not there any more"), ("100 GB", "larger than 64 MiB")])
def test_what_is_no_edited_file_is_not_read(what: str, said: str, tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "api")
    path = checkout.path / "words"
    if what == "a pipe":
        os.mkfifo(path)
    else:
        path.touch()
        os.truncate(path, 100 << 30)
    with pytest.raises(WorktreeError, match=said):
        line_of_hunk(checkout.path, "words", HUNK, 2)
