"""Files that an agent reads and writes, inside of the chat's directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from session_host.host.operations.files import READ_BYTES, FileRefused, check_directory, read_text, write_text

UMASK = 0o022


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "a.txt").write_text("one\ntwo\nthree\nfour")
    (tmp_path / "secret").write_text("secret")
    return directory


@pytest.mark.parametrize(
    ("line", "lines", "found"),
    [
        (1, None, "one\ntwo\nthree\nfour"),
        (2, 2, "two\nthree\n"),
        (4, 9, "four"),
        (9, None, ""),
        (1, 0, ""),
        (3, None, "three\nfour"),
    ],
)
def test_lines_of_a_file_are_read(root: Path, line: int, lines: int | None, found: str) -> None:
    assert read_text(str(root), str(root / "a.txt"), line, lines) == found


def test_a_file_outside_the_directory_is_refused_under_any_name(root: Path) -> None:
    secret = root.parent / "secret"
    (root / "link").symlink_to(secret)
    (root / "up").symlink_to(root.parent)
    (root / "dangling").symlink_to(root.parent / "new")
    for path in (secret, root / ".." / "secret", root / "link", root / "up" / "secret", root / "dangling", root):
        with pytest.raises(FileRefused, match="outside"):
            read_text(str(root), str(path))
        with pytest.raises(FileRefused, match="outside"):
            write_text(str(root), str(path), "mine", UMASK)
    assert secret.read_text() == "secret"
    assert not (root.parent / "new").exists()
    with pytest.raises(FileRefused, match="absolute"):
        read_text(str(root), "a.txt")


def test_symbolic_links_inside_the_directory_are_followed(root: Path, tmp_path: Path) -> None:
    (root / "link").symlink_to(root / "a.txt")
    (tmp_path / "other name").symlink_to(root)
    write_text(str(tmp_path / "other name"), str(root / "link"), "new", UMASK)
    assert (root / "link").is_symlink()
    assert read_text(str(root), str(tmp_path / "other name" / "a.txt")) == "new"


def test_a_directory_replaced_by_a_link_does_not_lead_outside(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "secret").write_text("mine")
    real = os.path.realpath

    def resolve_then_swap(path: str) -> str:
        found = real(path)
        if found.endswith("secret"):
            (root / "sub").rename(root / "away")
            (root / "sub").symlink_to(root.parent)
        return found

    monkeypatch.setattr(os.path, "realpath", resolve_then_swap)
    with pytest.raises(FileRefused):
        read_text(str(root), str(root / "sub" / "secret"))


@pytest.mark.parametrize(
    ("name", "why"),
    [("missing", "no such file"), ("missing/too", "no such file"), ("sub", "directory"), ("pipe", "regular")],
)
def test_anything_but_a_regular_file_is_refused(root: Path, name: str, why: str) -> None:
    (root / "sub").mkdir()
    os.mkfifo(root / "pipe")
    with pytest.raises(FileRefused, match=why) as refused:
        read_text(str(root), str(root / name))
    assert refused.value.missing == (why == "no such file")
    if name in {"sub", "pipe"}:
        with pytest.raises(FileRefused, match=why):
            write_text(str(root), str(root / name), "x", UMASK)


def test_a_binary_file_is_refused_with_one_line(root: Path) -> None:
    (root / "image").write_bytes(b"\x89PNG\r\n\x1a\n\xff\x00")
    with pytest.raises(FileRefused, match="not UTF-8 text"):
        read_text(str(root), str(root / "image"))


def test_a_large_file_is_refused_and_its_lines_can_be_read(root: Path) -> None:
    line = "x" * 99 + "\n"
    (root / "big").write_text(line * 200_000)
    with pytest.raises(FileRefused, match="20,000,000 bytes"):
        read_text(str(root), str(root / "big"))
    assert read_text(str(root), str(root / "big"), 199_999) == line * 2
    with pytest.raises(FileRefused, match="fewer lines"):
        read_text(str(root), str(root / "big"), 2, READ_BYTES)
    (root / "one line").write_bytes(b"y" * (READ_BYTES + 1))
    with pytest.raises(FileRefused, match="at most"):
        read_text(str(root), str(root / "one line"), 1, 1)


def test_parent_directories_are_created_and_an_existing_file_keeps_its_mode(root: Path) -> None:
    write_text(str(root), str(root / "new" / "sub" / "b.txt"), "ä\r\n", UMASK)
    assert (root / "new" / "sub" / "b.txt").read_bytes() == "ä\r\n".encode()
    assert (root / "new" / "sub" / "b.txt").stat().st_mode & 0o777 == 0o644
    (root / "a.txt").chmod(0o750)
    write_text(str(root), str(root / "a.txt"), "new", UMASK)
    assert (root / "a.txt").read_text() == "new"
    assert (root / "a.txt").stat().st_mode & 0o777 == 0o750
    assert sorted(each.name for each in root.iterdir()) == ["a.txt", "new"]


def test_a_hard_linked_file_keeps_its_links(root: Path) -> None:
    (root / "b.txt").hardlink_to(root / "a.txt")
    write_text(str(root), str(root / "a.txt"), "new", UMASK)
    assert (root / "b.txt").read_text() == "new"


def test_a_directory_outside_the_chats_directory_is_refused(root: Path) -> None:
    (root / "up").symlink_to(root.parent)
    check_directory(str(root), str(root))
    for path, why in ((root.parent, "outside"), (root / "up", "outside"), (root / "none", "no such directory")):
        with pytest.raises(FileRefused, match=why):
            check_directory(str(root), str(path))
